"""Features or a kernel in; the Vendi score, the number of items that differ, out.

Definitions: Friedman and Dieng (arXiv 2210.02410); orders q other than 1, Pasarkar and Dieng (arXiv 2310.12952).
"""

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hf_regional.errors import MismatchedScoresError, NonFiniteError, NoRowsError, OutOfRangeError
from hf_regional.metrics.features import blocks, matrix, unit_rows, working_dtype

Floats = npt.NDArray[np.float64]
_ROWS: Final = 4096  # a block of a million rows of 512: 8 MB
_NOISE: Final = 16  # eigenvalues below so many units of rounding of the largest are 0


def vendi_score(
    features: npt.ArrayLike, *, order: float = 1.0, weights: npt.ArrayLike | None = None, quality: npt.ArrayLike | None = None
) -> float:
    """Count the effectively different items: VS_q = exp(H_q(λ)), H_1 = -Σ λ ln λ, H_q = ln(Σ λ^q) / (1 - q), H_∞ = -ln max λ.

    λ are the eigenvalues of K/n, K the cosines of all pairs; with weights p, of √p_i·K_ij·√p_j. They are also those of the d × d matrix
    Σ p_i·x_i·x_iᵀ of the unit rows, which is summed a block at a time: within a block in the features' own precision (float32 at
    least), over blocks in float64. Order 0 is the rank: give float64 features where that must be exact.

    Args:
        features: (n, d), any lengths (rows are brought to unit length); may be a memory-mapped file, and then n may be millions.
        order: q in [0, ∞]; small orders count rare kinds fully, `math.inf` sees the most common kind only.
        weights: (n,) probability of each item, not below 0, any sum above 0; equal by default.
        quality: (n,) quality of each item, not below 0. The result is then Σ p_i·s_i · VS_q, the quality-weighted score (Nguyen and
            Dieng, arXiv 2405.02449).

    Returns:
        In [1, min(n, d)] for one item repeated to all items orthogonal; with quality times its weighted mean.

    Raises:
        OutOfRangeError: the order, a weight or a quality is negative or NaN, or a row is all zeros.
        NonFiniteError: a row holds NaN or infinity; `.name` is the row.
        MismatchedScoresError, NoRowsError: features are no matrix or empty, or weights or quality of another length.

    >>> round(vendi_score([[1.0, 0.0], [1.0, 0.0], [0.0, 2.0], [0.0, 1.0]]), 6)
    2.0
    """
    rows = matrix(features, "features")
    if len(rows) < rows.shape[1]:  # fewer rows than dimensions: their own products are the smaller matrix
        unit = np.concatenate([unit_rows(block, "features", first) for first, block in blocks(rows, "features")])
        spread = _shares(weights, len(rows), "weights")
        weighted = unit * np.sqrt(spread)[:, None]
        gram = (weighted @ weighted.T).astype(np.float64)
    else:
        spread = _shares(weights, len(rows), "weights")
        gram = _gram(rows, None if weights is None else np.sqrt(spread * len(rows)))
    precision = float(np.finfo(working_dtype(rows)).eps)
    return _order_mean(_spectrum(gram, precision, "features"), order) * _mean_quality(quality, spread)


def vendi_from_kernel(
    kernel: npt.ArrayLike, *, order: float = 1.0, weights: npt.ArrayLike | None = None, quality: npt.ArrayLike | None = None
) -> float:
    """Count the effectively different items from their similarities; arguments and errors as in `vendi_score`.

    Args:
        kernel: (n, n), symmetric, 1 on the diagonal, no negative eigenvalue.
        order: q in [0, ∞].
        weights: (n,) probability of each item.
        quality: (n,) quality of each item.

    Raises:
        OutOfRangeError: the diagonal is not 1, or an eigenvalue is negative: no measure of similarity.
        MismatchedScoresError: the kernel is not square or not symmetric.

    >>> round(vendi_from_kernel([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1]]), 4)
    2.1573
    """
    similarity = matrix(kernel, "kernel").astype(np.float64)
    _check_kernel(similarity)
    spread = _shares(weights, len(similarity), "weights")
    root = np.sqrt(spread)
    precision = 1e-8 if np.asarray(kernel).dtype == np.float32 else float(np.finfo(np.float64).eps)
    spectrum = _spectrum(similarity * root[:, None] * root, precision, "kernel")
    return _order_mean(spectrum, order) * _mean_quality(quality, spread)


def _gram(rows: npt.NDArray[Any], roots: Floats | None) -> Floats:
    total = np.zeros((rows.shape[1], rows.shape[1]))
    for first, block in blocks(rows, "features", _ROWS):
        unit = unit_rows(block, "features", first)
        if roots is not None:
            unit *= roots[first : first + len(unit), None].astype(unit.dtype)
        total += unit.T @ unit  # numpy sees the transpose and lets BLAS compute one half
    return total / len(rows)


def _check_kernel(kernel: Floats) -> None:
    n, width = kernel.shape
    if n != width:
        raise MismatchedScoresError(f"kernel is {kernel.shape}: give the similarity of every item to every item, (n, n).")
    bad = np.argwhere(~np.isfinite(kernel))
    if len(bad):
        raise NonFiniteError(f"kernel: row {bad[0][0]}, column {bad[0][1]} is {kernel[tuple(bad[0])]}.", name=str(bad[0][0]))
    lopsided = np.argwhere(~np.isclose(kernel, kernel.T, rtol=0, atol=1e-5))
    if len(lopsided):
        i, j = lopsided[0]
        raise MismatchedScoresError(f"kernel is not symmetric: ({i}, {j}) is {kernel[i, j]} and ({j}, {i}) is {kernel[j, i]}.")
    off = np.flatnonzero(~np.isclose(np.diagonal(kernel), 1, rtol=0, atol=1e-5))
    if len(off):
        raise OutOfRangeError(f"kernel: item {off[0]} is {kernel[off[0], off[0]]} like itself; it must be 1. Divide by √(K_ii·K_jj).")


def _shares(given: npt.ArrayLike | None, n: int, what: str) -> Floats:
    """Weights as probabilities."""
    if given is None:
        return np.full(n, 1 / n)
    values = _not_negative(given, n, what)
    if values.sum() == 0:
        raise NoRowsError(f"{what} are all 0: nothing is left to measure.")
    return values / values.sum()


def _mean_quality(given: npt.ArrayLike | None, spread: Floats) -> float:
    return 1.0 if given is None else float(_not_negative(given, len(spread), "quality") @ spread)


def _not_negative(given: npt.ArrayLike, n: int, what: str) -> Floats:
    values = np.asarray(given, dtype=np.float64)
    if values.shape != (n,):
        raise MismatchedScoresError(f"there are {n} items and {what} is {values.shape}: give one number an item.")
    bad = np.flatnonzero(~(values >= 0) | np.isinf(values))
    if len(bad):
        raise OutOfRangeError(f"{what}: item {bad[0]} has {values[bad[0]]}; it must be finite and not below 0.")
    return values


def _spectrum(gram: Floats, precision: float, what: str) -> Floats:
    """Eigenvalues above rounding, as shares of 1; noise must go, since at small orders every positive number counts as a kind."""
    values = np.linalg.eigvalsh(gram)
    noise = values[-1] * max(_NOISE * precision, len(gram) * float(np.finfo(np.float64).eps))
    if values[0] < -max(noise, 1e-5 * values[-1]):
        raise OutOfRangeError(f"{what}: an eigenvalue is {values[0]:.3g}, below 0: not similarities of one and the same kind.")
    kept = values[values > noise]
    return kept / kept.sum()


def _order_mean(shares: Floats, order: float) -> float:
    if not order >= 0:
        raise OutOfRangeError(f"order must be in [0, ∞], got {order}.")
    if order == 0:
        return float(len(shares))
    if order == 1:
        return math.exp(-float(np.sum(shares * np.log(shares))))
    if math.isinf(order):
        return 1 / float(shares.max())
    # by the largest, so that no power vanishes: λ^q = m^q·(λ/m)^q
    largest = float(shares.max())
    return math.exp((order * math.log(largest) + math.log(float(np.sum((shares / largest) ** order)))) / (1 - order))
