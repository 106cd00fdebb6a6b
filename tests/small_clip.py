"""A random CLIP of width 16 in a folder, and pictures of one colour each."""

import io
from pathlib import Path

from PIL import Image

VOCABULARY = {"<pad>": 0, "<unk>": 1, "</s>": 2} | {
    word: place
    for place, word in enumerate(
        ("cat", "dog", "radio", "zebra", "gato", "kucing", "anjing", "red", "green", "blue", "merah", "biru"), start=3
    )
}
SIZES = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


def png(colour: str, side: int = 8) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return out.getvalue()


def save_clip(folder: Path, *, seed: int) -> Path:
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel(VOCABULARY, unk_token="<unk>"))
    words.normalizer, words.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", unk_token="<unk>", eos_token="</s>", model_max_length=8)
    ends = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 2}
    text = SIZES | ends | {"vocab_size": len(VOCABULARY), "max_position_embeddings": 8}
    vision = SIZES | {"image_size": 8, "patch_size": 4}
    torch.manual_seed(seed)
    CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=16)).save_pretrained(folder)
    pictures = CLIPImageProcessor(size={"height": 8, "width": 8}, do_center_crop=False)
    CLIPProcessor(image_processor=pictures, tokenizer=tokenizer).save_pretrained(folder)
    return folder
