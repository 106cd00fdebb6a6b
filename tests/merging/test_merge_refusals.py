"""What is refused: before the first byte where headers tell, and with nothing left behind in any case."""

import json
import struct
from pathlib import Path

import pytest
import torch
from torch import Tensor
from weight_folders import bits, read_folder, write_folder

from hf_regional.durable import file_sha256
from hf_regional.errors import (
    ConfigError,
    DamagedFileError,
    MismatchedCheckpointsError,
    MissingFileError,
    NonFiniteError,
    OutOfRangeError,
    OutputExistsError,
    QuantisedError,
    RegionalError,
    UnknownNameError,
)
from hf_regional.merging import merge_checkpoints

WORLD = {"head.weight": torch.ones(2, 3), "body.weight": torch.zeros(4)}


def refused(
    tmp_path: Path, error: type[RegionalError], match: str, region: dict[str, Tensor], *, world: dict[str, Tensor] = WORLD, **wishes
) -> RegionalError:
    base, regional = write_folder(tmp_path / "base", world), write_folder(tmp_path / "regional", region)
    with pytest.raises(error, match=match) as caught:
        merge_checkpoints(base, regional, wishes.pop("beta", 0.5), tmp_path / "out", **wishes)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "regional"]
    return caught.value


def test_missing_and_extra_tensors_are_named(tmp_path: Path) -> None:
    region = {"head.weight": torch.ones(2, 3), "added.weight": torch.ones(1)}
    error = refused(tmp_path, MismatchedCheckpointsError, r"body\.weight.*added\.weight.*skip", region)
    assert isinstance(error, MismatchedCheckpointsError)
    assert error.missing == {"body.weight"}
    assert error.extra == {"added.weight"}


def test_at_most_five_missing_tensors_are_named(tmp_path: Path) -> None:
    world = {f"layer.{place}": torch.ones(1) for place in range(9)}
    error = refused(tmp_path, MismatchedCheckpointsError, "lacks 8 tensors", {"layer.0": torch.ones(1)}, world=world)
    assert "layer.5" in str(error)
    assert "layer.6" not in str(error)


def test_tensors_named_in_skip_may_be_missing_extra_or_of_another_shape(tmp_path: Path) -> None:
    base = write_folder(tmp_path / "base", WORLD)
    regional = write_folder(tmp_path / "regional", {"head.weight": torch.ones(9), "body.weight": torch.ones(4), "added": torch.ones(1)})
    merged = merge_checkpoints(base, regional, 0.5, tmp_path / "out", skip=["head.*", "added"])
    assert bits(read_folder(merged.path)) == bits({"head.weight": torch.ones(2, 3), "body.weight": torch.full((4,), 0.5)})
    assert merged.report["ignored_from_regional"] == ["added"]


@pytest.mark.parametrize("shape", [(3, 2), (1, 3), (2, 4)])
def test_another_shape_is_refused_also_where_it_would_broadcast(shape: tuple[int, ...], tmp_path: Path) -> None:
    refused(tmp_path, MismatchedCheckpointsError, r"head\.weight.*\[2, 3\]", WORLD | {"head.weight": torch.ones(shape)})


def test_a_float_against_an_integer_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, MismatchedCheckpointsError, r"body\.weight.*F32.*I64", WORLD | {"body.weight": torch.zeros(4, dtype=torch.int64)})


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("side", ["base", "regional"])
@pytest.mark.parametrize("beta", [0, 0.5, 1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_a_value_that_is_not_finite_names_file_and_tensor(dtype: torch.dtype, beta: float, side: str, bad: float, tmp_path: Path) -> None:
    good = WORLD | {"body.weight": torch.zeros(40).to(dtype)}
    poisoned = good["body.weight"].clone()
    poisoned[37] = bad
    sides = {"base": good, "regional": good} | {side: good | {"body.weight": poisoned}}
    error = refused(tmp_path, NonFiniteError, rf"{side}/model.safetensors.*body\.weight", sides["regional"], world=sides["base"], beta=beta)
    assert isinstance(error, NonFiniteError)
    assert error.name == "body.weight"


def test_a_mix_that_overflows_the_base_s_dtype_is_refused(tmp_path: Path) -> None:
    world = {"w": torch.ones(3, dtype=torch.float16)}
    refused(tmp_path, NonFiniteError, r"'w' overflows F16 at β = 0.4", {"w": torch.tensor([1.0, 2e5, 3.0])}, world=world, beta=0.4)


def test_the_difference_of_two_numbers_may_overflow_where_their_mix_does_not(tmp_path: Path) -> None:
    base = write_folder(tmp_path / "base", {"w": torch.tensor([3e38])})
    merged = merge_checkpoints(base, write_folder(tmp_path / "r", {"w": torch.tensor([-3e38])}), 0.4, tmp_path / "out")
    torch.testing.assert_close(read_folder(merged.path)["w"], torch.tensor([6e37]))


def test_what_is_not_finite_passes_where_it_is_allowed(tmp_path: Path) -> None:
    world, region = torch.tensor([1.0, float("-inf"), 0.0]), torch.tensor([float("nan"), float("-inf"), 2.0])
    base, regional = write_folder(tmp_path / "base", {"w": world}), write_folder(tmp_path / "r", {"w": region})
    mixed = read_folder(merge_checkpoints(base, regional, 0.5, tmp_path / "out", allow_nonfinite=True).path)["w"]
    assert mixed.isnan().tolist() == [True, False, False]
    assert mixed[1:].tolist() == [float("-inf"), 1.0]


@pytest.mark.parametrize("beta", [-0.1, 1.1, float("nan"), True, "0.5", [0.5, 2], {"*": -1}])
def test_a_weight_outside_0_to_1_is_refused(beta: object, tmp_path: Path) -> None:
    refused(tmp_path, OutOfRangeError, r"\[0, 1\]", WORLD, beta=beta)


@pytest.mark.parametrize("beta", [[], [0.1, 0.10000001]])
def test_a_list_must_name_different_folders(beta: list[float], tmp_path: Path) -> None:
    refused(tmp_path, ConfigError, "β", WORLD, beta=beta)


@pytest.mark.parametrize(
    ("wishes", "match"),
    [
        ({"beta": {"haed.*": 0.5}}, r"beta: .*'haed\.\*'.*head\.weight"),
        ({"beta": {"*": 0.5, "head.*": 0.1}}, "put it first"),
        ({"only": "body"}, r"only: .*'body\.\*'"),
        ({"skip": ["nothing"]}, "skip: "),
        ({"method": "linaer"}, "Did you mean 'linear'"),
    ],
)
def test_a_pattern_that_takes_nothing_and_an_unknown_method_are_named(wishes: dict[str, object], match: str, tmp_path: Path) -> None:
    refused(tmp_path, UnknownNameError, match, WORLD, **wishes)


def test_integers_stay_the_base_s_with_a_warning_and_counters_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world = {"w": torch.zeros(2), "ids": torch.tensor([1, 2]), "bn.num_batches_tracked": torch.tensor(3), "mask": torch.tensor([True])}
    region = {"w": torch.ones(2), "ids": torch.tensor([1, 9]), "bn.num_batches_tracked": torch.tensor(8), "mask": torch.tensor([True])}
    merged = merge_checkpoints(write_folder(tmp_path / "w", world), write_folder(tmp_path / "r", region), 0.5, tmp_path / "out")
    assert bits(read_folder(merged.path)) == bits(world | {"w": torch.full((2,), 0.5)})
    assert merged.report["counts"] == {"merged": 1, "copied": 0, "equal": 1, "kept_from_base": 2}
    assert [warning.split()[0] for warning in merged.report["warnings"]] == ["ids"]
    assert "ids (I64) differs" in caplog.text


def test_an_existing_output_is_left_as_it_is(tmp_path: Path) -> None:
    base = write_folder(tmp_path / "base", WORLD)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match="out"):
        merge_checkpoints(base, base, 0.5, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("name", "text", "error", "match"),
    [
        ("model_index.json", "{}", MissingFileError, "save_pretrained"),
        ("adapter_config.json", "{}", RegionalError, "adapter"),
        ("config.json", '{"quantization_config": {}}', QuantisedError, "quantised from"),
    ],
)
def test_other_kinds_of_checkpoints_are_refused_with_the_way_out(
    name: str, text: str, error: type[RegionalError], match: str, tmp_path: Path
) -> None:
    base, other = write_folder(tmp_path / "base", WORLD), write_folder(tmp_path / "other", WORLD)
    (other / name).write_text(text)
    with pytest.raises(error, match=match):
        merge_checkpoints(base, other, 0.5, tmp_path / "out")


def test_factors_of_an_adapter_are_never_averaged_one_by_one(tmp_path: Path) -> None:
    adapter = {"q.lora_A.weight": torch.ones(1, 2), "q.lora_B.weight": torch.ones(2, 1)}
    refused(tmp_path, MismatchedCheckpointsError, "lora_A.*adapter_config", adapter, world=adapter)


def test_a_folder_with_pickles_only_is_refused(tmp_path: Path) -> None:
    base = write_folder(tmp_path / "base", WORLD)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "pytorch_model.bin").write_bytes(b"never opened")
    with pytest.raises(MissingFileError, match=r"pytorch_model\.bin.*save_pretrained"):
        merge_checkpoints(base, tmp_path / "old", 0.5, tmp_path / "out")


@pytest.mark.parametrize("name", ["/no/such/folder", "someone/not-cached-anywhere"])
def test_a_name_that_is_neither_folder_nor_reachable_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(MissingFileError, match=name.split("/")[-1]):
        merge_checkpoints(write_folder(tmp_path / "base", WORLD), name, 0.5, tmp_path / "out")


def test_a_hub_id_is_taken_from_the_cache_and_its_commit_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "cache" / "models--someone--world"
    write_folder(repository / "snapshots" / commit, WORLD)
    (repository / "refs").mkdir()
    (repository / "refs" / "v1").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    merged = merge_checkpoints("someone/world@v1", write_folder(tmp_path / "regional", WORLD), 0.5, tmp_path / "out")
    assert merged.report["inputs"]["base"]["id"] == "someone/world@v1"
    assert merged.report["inputs"]["base"]["revision"] == commit
    assert "id" not in merged.report["inputs"]["regional"]
    assert merged.report["counts"]["equal"] == 2


def test_a_file_in_the_hub_s_cache_has_the_digest_that_it_lies_under_and_no_other_file_has(tmp_path: Path) -> None:
    base = write_folder(tmp_path / "repository" / "snapshots" / ("0" * 40), WORLD)
    blobs = tmp_path / "repository" / "blobs"
    blobs.mkdir()
    digest, wrong = file_sha256(base / "model.safetensors"), "ab" * 32
    (base / "model.safetensors").rename(blobs / wrong)
    (base / "model.safetensors").symlink_to(Path("..", "..", "blobs", wrong))
    regional = write_folder(tmp_path / "regional", {name: tensor + 1 for name, tensor in WORLD.items()})
    # Under a name that is not its digest, which no cache has, one sees where the answer is from.
    found = merge_checkpoints(base, regional, 0.5, tmp_path / "out").report["inputs"]
    assert found["base"]["sha256"] == {"model.safetensors": wrong}
    assert found["base"]["sha256_from_hub"] == ["model.safetensors"]
    assert found["regional"]["sha256"] == {"model.safetensors": file_sha256(regional / "model.safetensors")}
    assert "sha256_from_hub" not in found["regional"]
    # A small file lies under git's digest, and any link may lead anywhere: both are read.
    for name in ("ab" * 20, f"elsewhere/{wrong}"):
        (base / "model.safetensors").unlink()
        (blobs / name).parent.mkdir(exist_ok=True)
        next(file for file in blobs.rglob("ab*") if file.is_file()).rename(blobs / name)
        (base / "model.safetensors").symlink_to(Path("..", "..", "blobs", name))
        found = merge_checkpoints(base, regional, 0.5, tmp_path / f"out-{len(name)}").report["inputs"]
        assert found["base"]["sha256"] == {"model.safetensors": digest}
        assert "sha256_from_hub" not in found["base"]


def test_a_single_file_is_a_checkpoint_too(tmp_path: Path) -> None:
    base, regional = write_folder(tmp_path / "base", WORLD), write_folder(tmp_path / "r", {name: t + 1 for name, t in WORLD.items()})
    merged = merge_checkpoints(base / "model.safetensors", regional, 0.5, tmp_path / "out")
    assert sorted(path.name for path in merged.path.iterdir()) == ["model.safetensors", "regional.json"]
    assert bits(read_folder(merged.path)) == bits({name: tensor + 0.5 for name, tensor in WORLD.items()})


ONE = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    "header",
    [
        {"w": ONE | {"data_offsets": [0, 16]}},  # longer than its shape
        {"w": ONE | {"data_offsets": [8, 16]}},  # begins after a gap
        {"w": ONE | {"data_offsets": [-8, 0]}},
        {"w": ONE | {"shape": [2**40], "data_offsets": [0, 2**42]}},  # beyond the end
        {"w": ONE | {"shape": [-2]}},
        {"w": ONE, "v": ONE},  # both claim the same bytes
        {"w": ONE | {"dtype": "F33"}},
        {"w": 1},
        [],
    ],
)
def test_a_header_that_lies_is_refused(header: object, tmp_path: Path) -> None:
    text = json.dumps(header).encode()
    hostile = tmp_path / "hostile.safetensors"
    hostile.write_bytes(struct.pack("<Q", len(text)) + text + bytes(8))
    with pytest.raises(DamagedFileError, match=r"hostile\.safetensors"):
        merge_checkpoints(hostile, hostile, 0.5, tmp_path / "out")


@pytest.mark.parametrize(
    "data", [b"", b"\x01", struct.pack("<Q", 2**63), struct.pack("<Q", 9) + b'{"w":1,"w"', struct.pack("<Q", 2) + b"\xff\xfe"]
)
def test_a_file_that_is_no_safetensors_file_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "broken.safetensors").write_bytes(data)
    with pytest.raises(DamagedFileError, match=r"broken\.safetensors"):
        merge_checkpoints(tmp_path / "broken.safetensors", tmp_path / "broken.safetensors", 0.5, tmp_path / "out")


def test_a_name_that_stands_twice_in_a_header_is_refused(tmp_path: Path) -> None:
    text = b'{"w": %b, "w": %b}' % (json.dumps(ONE).encode(), json.dumps(ONE).encode())
    (tmp_path / "twice.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(8))
    with pytest.raises(DamagedFileError, match="twice"):
        merge_checkpoints(tmp_path / "twice.safetensors", tmp_path / "twice.safetensors", 0.5, tmp_path / "out")


@pytest.mark.parametrize("file", ["../base/model.safetensors", "absent.safetensors"])
def test_an_index_may_name_only_files_of_its_own_folder_that_are_there(file: str, tmp_path: Path) -> None:
    base = write_folder(tmp_path / "base", WORLD)
    (tmp_path / "indexed").mkdir()
    (tmp_path / "indexed" / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"head.weight": file}}))
    with pytest.raises((DamagedFileError, MissingFileError), match="index"):
        merge_checkpoints(base, tmp_path / "indexed", 0.5, tmp_path / "out")


def test_an_index_must_agree_with_its_files(tmp_path: Path) -> None:
    base = write_folder(tmp_path / "base", WORLD, shards=2)
    index = base / "model.safetensors.index.json"
    index.write_text(index.read_text().replace("head.weight", "tail.weight"))
    with pytest.raises(DamagedFileError, match=r"tail\.weight"):
        merge_checkpoints(base, base, 0.5, tmp_path / "out")
