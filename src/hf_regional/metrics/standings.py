"""Similarities and relevant items in; where each relevant item stands among those that are not, and every score of a ranking, out.

A standing is two numbers: how many irrelevant items score higher, how many score the same. All scores of rankings follow from it under
either rule for ties.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hf_regional.errors import MismatchedScoresError, NonFiniteError, OutOfRangeError
from hf_regional.metrics.retrieval import Relevant
from hf_regional.metrics.top_items import QUERIES, BestSoFar, both_sides, check_depth, score_blocks

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Float32s = npt.NDArray[np.float32]
_FULL_CELLS = 32_000_000  # similarities of whole rankings at a time: 128 MB


@dataclass(frozen=True, slots=True)
class Standings:
    """The m relevant items of q queries; those of query i at `starts[i]:starts[i + 1]`, best score first, then lowest gain first."""

    starts: Ints  # (q + 1,)
    scores: Floats  # (m,)
    gains: Floats  # (m,) above 0
    above: Ints  # (m,) irrelevant items that score higher
    equal: Ints  # (m,) irrelevant items that score the same
    n_items: int
    depth: int  # `above` is exact below it and otherwise at least it

    @property
    def counts(self) -> Ints:
        """(q,) number of relevant items of each query."""
        return np.diff(self.starts)

    @property
    def place(self) -> Ints:
        """(m,) number of relevant items of the same query that stand before."""
        return np.arange(self.starts[-1]) - np.repeat(self.starts[:-1], self.counts)


def find_standings(similarity: npt.ArrayLike, relevant: Relevant | Sequence[npt.ArrayLike]) -> Standings:
    """Find where the relevant items stand in whole rankings.

    Args:
        similarity: (q, n), higher is nearer; may be a memory-mapped file, read a row at a time.
        relevant: the relevant items of each query, in [0, n).

    Raises:
        MismatchedScoresError: similarity is no matrix, or `relevant` has another number of queries.
        NonFiniteError: a similarity is NaN; `.name` is the query.
        OutOfRangeError, NoRowsError: as in `best_ranks`.

    >>> found = find_standings([[0.9, 0.5, 0.5, 0.1]], [[2]])
    >>> found.above.tolist(), found.equal.tolist()
    ([1], [1])
    """
    scores, wanted = np.asarray(similarity), _wanted(relevant)
    if scores.ndim != 2 or len(scores) != len(wanted):
        raise MismatchedScoresError(
            f"similarity is {scores.shape} and there are {len(wanted)} relevant sets: give (queries, items), one set a query."
        )
    wanted.check_range(scores.shape[1])
    return _sorted(wanted, *_place_rows(scores, wanted, 0), scores.shape[1], scores.shape[1])


def find_feature_standings(
    queries: npt.ArrayLike, items: npt.ArrayLike, relevant: Relevant | Sequence[npt.ArrayLike], *, depth: int | None = None
) -> Standings:
    """Find where the relevant items stand by the dot product of features, in bounded memory.

    Args:
        queries: (q, d) features, unit norm for cosine; brought to float32.
        items: (n, d) features, likewise; may be a memory-mapped file.
        relevant: the relevant items of each query, in [0, n).
        depth: how far down standings are exact, in [1, n]. By default whole rankings, which are sorted and cost more than the product.

    Raises:
        As `nearest_items` and `find_standings`.

    >>> find_feature_standings([[1.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]], [[0]], depth=1).above.tolist()
    [1]
    """
    (asked, offered), wanted = both_sides(queries, items), _wanted(relevant)
    n = len(offered)
    check_depth(depth or n, n)
    if len(asked) != len(wanted):
        raise MismatchedScoresError(f"there are {len(asked)} queries and {len(wanted)} relevant sets: give one set a query.")
    wanted.check_range(n)
    step = max(1, _FULL_CELLS // n) if depth is None else QUERIES
    parts: list[tuple[Floats, Ints, Ints]] = []
    for first in range(0, len(asked), step):
        some, answers = asked[first : first + step], wanted[first : first + step]
        if depth is None:
            whole = np.empty((len(some), n), dtype=np.float32)
            for start, block in score_blocks(some, offered):
                whole[:, start : start + block.shape[1]] = block
            parts.append(_place_rows(whole, answers, first))
        else:
            parts.append(_place_streaming(some, offered, answers, depth))
    own, above, equal = zip(*parts, strict=True)
    return _sorted(wanted, np.concatenate(own), np.concatenate(above), np.concatenate(equal), n, depth or n)


def _wanted(relevant: Relevant | Sequence[npt.ArrayLike]) -> Relevant:
    return relevant if isinstance(relevant, Relevant) else Relevant.of(relevant)


def _place_rows(scores: npt.NDArray[np.floating], wanted: Relevant, first: int) -> tuple[Floats, Ints, Ints]:
    """Score, number above and number equal of each relevant item, from whole rows."""
    own_scores = np.empty(len(wanted.items))
    above, equal = (np.empty(len(wanted.items), dtype=np.int64) for _ in range(2))
    for query, row in enumerate(scores):
        if np.isnan(row).any():
            number = str(first + query)
            raise NonFiniteError(f"query {number} has NaN similarities: look at its features and the items'.", name=number)
        inside = slice(int(wanted.starts[query]), int(wanted.starts[query + 1]))
        own = row[wanted.items[inside]]
        higher, same = _counts(np.sort(row), own)
        higher_own, same_own = _counts(np.sort(own), own)
        own_scores[inside], above[inside], equal[inside] = own, higher - higher_own, same - same_own
    return own_scores, above, equal


def _counts(rising: npt.NDArray[np.floating], values: npt.NDArray[np.floating]) -> tuple[Ints, Ints]:
    """How many of a rising row are above each value, and how many equal it."""
    right = np.searchsorted(rising, values, side="right")
    return len(rising) - right, right - np.searchsorted(rising, values, side="left")


def _place_streaming(asked: Float32s, offered: npt.NDArray[np.floating], wanted: Relevant, depth: int) -> tuple[Floats, Ints, Ints]:
    """The same from blocks: relevant items are lifted out, so that the best `depth` of the others decide."""
    queries = np.repeat(np.arange(len(wanted)), wanted.counts)
    by_item = np.argsort(wanted.items, kind="stable")
    sorted_items = wanted.items[by_item]
    own = np.empty(len(queries), dtype=np.float32)
    best = BestSoFar(len(asked), depth)
    for start, scores in score_blocks(asked, offered):
        low, high = np.searchsorted(sorted_items, [start, start + scores.shape[1]])
        here = by_item[low:high]
        cells = queries[here], wanted.items[here] - start
        own[here] = scores[cells]  # from the same product as its rivals: another way of adding up would tear ties apart
        scores[cells] = -np.inf
        best.see(scores, start)
    best.settle()
    rivals = best.scores[queries]
    above = np.count_nonzero(rivals > own[:, None], axis=1)
    kept = np.count_nonzero(rivals == own[:, None], axis=1)
    return own.astype(np.float64), above, np.where(own == best.floor[queries], best.tied[queries], kept)


def _sorted(wanted: Relevant, scores: Floats, above: Ints, equal: Ints, n_items: int, depth: int) -> Standings:
    gains = np.ones(len(scores)) if wanted.gains is None else wanted.gains
    queries = np.repeat(np.arange(len(wanted)), wanted.counts)
    order = np.lexsort((gains, -scores, queries))
    return Standings(wanted.starts, scores[order], gains[order], above[order], equal[order], n_items, depth)


def check_cutoffs(found: Standings, ks: Sequence[int]) -> None:
    """Refuse cutoffs that the standings do not reach.

    Raises:
        OutOfRangeError: a cutoff is below 1, above the number of items, or beyond the depth.
    """
    for k in ks:
        check_depth(k, found.n_items)
        if k > found.depth:
            raise OutOfRangeError(f"k={k}: standings are known to depth {found.depth} only. Find them again with depth={k}.")
