"""Tokenizers and processors for the tiny models: the library's own classes, from nothing but an alphabet."""

from typing import Any

from PIL import Image
from transformers import (
    BertTokenizer,
    CLIPImageProcessor,
    CLIPTokenizer,
    Gemma3ImageProcessor,
    Gemma3Processor,
    GemmaTokenizer,
    LlamaTokenizer,
    LlavaProcessor,
    Qwen2Tokenizer,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
    Siglip2ImageProcessor,
    Siglip2Processor,
    Siglip2Tokenizer,
    VisionTextDualEncoderProcessor,
    ViTImageProcessor,
)

SIDE = 8
SQUARE = {"height": SIDE, "width": SIDE}
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789▁ĠĊ\n.,?!ABCDEFGHIJKL"  # 56: with 4 special tokens before and 4 behind they are 64
TEMPLATE = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
WORDS = "rice in a red bowl"


def photo() -> Image.Image:
    """White, its left half red."""
    drawn = Image.new("RGB", (SIDE, SIDE), "white")
    drawn.paste("red", (0, 0, SIDE // 2, SIDE))
    return drawn


def alphabet(first: list[str], last: list[str]) -> dict[str, int]:
    """A vocabulary of 64: special tokens at 0 to 3 and at 60 to 63, letters between."""
    return {token: place for place, token in enumerate([*first, *LETTERS, *last])}


def gemma_3(**seen: Any) -> Gemma3Processor:
    special = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"}
    vocab = alphabet(["<pad>", "<bos>", "<eos>", "<unk>"], [*special.values(), "<mask>"])
    words = GemmaTokenizer(vocab=vocab, merges=[], extra_special_tokens=special)
    return Gemma3Processor(Gemma3ImageProcessor(size=SQUARE), words, chat_template=TEMPLATE, image_seq_length=1)


def llava() -> LlavaProcessor:
    pictures = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size=SQUARE)
    vocab = alphabet(["<unk>", "<s>", "</s>", "<pad>"], ["<image>", "<a>", "<b>", "<c>"])
    words = LlamaTokenizer(vocab=vocab, merges=[], pad_token="<pad>", extra_special_tokens={"image_token": "<image>"})
    layout = {"patch_size": 4, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    return LlavaProcessor(pictures, words, chat_template=TEMPLATE, **layout)


def qwen_vl() -> tuple[Qwen2Tokenizer, Qwen2VLImageProcessor]:
    """Tokenizer and image processor: `Qwen2VLProcessor` has one for video as well, which needs torchvision."""
    vision = ["<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>"]
    vocab = alphabet(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>"], vision)
    words = Qwen2Tokenizer(vocab=vocab, merges=[], extra_special_tokens=vision, chat_template=TEMPLATE)
    return words, Qwen2VLImageProcessor(patch_size=4, merge_size=2, min_pixels=64, max_pixels=256)


def whole_qwen_vl() -> Qwen2VLProcessor:
    """With the one for video."""
    words, pictures = qwen_vl()
    return Qwen2VLProcessor(pictures, words, Qwen2VLVideoProcessor(patch_size=4, merge_size=2), chat_template=TEMPLATE)


def siglip_2() -> Siglip2Processor:
    vocab = alphabet(["<pad>", "<eos>", "<bos>", "<unk>"], ["<mask>", "<a>", "<b>", "<c>"])
    return Siglip2Processor(Siglip2ImageProcessor(patch_size=4, max_num_patches=16), Siglip2Tokenizer(vocab=vocab, merges=[]))


def dual_encoder() -> VisionTextDualEncoderProcessor:
    vocab = {word: place for place, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS.split()])}
    return VisionTextDualEncoderProcessor(ViTImageProcessor(size=SQUARE), BertTokenizer(vocab=vocab))


def clip_words() -> CLIPTokenizer:
    """As the two of Stable Diffusion XL."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    vocab = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={token: place for place, token in enumerate(vocab)}, merges=[], model_max_length=8)
