"""Folders of a `DualEncoder`: merged part by part, file to file; the mix loads by the class, and its towers by plain `AutoModel`."""

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer
from weight_folders import bits, files_of, read_folder

from hf_regional.encoding import DualEncoder, load_encoder
from hf_regional.errors import DamagedFileError, MismatchedCheckpointsError, MissingFileError, RegionalError, UnknownNameError
from hf_regional.merging import merge_checkpoints, preview_merge
from hf_regional.merging.checkpoint import read_checkpoint
from hf_regional.merging.modules import merge_modules
from tiny_duals import KINDS, WITH_BATCH_NORM, batch, dual_encoder, save_dual
from tiny_towers import WORDS, picture

BETAS = {"text_model.*": 0.3, "vision_model.*": 0.1, "projection.*": 0.5}
COUNTER = "num_batches_tracked"


@pytest.fixture(scope="module", params=KINDS)
def kind(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def sides(kind, tmp_path_factory) -> tuple[Path, Path]:
    """World and region of each kind in turn: all weights differ, and the region has seen a batch more. Never changed."""
    folder = tmp_path_factory.mktemp(kind)
    return save_dual(kind, folder / "world"), save_dual(kind, folder / "region", seed=1)


def lerp(world: Tensor, region: Tensor, beta: float) -> Tensor:
    return torch.lerp(world.float(), region.float(), beta).to(world.dtype) if world.is_floating_point() else world


def expected(kind: str, betas: Mapping[str, float]) -> dict[str, Tensor]:
    """The mix in memory; names of a dual encoder in memory begin with the folder that they lie in."""
    world, region = dual_encoder(kind).state_dict(), dual_encoder(kind, seed=1).state_dict()
    return {name: lerp(world[name], region[name], betas.get(name.split(".")[0], 0.0)) for name in world}


def test_each_part_at_its_own_weight_is_the_lerp_of_its_tensors(kind, sides, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        merged = merge_checkpoints(*sides, BETAS, tmp_path / "out")
    mixed = DualEncoder.from_pretrained(merged.path).state_dict()
    by_hand = expected(kind, {"text_model": 0.3, "vision_model": 0.1, "projection": 0.5})
    assert mixed.keys() == by_hand.keys()
    for name, tensor in mixed.items():
        assert torch.equal(tensor, by_hand[name]), name
    assert not merged.report["warnings"]
    assert not [record for record in caplog.records if record.name.startswith("hf_regional")]
    assert merged.report["counts"]["kept_from_base"] == sum(name.endswith(COUNTER) for name in mixed)


@pytest.mark.parametrize("kind", WITH_BATCH_NORM)
def test_running_statistics_are_mixed_and_their_counters_are_the_base_s(kind, tmp_path):
    world, region = save_dual(kind, tmp_path / "world"), save_dual(kind, tmp_path / "region", seed=1)
    merged = merge_checkpoints(world, region, 0.25, tmp_path / "out")
    ours, theirs, mixed = (read_folder(folder / "vision_model") for folder in (world, region, merged.path))
    statistics = [name for name in mixed if name.endswith(("running_mean", "running_var"))]
    counters = [name for name in mixed if name.endswith(COUNTER)]
    assert statistics
    assert len(counters) == len(statistics) / 2
    for name in statistics:
        assert not torch.equal(ours[name], theirs[name])
        assert torch.equal(mixed[name], torch.lerp(ours[name], theirs[name], 0.25))
    for name in counters:
        assert (ours[name].item(), theirs[name].item(), mixed[name].item()) == (1, 2, 1)


def test_the_towers_of_the_mix_load_by_plain_auto_classes(kind, sides, tmp_path):
    merged = merge_checkpoints(*sides, 0.5, tmp_path / "out")
    by_hand = expected(kind, {"text_model": 0.5, "vision_model": 0.5, "projection": 0.5})
    for part in ("vision_model", "text_model"):
        tower, info = AutoModel.from_pretrained(merged.path / part, output_loading_info=True)
        assert not info["missing_keys"]
        assert not info["unexpected_keys"]
        for name, tensor in tower.state_dict().items():
            assert torch.equal(tensor, by_hand[f"{part}.{name}"]), name
    pixels = AutoImageProcessor.from_pretrained(merged.path / "vision_model")([picture(WORDS[0])], return_tensors="pt")["pixel_values"]
    assert torch.equal(pixels, batch(kind)["pixel_values"][:1])
    assert AutoTokenizer.from_pretrained(merged.path / "text_model")(WORDS[0])["input_ids"][0] == 2


def test_one_part_is_mixed_and_the_others_are_copied_byte_for_byte(sides, tmp_path):
    merged = merge_checkpoints(*sides, [0.25, 0.75], tmp_path / "out", only=["text_model"])
    for path in merged.paths:
        made, original = files_of(path), files_of(sides[0])
        assert made.keys() == original.keys()
        assert [name for name in made if made[name] != original[name]] == ["text_model/model.safetensors"]
    assert set(merged.report["inputs"]["base"]["sha256"]) == {
        "vision_model/model.safetensors",
        "text_model/model.safetensors",
        "projection/model.safetensors",
    }


def test_all_but_one_part(sides, tmp_path):
    merged = merge_checkpoints(*sides, 0.5, tmp_path / "out", skip="projection")
    made, original = files_of(merged.path), files_of(sides[0])
    assert [name for name in made if made[name] != original[name]] == ["text_model/model.safetensors", "vision_model/model.safetensors"]


def test_the_folder_of_one_tower_stands_for_it(kind, sides, tmp_path):
    merged = merge_checkpoints(sides[0], sides[1] / "text_model", 0.5, tmp_path / "out", only="text_model")
    mixed, by_hand = DualEncoder.from_pretrained(merged.path).state_dict(), expected(kind, {"text_model": 0.5})
    assert all(torch.equal(mixed[name], by_hand[name]) for name in by_hand)


def test_towers_cut_into_shards_are_mixed_and_stay_cut(kind, sides, tmp_path):
    cut = save_dual(kind, tmp_path / "cut", max_shard_size="6KB")
    merged = merge_checkpoints(cut, sides[1], BETAS, tmp_path / "out")
    assert files_of(merged.path).keys() == files_of(cut).keys()
    mixed = DualEncoder.from_pretrained(merged.path).state_dict()
    by_hand = expected(kind, {"text_model": 0.3, "vision_model": 0.1, "projection": 0.5})
    assert all(torch.equal(mixed[name], by_hand[name]) for name in by_hand)


def test_the_mix_is_encoded_from_its_folder(kind, sides, tmp_path):
    merged = merge_checkpoints(*sides, 0.5, tmp_path / "out")
    model = dual_encoder(kind)
    model.load_state_dict(expected(kind, {"text_model": 0.5, "vision_model": 0.5, "projection": 0.5}))
    out, encoder = model(**batch(kind)), load_encoder(merged.path, device="cpu")
    assert encoder.encode_images([picture(words) for words in WORDS]) == pytest.approx(out.image_embeds.detach().numpy(), abs=1e-5)
    assert encoder.encode_texts(WORDS) == pytest.approx(out.text_embeds.detach().numpy(), abs=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_each_part_keeps_the_dtype_that_it_has_in_the_base(dtype, tmp_path):
    world, region = dual_encoder("resnet"), dual_encoder("resnet", seed=1)
    world.text_model.to(dtype)
    world.save_pretrained(tmp_path / "world")
    region.save_pretrained(tmp_path / "region")
    merged = merge_checkpoints(tmp_path / "world", tmp_path / "region", 0.5, tmp_path / "out")
    ours, theirs = world.state_dict(), region.state_dict()
    for name, tensor in DualEncoder.from_pretrained(merged.path).state_dict().items():
        assert tensor.dtype == ours[name].dtype, name
        assert torch.equal(tensor, lerp(ours[name], theirs[name], 0.5)), name


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("pair")
    return save_dual("efficientnet", folder / "world"), save_dual("efficientnet", folder / "region", seed=1)


@settings(max_examples=15)
@given(beta=st.floats(0, 1, width=32))
def test_merging_a_model_with_itself_changes_no_bit(beta, pair, tmp_path_factory):
    merged = merge_checkpoints(pair[0], pair[0], beta, tmp_path_factory.mktemp("same") / "out")
    assert files_of(merged.path) == files_of(pair[0])


def test_beta_0_is_the_base_and_beta_1_the_region_but_for_the_counters(pair, tmp_path):
    merged = merge_checkpoints(*pair, [0, 1], tmp_path / "out")
    assert files_of(merged.paths[0]) == files_of(pair[0])
    for part in ("vision_model", "text_model", "projection"):
        ours, theirs, mixed = (bits(read_folder(folder / part)) for folder in (pair[0], pair[1], merged.paths[1]))
        assert mixed == {name: (ours if name.endswith(COUNTER) else theirs)[name] for name in ours}


def test_the_preview_counts_the_tensors_of_all_parts(pair, tmp_path):
    report = preview_merge(*pair, 0.5, tmp_path / "out").report
    count = len(dual_encoder("efficientnet").state_dict())
    assert report["regional"][0]["differences"]["tensors"] == [count, count]


def test_reading_such_a_folder_loads_no_torch(pair):
    code = f"""
import sys
from hf_regional.merging.checkpoint import read_checkpoint
names = [part.name for part in read_checkpoint({str(pair[0])!r}).components]
assert names == ["vision_model", "text_model", "projection"], names
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def index(folder: Path, **changes: Any) -> None:
    file = folder / "dual_encoder.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


SPOILT: dict[str, tuple[Callable[[Path], Any], type[RegionalError], str]] = {
    "a part that is not there": (
        lambda f: shutil.rmtree(f / "projection"),
        MissingFileError,
        "lacks projection/, a part that dual_encoder.json",
    ),
    "a tower without weights": (lambda f: (f / "text_model" / "model.safetensors").unlink(), MissingFileError, "text_model has no weights"),
    "a tower in pickles": (
        lambda f: (f / "text_model" / "model.safetensors").rename(f / "text_model" / "pytorch_model.bin"),
        MissingFileError,
        r"text_model has only pytorch_model\.bin, which are never opened",
    ),
    "heads that are cut off": (
        lambda f: (f / "projection" / "model.safetensors").write_bytes(b"\0" * 20),
        DamagedFileError,
        r"projection/model\.safetensors",
    ),
    "an index that is none": (lambda f: (f / "dual_encoder.json").write_text("{"), DamagedFileError, r"dual_encoder\.json cannot be read"),
    "an index of nothing": (lambda f: (f / "dual_encoder.json").write_text("{}"), DamagedFileError, "of the class DualEncoder"),
    "a newer schema": (lambda f: index(f, schema_version=2), DamagedFileError, "schema 2, this version reads up to 1"),
}


@pytest.mark.parametrize("spoil", SPOILT)
@pytest.mark.parametrize("side", [0, 1])
def test_a_folder_that_is_not_whole_is_refused_by_the_part(spoil, side, pair, tmp_path):
    act, error, match = SPOILT[spoil]
    folders = [shutil.copytree(folder, tmp_path / folder.name) for folder in pair]
    act(folders[side])
    with pytest.raises(error, match=match):
        merge_checkpoints(*folders, 0.5, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_towers_of_two_kinds_are_not_mixed(pair, tmp_path):
    other = save_dual("resnet", tmp_path / "other")
    with pytest.raises(MismatchedCheckpointsError, match=r"vision_model\."):
        merge_checkpoints(pair[0], other, 0.5, tmp_path / "out")
    merged = merge_checkpoints(pair[0], other, 0.5, tmp_path / "texts", only="text_model")
    assert DualEncoder.from_pretrained(merged.path).config.heads == dual_encoder("efficientnet").config.heads


def test_a_part_that_is_misspelt_is_named(pair, tmp_path):
    with pytest.raises(UnknownNameError, match="text_modle"):
        merge_checkpoints(*pair, 0.5, tmp_path / "out", only="text_modle")


def test_no_tensor_is_left_behind(pair):
    tensors = read_checkpoint(pair[0]).tensors
    assert tensors.keys() == dual_encoder("efficientnet").state_dict().keys()


def test_both_roads_give_the_same_weights(kind, sides, tmp_path):
    merged = merge_checkpoints(*sides, 0.4, tmp_path / "out")
    model = DualEncoder.from_pretrained(sides[0])
    merge_modules(model, sides[1], beta=0.4)
    from_files = DualEncoder.from_pretrained(merged.path).state_dict()
    assert all(torch.equal(tensor, from_files[name]) for name, tensor in model.state_dict().items())
