"""A CLIP and a SigLIP of a few thousand random parameters, with tokenizer and processor, as plain `transformers` folders."""

import math
from pathlib import Path

import torch
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    SiglipProcessor,
)

POSITIONS = 8
SIDE = 16
SPECIAL = {"unk_token": "<unk>", "pad_token": "<pad>", "bos_token": "<bos>", "eos_token": "<eos>"}  # ids 0, 1, 2, 3
HALVES = {"left": (0, 0, 8, 16), "right": (8, 0, 16, 16), "top": (0, 0, 16, 8), "bottom": (0, 8, 16, 16)}
COLOURS = ("red", "green", "blue", "yellow")
WORDS = [f"{half} {colour}" for half in HALVES for colour in COLOURS]  # 16: "left red", ..., "bottom yellow"
TEXT = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "max_position_embeddings": POSITIONS,
    "pad_token_id": 1,
    "bos_token_id": 2,
    "eos_token_id": 3,
}
VISION = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": SIDE,
    "patch_size": 8,
}
MIDDLE = [0.5, 0.5, 0.5]
FAMILIES = ("clip", "siglip")


def picture(words: str) -> Image.Image:
    """White, one half coloured: what the words say."""
    half, colour = words.split()
    drawn = Image.new("RGB", (SIDE, SIDE), "white")
    drawn.paste(colour, HALVES[half])
    return drawn


def make_tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE(unk_token=SPECIAL["unk_token"]))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(WORDS, trainers.BpeTrainer(vocab_size=90, special_tokens=list(SPECIAL.values()), show_progress=False))
    ends = [(SPECIAL[name], tokenizer.token_to_id(SPECIAL[name])) for name in ("bos_token", "eos_token")]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{ends[0][0]} $A {ends[1][0]}", special_tokens=ends)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=POSITIONS, **SPECIAL)


def save_towers(family: str, folder: Path, *, seed: int = 0) -> Path:
    """Write a random model of the family with its processor; the folder."""
    torch.manual_seed(seed)
    tokenizer, size = make_tokenizer(), {"height": SIDE, "width": SIDE}
    text = TEXT | {"vocab_size": len(tokenizer)}
    if family == "clip":
        pictures = CLIPImageProcessor(size=size, do_center_crop=False, image_mean=MIDDLE, image_std=MIDDLE)
        model, processor = (
            CLIPModel(CLIPConfig(text_config=text, vision_config=VISION, projection_dim=12)),
            CLIPProcessor(pictures, tokenizer),
        )
    else:
        pictures = SiglipImageProcessor(size=size, image_mean=MIDDLE, image_std=MIDDLE)
        model, processor = SiglipModel(SiglipConfig(text_config=text, vision_config=VISION)), SiglipProcessor(pictures, tokenizer)
        model.logit_scale.data.fill_(math.log(10))  # as SigLIP's own training begins; transformers leaves 0
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
