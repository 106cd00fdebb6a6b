"""Tiny models of transformers with adapters of PEFT on them, as folders, and what PEFT itself makes of the two."""

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    CLIPConfig,
    CLIPModel,
    Dinov2Config,
    Dinov2Model,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    GPT2Config,
    GPT2Model,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    ResNetConfig,
    ResNetModel,
    SiglipConfig,
    SiglipModel,
    SiglipVisionConfig,
    SwinConfig,
    SwinModel,
    VisionTextDualEncoderConfig,
    VisionTextDualEncoderModel,
    ViTConfig,
    ViTModel,
)
from weight_folders import read_folder

from hf_regional.merging.sources import Files, Source

SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
TEXT = SIZES | {"vocab_size": 50, "max_position_embeddings": 16, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
VISION = SIZES | {"image_size": 16, "patch_size": 8}
NUMBERS = {"F32": np.float32, "F64": np.float64, "I64": np.int64}


def bert() -> nn.Module:
    return BertModel(BertConfig(**TEXT))


def classifier() -> nn.Module:
    return BertForSequenceClassification(BertConfig(**TEXT))


def clip() -> nn.Module:
    return CLIPModel(CLIPConfig(text_config=TEXT, vision_config=VISION, projection_dim=8))


def siglip() -> nn.Module:
    return SiglipModel(SiglipConfig(text_config=TEXT, vision_config=VISION))


def resnet() -> nn.Module:
    return ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1]))


def gpt2() -> nn.Module:
    return GPT2Model(GPT2Config(n_embd=16, n_layer=1, n_head=2, vocab_size=50, n_positions=16, bos_token_id=1, eos_token_id=1))


def vit() -> nn.Module:
    return ViTModel(ViTConfig(**VISION))


def dinov2() -> nn.Module:
    return Dinov2Model(Dinov2Config(**VISION))


def swin() -> nn.Module:
    return SwinModel(SwinConfig(image_size=16, patch_size=4, embed_dim=8, depths=[1], num_heads=[2], window_size=2))


def llava() -> nn.Module:
    return LlavaForConditionalGeneration(LlavaConfig(vision_config=SiglipVisionConfig(**VISION), text_config=LlamaConfig(**TEXT)))


def gemma3() -> nn.Module:
    text = TEXT | {"head_dim": 8, "num_key_value_heads": 1}
    return Gemma3ForConditionalGeneration(Gemma3Config(vision_config=VISION, text_config=text))


def qwen2vl() -> nn.Module:
    rope = {"type": "mrope", "mrope_section": [1, 1, 2], "rope_theta": 1e4}
    vision = {"depth": 1, "embed_dim": 16, "hidden_size": 16, "num_heads": 2, "patch_size": 8}
    text = TEXT | {"num_key_value_heads": 1, "rope_parameters": rope}
    return Qwen2VLForConditionalGeneration(Qwen2VLConfig(text_config=text, vision_config=vision))


def dual_encoder() -> nn.Module:
    towers = VisionTextDualEncoderConfig.from_vision_text_configs(ViTConfig(**VISION), BertConfig(**TEXT), projection_dim=8)
    return VisionTextDualEncoderModel(towers)


# Every way in which an adapter can shape weights: the model and the LoraConfig.
KINDS: dict[str, tuple[Callable[[], nn.Module], dict[str, Any]]] = {
    "lora": (bert, {"target_modules": ["query", "dense"]}),
    "rslora": (bert, {"target_modules": ["query", "dense"], "use_rslora": True}),
    "dora": (bert, {"target_modules": ["query", "dense"], "use_dora": True}),
    "patterns": (
        bert,
        {"target_modules": ["query", "key", "dense"], "rank_pattern": {"query": 4, r"output\.dense": 3}, "alpha_pattern": {"key": 7}},
    ),
    "embedding": (bert, {"target_modules": ["query", "word_embeddings"], "use_rslora": True}),
    "embedding-dora": (bert, {"target_modules": ["query", "word_embeddings"], "use_dora": True}),
    "tokens": (bert, {"target_modules": ["query"], "trainable_token_indices": {"word_embeddings": [3, 1, 49]}}),
    "bias-all": (bert, {"target_modules": ["query"], "bias": "all"}),
    "bias-lora-only": (bert, {"target_modules": ["query"], "bias": "lora_only"}),
    "lora-bias": (bert, {"target_modules": ["query"], "lora_bias": True}),
    "modules-to-save": (classifier, {"target_modules": ["query"], "modules_to_save": ["classifier"], "bias": "all"}),
    "clip": (clip, {"target_modules": ["q_proj", "fc1", "text_projection"]}),
    "siglip": (siglip, {"target_modules": ["q_proj", "fc1"], "r": 4, "use_rslora": True}),
    "conv": (resnet, {"target_modules": ["convolution"]}),
    "conv-dora": (resnet, {"target_modules": ["convolution"], "use_dora": True}),
    "batch-norm-saved": (resnet, {"target_modules": ["shortcut.convolution"], "modules_to_save": ["embedder.embedder"]}),
    "fan-in-fan-out": (gpt2, {"target_modules": ["c_attn", "c_proj"], "fan_in_fan_out": True}),
    "fan-in-fan-out-dora": (gpt2, {"target_modules": ["c_attn", "c_proj"], "fan_in_fan_out": True, "use_dora": True}),
}
# For merging from files alone: models whose names in memory are not those of their files, and one that PEFT does not run as it merges.
FROM_FILES: dict[str, tuple[Callable[[], nn.Module], dict[str, Any]]] = {
    # PEFT's forward passes over the LoRA on the out_proj of SigLIP's pooling head, and its merge does not; training leaves that B at 0.
    "siglip-all-linear": (siglip, {"target_modules": "all-linear"}),
    "llava": (llava, {"target_modules": ["q_proj", "linear_1", "lm_head"]}),
    "gemma3": (gemma3, {"target_modules": ["q_proj", "fc1"]}),
    "qwen2-vl": (qwen2vl, {"target_modules": ["q_proj", "qkv", "fc1"]}),
    "vit": (vit, {"target_modules": ["q_proj", "fc1"]}),
    "dinov2": (dinov2, {"target_modules": ["q_proj", "fc1"]}),
    "swin": (swin, {"target_modules": ["q_proj", "fc1"]}),
    "dual-encoder": (dual_encoder, {"target_modules": ["q_proj", "query", "text_projection"]}),
}


@dataclass(frozen=True)
class Grown:
    """A base and an adapter on it, as folders, and both models' tensors as plain `save_pretrained` writes them."""

    model: type[Any]
    base: Path
    adapter: Path
    world: dict[str, Tensor]
    region: dict[str, Tensor]

    def plain(self) -> Any:
        """The base, as transformers loads it."""
        return self.model.from_pretrained(self.base).eval()

    def adapted(self, adapter: Path | None = None) -> PeftModel:
        """The base with the adapter, as PEFT loads it."""
        return quietly(lambda: PeftModel.from_pretrained(self.plain(), adapter or self.adapter).eval())

    def merged(self, adapter: Path) -> dict[str, Tensor]:
        """The tensors in memory of the base with an adapter merged in, by PEFT."""
        return tensors_of(quietly(lambda: self.adapted(adapter).merge_and_unload()))

    def between(self, beta: float) -> dict[str, Tensor]:
        """(1-β)·W + β·W_merged in float64, by the names in memory; integers are the base's."""
        world, region = tensors_of(self.plain()), self.merged(self.adapter)
        return {
            name: torch.lerp(world[name].double(), region[name].double(), beta) if world[name].is_floating_point() else world[name]
            for name in world
        }


def grow(folder: Path, make: Callable[[], nn.Module], *, seed: int = 0, moved: float = 0.1, **options: Any) -> Grown:
    """Save a random model and a random adapter on it, every trained parameter of which has moved."""
    torch.manual_seed(seed)
    base, adapter, merged = folder / "base", folder / "adapter", folder / "merged"
    plain: Any = make()
    plain.save_pretrained(base)
    add_adapter(base, type(plain), adapter, seed=seed, moved=moved, **options)
    load = quietly(lambda: PeftModel.from_pretrained(type(plain).from_pretrained(base), adapter).merge_and_unload())
    load.save_pretrained(merged)
    return Grown(type(plain), base, adapter, read_folder(base), read_folder(merged))


def add_adapter(base: Path, model: type[Any], adapter: Path, *, seed: int = 0, moved: float = 0.1, **options: Any) -> Path:
    """Save one more random adapter on a base."""
    torch.manual_seed(seed)
    grown = quietly(lambda: get_peft_model(model.from_pretrained(base), LoraConfig(**({"r": 2, "lora_alpha": 3} | options))))
    with torch.no_grad():
        for parameter in grown.parameters():
            if parameter.requires_grad:
                parameter += moved * torch.randn_like(parameter)
        for name, buffer in grown.named_buffers():
            if ".modules_to_save." in name:
                buffer += 5  # BatchNorm's statistics, and its counter of steps
    quietly(lambda: grown.save_pretrained(adapter))
    return adapter


def quietly(work: Callable[[], Any]) -> Any:
    """Run what PEFT warns of: embeddings that it saves beside their factors, tied heads, layers that it finds merged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return work()


def tensors_of(model: nn.Module) -> dict[str, Tensor]:
    """A model's state, detached."""
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def furthest(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> float:
    """The largest difference of any element; the names must be the same."""
    assert ours.keys() == theirs.keys()
    return max((ours[name].double() - theirs[name].double()).abs().max().item() for name in ours)


def read_source(source: Source, shape: tuple[int, ...], *, stretch: int | None = None) -> np.ndarray:
    """A source's elements, read at once or in stretches of so many."""
    count = int(np.prod(shape))
    found = np.empty(count, NUMBERS[source.dtype])
    with Files() as files:
        for file in source.files:
            files.add(file)
        for first in range(0, count, stretch or count):
            source.read(files, first, memoryview(found[first : first + (stretch or count)]).cast("B"))
    return found.reshape(shape)


def write_adapter(folder: Path, tensors: dict[str, Tensor], **config: Any) -> Path:
    """An adapter by hand: tensors without the prefix of PEFT, and the fields that matter."""
    folder.mkdir(parents=True)
    save_file({f"base_model.model.{name}": tensor for name, tensor in tensors.items()}, folder / "adapter_model.safetensors")
    fields = {"peft_type": "LORA", "r": 1, "lora_alpha": 1, "target_modules": ["x"], "base_model_name_or_path": "tiny"}
    (folder / "adapter_config.json").write_text(json.dumps(fields | config))
    return folder
