"""Tiny models of several libraries in two folders, and what merging them half and half must and must not do."""

from collections.abc import Callable
from pathlib import Path

import pytest
from exact_means import mean_of, read_tensors, save_drawn
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor
from transformers import (
    CLIPVisionConfig,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
)
from weight_folders import files_of

from hf_regional.errors import RegionalError
from hf_regional.merging import merge_checkpoints

SIZES = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
TEXT = SIZES | {"vocab_size": 64, "num_key_value_heads": 2, "bos_token_id": 1, "eos_token_id": 2}
CLIP_TEXT = SIZES | {"vocab_size": 64, "max_position_embeddings": 8, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 1}
VISION = SIZES | {"image_size": 8, "patch_size": 4}


def language_model(**changes: object) -> LlamaForCausalLM:
    return LlamaForCausalLM(LlamaConfig(**(TEXT | changes)))


def llava() -> LlavaForConditionalGeneration:
    pictures, words = CLIPVisionConfig(**VISION).to_dict(), LlamaConfig(**TEXT).to_dict()
    return LlavaForConditionalGeneration(LlavaConfig(vision_config=pictures, text_config=words, image_token_index=60))


def gemma() -> Gemma3ForConditionalGeneration:
    words = TEXT | {"num_key_value_heads": 1, "head_dim": 8, "sliding_window": 8}
    ids = {"boi_token_index": 60, "eoi_token_index": 61, "image_token_index": 62}
    return Gemma3ForConditionalGeneration(Gemma3Config(text_config=words, vision_config=VISION, mm_tokens_per_image=1, **ids))


def qwen() -> Qwen2VLForConditionalGeneration:
    words = TEXT | {"rope_scaling": {"type": "mrope", "rope_type": "default", "mrope_section": [1, 1, 2]}}
    pictures = {"depth": 2, "embed_dim": 16, "hidden_size": 16, "num_heads": 2, "mlp_ratio": 2, "patch_size": 4}
    ids = {"image_token_id": 60, "video_token_id": 61, "vision_start_token_id": 62, "vision_end_token_id": 63}
    return Qwen2VLForConditionalGeneration(Qwen2VLConfig(text_config=words, vision_config=pictures, **ids))


def as_on_the_hub(name: str) -> str:
    """As older versions of transformers wrote it, and as the Hub's files are."""
    return name.replace("vision_tower.", "vision_tower.vision_model.")


def as_in_memory(name: str) -> str:
    """As a model of transformers 5 calls it, which a state dict that is saved by hand has."""
    if name.startswith("language_model.lm_head"):
        return name.removeprefix("language_model.")
    return f"model.{name.replace('language_model.model.', 'language_model.')}"


def two_folders(folder: Path, make: Callable[[], PreTrainedModel], rename: Callable[[str], str] = str) -> tuple[Path, Path]:
    return save_drawn(make(), folder / "base", 1, rename), save_drawn(make(), folder / "regional", 2, rename)


def halves(folder: Path) -> dict[str, Tensor]:
    """What the merge of base and regional at β = 0.5 must hold."""
    return mean_of(read_tensors(folder / "base"), read_tensors(folder / "regional"))


def merge_halves(folder: Path) -> Path:
    return merge_checkpoints(folder / "base", folder / "regional", 0.5, folder / "out").path


def refused(folder: Path, error: type[RegionalError], match: str) -> RegionalError:
    """The merge of base and regional is refused, and the folder is as it was."""
    before = files_of(folder)
    with pytest.raises(error, match=match) as caught:
        merge_halves(folder)
    assert files_of(folder) == before
    assert sorted(path.name for path in folder.iterdir()) == ["base", "regional"]
    return caught.value


def tokenizer_of(words: list[str]) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token=words[0]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token=words[0], pad_token=words[1], model_max_length=8)
