"""Query features and any number of item features in (a memory-mapped file too); the k nearest items of each query out, in bounded memory.

Items come a block at a time: one matrix product, one comparison with each query's k-th best so far. Hardly anything passes it after the
first blocks, so that the product is nearly all the work.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hf_regional.errors import OutOfRangeError
from hf_regional.metrics.features import blocks, check_finite, matrix, same_width

Ints = npt.NDArray[np.int64]
Float32s = npt.NDArray[np.float32]
QUERIES: Final = 1024  # at a time: more pass over the items again
_CELLS: Final = 1_000_000  # similarities at a time: 4 MB


class BestSoFar:
    """The k highest scores of each query among the items seen; also how many items tie with the k-th, however many these are.

    An item that only equals the k-th does not push it out: at equal scores the first seen stays.

    Args:
        queries: number of queries.
        k: how many are kept of each, at least 1.
    """

    def __init__(self, queries: int, k: int) -> None:
        self.scores = np.full((queries, k), -np.inf, dtype=np.float32)  # falling along a row
        self.items = np.full((queries, k), -1, dtype=np.int64)
        self.tied: Ints = np.zeros(queries, dtype=np.int64)  # items seen that score exactly `floor`
        self.floor: Float32s = np.full(queries, -np.inf, dtype=np.float32)
        self._waiting: list[tuple[Ints, Float32s, Ints]] = []
        self._n_waiting = 0

    def see(self, scores: Float32s, first: int) -> None:
        """Take in a C-ordered block of scores, (q, b), no NaN; `first` is the number of its first item."""
        q, b = scores.shape
        k = self.scores.shape[1]
        if b > k and not np.isfinite(self.floor).any():  # nothing to compare with yet: the block's own k-th best
            self.floor = np.nextafter(np.partition(scores, b - k, axis=1)[:, b - k], np.float32(-np.inf))
        flat = np.flatnonzero(scores >= self.floor[:, None])
        rows = flat // b
        found = scores.ravel()[flat]
        beats = found > self.floor[rows]
        self.tied += np.bincount(rows[~beats], minlength=q)
        rows = rows[beats]
        self._waiting.append((rows, found[beats], first + flat[beats] - rows * b))
        self._n_waiting += len(rows)
        if self._n_waiting >= self.scores.size:  # seldom: what waits costs as much to sort as what is kept
            self.settle()

    def settle(self) -> None:
        """Sort what waits into the kept ones; call it before reading."""
        if not self._n_waiting:
            return
        rows, scores, items = (np.concatenate(parts) for parts in zip(*self._waiting, strict=True))
        self._waiting, self._n_waiting = [], 0
        touched, own = np.unique(rows, return_inverse=True)
        k = self.scores.shape[1]
        own = np.concatenate([np.repeat(np.arange(len(touched)), k), own])
        scores = np.concatenate([self.scores[touched].ravel(), scores])
        items = np.concatenate([self.items[touched].ravel(), items])
        order = np.lexsort((items, -scores, own))
        starts = np.searchsorted(own[order], np.arange(len(touched)))
        best = order[starts[:, None] + np.arange(k)]
        self.scores[touched], self.items[touched] = scores[best], items[best]
        floor = self.scores[touched, -1]
        # every item above the old floor is at hand; of those at it, most were counted and let go
        at_floor = np.bincount(own[scores == floor[own]], minlength=len(touched))
        self.tied[touched] = np.where(floor == self.floor[touched], self.tied[touched], at_floor)
        self.floor[touched] = floor


def nearest_items(queries: npt.ArrayLike, items: npt.ArrayLike, k: int) -> tuple[Float32s, Ints]:
    """Find the k items of highest dot product with each query.

    Args:
        queries: (q, d) features, unit norm for cosine; brought to float32.
        items: (n, d) features, likewise; `np.load(file, mmap_mode="r")` for more than memory holds.
        k: how many, in [1, n].

    Returns:
        Scores (q, k) float32, falling along a row, and the items' numbers (q, k) int64; at equal scores the lower number first.

    Raises:
        OutOfRangeError: k outside [1, n].
        MismatchedScoresError: the widths differ, or one is no matrix.
        NonFiniteError: a row holds NaN or infinity; `.name` is the row.

    >>> scores, numbers = nearest_items([[1.0, 0.0]], [[0.5, 0.5], [1.0, 0.0], [0.5, 0.0]], k=2)
    >>> scores.tolist(), numbers.tolist()
    ([[1.0, 0.5]], [[1, 0]])
    """
    asked, offered = both_sides(queries, items)
    check_depth(k, len(offered))
    found: list[BestSoFar] = []
    for first in range(0, len(asked), QUERIES):
        best = BestSoFar(len(asked[first : first + QUERIES]), k)
        for start, scores in score_blocks(asked[first : first + QUERIES], offered):
            best.see(scores, start)
        best.settle()
        found.append(best)
    return np.concatenate([best.scores for best in found]), np.concatenate([best.items for best in found])


def both_sides(queries: npt.ArrayLike, items: npt.ArrayLike) -> tuple[Float32s, npt.NDArray[Any]]:
    """Check both sides: the queries as (q, d) float32 in memory, the items as they lie."""
    asked, offered = matrix(queries, "queries"), matrix(items, "items")
    same_width(asked, offered, ("queries", "items"))
    narrow = np.ascontiguousarray(asked, dtype=np.float32)
    check_finite(narrow, "queries")
    return narrow, offered


def check_depth(k: int, n: int) -> None:
    """Refuse a cutoff that means nothing.

    Raises:
        OutOfRangeError: k below 1 or above the number of items.
    """
    if not 1 <= k <= n:
        raise OutOfRangeError(f"k is {k} and there are {n} items: give k from 1 to {n}. Beyond, any order would score 1.")


def score_blocks(asked: Float32s, offered: npt.NDArray[Any]) -> Iterator[tuple[int, Float32s]]:
    """Multiply block by block: number of the first item, and (q, b) scores in a buffer that the next block overwrites."""
    step = max(1, _CELLS // len(asked))
    buffer = np.empty(len(asked) * min(step, len(offered)), dtype=np.float32)
    for start, block in blocks(offered, "items", step):
        scores = buffer[: len(asked) * len(block)].reshape(len(asked), len(block))
        np.matmul(asked, block.astype(np.float32, copy=False).T, out=scores)
        yield start, scores
