"""Every kind of model that people merge, tiny and random: how to make one, what stands beside it, who loads it, what to ask it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import peer_models
from transformers import (
    AutoImageProcessor,
    AutoModel,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    BertConfig,
    CLIPModel,
    GenerationConfig,
    PreTrainedConfig,
    PreTrainedModel,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Siglip2Config,
    Siglip2Model,
    SiglipModel,
    SwinConfig,
    VisionTextDualEncoderConfig,
    VisionTextDualEncoderModel,
    ViTConfig,
)

import tiny_processors
from tiny_processors import SIDE, WORDS, photo
from tiny_towers import picture, save_towers

SIZES = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
ATTENTION = ("q_proj", "v_proj")
Made = tuple[PreTrainedModel, Sequence[Any]]  # a model, and the processors to save beside it


@dataclass(frozen=True)
class Kind:
    """One kind of model. `ask` gets the folder and reads its processors from there, as a user does."""

    make: Callable[[], Made]
    ask: Callable[[Path], Mapping[str, Any]]
    auto: Any = AutoModel
    attention: tuple[str, ...] = ATTENTION  # the projections that a LoRA goes to


def of_towers(family: str, model: type[PreTrainedModel]) -> Made:
    with TemporaryDirectory() as folder:
        save_towers(family, Path(folder))
        return model.from_pretrained(folder), [AutoProcessor.from_pretrained(folder)]


def siglip_2() -> Made:
    words = SIZES | {"vocab_size": 64, "max_position_embeddings": 20, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1}
    return Siglip2Model(Siglip2Config(text_config=words, vision_config=SIZES | {"patch_size": 4, "num_patches": 4})), [
        tiny_processors.siglip_2()
    ]


def dual_encoder(pictures: PreTrainedConfig) -> Made:
    words = BertConfig(**SIZES, vocab_size=16, max_position_embeddings=8)
    config = VisionTextDualEncoderConfig.from_vision_text_configs(pictures, words, projection_dim=12)
    return VisionTextDualEncoderModel(config), [tiny_processors.dual_encoder()]


def vit() -> PreTrainedConfig:
    return ViTConfig(**SIZES, image_size=SIDE, patch_size=4)


def swin() -> PreTrainedConfig:
    return SwinConfig(image_size=SIDE, patch_size=2, embed_dim=8, depths=[1, 1], num_heads=[2, 2], window_size=2)


def generating(model: PreTrainedModel, *processors: Any) -> Made:
    """With a generation_config that is not the default, so that it is seen whether it came along."""
    model.generation_config = GenerationConfig(max_new_tokens=2, bos_token_id=1, eos_token_id=2, pad_token_id=3, repetition_penalty=1.5)
    return model, processors


def qwen_2_5() -> PreTrainedModel:
    rope = {"type": "mrope", "rope_type": "default", "mrope_section": [1, 1, 2]}
    words = SIZES | {"vocab_size": 64, "num_key_value_heads": 1, "bos_token_id": 1, "eos_token_id": 2, "rope_scaling": rope}
    depths = {"depth": 2, "fullatt_block_indexes": [1], "window_size": 8}
    pictures = depths | {"hidden_size": 16, "intermediate_size": 24, "out_hidden_size": 16, "num_heads": 2, "patch_size": 4}
    ids = {"image_token_id": 60, "video_token_id": 61, "vision_start_token_id": 62, "vision_end_token_id": 63}
    config = Qwen2_5_VLConfig(text_config=words, vision_config=pictures, tie_word_embeddings=True, **ids)
    return Qwen2_5_VLForConditionalGeneration(config)


def ask_towers(folder: Path) -> Mapping[str, Any]:
    texts = ["left red", "top blue"]
    return AutoProcessor.from_pretrained(folder)(text=texts, images=picture(texts[0]), padding="max_length", return_tensors="pt")


def ask_processor(text: str, **options: Any) -> Callable[[Path], Mapping[str, Any]]:
    return lambda folder: AutoProcessor.from_pretrained(folder)(text=[text], images=[photo()], return_tensors="pt", **options)


def ask_qwen(folder: Path) -> Mapping[str, Any]:
    pictures = AutoImageProcessor.from_pretrained(folder)(images=photo(), return_tensors="pt")
    words = AutoTokenizer.from_pretrained(folder)(f"<|vision_start|><|image_pad|><|vision_end|>{WORDS}", return_tensors="pt")
    return {**pictures, **words, "mm_token_type_ids": (words["input_ids"] == 60).int()}


KINDS = {
    "clip": Kind(lambda: of_towers("clip", CLIPModel), ask_towers),
    "siglip": Kind(lambda: of_towers("siglip", SiglipModel), ask_towers),
    "siglip-2": Kind(siglip_2, ask_processor(WORDS, max_length=20, patch_size=4, max_num_patches=4)),
    "bert-vit": Kind(lambda: dual_encoder(vit()), ask_processor(WORDS), attention=(*ATTENTION, "query", "value")),
    "bert-swin": Kind(lambda: dual_encoder(swin()), ask_processor(WORDS), attention=(*ATTENTION, "query", "value")),
    "llava": Kind(
        lambda: generating(peer_models.llava(), tiny_processors.llava()), ask_processor(f"<image>{WORDS}"), AutoModelForImageTextToText
    ),
    "gemma-3": Kind(
        lambda: generating(peer_models.gemma(), tiny_processors.gemma_3()),
        ask_processor(f"<start_of_image>{WORDS}"),
        AutoModelForImageTextToText,
    ),
    "qwen-2-vl": Kind(
        lambda: generating(peer_models.qwen(), *tiny_processors.qwen_vl()), ask_qwen, AutoModelForImageTextToText, (*ATTENTION, "qkv")
    ),
    "qwen-2.5-vl": Kind(
        lambda: generating(qwen_2_5(), *tiny_processors.qwen_vl()), ask_qwen, AutoModelForImageTextToText, (*ATTENTION, "qkv")
    ),
}
