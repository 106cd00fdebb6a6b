"""Features are computed once for a tower and its inputs, and never taken for those of another."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from hf_regional.encoding import FeatureCache, load_encoder
from hf_regional.encoding.feature_cache import digest_of_pictures, digest_of_texts, tower_digest
from small_clip import png, save_clip

TEXTS = ("cat", "dog", "kucing")
PICTURES = tuple({"bytes": png(colour), "path": None} for colour in ("red", "green", "blue"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return save_clip(tmp_path_factory.mktemp("cache") / "clip", seed=1)


def encoder_with(folder, cache=None, **options):
    return load_encoder(folder, device="cpu", cache=cache, **options)


def change(encoder, name, by=1.5):
    with torch.no_grad():
        encoder.model.state_dict()[name].mul_(by)


def test_the_second_asking_is_answered_from_memory_bit_for_bit(folder):
    cache = FeatureCache()
    first, second = encoder_with(folder, cache), encoder_with(folder, cache)  # two loads of one checkpoint, as two β are
    for call, inputs in (("encode_texts", TEXTS), ("encode_images", PICTURES)):
        one, other = getattr(first, call)(inputs), getattr(second, call)(inputs)
        assert (one == other).all()
        assert (one == getattr(encoder_with(folder), call)(inputs)).all()
    assert (cache.hits, cache.misses) == (2, 2)


@pytest.mark.parametrize(
    ("tensor", "texts_anew", "images_anew"),
    [
        ("text_model.final_layer_norm.weight", True, False),
        ("text_projection.weight", True, False),
        ("vision_model.post_layernorm.weight", False, True),
        ("visual_projection.weight", False, True),
        ("logit_scale", False, False),
    ],
)
def test_a_weight_that_changes_is_felt_by_its_own_tower_alone(folder, tensor, texts_anew, images_anew):
    cache = FeatureCache()
    encoder = encoder_with(folder, cache)
    encoder.encode_texts(TEXTS), encoder.encode_images(PICTURES)
    change(encoder, tensor)  # in place, as a sweep over a live model does
    texts, images = encoder.encode_texts(TEXTS), encoder.encode_images(PICTURES)
    assert cache.misses == 2 + texts_anew + images_anew
    plain = encoder_with(folder)
    change(plain, tensor)
    assert (texts == plain.encode_texts(TEXTS)).all()
    assert (images == plain.encode_images(PICTURES)).all()


def test_every_tensor_belongs_to_a_tower_or_to_none_of_them(folder):
    """Whatever changes features changes a digest: each tensor in turn, against what the tower itself says."""
    encoder = encoder_with(folder)
    before = {side: tower_digest(encoder.model, side) for side in ("text", "image")}
    features = {"text": encoder.encode_texts(TEXTS), "image": encoder.encode_images(PICTURES)}
    for name in encoder.model.state_dict():
        other = copy.deepcopy(encoder)
        with torch.no_grad():
            tensor = other.model.state_dict()[name]
            tensor.add_(
                torch.linspace(0.5, 1, tensor.numel()).reshape(tensor.shape).to(tensor.dtype)
            ) if tensor.is_floating_point() else None
        now = {"text": other.encode_texts(TEXTS), "image": other.encode_images(PICTURES)}
        for side in ("text", "image"):
            if not np.array_equal(now[side], features[side]):
                assert tower_digest(other.model, side) != before[side], name


def test_other_texts_pictures_and_ways_to_prepare_them_are_other_inputs(folder, tmp_path):
    encoder = encoder_with(folder)
    tokenizer, processor = encoder.processor.tokenizer, encoder.processor.image_processor
    texts = {
        digest_of_texts(given, tokenizer, size) for given, size in ((TEXTS, 4), (TEXTS[::-1], 4), (TEXTS, 2), (("catdog", "kucing"), 4))
    }
    assert len(texts) == 4
    assert digest_of_texts(("ab", "c"), tokenizer, 4) != digest_of_texts(("a", "bc"), tokenizer, 4)
    encoder.encode_texts(TEXTS)  # sets what the tokenizer cuts and pads to
    assert digest_of_texts(TEXTS, tokenizer, 4) in texts
    smaller = copy.deepcopy(processor)
    smaller.size = {"height": 4, "width": 4}
    assert len({digest_of_pictures(PICTURES, processor, 4), digest_of_pictures(PICTURES, smaller, 4)}) == 2
    assert digest_of_pictures(PICTURES[::-1], processor, 4) != digest_of_pictures(PICTURES, processor, 4)


def test_a_file_that_is_replaced_is_another_picture(folder, tmp_path):
    cache = FeatureCache()
    encoder, path = encoder_with(folder, cache), tmp_path / "picture.png"
    cells = ({"bytes": None, "path": str(path)},)
    path.write_bytes(png("red"))
    red = encoder.encode_images(cells)
    path.write_bytes(png("green", side=9))
    assert not np.array_equal(encoder.encode_images(cells), red)
    assert cache.hits == 0


def test_what_a_caller_writes_into_features_stays_with_the_caller(folder):
    cache = FeatureCache()
    encoder = encoder_with(folder, cache)
    first = encoder.encode_texts(TEXTS)
    kept = first.copy()
    first[:] = 0
    second = encoder.encode_texts(TEXTS)
    assert (second == kept).all()
    second[:] = 0
    assert (encoder.encode_texts(TEXTS) == kept).all()


def test_a_model_in_training_is_never_answered_from_memory(folder):
    cache = FeatureCache()
    encoder = encoder_with(folder, cache)
    encoder.encode_texts(TEXTS)
    encoder.model.train()
    encoder.encode_texts(TEXTS)
    assert (cache.hits, cache.misses) == (0, 1)


def test_memory_holds_one_model_and_not_one_a_beta(folder):
    cache = FeatureCache()
    encoder = encoder_with(folder, cache)
    for _ in range(4):
        encoder.encode_texts(TEXTS)
        change(encoder, "text_projection.weight")
    assert (cache.misses, len(cache._held)) == (4, 1)
