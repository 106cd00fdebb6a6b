"""`ModelMerger` on diffusers: a pipeline of tiny random parts, merged by component, saved plain, and drawing pictures."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from memory_models import ENDS, SIZES, as_bits, learned, state
from torch import Tensor

from hf_regional import ModelMerger
from hf_regional.cards import CardFacts
from hf_regional.errors import ConfigError, MismatchedCheckpointsError, QuantisedError, UnknownNameError
from hf_regional.merging import ByDepth, merge_modules
from hf_regional.merging.loading import named_tensors

diffusers = pytest.importorskip("diffusers", reason="diffusers is not installed; it is the extra `diffusion`")
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")  # diffusers' own, of its dependencies


class RegionalSDXL(ModelMerger, diffusers.StableDiffusionXLPipeline):
    """The mixin before the library's class."""


class SDXLRegional(diffusers.StableDiffusionXLPipeline, ModelMerger):
    """The mixin behind it."""


class RegionalUNet(ModelMerger, diffusers.UNet2DConditionModel):
    """One model of diffusers alone."""


KINDS = [RegionalSDXL, SDXLRegional]


def tiny_unet(seed: int) -> Any:
    torch.manual_seed(seed)
    return diffusers.UNet2DConditionModel(
        sample_size=8,
        norm_num_groups=2,
        block_out_channels=(4, 8),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(1, 2),
        transformer_layers_per_block=(1, 2),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=4,
        projection_class_embeddings_input_dim=40,  # 6 numbers of size and crop, 4 each, and the text
        cross_attention_dim=16,
    )


def tiny_pipeline(seed: int = 0, kind: Any = diffusers.StableDiffusionXLPipeline) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    text = CLIPTextConfig(**SIZES | ENDS, num_hidden_layers=2, vocab_size=30, max_position_embeddings=8, projection_dim=16)
    unet = tiny_unet(seed)
    return kind(
        unet=unet,
        vae=diffusers.AutoencoderKL(block_out_channels=(4,), latent_channels=4, norm_num_groups=2, sample_size=8),
        text_encoder=None,
        text_encoder_2=CLIPTextModelWithProjection(text),
        tokenizer=None,
        tokenizer_2=None,
        scheduler=diffusers.EulerDiscreteScheduler(),
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("pipelines")
    tiny_pipeline(0).save_pretrained(root / "world")
    tiny_pipeline(1).save_pretrained(root / "sea")
    return {name: root / name for name in ("world", "sea")}


def lerped(folders: dict[str, Path], beta: float, part: str = "unet") -> dict[str, Tensor]:
    """All tensors of the world, those of a component mixed."""
    world, region = (named_tensors(diffusers.StableDiffusionXLPipeline.from_pretrained(folders[name])) for name in ("world", "sea"))
    return {
        name: torch.lerp(tensor, region[name], beta) if name.startswith(f"{part}.") else tensor.detach() for name, tensor in world.items()
    }


def tensors(pipeline: Any) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in named_tensors(pipeline).items()}


@pytest.mark.parametrize("kind", KINDS)
def test_one_component_is_merged_and_the_folder_loads_by_every_class(kind: type[Any], folders: dict[str, Path], tmp_path: Path):
    pipeline = kind.from_pretrained(folders["world"])
    assert pipeline.merge_with(folders["sea"], beta=0.25, only=["unet"]) is pipeline
    pipeline.save_pretrained(tmp_path / "mix")
    index = json.loads((tmp_path / "mix" / "model_index.json").read_text())
    assert index["_class_name"] == "StableDiffusionXLPipeline"
    assert index["unet"] == ["diffusers", "UNet2DConditionModel"]
    for loader in (diffusers.StableDiffusionXLPipeline, diffusers.DiffusionPipeline, diffusers.AutoPipelineForText2Image, kind):
        loaded = loader.from_pretrained(tmp_path / "mix")
        assert type(loaded) is (kind if loader is kind else diffusers.StableDiffusionXLPipeline)
        assert as_bits(tensors(loaded)) == as_bits(lerped(folders, 0.25))
    facts = CardFacts.load(tmp_path / "mix")
    assert facts.of("merging")["only"] == ["unet"]
    assert facts.of("base")["id"] == "world"
    assert facts.of("model")["architectures"] == ["StableDiffusionXLPipeline"]
    assert (tmp_path / "mix" / "README.md").is_file()


def test_unmerging_and_sweeping_give_the_base_bit_for_bit(folders: dict[str, Path]):
    pipeline = RegionalSDXL.from_pretrained(folders["world"])
    base = tensors(pipeline)
    name = "unet.conv_out.weight"
    scores = pipeline.sweep(folders["sea"], [0, 0.5, 1], lambda mixed: named_tensors(mixed)[name].sum(), only="unet")
    assert scores == {beta: lerped(folders, beta)[name].sum().item() for beta in (0, 0.5, 1)}
    assert as_bits(tensors(pipeline)) == as_bits(base)
    pipeline.merge_with(folders["sea"], beta=0.5).unmerge()
    assert as_bits(tensors(pipeline)) == as_bits(base)


def test_beta_by_component_and_by_depth(folders: dict[str, Path]):
    pipeline = RegionalSDXL.from_pretrained(folders["world"])
    pipeline.merge_with(folders["sea"], beta={"unet": ByDepth(0.25, 0.75), "vae.*": 0.5}, skip="unet.mid_block.*")
    live = named_tensors(pipeline)
    shares = {
        "unet.conv_in.weight": 0.25,
        "unet.down_blocks.0.resnets.0.conv1.weight": 0.25,
        "unet.up_blocks.1.resnets.0.conv1.weight": 0.75,
        "unet.conv_out.weight": 0.75,
        "unet.mid_block.resnets.0.conv1.weight": 0,
        "vae.decoder.conv_in.weight": 0.5,
    }
    for name, beta in shares.items():
        assert torch.equal(live[name], lerped(folders, beta, name.partition(".")[0])[name]), name
    assert not any(name.startswith("text_encoder_2.") for ends in pipeline._regional_mix.pairs.ends for name in ends.names)


@pytest.mark.parametrize("way", ["folder", "module", "pipeline"])
def test_a_model_alone_stands_for_its_component(way: str, folders: dict[str, Path], tmp_path: Path):
    sea = diffusers.StableDiffusionXLPipeline.from_pretrained(folders["sea"])
    sea.unet.save_pretrained(tmp_path / "trained")  # not named "unet": it is known by its class
    pipeline = RegionalSDXL.from_pretrained(folders["world"])
    pipeline.merge_with({"folder": tmp_path / "trained", "module": sea.unet, "pipeline": sea}[way], beta=0.25, only="unet")
    assert as_bits(tensors(pipeline)) == as_bits(lerped(folders, 0.25))


def test_only_components_that_are_wanted_are_loaded(folders: dict[str, Path], tmp_path: Path):
    sea = diffusers.StableDiffusionXLPipeline.from_pretrained(folders["sea"])
    sea.save_pretrained(tmp_path / "sea")
    (tmp_path / "sea" / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    pipeline = RegionalSDXL.from_pretrained(folders["world"])
    pipeline.merge_with(tmp_path / "sea", beta=0.25, only=["unet.*"])
    assert as_bits(tensors(pipeline)) == as_bits(lerped(folders, 0.25))


def test_a_component_that_is_not_there_is_missed_by_name(folders: dict[str, Path], tmp_path: Path):
    sea = diffusers.StableDiffusionXLPipeline.from_pretrained(folders["sea"])
    sea.unet.save_pretrained(tmp_path / "unet")
    pipeline = RegionalSDXL.from_pretrained(folders["world"])
    with pytest.raises(MismatchedCheckpointsError, match=r"unet lacks \d+ tensors .*text_encoder_2\."):
        pipeline.merge_with(tmp_path / "unet", beta=0.25)


def test_what_stands_for_no_component_is_refused(folders: dict[str, Path], tmp_path: Path):
    pipeline = RegionalSDXL.from_pretrained(folders["world"])
    with pytest.raises(MismatchedCheckpointsError, match="is a Linear, and 0 components of the base are"):
        pipeline.merge_with(torch.nn.Linear(2, 2), beta=0.5)
    with pytest.raises(UnknownNameError, match="nearest name is 'unet'"):
        pipeline.merge_with(folders["sea"], beta=0.5, only=["unett"])
    config = folders["sea"] / "unet" / "config.json"
    copied = tmp_path / "quantised"
    copied.mkdir()
    (copied / "config.json").write_text(json.dumps(json.loads(config.read_text()) | {"quantization_config": {}}))
    with pytest.raises(QuantisedError, match="quantised"):
        pipeline.merge_with(copied, beta=0.5, only="unet")


def test_the_dtype_of_the_pipeline_stays_and_the_regional_one_takes_no_more_room(folders: dict[str, Path], tmp_path: Path):
    sea = diffusers.StableDiffusionXLPipeline.from_pretrained(folders["sea"]).to(torch.bfloat16)
    sea.save_pretrained(tmp_path / "sea")  # diffusers loads it in float32 when nothing is said
    pipeline = RegionalSDXL.from_pretrained(folders["world"]).to(torch.bfloat16)
    world = named_tensors(pipeline)["unet.conv_out.weight"].detach().clone()
    pipeline.merge_with(tmp_path / "sea", beta=0.25, only="unet")
    live = named_tensors(pipeline)["unet.conv_out.weight"]
    assert torch.equal(live, torch.lerp(world, sea.unet.conv_out.weight, 0.25))
    assert {region.dtype for ends in pipeline._regional_mix.pairs.ends for region in ends.regions} == {torch.bfloat16}


def test_a_unet_alone_has_the_mixin_too(folders: dict[str, Path], tmp_path: Path):
    unet = RegionalUNet.from_pretrained(folders["world"] / "unet").merge_with(folders["sea"] / "unet", beta=0.25)
    assert as_bits({f"unet.{name}": tensor for name, tensor in state(unet).items()}) == as_bits(
        {name: tensor for name, tensor in lerped(folders, 0.25).items() if name.startswith("unet.")}
    )
    unet.save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["_class_name"] == "UNet2DConditionModel"
    assert type(diffusers.AutoModel.from_pretrained(str(tmp_path))) is diffusers.UNet2DConditionModel


def test_a_plain_pipeline_is_merged_by_the_function(folders: dict[str, Path]):
    pipeline = diffusers.StableDiffusionXLPipeline.from_pretrained(folders["world"])
    merge_modules(pipeline, folders["sea"], beta=0.25, only="unet")
    assert as_bits(tensors(pipeline)) == as_bits(lerped(folders, 0.25))


def test_a_merged_pipeline_still_draws(folders: dict[str, Path]):
    pipeline = RegionalSDXL.from_pretrained(folders["world"]).merge_with(folders["sea"], beta=0.5)
    pipeline.set_progress_bar_config(disable=True)
    words, pooled = torch.ones(1, 4, 16), torch.ones(1, 16)
    drawn = pipeline(
        prompt_embeds=words,
        pooled_prompt_embeds=pooled,
        negative_prompt_embeds=0 * words,
        negative_pooled_prompt_embeds=0 * pooled,
        num_inference_steps=2,
        height=8,
        width=8,
        output_type="pt",
    )
    assert drawn.images.shape == (1, 3, 8, 8)
    with pytest.raises(ConfigError, match="merged with sea already"):
        pipeline.merge_with(folders["sea"], beta=0.25)


def test_a_pipeline_with_an_adapter_is_refused():
    from peft import LoraConfig

    from hf_regional.errors import NotBuiltYetError

    pipeline = tiny_pipeline(0, RegionalSDXL)
    pipeline.unet.add_adapter(LoraConfig(r=2, target_modules=["to_q"]))
    learned_unet = learned(tiny_unet(0))
    with pytest.raises(NotBuiltYetError, match=r"unet\.UNet2DConditionModel.*PEFT adapter"):
        pipeline.merge_with(learned_unet, beta=0.5)
