"""Dual encoders of a few thousand random parameters: a BERT beside each of the four image towers of LowCLIP."""

from pathlib import Path
from typing import Any

import torch
from transformers import (
    BertConfig,
    BertModel,
    ConvNextImageProcessor,
    EfficientNetConfig,
    EfficientNetImageProcessor,
    EfficientNetModel,
    PreTrainedModel,
    ResNetConfig,
    ResNetModel,
    SwinConfig,
    SwinModel,
    ViTConfig,
    ViTImageProcessor,
    ViTModel,
)

from hf_regional.encoding import DualEncoder
from tiny_towers import MIDDLE, POSITIONS, SIDE, WORDS, make_tokenizer, picture

WIDTH = 12  # of the shared space
TEXT_DIM = 20
# Tower, image processor, width of a pooled picture.
TOWERS: dict[str, tuple[type[PreTrainedModel], Any, int]] = {
    "resnet": (ResNetModel, ConvNextImageProcessor, 16),
    "efficientnet": (EfficientNetModel, EfficientNetImageProcessor, 32),
    "vit": (ViTModel, ViTImageProcessor, 16),
    "swin": (SwinModel, ViTImageProcessor, 16),
}
CONFIGS = {
    "resnet": ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1]),
    "efficientnet": EfficientNetConfig(
        image_size=SIDE,
        width_coefficient=0.025,  # times 1280: the last convolution gives 32
        hidden_dim=32,
        depth_coefficient=1.0,
        in_channels=[8, 8],
        out_channels=[8, 16],
        kernel_sizes=[3, 5],
        strides=[1, 2],
        num_block_repeats=[1, 1],
        expand_ratios=[1, 2],
        drop_connect_rate=0.0,
    ),
    "vit": ViTConfig(image_size=SIDE, patch_size=8, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2),
    "swin": SwinConfig(image_size=SIDE, patch_size=4, window_size=2, embed_dim=8, depths=[1, 1], num_heads=[1, 2], drop_path_rate=0.0),
}
KINDS = tuple(TOWERS)
WITH_BATCH_NORM = ("resnet", "efficientnet")


def vision_tower(kind: str) -> PreTrainedModel:
    return TOWERS[kind][0](CONFIGS[kind])


def text_tower(**changes: Any) -> PreTrainedModel:
    sizes = {"hidden_size": TEXT_DIM, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2}
    return BertModel(BertConfig(vocab_size=90, max_position_embeddings=POSITIONS, pad_token_id=1, **sizes, **changes))


def image_processor(kind: str) -> Any:
    size = {"shortest_edge": SIDE} if kind == "resnet" else {"height": SIDE, "width": SIDE}
    extra = {"crop_pct": 1.0} if kind == "resnet" else {}
    return TOWERS[kind][1](size=size, image_mean=MIDDLE, image_std=MIDDLE, **extra)


def batch(kind: str, words: list[str] = WORDS) -> dict[str, torch.Tensor]:
    """The pictures of some words, and the words, as a model wants them."""
    pixels = image_processor(kind)([picture(one) for one in words], return_tensors="pt")["pixel_values"]
    tokens = make_tokenizer()(words, padding=True, return_tensors="pt")
    return {"pixel_values": pixels, "input_ids": tokens["input_ids"], "attention_mask": tokens["attention_mask"]}


def dual_encoder(kind: str, *, seed: int = 0, **wishes: Any) -> DualEncoder:
    """A random model whose running statistics, where it has any, have seen one batch more than `seed`."""
    torch.manual_seed(seed)
    model = DualEncoder.from_towers(vision_tower(kind), text_tower(), projection_dim=WIDTH, seed=seed, **wishes)
    model.vision_model.train()
    for _ in range(1 + seed):
        model.vision_model(pixel_values=batch(kind)["pixel_values"] + 0.1 * torch.randn(16, 3, SIDE, SIDE))
    return model.eval()


def save_dual(kind: str, folder: Path, *, seed: int = 0, max_shard_size: int | str = "5GB", **wishes: Any) -> Path:
    """Write a random model with its processors; the folder."""
    model = dual_encoder(kind, seed=seed, **wishes)
    tokenizer = make_tokenizer()
    model.save_pretrained(folder, image_processor=image_processor(kind), tokenizer=tokenizer, max_shard_size=max_shard_size)
    return folder


def same_bits(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    """Whether two modules hold the same tensors under the same names."""
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(
        ours[name].dtype == theirs[name].dtype and torch.equal(ours[name], theirs[name]) for name in ours
    )
