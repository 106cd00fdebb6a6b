"""Stable Diffusion XL from two folders through a merge of the UNet into plain pipelines: the UNet is the mix, all else is the base's."""

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from adapter_folders import add_adapter, quietly
from exact_means import assert_same
from peft import PeftModel
from tiny_pairs import SHARDED, SINGLE, State, lerp, moved, state_of
from weight_folders import files_of

from hf_regional.merging import ModelMerger, merge_checkpoints
from tiny_pipelines import draw, stable_diffusion_xl

diffusers = pytest.importorskip("diffusers")

BETAS = [0.25, 0.5]
PARTS = ("unet", "vae", "text_encoder", "text_encoder_2")


@dataclass(frozen=True)
class Trip:
    """Two pipelines, of which all parts differ, in memory and on the disk, and the mixes of their UNets."""

    world: Any
    region: Any
    folders: tuple[Path, Path]
    mixes: dict[float, Path]

    def mix(self, beta: float) -> State:
        world, region = (state_of(side.unet) for side in (self.world, self.region))
        return {name: lerp(tensor, region[name], beta) for name, tensor in world.items()}


@pytest.fixture(
    scope="module", params=[(torch.float32, SHARDED, SINGLE), (torch.bfloat16, SINGLE, SHARDED)], ids=lambda param: str(param[0])
)
def trip(request, tmp_path_factory) -> Trip:
    dtype, *shards = request.param
    torch.manual_seed(0)
    world, region = stable_diffusion_xl(), stable_diffusion_xl()
    for part in PARTS:
        moved(getattr(world, part), 0.05)
        getattr(region, part).load_state_dict(getattr(world, part).state_dict())
        moved(getattr(region, part), 0.2)  # so far that it is seen after one step and in bf16
    folder = tmp_path_factory.mktemp("sdxl")
    for side, pipeline, size in zip(("world", "region"), (world, region), shards, strict=True):
        pipeline.to(dtype=dtype).save_pretrained(folder / side, max_shard_size=size)
    folders = (folder / "world", folder / "region")
    merged = merge_checkpoints(*folders, BETAS, folder / "mixes", only=["unet"])
    return Trip(world, region, folders, dict(zip(BETAS, merged.paths, strict=True)))


def test_the_unet_is_the_mix_and_loads_whole(trip: Trip):
    for beta, path in trip.mixes.items():
        unet, info = diffusers.UNet2DConditionModel.from_pretrained(path / "unet", dtype=trip.world.unet.dtype, output_loading_info=True)
        assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
        assert_same(state_of(unet), trip.mix(beta))


def test_every_other_file_is_the_base_s(trip: Trip):
    world = files_of(trip.folders[0])
    for beta, path in trip.mixes.items():
        found = files_of(path)
        assert found.keys() == world.keys()
        assert {name for name in world if found[name] != world[name]} == {
            name for name in world if name.startswith("unet/") and name.endswith(".safetensors")
        }
        assert {"model_index.json", "tokenizer_2/tokenizer.json", "scheduler/scheduler_config.json"} <= found.keys()
        facts = json.loads((path / "regional.json").read_text())
        assert [step["beta"] for step in facts["steps"] if step["kind"] == "merging"] == [beta]


@pytest.mark.parametrize("loader", ["DiffusionPipeline", "AutoPipelineForText2Image", "StableDiffusionXLPipeline"])
def test_plain_pipelines_load_the_mix_and_draw_with_it(loader: str, trip: Trip):
    loaded = getattr(diffusers, loader).from_pretrained(trip.mixes[0.5], dtype=trip.world.unet.dtype)
    assert type(loaded) is diffusers.StableDiffusionXLPipeline
    for part in PARTS[1:]:
        assert_same(state_of(getattr(loaded, part)), state_of(getattr(trip.world, part)))
    mixed = copy.deepcopy(trip.world)
    mixed.unet.load_state_dict(trip.mix(0.5))
    found, expected, before = (draw(pipeline) for pipeline in (loaded, mixed, trip.world))
    assert found.isfinite().all()
    assert (found - expected).abs().max() < (found - before).abs().max() / 10


def test_the_unet_alone_stands_for_the_regional_pipeline(trip: Trip, tmp_path: Path):
    merged = merge_checkpoints(trip.folders[0], trip.folders[1] / "unet", 0.5, tmp_path / "out", only=["unet"])
    assert files_of(merged.path) == files_of(trip.mixes[0.5])


def test_the_road_in_memory_gives_the_same_pipeline(trip: Trip, tmp_path: Path):
    class RegionalXL(ModelMerger, diffusers.StableDiffusionXLPipeline): ...

    dtype = trip.world.unet.dtype
    model = RegionalXL.from_pretrained(trip.folders[0], dtype=dtype).merge_with(trip.folders[1], beta=0.5, only=["unet"])
    model.save_pretrained(tmp_path / "saved")
    in_file, in_memory = (diffusers.DiffusionPipeline.from_pretrained(path, dtype=dtype) for path in (trip.mixes[0.5], tmp_path / "saved"))
    assert type(in_memory) is diffusers.StableDiffusionXLPipeline
    for part in PARTS:
        assert_same(state_of(getattr(in_memory, part)), state_of(getattr(in_file, part)))
        assert_same(state_of(getattr(model, part)), state_of(getattr(in_file, part)))


@pytest.mark.parametrize("size", [SINGLE, SHARDED])
def test_a_variant_is_merged_where_it_is_all_there_is_and_left_out_beside_the_rest(size: str, tmp_path: Path):
    for seed, side in enumerate(("base", "regional")):
        torch.manual_seed(seed)
        unet = stable_diffusion_xl().unet
        moved(unet, 0.05)
        for folder, variant in ((side, "fp16"), (f"{side}-both", "fp16"), (f"{side}-both", None)):
            unet.save_pretrained(tmp_path / folder, variant=variant, max_shard_size=size)
    merge_checkpoints(tmp_path / "base", tmp_path / "regional", 0.5, tmp_path / "out")
    mixed = diffusers.UNet2DConditionModel.from_pretrained(tmp_path / "out", variant="fp16")
    world, region = (diffusers.UNet2DConditionModel.from_pretrained(tmp_path / side, variant="fp16") for side in ("base", "regional"))
    assert_same(state_of(mixed), {name: torch.lerp(one, state_of(region)[name], 0.5) for name, one in state_of(world).items()})
    merged = merge_checkpoints(tmp_path / "base-both", tmp_path / "regional-both", 0.5, tmp_path / "both")
    assert_same(state_of(diffusers.UNet2DConditionModel.from_pretrained(tmp_path / "both")), state_of(mixed))
    assert not list((tmp_path / "both").glob("*fp16*"))
    assert {name for name in merged.report["left_out"]} == {file.name for file in (tmp_path / "base-both").glob("*fp16*")}


@pytest.mark.parametrize("place", ["pipeline", "unet"])
def test_a_lora_of_the_unet_is_merged_into_it(place: str, trip: Trip, tmp_path: Path):
    """The pipeline with `only`, or its UNet's folder alone."""
    world = trip.folders[0] / "unet"
    add_adapter(world, diffusers.UNet2DConditionModel, tmp_path / "lora", r=4, lora_alpha=8, target_modules=["to_q", "to_v"])
    if place == "pipeline":
        unet = merge_checkpoints(trip.folders[0], tmp_path / "lora", 0.5, tmp_path / "out", only=["unet"]).path / "unet"
    else:
        unet = merge_checkpoints(world, tmp_path / "lora", 0.5, tmp_path / "out").path
    plain, found = (state_of(diffusers.UNet2DConditionModel.from_pretrained(folder)) for folder in (world, unet))
    region = quietly(lambda: PeftModel.from_pretrained(diffusers.UNet2DConditionModel.from_pretrained(world), tmp_path / "lora"))
    merged = state_of(region.merge_and_unload())
    assert sum(not torch.equal(found[name], tensor) for name, tensor in plain.items()) == 16  # 4 blocks, 2 attentions each
    for name, tensor in found.items():
        expected = torch.lerp(plain[name], merged[name], 0.5)
        torch.testing.assert_close(tensor, expected.to(trip.world.unet.dtype).float(), rtol=2**-8, atol=1e-7)
    assert {file.name for file in unet.iterdir()} - {"regional.json"} == {file.name for file in world.iterdir()}
