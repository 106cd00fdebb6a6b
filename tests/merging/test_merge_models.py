"""Whole models of real classes: what comes out loads by plain `from_pretrained` and is the mix."""

import copy
import json
from pathlib import Path

import pytest
import torch
from transformers import CLIPConfig, CLIPModel, PreTrainedModel, SiglipConfig, SiglipModel
from weight_folders import files_of

from hf_regional.durable import file_sha256
from hf_regional.merging import merge_checkpoints

SIZES = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
TEXT = SIZES | {"vocab_size": 50, "max_position_embeddings": 8}
VISION = SIZES | {"image_size": 8, "patch_size": 4}
CONFIGS = {
    CLIPModel: CLIPConfig(text_config=TEXT, vision_config=VISION, projection_dim=12),
    SiglipModel: SiglipConfig(text_config=TEXT, vision_config=VISION),
}


def two_models(kind: type[PreTrainedModel], dtype: torch.dtype) -> tuple[PreTrainedModel, PreTrainedModel]:
    torch.manual_seed(0)
    world = kind(CONFIGS[kind]).to(dtype)
    region = copy.deepcopy(world)
    with torch.no_grad():
        for parameter in region.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return world, region


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("kind", [CLIPModel, SiglipModel])
def test_the_mix_loads_by_plain_from_pretrained_and_is_the_lerp_in_memory(
    kind: type[PreTrainedModel], dtype: torch.dtype, tmp_path: Path
) -> None:
    world, region = two_models(kind, dtype)
    world.save_pretrained(tmp_path / "world", max_shard_size="8KB")
    region.save_pretrained(tmp_path / "region")
    merged = merge_checkpoints(tmp_path / "world", str(tmp_path / "region"), [0.25, 0.75], tmp_path / "mixes")
    assert [path.name for path in merged.paths] == ["beta-0.25", "beta-0.75"]
    assert len(list((tmp_path / "world").glob("*.safetensors"))) > 1
    for beta, path in zip([0.25, 0.75], merged.paths, strict=True):
        assert files_of(path).keys() == files_of(tmp_path / "world").keys()
        loaded, info = kind.from_pretrained(path, output_loading_info=True)
        assert not info["missing_keys"]
        assert not info["unexpected_keys"]
        assert loaded.dtype == dtype
        for name, parameter in loaded.named_parameters():
            expected = torch.lerp(world.get_parameter(name).float(), region.get_parameter(name).float(), beta).to(dtype)
            assert torch.equal(parameter, expected), name


def test_one_tower_at_its_own_weight_and_the_rest_stays(tmp_path: Path) -> None:
    world, region = two_models(CLIPModel, torch.float32)
    world.save_pretrained(tmp_path / "world")
    region.save_pretrained(tmp_path / "region")
    beta = {"text_model.*": 0.5, "text_projection*": 0.25}
    merged = merge_checkpoints(tmp_path / "world", tmp_path / "region", beta, tmp_path / "out")
    loaded = CLIPModel.from_pretrained(merged.path)
    for name, parameter in loaded.named_parameters():
        weight = 0.5 if name.startswith("text_model.") else 0.25 if name.startswith("text_projection") else 0
        assert torch.equal(parameter, torch.lerp(world.get_parameter(name), region.get_parameter(name), weight)), name
    text = sum(name.startswith(("text_model.", "text_projection")) for name, _ in world.named_parameters())
    counts = merged.report["counts"]
    assert counts["merged"] == text
    assert counts["kept_from_base"] == len(list(world.named_parameters())) - text


def test_everything_beside_the_weights_is_carried_over_but_cards_pickles_and_hidden_files(tmp_path: Path) -> None:
    world, region = two_models(CLIPModel, torch.float32)
    world.save_pretrained(tmp_path / "world")
    region.save_pretrained(tmp_path / "region")
    beside = ["tokenizer.json", "preprocessor_config.json", "LICENSE", "extra/vocab.txt"]
    outside = [
        "README.md",
        "regional.json",
        "pytorch_model.bin",
        "training_args.bin",
        "optimizer.pt",
        ".git/config",
        "extra/other.safetensors",
    ]
    for name in beside + outside:
        (tmp_path / "world" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "world" / name).write_text(name)
    merged = merge_checkpoints(tmp_path / "world", tmp_path / "region", 0.5, tmp_path / "out")
    assert set(files_of(merged.path)) == {"config.json", "model.safetensors", *beside}
    assert set(merged.report["left_out"]) == set(outside) - {".git/config"}


def test_the_report_says_what_went_in_and_holds_no_path(tmp_path: Path) -> None:
    world, region = two_models(CLIPModel, torch.float32)
    world.save_pretrained(tmp_path / "world")
    region.save_pretrained(tmp_path / "region")
    report = merge_checkpoints(tmp_path / "world", tmp_path / "region", 0.5, tmp_path / "out", skip="logit_scale").report
    assert report["inputs"]["base"]["sha256"] == {"model.safetensors": file_sha256(tmp_path / "world" / "model.safetensors")}
    assert report["beta"] == 0.5
    assert report["skip"] == ["logit_scale"]
    assert report["only"] is None
    assert report["counts"]["kept_from_base"] == 1
    assert str(tmp_path) not in json.dumps(report)
    unhashed = merge_checkpoints(tmp_path / "world", tmp_path / "region", 0.5, tmp_path / "out2", hash_inputs=False).report
    assert "sha256" not in unhashed["inputs"]["base"]
