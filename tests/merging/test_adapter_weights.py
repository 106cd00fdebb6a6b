"""θ_regional, element by element from the base and the factors, is what PEFT's own merge makes of them, for every kind of adapter."""

import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from adapter_folders import FROM_FILES, KINDS, grow, read_source, write_adapter
from hypothesis import given
from hypothesis import strategies as st
from weight_folders import write_folder

from hf_regional.merging.adapters import read_adapter, regional_sources
from hf_regional.merging.checkpoint import read_checkpoint
from hf_regional.merging.codecs import narrow


@pytest.fixture(scope="module", params=[*KINDS, *FROM_FILES])
def grown(request, tmp_path_factory):
    make, options = (KINDS | FROM_FILES)[request.param]
    return grow(tmp_path_factory.mktemp(request.param), make, **options)


def sources_of(folders):
    return regional_sources(read_checkpoint(folders.base), read_adapter(folders.adapter))


def test_the_base_with_an_adapter_is_what_peft_merges(grown):
    sources = sources_of(grown)
    assert sources.keys() <= grown.region.keys()
    for name, theirs in grown.region.items():
        if name in sources:
            ours = read_source(sources[name], tuple(theirs.shape))
            assert np.allclose(ours, theirs.numpy(), rtol=0, atol=1e-6), name
            assert not torch.equal(theirs, grown.world[name]), name
        else:
            assert torch.equal(theirs, grown.world[name]), name


def test_any_cut_reads_the_same_numbers(grown):
    for name, source in sources_of(grown).items():
        shape = tuple(grown.world[name].shape)
        whole = read_source(source, shape)
        for stretch in (1, 7, 16, 100):
            assert np.allclose(read_source(source, shape, stretch=stretch), whole, rtol=1e-12, atol=1e-12), name


def two_by_two(folder, **adapter):
    """W = [[1, 2], [3, 4]] with B = [[1], [2]] and A = [[1, -1]]: B·A = [[1, -1], [2, -2]]."""
    base = write_folder(folder / "base", {"x.weight": torch.tensor([[1.0, 2.0], [3.0, 4.0]])})
    factors = {"x.lora_A.weight": torch.tensor([[1.0, -1.0]]), "x.lora_B.weight": torch.tensor([[1.0], [2.0]])}
    tensors = adapter.pop("tensors", {})
    return regional_sources(read_checkpoint(base), read_adapter(write_adapter(folder / "adapter", factors | tensors, **adapter)))


def test_numbers_by_hand(tmp_path):
    found = two_by_two(tmp_path, lora_alpha=2)  # s = 2
    assert read_source(found["x.weight"], (2, 2)).tolist() == [[3, 0], [7, 0]]


def test_numbers_by_hand_of_a_dora(tmp_path):
    lengths = {"x.lora_magnitude_vector": torch.tensor([6.0, 7.0])}  # of the rows [3, 0] and [7, 0], which have 3 and 7
    found = two_by_two(tmp_path, lora_alpha=2, use_dora=True, tensors=lengths)
    assert read_source(found["x.weight"], (2, 2)).tolist() == [[6, 0], [7, 0]]
    assert read_source(found["x.weight"], (2, 2), stretch=1).tolist() == [[6, 0], [7, 0]]


@pytest.mark.parametrize(("rslora", "scale"), [(False, 0.5), (True, 1.0)])
def test_rslora_divides_by_the_root_of_the_rank(tmp_path, rslora, scale):
    base = write_folder(tmp_path / "base", {"x.weight": torch.zeros(1, 1)})
    factors = {"x.lora_A.weight": torch.ones(4, 1), "x.lora_B.weight": torch.ones(1, 4)}  # B·A = 4
    adapter = write_adapter(tmp_path / "adapter", factors, r=4, lora_alpha=2, use_rslora=rslora)
    found = regional_sources(read_checkpoint(base), read_adapter(adapter))
    assert read_source(found["x.weight"], (1, 1)).item() == 4 * scale


def test_replaced_rows_lie_where_their_indices_say(tmp_path):
    base = write_folder(tmp_path / "base", {"words.weight": torch.zeros(4, 2)})
    rows = {"words.token_adapter.trainable_tokens_delta": torch.tensor([[1.0, 2.0], [3.0, 4.0]])}
    adapter = write_adapter(tmp_path / "adapter", rows, trainable_token_indices=[3, 0])
    source = regional_sources(read_checkpoint(base), read_adapter(adapter))["words.weight"]
    assert read_source(source, (4, 2), stretch=3).tolist() == [[3, 4], [0, 0], [0, 0], [1, 2]]


@pytest.mark.parametrize(("dtype", "wide"), [(torch.bfloat16, "F32"), (torch.float16, "F32"), (torch.float32, "F64")])
def test_sixteen_bits_are_reckoned_in_float32_and_rounded_right(tmp_path, dtype, wide):
    torch.manual_seed(0)
    weight, a, b = (0.02 * torch.randn(300, 400)).to(dtype), 0.02 * torch.randn(8, 400), 0.02 * torch.randn(300, 8)
    base = write_folder(tmp_path / "base", {"x.weight": weight})
    adapter = write_adapter(tmp_path / "adapter", {"x.lora_A.weight": a, "x.lora_B.weight": b}, r=8, lora_alpha=16)
    source = regional_sources(read_checkpoint(base), read_adapter(adapter))["x.weight"]
    assert source.dtype == wide
    ours = narrow(read_source(source, (120_000,)), {torch.bfloat16: "BF16", torch.float16: "F16", torch.float32: "F32"}[dtype])
    exact = (weight.double() + 2 * b.double() @ a.double()).to(dtype)
    wrong = (torch.frombuffer(ours, dtype=dtype) != exact.reshape(-1)).sum().item()
    assert wrong <= 12  # 0.01 %


@pytest.mark.parametrize("kind", ["dora", "embedding-dora", "fan-in-fan-out-dora"])
def test_threads_read_the_same_numbers(tmp_path, kind):
    make, options = KINDS[kind]
    folders = grow(tmp_path, make, **options)
    name, source = next((name, source) for name, source in sources_of(folders).items() if folders.world[name].dim() == 2)
    shape = tuple(folders.world[name].shape)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda stretch: read_source(source, shape, stretch=stretch), [5, 16, 33, 800]))
    assert all(np.allclose(one, read_source(sources_of(folders)[name], shape), rtol=1e-12, atol=1e-12) for one in found)


@pytest.mark.parametrize(
    ("shape", "rank", "is_embedding"),
    [
        ((4096, 1024), 16, False),
        ((64, 20_000), 128, False),
        ((40_000, 64), 8, True),
        ((2, 2_000_000), 2, False),
        ((2048, 2048), 1100, True),
    ],
)
def test_memory_is_that_of_a_few_blocks(tmp_path, shape, rank, is_embedding):
    rows, columns = shape
    base = write_folder(tmp_path / "base", {"x.weight": torch.zeros(shape, dtype=torch.bfloat16)})
    factors = (
        {"x.lora_embedding_A": torch.ones(rank, rows), "x.lora_embedding_B": torch.ones(columns, rank)}
        if is_embedding
        else {"x.lora_A.weight": torch.ones(rank, columns), "x.lora_B.weight": torch.ones(rows, rank)}
    )
    lengths = {"x.lora_magnitude_vector": torch.ones(columns if is_embedding else rows)}
    adapter = write_adapter(tmp_path / "adapter", factors | lengths, r=rank, lora_alpha=1, use_dora=True)
    source = regional_sources(read_checkpoint(base), read_adapter(adapter))["x.weight"]
    tracemalloc.start()
    found = read_source(source, shape, stretch=1 << 20)
    peak = tracemalloc.get_traced_memory()[1] - found.nbytes
    tracemalloc.stop()
    length = np.sqrt(rows if is_embedding else columns)  # every element is the same, and every output has the length 1
    assert np.allclose(found, 1 / length, rtol=1e-4)
    assert peak < 30e6


@given(alpha=st.floats(-8, 8), seed=st.integers(0, 9))
def test_a_sum_of_factors_is_linear_in_alpha(tmp_path_factory, alpha, seed):
    torch.manual_seed(seed)
    weight, a, b = torch.randn(5, 3), torch.randn(2, 3), torch.randn(5, 2)
    folder = tmp_path_factory.mktemp("linear")
    base = write_folder(folder / "base", {"x.weight": weight})
    adapter = write_adapter(folder / "adapter", {"x.lora_A.weight": a, "x.lora_B.weight": b}, r=2, lora_alpha=alpha)
    ours = read_source(regional_sources(read_checkpoint(base), read_adapter(adapter))["x.weight"], (5, 3))
    assert np.allclose(ours, (weight.double() + alpha / 2 * b.double() @ a.double()).numpy(), rtol=1e-12, atol=1e-12)


def test_reading_scaling_and_combining_load_no_torch(tmp_path):
    write_adapter(tmp_path / "adapter", {"x.lora_A.weight": torch.ones(1, 2), "x.lora_B.weight": torch.ones(2, 1)})
    code = (
        "import sys\n"
        "from hf_regional.merging.adapters import combine_adapters, read_adapter, scale_adapter\n"
        "adapter = read_adapter('adapter')\n"
        "scale_adapter(adapter, [0.5, 1], 'scaled')\n"
        "combine_adapters([adapter, 'scaled/beta-0.5'], [1, 2], 'sum')\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
