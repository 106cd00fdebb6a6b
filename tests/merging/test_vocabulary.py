"""Rows meet by token: small tables that a reader can check, and the law that nobody can see how a vocabulary was ordered."""

import shutil
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor
from vocabulary_folders import DTYPES, merge_by_plan, read_whole, write_model, write_tokenizer

from hf_regional.merging.checkpoint import read_checkpoint
from hf_regional.merging.header import Stored, read_shard
from hf_regional.merging.sources import Files, Plain
from hf_regional.merging.vocabulary import Vocabulary, match_vocabularies, plan_vocabulary
from hf_regional.merging.vocabulary.gathered import GatheredRows, Origin

EMBED, HEAD, BIAS, NORM = "model.embed_tokens.weight", "lm_head.weight", "final_logits_bias", "model.norm.weight"


def numbered(ids: Mapping[str, int], rows: int, *, start: float) -> dict[str, Tensor]:
    """Tables whose row of token number k is start + k, whatever row that is; padding is negative."""
    column = -torch.arange(1.0, rows + 1)
    for token, row in ids.items():
        column[row] = start + int(token[1:])
    return {EMBED: column[:, None].repeat(1, 3), HEAD: column[:, None].repeat(1, 3) * 2, BIAS: column[None] * 4, NORM: torch.ones(3)}


def write_side(folder: Path, ids: Mapping[str, int], rows: int, *, start: float = 0.0) -> Path:
    return write_model(folder, ids, numbered(ids, rows, start=start), vocab_size=rows)


def in_order(*tokens: str) -> dict[str, int]:
    return {token: row for row, token in enumerate(tokens)}


def found(folder: Path, ids: Mapping[str, int]) -> dict[str, tuple[float, ...]]:
    """What each token has in the three tables."""
    tensors = load_file(folder / "model.safetensors")
    return {
        token: (tensors[EMBED][row, 2].item(), tensors[HEAD][row, 0].item() / 2, tensors[BIAS][0, row].item() / 4)
        for token, row in ids.items()
    }


def test_new_tokens_in_the_middle_push_the_others_down_and_all_find_their_rows(tmp_path: Path) -> None:
    world = write_side(tmp_path / "world", in_order("t0", "t1", "t2"), 3)
    ids = in_order("t0", "t7", "t1", "t8", "t2")
    region = write_side(tmp_path / "region", ids, 5, start=10.0)
    plan = merge_by_plan(world, region, 0.5, tmp_path / "out")
    # Halfway between k and 10 + k; what only the region knows is 10 + k.
    expected = {"t0": 5.0, "t1": 6.0, "t2": 7.0, "t7": 17.0, "t8": 18.0}
    assert found(tmp_path / "out", ids) == {token: (value,) * 3 for token, value in expected.items()}
    assert plan.report[""]["new"] == {"count": 2, "first": ["t7", "t8"]}


def test_the_same_size_in_another_order_keeps_the_bases_order(tmp_path: Path) -> None:
    ids = in_order("t0", "t1", "t2", "t3")
    world = write_side(tmp_path / "world", ids, 4)
    region = write_side(tmp_path / "region", in_order("t3", "t0", "t1", "t2"), 4, start=10.0)
    plan = merge_by_plan(world, region, 0.5, tmp_path / "out")
    assert found(tmp_path / "out", ids) == {f"t{k}": (5.0 + k,) * 3 for k in range(4)}
    assert (plan.report[""]["policy"], plan.companions) == ("base", {})


def test_words_put_into_rows_that_were_padding_are_the_regions_alone(tmp_path: Path) -> None:
    ids = in_order("t0", "t1", "t2")
    world = write_side(tmp_path / "world", in_order("t0", "t1"), 8)
    region = write_side(tmp_path / "region", ids, 8, start=10.0)
    plan = merge_by_plan(world, region, 0.5, tmp_path / "out")
    assert found(tmp_path / "out", ids) == {"t0": (5.0,) * 3, "t1": (6.0,) * 3, "t2": (12.0,) * 3}
    assert plan.report[""]["padding_in_all"] == 5


def test_padding_meets_padding_of_the_same_row_and_is_counted(tmp_path: Path) -> None:
    ids = in_order("t0", "t1")
    world, region = write_side(tmp_path / "world", ids, 4), write_side(tmp_path / "region", ids, 8, start=10.0)
    (tmp_path / "world" / "model.safetensors").unlink()
    save_file(numbered(ids, 4, start=0.0) | {EMBED: torch.full((4, 3), 2.0)}, tmp_path / "world" / "model.safetensors")
    plan = plan_vocabulary(read_checkpoint(world), [read_checkpoint(region)], "regional")
    assert plan is not None
    regrown = plan.tensors[EMBED]
    assert read_whole(regrown.world, (8, 3))[:, 0].tolist() == [2.0, 2.0, 2.0, 2.0, -5.0, -6.0, -7.0, -8.0]
    assert read_whole(regrown.regions[0], (8, 3))[:, 0].tolist() == [10.0, 11.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0]
    assert plan.report[""]["padding_in_all"] == 2


def test_tokens_without_a_row_are_no_tokens_of_the_model(tmp_path: Path) -> None:
    # The tokenizer gained t2, and nobody resized the model.
    world = write_side(tmp_path / "world", in_order("t0", "t1"), 2)
    region = write_side(tmp_path / "region", in_order("t0", "t1"), 2, start=10.0)
    write_tokenizer(region, in_order("t0", "t1", "t2"))
    assert plan_vocabulary(read_checkpoint(world), [read_checkpoint(region)]) is None


def test_equal_vocabularies_need_no_plan_even_where_other_shapes_or_files_differ(tmp_path: Path) -> None:
    ids = in_order("t0", "t1", "t2")
    world = write_side(tmp_path / "world", ids, 3)
    other = numbered(ids, 3, start=1.0) | {NORM: torch.ones(5)}
    region = write_model(tmp_path / "region", ids, other, vocab_size=3)
    tokenizer = (region / "tokenizer.json").read_text()
    (region / "tokenizer.json").write_text(tokenizer.replace("\n", "\n "))
    assert plan_vocabulary(read_checkpoint(world), [read_checkpoint(region)]) is None
    shutil.copyfile(region / "tokenizer.json", world / "tokenizer.json")
    assert plan_vocabulary(read_checkpoint(world), [read_checkpoint(region)]) is None


def test_a_wish_for_other_tensors_alone_never_looks_at_the_vocabularies(tmp_path: Path) -> None:
    world = write_side(tmp_path / "world", in_order("t0", "t1"), 2)
    region = write_model(tmp_path / "region", None, numbered(in_order("t0", "t1", "t2"), 3, start=0.0), vocab_size=3)
    assert plan_vocabulary(read_checkpoint(world), [read_checkpoint(region)], wanted={NORM}) is None


def test_tables_that_nobody_asked_for_still_get_the_rows_of_the_output(tmp_path: Path) -> None:
    world = write_side(tmp_path / "world", in_order("t0", "t1"), 2)
    region = write_side(tmp_path / "region", in_order("t0", "t9", "t1"), 3, start=10.0)
    plan = plan_vocabulary(read_checkpoint(world), [read_checkpoint(region)], wanted={EMBED})
    assert plan is not None
    assert read_whole(plan.tensors[HEAD].world, (3, 3))[:, 0].tolist() == [0.0, 2 * 19.0, 2.0]
    assert plan.tensors[HEAD].regions == ()


def test_a_table_under_its_twins_name_is_found(tmp_path: Path) -> None:
    world = write_side(tmp_path / "world", in_order("t0", "t1"), 2)
    ids = in_order("t9", "t0", "t1")
    tensors = numbered(ids, 3, start=10.0)
    del tensors[HEAD]
    region = write_model(tmp_path / "region", ids, tensors, vocab_size=3)
    plan = plan_vocabulary(read_checkpoint(world), [read_checkpoint(region)], tied={HEAD: EMBED})
    assert plan is not None
    assert read_whole(plan.tensors[HEAD].regions[0], (3, 3))[:, 0].tolist() == [19.0, 10.0, 11.0]


def test_several_regional_models_meet_in_the_fullest_vocabulary(tmp_path: Path) -> None:
    world = read_checkpoint(write_side(tmp_path / "world", in_order("t0", "t1"), 2))
    north = read_checkpoint(write_side(tmp_path / "north", in_order("t1", "t0", "t5"), 3, start=10.0))
    south = read_checkpoint(write_side(tmp_path / "south", in_order("t0", "t5", "t1", "t6"), 4, start=20.0))
    plan = plan_vocabulary(world, [north, south])
    assert plan is not None
    regrown = plan.tensors[EMBED]
    assert regrown.shape == (4, 3)
    sides = [read_whole(source, (4, 3))[:, 0].tolist() for source in (regrown.world, *regrown.regions)]
    # The base has neither t5 nor t6, the north no t6: they take the south's.
    assert sides == [[0.0, 25.0, 1.0, 26.0], [10.0, 15.0, 11.0, 26.0], [20.0, 25.0, 21.0, 26.0]]
    assert plan.companions == {"tokenizer.json": tmp_path / "south" / "tokenizer.json"}
    kept = plan_vocabulary(world, [north, south], "base")
    assert kept is not None
    assert [read_whole(source, (2, 3))[:, 0].tolist() for source in kept.tensors[EMBED].regions] == [[10.0, 11.0], [20.0, 21.0]]


def test_a_region_in_a_wider_dtype_gives_its_new_rows_rounded_once_and_the_same_to_both_sides(tmp_path: Path) -> None:
    world = tmp_path / "world"
    halves = {name: tensor.bfloat16() for name, tensor in numbered(in_order("t0", "t1"), 2, start=0.0).items()}
    write_model(world, in_order("t0", "t1"), halves, vocab_size=2)
    ids, third = in_order("t0", "t9", "t1"), 1 / 3
    region = write_side(tmp_path / "region", ids, 3, start=third)
    plan = plan_vocabulary(read_checkpoint(world), [read_checkpoint(region)])
    assert plan is not None
    ours, theirs = (read_whole(source, (3, 3))[:, 0] for source in (plan.tensors[EMBED].world, *plan.tensors[EMBED].regions))
    assert (ours.dtype, theirs.dtype) == (torch.bfloat16, torch.float32)
    assert ours.tolist() == [0.0, torch.tensor(third + 9).bfloat16().item(), 1.0]
    assert theirs.tolist() == [torch.tensor(third).item(), ours[1].item(), torch.tensor(third + 1).item()]


@st.composite
def vocabularies(draw: st.DrawFn) -> tuple[list[str], list[str], list[int]]:
    """The base's tokens in their order, the region's, and a permutation of the latter's rows."""
    base = draw(st.permutations([f"t{k}" for k in range(draw(st.integers(1, 6)))]))
    extra = [f"t{k}" for k in range(10, 10 + draw(st.integers(0, 4)))]
    region = draw(st.permutations([*base, *extra]))
    rows = draw(st.permutations(range(len(region) + draw(st.integers(0, 3)))))
    return base, region, rows[: len(region)]


@given(vocabularies(), st.sampled_from(["regional", "base"]), st.sampled_from([0.0, 0.25, 1.0]))
def test_no_order_of_the_regions_rows_changes_what_a_token_means(
    drawn: tuple[list[str], list[str], list[int]], policy: str, beta: float
) -> None:
    base, region, rows = drawn
    ids, permuted = in_order(*base), dict(zip(region, rows, strict=True))
    assume((ids, len(base) + 1) != (permuted, max(rows) + 2))
    with tempfile.TemporaryDirectory() as folder:
        world = write_side(Path(folder, "world"), ids, len(base) + 1)
        regional = write_side(Path(folder, "region"), permuted, max(rows) + 2, start=16.0)
        merge_by_plan(world, regional, beta, Path(folder, "out"), policy)
        mixed = found(Path(folder, "out"), permuted if policy == "regional" else ids)
    numbers = {token: int(token[1:]) for token in (region if policy == "regional" else base)}
    assert mixed == {token: (k + 16.0 * beta if token in base else k + 16.0,) * 3 for token, k in numbers.items()}


def test_the_map_lists_the_rows_of_every_side() -> None:
    base = Vocabulary(Path("world"), in_order("a", "b", "c"), 5)
    region = Vocabulary(Path("region"), {"c": 0, "new": 1, "a": 2, "b": 3}, 6)
    rows = match_vocabularies(base, [region])
    assert rows is not None
    assert (rows.policy, rows.size, rows.is_moved) == ("regional", 6, True)
    assert rows.world.tolist() == [2, -1, 0, 1, 4, -1]
    assert rows.regions[0].tolist() == [0, 1, 2, 3, 4, 5]
    assert [rows.moved(row) for row in range(5)] == [2, 3, 0, None, 4]
    kept = match_vocabularies(base, [region], "base")
    assert kept is not None
    assert (kept.world.tolist(), kept.regions[0].tolist()) == ([0, 1, 2, 3, 4], [2, 3, 0, -1, 4])
    assert (kept.dropped, rows.dropped) == (("new",), ())
    assert match_vocabularies(base, [base]) is None


def test_rows_beyond_what_the_configuration_says_are_found_by_the_tokenizers(tmp_path: Path) -> None:
    # Some models round their tables up on their own, and write the number before.
    ids, other = in_order("t0", "t1", "t2", "t3"), in_order("t3", "t0", "t1", "t2")
    world = write_model(tmp_path / "world", ids, numbered(ids, 8, start=0.0), vocab_size=4)
    region = write_model(tmp_path / "region", other, numbered(other, 8, start=10.0), vocab_size=4)
    plan = plan_vocabulary(read_checkpoint(world), [read_checkpoint(region)])
    assert plan is not None
    assert read_whole(plan.tensors[EMBED].regions[0], (8, 3))[:, 0].tolist() == [10.0, 11.0, 12.0, 13.0, -5.0, -6.0, -7.0, -8.0]


def test_the_rest_of_a_configuration_is_the_bases_to_the_letter(tmp_path: Path) -> None:
    beside = {"merges": [["a", "b"]], "rope": {"theta": 1e6}, "labels": {"0": "é"}}
    world = write_model(tmp_path / "world", in_order("t0"), numbered(in_order("t0"), 1, start=0.0), vocab_size=1, **beside)
    region = write_side(tmp_path / "region", in_order("t0", "t1"), 2)
    plan = plan_vocabulary(read_checkpoint(world), [read_checkpoint(region)])
    assert plan is not None
    assert plan.configs == {"config.json": {"model_type": "tiny", "vocab_size": 2, **beside}}


class Counting(Files):
    """Files that count what is read from them."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def read(self, file: Path, start: int, into: memoryview) -> None:
        self.sizes.append(len(into))
        super().read(file, start, into)


def scattered(
    folder: Path, outer: int, inner: int, lengths: tuple[int, int], rows: int, seed: int, dtype: str
) -> tuple[GatheredRows, np.ndarray]:
    """Rows drawn from two bfloat16 tensors, and what they are by plain indexing."""
    random = np.random.default_rng(seed)
    tensors = [torch.from_numpy(random.standard_normal((outer, length, inner))).bfloat16() for length in lengths]
    save_file({f"t{place}": tensor for place, tensor in enumerate(tensors)}, folder / "a.safetensors")
    stored = read_shard(folder / "a.safetensors").tensors
    origin = random.integers(0, 2, rows)
    row = random.integers(0, np.array(lengths)[origin])
    whole = torch.stack([tensors[place][:, which] for place, which in zip(origin, row, strict=True)], dim=1)
    origins = (Origin(stored["t0"]), Origin(stored["t1"]))
    return GatheredRows(dtype, outer, inner, origins, lengths, origin, row.astype(np.int64)), whole.float().numpy().reshape(-1)


@given(
    outer=st.integers(1, 3),
    inner=st.integers(1, 5),
    lengths=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    rows=st.integers(1, 200),
    cut=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    seed=st.integers(0, 99),
    dtype=st.sampled_from(["BF16", "F32"]),
)
def test_any_stretch_of_gathered_rows_is_that_of_plain_indexing(
    outer: int, inner: int, lengths: tuple[int, int], rows: int, cut: tuple[float, float], seed: int, dtype: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, whole = scattered(Path(folder), outer, inner, lengths, rows, seed, dtype)
        first, last = sorted(int(place * len(whole)) for place in cut)
        into = bytearray(DTYPES[dtype].itemsize * (last - first))
        with Files() as files:
            files.add(Path(folder, "a.safetensors"))
            source.read(files, first, memoryview(into))
    read = torch.frombuffer(into, dtype=DTYPES[dtype]).float().numpy() if into else np.empty(0, np.float32)
    assert np.array_equal(read, whole[first:last])


def test_long_rows_are_read_alone_consecutive_ones_in_one_go_and_from_many_threads(tmp_path: Path) -> None:
    table = torch.arange(300 * 20_000, dtype=torch.float32).reshape(300, 20_000)  # 80 kB a row: 100 of them are no short stretch
    save_file({"e": table}, tmp_path / "a.safetensors")
    stored = read_shard(tmp_path / "a.safetensors").tensors["e"]
    row = np.concatenate([np.arange(0, 100), np.random.default_rng(0).permutation(np.arange(100, 300, 2))])
    source = GatheredRows("F32", 1, 20_000, (Origin(stored),), (300,), np.zeros(200, np.int64), row)
    into = bytearray(200 * 80_000)
    with Counting() as files:
        files.add(stored.file)
        # 37 blocks that end in the middle of rows
        edges = np.linspace(0, 200 * 20_000, 38).astype(int).tolist()

        def take(number: int) -> None:
            source.read(files, edges[number], memoryview(into)[4 * edges[number] : 4 * edges[number + 1]])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(take, range(37)))
    assert np.array_equal(np.frombuffer(into, np.float32).reshape(200, -1), table.numpy()[row])
    assert sum(files.sizes) == 200 * 80_000
    assert len(files.sizes) <= 37 + 2 * 100


def test_rows_that_are_where_they_were_are_read_from_the_file_as_it_lies(tmp_path: Path) -> None:
    world = write_side(tmp_path / "world", in_order("t0", "t1"), 2)
    region = write_side(tmp_path / "region", in_order("t0", "t1", "t2"), 3)
    kept = plan_vocabulary(read_checkpoint(world), [read_checkpoint(region)], "base")
    assert kept is not None
    assert isinstance(kept.tensors[EMBED].world, Plain)
    assert kept.tensors[EMBED].regions[0].files == {region / "model.safetensors"}
    grown = plan_vocabulary(read_checkpoint(world), [read_checkpoint(region)])
    assert grown is not None
    assert isinstance(grown.tensors[EMBED].regions[0], Plain)
    assert grown.tensors[EMBED].world.files == {world / "model.safetensors", region / "model.safetensors"}


@pytest.mark.parametrize("dtypes", [("F16", "BF16"), ("F32", "F64"), ("BF16", "F32")])
def test_rows_of_two_dtypes_become_the_wider_without_loss(dtypes: tuple[str, str], tmp_path: Path) -> None:
    types = {"F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64}
    ours, theirs = (types[dtype] for dtype in dtypes)
    world = numbered(in_order("t0", "t1", "t2"), 3, start=1 / 3)
    write_model(tmp_path / "world", in_order("t0", "t1", "t2"), {name: tensor.to(ours) for name, tensor in world.items()}, vocab_size=3)
    region = {name: tensor.to(theirs) for name, tensor in numbered(in_order("t1", "t0"), 2, start=1 / 7).items()}
    write_model(tmp_path / "region", in_order("t1", "t0"), region, vocab_size=2)
    plan = plan_vocabulary(read_checkpoint(tmp_path / "world"), [read_checkpoint(tmp_path / "region")])
    assert plan is not None
    source = plan.tensors[EMBED].regions[0]
    assert source.dtype == ("F64" if "F64" in dtypes else "F32")
    expected = [region[EMBED][1, 0].item(), region[EMBED][0, 0].item(), world[EMBED].to(ours)[2, 0].item()]
    assert read_whole(source, (3, 3))[:, 0].tolist() == expected


def test_nothing_is_read_for_no_elements(tmp_path: Path) -> None:
    stored = Stored(tmp_path / "none", "F32", (0, 4), 0, 0)
    GatheredRows("F32", 1, 4, (Origin(stored),), (0,), np.zeros(0, np.int64), np.zeros(0, np.int64)).read(Files(), 0, memoryview(b""))
