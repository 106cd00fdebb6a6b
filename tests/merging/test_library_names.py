"""Classes of ours read and write names as the library's class below them, and two that transformers would mix up are refused."""

from typing import Any

import pytest
from transformers import (
    CLIPModel,
    Gemma3ForConditionalGeneration,
    LlavaForConditionalGeneration,
    PreTrainedModel,
    Qwen2VLForConditionalGeneration,
    SiglipModel,
)

from hf_regional.errors import ConfigError
from hf_regional.merging import ModelMerger


def mixing(name: str, kind: type[PreTrainedModel]) -> Any:
    return type(name, (ModelMerger, kind), {})


@pytest.mark.parametrize("kind", [CLIPModel, Gemma3ForConditionalGeneration, Qwen2VLForConditionalGeneration])
def test_a_class_of_ours_is_no_stranger_to_the_library(kind: type[PreTrainedModel]):
    assert not mixing(f"Known{kind.__name__}", kind).is_custom_code()
    assert not type(f"Behind{kind.__name__}", (kind, ModelMerger), {}).is_custom_code()


def test_a_class_of_the_user_s_is_a_stranger_still():
    own = type("OwnClip", (CLIPModel,), {})
    assert mixing("KnownOwnClip", own).is_custom_code()


def test_a_class_may_be_written_twice():
    for _ in range(2):
        mixing("Twice", Qwen2VLForConditionalGeneration)


def test_a_name_may_stand_for_two_classes_where_nothing_is_translated():
    for kind in (CLIPModel, SiglipModel):
        mixing("Either", kind)


@pytest.mark.parametrize("first", ["translated", "plain"])
def test_a_name_for_two_classes_is_refused_where_one_is_translated(first: str):
    kinds = [LlavaForConditionalGeneration, Qwen2VLForConditionalGeneration]
    one, other = kinds if first == "plain" else kinds[::-1]
    mixing(f"Both{first}", one)
    with pytest.raises(ConfigError, match=rf"Both{first} on {other.__name__}.* one on {one.__name__}.*Regional{other.__name__}"):
        mixing(f"Both{first}", other)


def test_the_name_of_a_class_of_the_library_s_is_refused_for_another():
    with pytest.raises(ConfigError, match="LlavaModel on Qwen2VL"):
        mixing("LlavaModel", Qwen2VLForConditionalGeneration)
    mixing("Qwen2VLForConditionalGeneration", Qwen2VLForConditionalGeneration)
