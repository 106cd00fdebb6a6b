import math
from statistics import harmonic_mean

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import ConfigError, MismatchedScoresError, NonFiniteError, NoRowsError, OutOfRangeError
from hf_regional.metrics import clip_score, ref_clip_score


def cosines(one, other):
    """Cosines by torch, in float64."""
    return torch.nn.functional.cosine_similarity(torch.tensor(one), torch.tensor(other), dim=-1).numpy()


@given(seed=st.integers(0, 99), n=st.integers(1, 12), d=st.integers(1, 30))
def test_clip_score_is_the_cosine_of_torch_cut_at_zero(seed, n, d):
    rng = np.random.default_rng(seed)
    images, texts = rng.normal(size=(n, d)) * 7, rng.normal(size=(n, d))
    found = clip_score(images, texts, encoder="toy")
    np.testing.assert_allclose(found.values, 100 * np.maximum(cosines(images, texts), 0), atol=1e-10)
    np.testing.assert_allclose(clip_score(images, texts, encoder="toy", scale=2.5).values, found.values / 40)
    assert found.mean == pytest.approx(found.values.mean())


@given(seed=st.integers(0, 99), n=st.integers(1, 9))
def test_ref_clip_score_is_the_harmonic_mean_with_the_nearest_reference(seed, n):
    rng = np.random.default_rng(seed)
    images, texts = rng.normal(size=(n, 4)), rng.normal(size=(n, 4))
    references = [rng.normal(size=(rng.integers(1, 6), 4)) for _ in range(n)]
    found = ref_clip_score(images, texts, references, encoder="toy").values
    for item in range(n):
        by_image = 2.5 * max(0.0, float(cosines(images[item], texts[item])))
        by_people = max(0.0, float(cosines(references[item], texts[item][None]).max()))
        assert found[item] == pytest.approx(harmonic_mean([by_image, by_people]), abs=1e-10)


def test_where_neither_fits_the_score_is_zero_and_the_encoder_goes_with_it():
    found = ref_clip_score([[1.0, 0.0]], [[-1.0, 0.0]], [[[1.0, 0.0]]], encoder="openai/clip-vit-base-patch32")
    assert (found.values.tolist(), found.encoder, found.scale) == ([0.0], "openai/clip-vit-base-patch32", 2.5)


def test_equal_features_give_the_whole_scale_and_never_more():
    rows = np.random.default_rng(0).normal(size=(200, 31)).astype(np.float32)
    values = clip_score(rows, rows, encoder="toy").values
    assert values.max() <= 100
    assert values.min() == pytest.approx(100)


ROW = [[1.0, 0.0]]


@pytest.mark.parametrize(
    ("images", "texts", "more", "error", "message"),
    [
        (ROW, ROW * 2, {}, MismatchedScoresError, "1 images and 2 texts"),
        (ROW, [[1.0]], {}, MismatchedScoresError, "2 dimensions and text_features 1"),
        ([[1.0, 0.0], [0.0, 0.0]], ROW * 2, {}, OutOfRangeError, "image_features: row 1 is all zeros"),
        (ROW * 2, [[1.0, 0.0], [math.inf, 0.0]], {}, NonFiniteError, "text_features: row 1 holds NaN or infinity"),
        (np.zeros((0, 2)), np.zeros((0, 2)), {}, NoRowsError, "image_features is empty"),
        (ROW, ROW, {"encoder": " "}, ConfigError, "name the model"),
        (ROW, ROW, {"scale": 0}, OutOfRangeError, "scale must be above 0"),
        (ROW, ROW, {"scale": math.nan}, OutOfRangeError, "got nan"),
    ],
)
def test_what_cannot_be_scored_is_refused(images, texts, more, error, message):
    with pytest.raises(error, match=message):
        clip_score(images, texts, **{"encoder": "toy", **more})


@pytest.mark.parametrize(
    ("references", "error", "message"),
    [
        ([ROW], MismatchedScoresError, "2 texts and 1 sets of references"),
        ([ROW, []], NoRowsError, "references of item 1: there is none"),
        ([ROW, [[math.nan, 1.0]]], NonFiniteError, "references of item 1: row 0 holds NaN"),
        ([[[1.0]], ROW], MismatchedScoresError, "references of item 0 1"),
        ([ROW, [[1.0, 0.0], [0.0, 0.0]]], OutOfRangeError, "references of item 1: row 1 is all zeros"),
    ],
)
def test_wrong_references_are_named_by_their_item(references, error, message):
    with pytest.raises(error, match=message):
        ref_clip_score(ROW * 2, ROW * 2, references, encoder="toy")


def test_the_encoder_cannot_be_left_out():
    with pytest.raises(TypeError, match="encoder"):
        clip_score(ROW, ROW)
