"""Distances between sets of images: the unit vectors of each country's images of one topic in; one number for every two countries out.

They see what the mean hides: two countries whose images are alike on average and differ in variety. 0 means the same images.

A distance is one function in `DISTANCES`: a list of (n, d) unit vectors, one entry a country, to (pairs,) float64, pairs in the order of
`numpy.triu_indices(countries, k=1)`.
"""

from collections.abc import Callable, Sequence
from itertools import combinations, combinations_with_replacement
from typing import Final

import numpy as np
import numpy.typing as npt

from hf_regional.errors import NoRowsError
from hf_regional.planning.sums import Floats

Distance = Callable[[Sequence[Floats]], npt.NDArray[np.float64]]


def energy(sets: Sequence[Floats]) -> npt.NDArray[np.float64]:
    """Energy distance 2·E|x-y| - E|x-x'| - E|y-y'| (Székely and Rizzo 2013), with Euclidean distances between unit vectors.

    In [0, 4]; without a root, and with every image also paired with itself, so that it is never negative. With few images it is above 0
    even between two samples of one country, by about E|x-x'|·(1/n + 1/m).
    """
    wide = [one.astype(np.float64) for one in sets]
    means = np.zeros((len(wide), len(wide)))
    for a, b in combinations_with_replacement(range(len(wide)), 2):
        means[a, b] = _mean_distance(wide[a], wide[b])
    own = means.diagonal()
    a, b = np.triu_indices(len(wide), k=1)
    return np.maximum(2 * means[a, b] - own[a] - own[b], 0.0)


def frechet(sets: Sequence[Floats]) -> npt.NDArray[np.float64]:
    """Fréchet distance between normal distributions: |μ_a - μ_b|² + tr(Σ_a + Σ_b - 2·(Σ_a·Σ_b)^½), as FID (Heusel et al. 2017).

    Of unit vectors, with covariances over n - 1. With X the centred images over √(n - 1), Σ = XᵀX and the trace of the root is the sum of
    the singular values of X_a·X_bᵀ: no d by d root is taken. It shrinks as images are added, so compare groups of like size.

    Raises:
        NoRowsError: a country has one image.
    """
    if min(len(one) for one in sets) < 2:
        raise NoRowsError(
            'the Fréchet distance needs a covariance and so two images a group at least: set min_n=2, or leave "frechet" out.'
        )
    means = np.stack([one.mean(axis=0, dtype=np.float64) for one in sets])
    roots = [_root(one - mean) for one, mean in zip(sets, means, strict=True)]
    traces = [float(np.square(root).sum()) for root in roots]
    found = [
        float(np.square(means[a] - means[b]).sum())
        + traces[a]
        + traces[b]
        - 2 * float(np.linalg.svd(roots[a] @ roots[b].T, compute_uv=False).sum())
        for a, b in combinations(range(len(sets)), 2)
    ]
    return np.maximum(np.array(found), 0.0)


DISTANCES: Final[dict[str, Distance]] = {"energy": energy, "frechet": frechet}
_STEP: Final = 2048  # rows compared at a time


def _mean_distance(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    """Mean Euclidean distance over all pairs, in float64: in float32 an image is 3e-4 away from itself."""
    squares = np.einsum("ij,ij->i", b, b)
    total = 0.0
    for start in range(0, len(a), _STEP):
        some = a[start : start + _STEP]
        total += float(np.sqrt(np.maximum(np.einsum("ij,ij->i", some, some)[:, None] + squares - 2 * some @ b.T, 0.0)).sum())
    return total / (len(a) * len(b))


def _root(centred: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A matrix X of at most d rows with XᵀX the covariance."""
    scaled = centred / np.sqrt(len(centred) - 1)
    return scaled if len(scaled) <= scaled.shape[1] else np.asarray(np.linalg.qr(scaled, mode="r"))
