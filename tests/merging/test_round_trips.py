"""From two folders through a merge into plain `from_pretrained`, for every kind of model: nothing is lost, and the numbers are the mix."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from exact_means import assert_same
from tiny_models import KINDS, Kind, ask_processor
from tiny_pairs import SINGLE, STORAGES, State, Storage, lerp, mixing_class, state_of, two_models
from transformers import Gemma3ForConditionalGeneration, GenerationConfig, PreTrainedModel, Qwen2VLForConditionalGeneration
from transformers.utils import is_torchvision_available
from weight_folders import files_of, read_folder

from hf_regional.merging import merge_checkpoints
from tiny_processors import WORDS, whole_qwen_vl

BETAS = [0.25, 0.3, 0.5]
EXACT = [0.25, 0.5]  # of which float64 holds every sum of numbers of 16 bits: it is rounded once


@dataclass(frozen=True)
class Trip:
    """Two models in memory and on the disk, and their mixes on the disk."""

    kind: Kind
    storage: Storage
    world: PreTrainedModel
    region: PreTrainedModel
    folders: tuple[Path, Path]
    mixes: dict[float, Path]

    def mix(self, beta: float) -> State:
        world, region = state_of(self.world), state_of(self.region)
        return {name: lerp(tensor, region[name], beta) for name, tensor in world.items()}

    def loaded(self, beta: float) -> State:
        return state_of(type(self.world).from_pretrained(self.mixes[beta]))


@pytest.fixture(scope="module", params=[(kind, storage) for kind in KINDS for storage in STORAGES], ids=lambda p: f"{p[0]}-{p[1].name}")
def trip(request, tmp_path_factory) -> Trip:
    name, storage = request.param
    folder = tmp_path_factory.mktemp(name)
    world, region = two_models(KINDS[name], storage, folder)
    folders = (folder / "world", folder / "region")
    merged = merge_checkpoints(*folders, BETAS, folder / "mixes")
    return Trip(KINDS[name], storage, world, region, folders, dict(zip(BETAS, merged.paths, strict=True)))


def test_plain_and_auto_class_load_the_mix_whole(trip: Trip):
    for beta in EXACT:
        for loader in (type(trip.world), trip.kind.auto):
            loaded, info = loader.from_pretrained(trip.mixes[beta], output_loading_info=True)
            assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
            assert type(loaded) is type(trip.world)
            assert loaded.dtype == trip.storage.world
            assert_same(state_of(loaded), trip.mix(beta))
            assert loaded.all_tied_weights_keys == trip.world.all_tied_weights_keys
            for one, other in loaded.all_tied_weights_keys.items():
                assert loaded.get_parameter(one) is loaded.get_parameter(other)


def test_what_the_processors_of_the_mix_make_runs_through_it(trip: Trip):
    path = trip.mixes[0.5]
    mixed = type(trip.world).from_pretrained(trip.folders[0]).eval()
    mixed.load_state_dict(trip.mix(0.5))
    asked = trip.kind.ask(path)
    asked = {key: value.to(mixed.dtype) if value.is_floating_point() else value for key, value in asked.items()}
    loaded = type(trip.world).from_pretrained(path).eval()
    with torch.inference_mode():
        found, expected, before = (model(**asked)[0] for model in (loaded, mixed, trip.world))
    assert found.isfinite().all()
    torch.testing.assert_close(found, expected)
    assert not torch.equal(found, before)
    if loaded.can_generate():
        written = loaded.generate(**asked, do_sample=False, min_new_tokens=2)
        assert written.shape[1] == asked["input_ids"].shape[1] + 2


def test_what_stands_beside_the_weights_came_along(trip: Trip):
    world = files_of(trip.folders[0])
    for beta, path in trip.mixes.items():
        found = files_of(path)
        assert found.keys() == world.keys()
        assert {name for name in world if found[name] != world[name]} == {name for name in world if name.endswith(".safetensors")}
        assert "tokenizer.json" in found
        facts = json.loads((path / "regional.json").read_text())
        assert [step["beta"] for step in facts["steps"] if step["kind"] == "merging"] == [beta]
        if trip.world.can_generate():
            assert GenerationConfig.from_pretrained(path).to_dict() == trip.world.generation_config.to_dict()
            assert "chat_template.jinja" in found


def test_the_files_hold_the_tensors_of_the_world_under_its_names(trip: Trip):
    world = read_folder(trip.folders[0])
    for path in trip.mixes.values():
        found = read_folder(path)
        assert {name: (tensor.shape, tensor.dtype) for name, tensor in found.items()} == {
            name: (tensor.shape, tensor.dtype) for name, tensor in world.items()
        }
        assert (len(list(path.glob("*.safetensors"))) > 1) == (trip.storage.shards[0] != SINGLE)


def test_the_road_in_memory_gives_the_same_weights_under_the_same_names(trip: Trip, tmp_path: Path):
    model, info = mixing_class(type(trip.world)).from_pretrained(trip.folders[0], output_loading_info=True)
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    model.merge_with(trip.folders[1], beta=0.25)
    assert_same(state_of(model), trip.loaded(0.25))
    model.set_beta(0.3).save_pretrained(tmp_path / "saved")
    saved = type(trip.world).from_pretrained(tmp_path / "saved")
    assert_same(state_of(saved), state_of(model))
    assert_same_but_for_ties(trip.loaded(0.3), state_of(model), state_of(trip.world), state_of(trip.region), 0.3)
    assert read_folder(tmp_path / "saved").keys() == read_folder(trip.mixes[0.3]).keys()
    assert json.loads((tmp_path / "saved" / "config.json").read_text())["architectures"] == [type(trip.world).__name__]


@pytest.mark.parametrize("storage", STORAGES[:3], ids=lambda storage: storage.name)
def test_gemma_3_has_other_names_in_its_files_than_in_memory_and_the_same_weights(storage: Storage, tmp_path: Path):
    two_models(KINDS["gemma-3"], storage, tmp_path)
    kind = Gemma3ForConditionalGeneration
    world, region = (state_of(kind.from_pretrained(tmp_path / side)) for side in ("world", "region"))
    assert not read_folder(tmp_path / "world").keys() & world.keys()
    merged = merge_checkpoints(tmp_path / "world", tmp_path / "region", [0.25, 0.3], tmp_path / "mixes")
    quarter, third = (state_of(kind.from_pretrained(path)) for path in merged.paths)
    assert_same(quarter, {name: torch.lerp(tensor, region[name], 0.25) for name, tensor in world.items()})
    in_memory = {name: torch.lerp(tensor, region[name], 0.3) for name, tensor in world.items()}
    assert_same_but_for_ties(third, in_memory, world, region, 0.3)


def test_the_whole_processor_of_qwen_vl_comes_along(tmp_path: Path):
    if not is_torchvision_available():
        pytest.skip("Qwen2VLProcessor has a processor for video, which needs torchvision")
    two_models(KINDS["qwen-2-vl"], STORAGES[0], tmp_path)
    whole_qwen_vl().save_pretrained(tmp_path / "world")
    merged = merge_checkpoints(tmp_path / "world", tmp_path / "region", 0.5, tmp_path / "out")
    asked = ask_processor(f"<|vision_start|><|image_pad|><|vision_end|>{WORDS}")(merged.path)
    loaded = Qwen2VLForConditionalGeneration.from_pretrained(merged.path)
    assert loaded.generate(**asked, do_sample=False, min_new_tokens=2).shape[1] == asked["input_ids"].shape[1] + 2


def assert_same_but_for_ties(found: State, other: State, world: State, region: State, beta: float) -> None:
    """Bit for bit in fp32. Of 16 bits, neither is nearer to the exact mix than the other by more than fp32 can tell.

    Where world and region are a few units apart, 3/10 of the way is often halfway between two values: files round the exact sum, for
    which the 0.3 of a computer is less than 3/10, and torch.lerp rounds a sum in fp32, which is a tie.
    """
    assert found.keys() == other.keys()
    for name, tensor in found.items():
        assert tensor.dtype == other[name].dtype, name
        if tensor.dtype == torch.float32:
            assert torch.equal(tensor, other[name]), name
        start, end = world[name].double(), region[name].double()
        exact = start + beta * (end - start)
        ours, theirs = ((one.double() - exact).abs() for one in (tensor, other[name]))
        assert ((ours - theirs).abs() <= 2**-22 * (start.abs() + end.abs())).all(), name
