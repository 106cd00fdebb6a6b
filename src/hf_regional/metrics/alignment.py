"""Image, text and reference features of one encoder in; CLIPScore and RefCLIPScore of every pair, with the encoder's name, out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from hf_regional.errors import ConfigError, MismatchedScoresError, NoRowsError, OutOfRangeError
from hf_regional.metrics.features import Floats, same_width, unit_matrix

PERCENT: Final = 100.0  # as torchmetrics and reports on text-to-image models give it
HESSEL: Final = 2.5  # as the paper gives it: cosines of CLIP's ViT-B/32 seldom pass 0.4, so that scores fill [0, 1]


@dataclass(frozen=True, slots=True)
class AlignmentScores:
    """Scores of the pairs and what they were measured with: numbers of two encoders or two scales say nothing side by side."""

    encoder: str
    scale: float
    values: Floats  # (n,)

    @property
    def mean(self) -> float:
        """Mean over the pairs."""
        return float(self.values.mean())


def clip_score(image_features: npt.ArrayLike, text_features: npt.ArrayLike, *, encoder: str, scale: float = PERCENT) -> AlignmentScores:
    """Score how well each text fits its image: w · max(cos(image, text), 0) (Hessel et al., arXiv 2104.08718).

    Args:
        image_features: (n, d), any lengths.
        text_features: (n, d), row i belongs to image i.
        encoder: what made the features, id and revision ("openai/clip-vit-base-patch32"); it goes with the score.
        scale: w; 100 for percent of the cosine, 2.5 for the paper's number.

    Returns:
        Values in [0, w].

    Raises:
        MismatchedScoresError: another number of texts than images, or widths that differ.
        NonFiniteError: a row holds NaN or infinity; `.name` is the row.
        OutOfRangeError: a row is all zeros, or the scale is not above 0.
        NoRowsError: there is no pair. ConfigError: the encoder is not named.

    >>> clip_score([[1.0, 0.0], [1.0, 0.0]], [[3.0, 4.0], [-1.0, 0.0]], encoder="toy").values.round(6).tolist()
    [60.0, 0.0]
    """
    images, texts = _pairs(image_features, text_features, encoder, scale)
    return AlignmentScores(encoder, scale, scale * _cosines(images, texts))


def ref_clip_score(
    image_features: npt.ArrayLike,
    text_features: npt.ArrayLike,
    reference_features: Sequence[npt.ArrayLike],
    *,
    encoder: str,
    scale: float = HESSEL,
) -> AlignmentScores:
    """Score each text by its image and by what people wrote of that image.

    The harmonic mean of w · max(cos(image, text), 0) and of max(cos(text, nearest reference), 0) (Hessel et al., arXiv 2104.08718); as
    in the paper, only the first is scaled, since cosines of two texts are the larger ones.

    Args:
        image_features: (n, d), any lengths.
        text_features: (n, d), the texts under judgement.
        reference_features: n arrays (r_i, d), the references of each image, at least one.
        encoder: as in `clip_score`.
        scale: w, 2.5 in the paper.

    Returns:
        Values from 0, where either is 0, to 2w/(1 + w).

    Raises:
        As `clip_score`; the message names the item whose references are wrong.

    >>> ref_clip_score([[1.0, 0.0]], [[0.6, 0.8]], [[[0.0, 1.0], [0.6, 0.8]]], encoder="toy").values.round(6).tolist()
    [1.2]
    """
    images, texts = _pairs(image_features, text_features, encoder, scale)
    if len(reference_features) != len(texts):
        raise MismatchedScoresError(f"{len(texts)} texts and {len(reference_features)} sets of references: give one set an item.")
    by_image, by_people = scale * _cosines(images, texts), np.array([_nearest(texts, i, one) for i, one in enumerate(reference_features)])
    both = by_image + by_people
    return AlignmentScores(encoder, scale, np.divide(2 * by_image * by_people, both, out=np.zeros_like(both), where=both > 0))


def _pairs(image_features: npt.ArrayLike, text_features: npt.ArrayLike, encoder: str, scale: float) -> tuple[Floats, Floats]:
    if not encoder.strip():
        raise ConfigError("encoder is empty: name the model that made the features, so that its scores are not compared with another's.")
    if not 0 < scale < float("inf"):
        raise OutOfRangeError(f"scale must be above 0, got {scale}. 100 gives percent, 2.5 the number of the CLIPScore paper.")
    images, texts = unit_matrix(image_features, "image_features"), unit_matrix(text_features, "text_features")
    same_width(images, texts, ("image_features", "text_features"))
    if len(images) != len(texts):
        raise MismatchedScoresError(f"{len(images)} images and {len(texts)} texts: row i of both is one pair.")
    return images, texts


def _cosines(one: Floats, other: Floats) -> Floats:
    """Cosine of each pair of unit rows, not below 0 and, whatever the rounding, not above 1."""
    return np.einsum("nd,nd->n", one, other).clip(0.0, 1.0)


def _nearest(texts: Floats, item: int, references: npt.ArrayLike) -> float:
    what = f"references of item {item}"
    if not np.size(np.asarray(references, dtype=object)):
        raise NoRowsError(f"{what}: there is none. Give at least one, or use clip_score.")
    known = unit_matrix(references, what)
    same_width(texts, known, ("text_features", what))
    return float((known @ texts[item]).max().clip(0.0, 1.0))
