"""The adapter of θ_β, loaded by plain PEFT, is (1-β)·W + β·W_merged; at β = 1 it is the file itself."""

import json

import pytest
import torch
from adapter_folders import KINDS, furthest, grow, write_adapter
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from weight_folders import files_of, write_folder

from hf_regional.errors import ConfigError, NonFiniteError, OutOfRangeError, OutputExistsError
from hf_regional.merging.adapters import scale_adapter

LINEAR = [kind for kind in KINDS if not kind.endswith("dora")]
HELD = {"tokens", "bias-all", "bias-lora-only", "modules-to-save", "batch-norm-saved"}


@pytest.fixture(scope="module", params=LINEAR)
def grown(request, tmp_path_factory):
    make, options = KINDS[request.param]
    return request.param, grow(tmp_path_factory.mktemp(request.param), make, **options)


def test_a_scaled_adapter_lies_between_base_and_region(grown, tmp_path):
    kind, folders = grown
    paths = scale_adapter(folders.adapter, [0, 0.3, 1], tmp_path / "out", base=folders.base if kind in HELD else None)
    assert [path.name for path in paths] == ["beta-0", "beta-0.3", "beta-1"]
    for path, beta in zip(paths[:2], (0, 0.3), strict=True):
        assert furthest(folders.merged(path), folders.between(beta)) < 1e-6
    assert (paths[2] / "adapter_model.safetensors").read_bytes() == (folders.adapter / "adapter_model.safetensors").read_bytes()
    assert (paths[1] / "adapter_config.json").read_bytes() == (folders.adapter / "adapter_config.json").read_bytes()


@given(beta=st.floats(0, 1, width=32))
@settings(max_examples=30)
def test_b_is_multiplied_and_rounded_once_and_a_stays(tmp_path_factory, beta):
    folder = tmp_path_factory.mktemp("scaled")
    torch.manual_seed(1)
    a, b = torch.randn(2, 3), torch.randn(4, 2)
    adapter = write_adapter(folder / "adapter", {"x.lora_A.weight": a, "x.lora_B.weight": b}, r=2)
    (path,) = scale_adapter(adapter, beta, folder / "out")
    found = load_file(path / "adapter_model.safetensors")
    assert torch.equal(found["base_model.model.x.lora_A.weight"], a)
    assert torch.equal(found["base_model.model.x.lora_B.weight"], (beta * b.double()).float())


def test_sixteen_bits_stay_sixteen_bits(tmp_path):
    factors = {"x.lora_A.weight": torch.ones(1, 2).bfloat16(), "x.lora_B.weight": torch.tensor([[1.0], [3.0]]).bfloat16()}
    (path,) = scale_adapter(write_adapter(tmp_path / "adapter", factors), 0.25, tmp_path / "out")
    found = load_file(path / "adapter_model.safetensors")["base_model.model.x.lora_B.weight"]
    assert found.dtype == torch.bfloat16
    assert found.tolist() == [[0.25], [0.75]]


def test_a_dora_is_no_adapter_between(tmp_path):
    make, options = KINDS["dora"]
    folders = grow(tmp_path, make, **options)
    with pytest.raises(ConfigError, match=r"not linear in β.*merge_checkpoints"):
        scale_adapter(folders.adapter, [0.5, 1], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (path,) = scale_adapter(folders.adapter, [1], tmp_path / "whole")
    assert (path / "adapter_model.safetensors").read_bytes() == (folders.adapter / "adapter_model.safetensors").read_bytes()


def test_whole_tensors_ask_for_the_base(tmp_path):
    adapter = write_adapter(tmp_path / "adapter", {"head.weight": torch.ones(2, 2)}, modules_to_save=["head"])
    with pytest.raises(ConfigError, match=r"'head.weight' whole.*base=.*tiny"):
        scale_adapter(adapter, 0.5, tmp_path / "out")
    scale_adapter(adapter, 1, tmp_path / "out")


def test_whole_tensors_lie_between_by_hand(tmp_path):
    base = write_folder(tmp_path / "base", {"head.weight": torch.tensor([0.0, 8.0]), "head.count": torch.tensor([7])})
    tensors = {"head.weight": torch.tensor([4.0, 8.0]), "head.count": torch.tensor([9])}
    adapter = write_adapter(tmp_path / "adapter", tensors, modules_to_save=["head"])
    (path,) = scale_adapter(adapter, 0.25, tmp_path / "out", base=base)
    found = load_file(path / "adapter_model.safetensors")
    assert found["base_model.model.head.weight"].tolist() == [1, 8]
    assert found["base_model.model.head.count"].tolist() == [7]  # integers are not averaged


def test_what_stands_beside_is_carried_over_and_what_is_stale_is_not(tmp_path):
    adapter = write_adapter(tmp_path / "adapter", {"x.lora_A.weight": torch.ones(1, 2), "x.lora_B.weight": torch.ones(2, 1)})
    for name in ("tokenizer.json", "chat_template.jinja", "README.md", "regional.json", "training_args.bin", "trainer_state.json"):
        (adapter / name).write_text("{}")
    (adapter / "checkpoint-10").mkdir()
    (path,) = scale_adapter(adapter, 0.5, tmp_path / "out")
    assert files_of(path).keys() == {"adapter_config.json", "adapter_model.safetensors", "chat_template.jinja", "tokenizer.json"}
    assert json.loads((path / "adapter_config.json").read_text())["r"] == 1


@pytest.mark.parametrize("beta", [-0.1, 1.5, float("nan"), "0.5", True, [0.5, 2]])
def test_beta_outside_its_range_is_refused(tmp_path, beta):
    adapter = write_adapter(tmp_path / "adapter", {"x.lora_A.weight": torch.ones(1, 2), "x.lora_B.weight": torch.ones(2, 1)})
    with pytest.raises(OutOfRangeError, match="β must be a number in"):
        scale_adapter(adapter, beta, tmp_path / "out")


def test_lists_of_beta_name_folders_of_their_own(tmp_path):
    adapter = write_adapter(tmp_path / "adapter", {"x.lora_A.weight": torch.ones(1, 2), "x.lora_B.weight": torch.ones(2, 1)})
    with pytest.raises(ConfigError, match="list of β is empty"):
        scale_adapter(adapter, [], tmp_path / "out")
    with pytest.raises(ConfigError, match="one folder"):
        scale_adapter(adapter, [0.5, 0.5], tmp_path / "out")


def test_nothing_is_overwritten_and_nothing_half_written_stays(tmp_path):
    factors = {"x.lora_A.weight": torch.ones(1, 2), "x.lora_B.weight": torch.ones(2, 1)}
    for broken in factors:
        adapter = write_adapter(tmp_path / broken, factors | {broken: factors[broken] * float("nan")})
        for beta in (0.5, 1):
            with pytest.raises(NonFiniteError, match=broken):
                scale_adapter(adapter, beta, tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == factors.keys()
    adapter = write_adapter(tmp_path / "out", factors)
    before = files_of(adapter)
    with pytest.raises(OutputExistsError):
        scale_adapter(adapter, 1, tmp_path / "out")
    assert files_of(adapter) == before
