"""Classifier: unit features with labels in; a ridge regression on the labels, and the accuracy on other images, out."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
_RIDGE: Final = 0.1  # of the mean squared feature times the images: unit features of a few hundred images, not tuned


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """Weights (d + 1, k): scores of k labels are [x, 1] @ weights; the highest is the answer."""

    weights: Floats

    @classmethod
    def fit(cls, features: Floats, labels: npt.NDArray[np.intp], k: int) -> "Classifier":
        """Fit one ridge regression a label to ±1: (XᵀX + λI)⁻¹ Xᵀ(2Y - 1), each label's images weighing alike.

        Args:
            features: (n, d).
            labels: (n,) in 0..k-1; labels without an image are never answered.
            k: labels.
        """
        x = np.column_stack([features, np.ones(len(features), features.dtype)])
        sizes = np.bincount(labels, minlength=k)
        share = (len(labels) / np.maximum(1, sizes * max(1, (sizes > 0).sum())))[labels].astype(features.dtype)
        wanted = np.full((len(labels), k), -1, features.dtype)
        wanted[np.arange(len(labels)), labels] = 1
        gram = (x * share[:, None]).T @ x
        gram[np.diag_indices(len(gram))] += _RIDGE * np.trace(gram[:-1, :-1]) / max(1, len(gram) - 1)
        weights = np.linalg.solve(gram, (x * share[:, None]).T @ wanted)
        weights[:, sizes == 0] = 0
        weights[-1, sizes == 0] = -np.inf
        return cls(weights)

    def is_right(self, features: Floats, labels: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """Whether each image's label is found, (n,)."""
        scores = features @ self.weights[:-1] + self.weights[-1]
        return scores.argmax(axis=1) == labels


def compressed(features: Any, components: int) -> Floats:
    """Unit features (n, d) on their first principal components, (n, <= components) float32: distances keep, fits get quick."""
    x = np.asarray(features, np.float32)
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    if x.shape[1] <= components:
        return x
    middle = x.mean(axis=0)
    _, axes = np.linalg.eigh((x - middle).T @ (x - middle))
    return (x - middle) @ axes[:, ::-1][:, :components]
