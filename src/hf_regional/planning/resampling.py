"""Resampling: groups of unit vectors in; the similarity of every two of them in each bootstrap resample, and intervals, out.

Each group's images are drawn anew, as many as there are, with replacement. A resample's mean is a matrix product of the counts with the
unit vectors, and all similarities of a topic in one resample are one more.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hf_regional.planning.groups import Groups, Ints
from hf_regional.planning.sums import Floats, UnitRows, drawn, rows_on_one_thread

LEVEL: Final = 0.95
_HELD: Final = 64_000_000  # bytes of resampled means at a time


def resampled_means(
    vectors: UnitRows, groups: Groups, members: range, rule: str, resamples: int, seed: int, at_once: int
) -> Iterator[Floats]:
    """Means of some groups in `at_once` resamples at a time, (groups, r, d); of unit length where the rule is "centroid".

    Args:
        vectors: features of all images.
        groups: whose rows are drawn from.
        members: which groups.
        rule: "pairs" or "centroid".
        resamples: how many in all.
        seed: of the draws.
        at_once: resamples that are held at a time, from `held`.
    """
    rows = [vectors.in_order(groups.of(group)) for group in members]
    names = [(groups.topic[group], groups.country[group]) for group in members]
    weights = [drawn(len(own), resamples, seed, *name) for own, name in zip(rows, names, strict=True)]
    for start in range(0, resamples, at_once):
        some = (counts[start : start + at_once] for counts in weights)
        means = np.stack([vectors.resampled(own, counts) for own, counts in zip(rows, some, strict=True)])
        yield directions(means) if rule == "centroid" else means


def held(vectors: UnitRows, groups: int) -> int:
    """How many resamples of some groups' means are held at a time: 64 MB of them."""
    return max(1, _HELD // (groups * vectors.width * vectors.dtype.itemsize))


def resampled_pairs(vectors: UnitRows, groups: Groups, members: range, rule: str, resamples: int, seed: int) -> Floats:
    """Similarity of every two groups of one topic in each resample, (pairs, resamples), pairs as `numpy.triu_indices` has them."""
    a, b = np.triu_indices(len(members), k=1)
    out = np.empty((len(a), resamples), vectors.dtype)
    start = 0
    for means in resampled_means(vectors, groups, members, rule, resamples, seed, held(vectors, len(members))):
        stop = start + means.shape[1]
        out[:, start:stop] = _products(np.ascontiguousarray(means.transpose(1, 0, 2)))[:, a, b].T
        start = stop
    return out


def _products(means: Floats) -> Floats:
    """Dot products of every two rows of each of r tables (r, g, d): (r, g, g), right above the diagonal and not filled in below."""
    out = np.zeros((len(means), means.shape[1], means.shape[1]), means.dtype)
    step = rows_on_one_thread(means[0].size, means.shape[1])
    for low in range(0, means.shape[1], step):
        np.matmul(means[:, low : low + step], means[:, low:].transpose(0, 2, 1), out=out[:, low : low + step, low:])
    return out


def interval(values: npt.NDArray[np.float64], draws: Floats, rule: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Ends of the 95 % interval of each value (p,) from its draws (p, resamples), within [-1, 1].

    The bootstrap mean of "pairs" is the estimate itself, and the interval is that of percentiles. The "centroid" of a resample lies
    below the estimate as the estimate lies below the truth: images that are drawn twice shorten the mean. There the interval is the basic
    one, 2·estimate - percentile (Davison and Hinkley 1997, §5.2), which sets both right.
    """
    ordered = np.sort(draws, axis=1)
    low, high = (_quantile(ordered, q) for q in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    if rule == "centroid":
        low, high = 2 * values - high, 2 * values - low
    return np.clip(low, -1, 1), np.clip(high, -1, 1)


def directions(means: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Vectors (..., d) scaled to unit length; one without length stays zero."""
    lengths = np.sqrt(np.einsum("...d,...d->...", means, means))[..., None]
    return np.divide(means, lengths, out=np.zeros_like(means), where=lengths > 0)


def _quantile(ordered: Floats, q: float) -> npt.NDArray[np.float64]:
    """Interpolate linearly between the two nearest of the sorted draws, as `numpy.quantile`, which is slower."""
    place = q * (ordered.shape[1] - 1)
    below = int(place)
    above = min(below + 1, ordered.shape[1] - 1)
    low, high = (ordered[:, k].astype(np.float64) for k in (below, above))
    return low + (high - low) * (place - below)


def mean_of(sums: npt.NDArray[np.float64], n: Ints) -> npt.NDArray[np.float64]:
    """Means (g, d) of groups from their sums and numbers of images."""
    return sums / n[:, None]


def within(sums: npt.NDArray[np.float64], n: Ints) -> npt.NDArray[np.float64]:
    """Mean cosine over the pairs of two different images of each group, (g,): (|S|² - n) / (n·(n-1)); NaN for one image."""
    squares = np.einsum("gd,gd->g", sums, sums)
    pairs: npt.NDArray[Any] = n * (n - 1.0)
    return np.divide(squares - n, pairs, out=np.full(len(n), np.nan), where=pairs > 0)
