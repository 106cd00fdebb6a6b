"""Text and image features and which image each text belongs to in; retrieval scores in both directions out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hf_regional.errors import MismatchedScoresError, NonFiniteError, OutOfRangeError
from hf_regional.metrics.features import matrix
from hf_regional.metrics.rankings import Normaliser, Ties, feature_retrieval_scores
from hf_regional.metrics.retrieval import Relevant

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TwoWays:
    """Scores of every query by name, in both directions."""

    text_to_image: dict[str, Floats]  # one value a text
    image_to_text: dict[str, Floats]  # one value an image that has a text
    asked_images: Ints  # (q,) number of the image behind each value of image_to_text
    unasked_images: Ints  # images without a text: candidates for texts, no queries

    def means(self) -> dict[str, float]:
        """Mean over queries of each score, "text_to_image/hit@1" and so on."""
        both = {"text_to_image": self.text_to_image, "image_to_text": self.image_to_text}
        return {f"{way}/{name}": float(values.mean()) for way, scores in both.items() for name, values in scores.items()}


def two_way_retrieval(
    texts: npt.ArrayLike,
    images: npt.ArrayLike,
    image_of_text: npt.ArrayLike,
    *,
    ks: Sequence[int] = (1, 5, 10),
    whole: bool = True,
    ties: Ties = "worst",
    normaliser: Normaliser = "reachable",
) -> TwoWays:
    """Ask each text of all images, and each image of all texts: an image with five captions has five right answers.

    Args:
        texts: (t, d) features, unit norm for cosine.
        images: (n, d) features, likewise.
        image_of_text: (t,) number of each text's image, in [0, n).
        ks: cutoffs, each at most min(t, n).
        whole: also scores without cutoff. `ties`, `normaliser`: as in `retrieval_scores`.
        ties: see there.
        normaliser: see there.

    Raises:
        MismatchedScoresError: not one image a text.
        OutOfRangeError, NonFiniteError: as in `feature_retrieval_scores`.

    >>> found = two_way_retrieval([[1.0, 0.0], [0.6, 0.8]], [[1.0, 0.0], [0.0, 1.0]], [0, 1], ks=[1])
    >>> found.means()["text_to_image/hit@1"], found.means()["image_to_text/MRR"]
    (1.0, 1.0)
    """
    captions, pictures, owner = matrix(texts, "texts"), matrix(images, "images"), np.asarray(image_of_text)
    if owner.shape != (len(captions),):
        raise MismatchedScoresError(f"there are {len(captions)} texts and image_of_text is {owner.shape}: give one image number a text.")
    if owner.dtype.kind not in "iu":
        raise NonFiniteError(f"image_of_text is {owner.dtype}, not whole numbers: give the row of each text's image.")
    outside = np.flatnonzero((owner < 0) | (owner >= len(pictures)))
    if len(outside):
        raise OutOfRangeError(f"text {outside[0]}: its image is {owner[outside[0]]}, and there are images 0 to {len(pictures) - 1}.")
    by_image = np.argsort(owner, kind="stable")
    asked, counts = np.unique(owner, return_counts=True)
    of_text = Relevant(np.arange(len(captions) + 1), owner.astype(np.int64))
    of_image = Relevant(np.concatenate([[0], np.cumsum(counts)]), by_image)

    def score(queries: npt.NDArray[Any], items: npt.NDArray[Any], relevant: Relevant) -> dict[str, Floats]:
        return feature_retrieval_scores(queries, items, relevant, ks=ks, whole=whole, ties=ties, normaliser=normaliser)

    return TwoWays(
        text_to_image=score(captions, pictures, of_text),
        image_to_text=score(pictures[asked], captions, of_image),
        asked_images=asked,
        unasked_images=np.setdiff1d(np.arange(len(pictures)), asked),
    )
