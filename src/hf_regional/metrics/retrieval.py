"""Retrieval: similarities and the relevant items of each query in; the rank of the first relevant item, and scores of ranks, out.

Tie rule: ties count against the query. An item that is not relevant and scores as high as the best relevant one stands before it, so a
scorer that says the same of everything gets the worst rank and never more than chance.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt

from hf_regional.errors import MismatchedScoresError, NonFiniteError, NoRowsError, OutOfRangeError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_CELLS: Final = 4_000_000  # similarities at a time: 16 MB, in the cache's reach


@dataclass(frozen=True, slots=True)
class Relevant:
    """The relevant items of each query as compressed rows: those of query i are `items[starts[i]:starts[i + 1]]`, without repeats."""

    starts: Ints  # (q + 1,)
    items: Ints  # (starts[-1],)
    gains: Floats | None = None  # (starts[-1],) how relevant each is, above 0; None: all alike

    @classmethod
    def of(cls, sets: Sequence[npt.ArrayLike]) -> "Relevant":
        """Build from one array of item indices a query.

        Raises:
            NoRowsError: a query has no relevant item (it has no rank), or there is no query.
            MismatchedScoresError: a query's items are no whole numbers: a mask of True and False, say.

        >>> Relevant.of([[4], [2, 0, 2]]).items.tolist()
        [4, 0, 2]
        """
        rows = [_item_numbers(place, np.asarray(one)) for place, one in enumerate(sets)]
        empty = [place for place, row in enumerate(rows) if not len(row)]
        if empty or not rows:
            raise NoRowsError(f"query {empty[0]} has no relevant item; leave it out and count it." if empty else "no queries to rank.")
        return cls(starts=np.cumsum([0, *map(len, rows)]), items=np.concatenate(rows))

    @classmethod
    def graded(cls, grades: Sequence[Mapping[int, float]]) -> "Relevant":
        """Build from one table a query, item -> grade; a grade of 0 is a judgement "not relevant" and is left out.

        Raises:
            OutOfRangeError: a grade is negative, NaN or infinite. NoRowsError: as in `of`.

        >>> Relevant.graded([{4: 1.0, 2: 3.0, 7: 0.0}]).gains.tolist()
        [3.0, 1.0]
        """
        for place, row in enumerate(grades):
            for item, grade in row.items():
                if not 0 <= grade < float("inf"):
                    raise OutOfRangeError(f"query {place}: item {item} has grade {grade}; grades are finite and not below 0.")
        kept = [{item: grade for item, grade in row.items() if grade > 0} for row in grades]
        flat = cls.of([list(row) for row in kept])
        gains = [row[item] for row in kept for item in sorted(row)]
        return cls(starts=flat.starts, items=flat.items, gains=np.array(gains, dtype=np.float64))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, rows: slice) -> "Relevant":
        first, last, _ = rows.indices(len(self))
        starts = self.starts[first : last + 1]
        inside = slice(int(starts[0]), int(starts[-1]))
        return Relevant(starts - starts[0], self.items[inside], None if self.gains is None else self.gains[inside])

    @property
    def counts(self) -> Ints:
        """(q,) number of relevant items of each query."""
        return np.diff(self.starts)

    def check_range(self, n: int) -> None:
        """Refuse items outside [0, n).

        Raises:
            OutOfRangeError: the first such item, with its query.
        """
        outside = np.flatnonzero((self.items < 0) | (self.items >= n))
        if len(outside):
            query = int(np.searchsorted(self.starts, outside[0], side="right")) - 1
            raise OutOfRangeError(f"query {query}: relevant item {self.items[outside[0]]} is not among the {n} items (0 to {n - 1}).")


def best_ranks(similarity: npt.ArrayLike, relevant: Relevant | Sequence[npt.ArrayLike]) -> Ints:
    """Rank each query's best relevant item: 1 + the number of other items that score at least as high (ties count against).

    Args:
        similarity: (q, n) float, higher is nearer; computed with as it comes (float32 is meant).
        relevant: the relevant items of each query, in [0, n).

    Returns:
        (q,) int64 in [1, n].

    Raises:
        MismatchedScoresError: similarity is no matrix, or `relevant` has another number of queries.
        NonFiniteError: a similarity is NaN; the message names the query.
        NoRowsError: a query has no relevant item.
        OutOfRangeError: a relevant item lies outside [0, n).

    >>> best_ranks([[0.9, 0.8, 0.7], [0.5, 0.5, 0.5]], [[1], [1]]).tolist()
    [2, 3]
    """
    scores, wanted = np.asarray(similarity), _checked(relevant)
    if scores.ndim != 2 or len(scores) != len(wanted):
        raise MismatchedScoresError(
            f"similarity is {scores.shape} and there are {len(wanted)} relevant sets: give (queries, items), one set a query."
        )
    wanted.check_range(scores.shape[1])
    step = max(1, _CELLS // scores.shape[1])
    return np.concatenate([_block_ranks(scores[at : at + step], wanted[at : at + step], at) for at in range(0, len(scores), step)])


def retrieval_ranks(queries: npt.ArrayLike, items: npt.ArrayLike, relevant: Relevant | Sequence[npt.ArrayLike]) -> Ints:
    """Rank by the dot product of features, a block of queries at a time, so that the whole similarity matrix never stands in memory.

    Args:
        queries: (q, d) features, unit norm for cosine; brought to float32.
        items: (n, d) features, likewise.
        relevant: the relevant items of each query.

    Returns:
        (q,) int64 in [1, n]; ties and errors as in `best_ranks`.

    >>> retrieval_ranks([[1.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]], [[1]]).tolist()
    [1]
    """
    asked, offered, wanted = np.asarray(queries, dtype=np.float32), np.asarray(items, dtype=np.float32), _checked(relevant)
    if asked.ndim != 2 or offered.ndim != 2 or asked.shape[1] != offered.shape[1] or len(asked) != len(wanted):
        raise MismatchedScoresError(
            f"queries are {asked.shape}, items {offered.shape}, relevant sets {len(wanted)}: give (q, d), (n, d) of one width and q sets."
        )
    wanted.check_range(len(offered))
    step = max(1, _CELLS // len(offered))
    return np.concatenate(
        [_block_ranks(asked[at : at + step] @ offered.T, wanted[at : at + step], at) for at in range(0, len(asked), step)]
    )


def reciprocal_ranks(ranks: npt.ArrayLike) -> Floats:
    """1/rank of each query, (q,) float64 in (0, 1]; their mean is MRR.

    >>> reciprocal_ranks([1, 2, 4]).tolist()
    [1.0, 0.5, 0.25]
    """
    return 1.0 / np.asarray(ranks, dtype=np.float64)


def recall_at(ranks: npt.ArrayLike, k: int) -> Floats:
    """1.0 where a relevant item is among the first k, else 0.0, (q,) float64; their mean is R@k as CLIP counts it (any relevant item).

    >>> recall_at([1, 2, 4], k=2).tolist()
    [1.0, 1.0, 0.0]
    """
    if k < 1:
        raise OutOfRangeError(f"k must be at least 1, got {k}.")
    return (np.asarray(ranks) <= k).astype(np.float64)


@overload
def chance_reciprocal_rank(n_items: int, n_relevant: int) -> float: ...
@overload
def chance_reciprocal_rank(n_items: int, n_relevant: npt.NDArray[np.integer[Any]]) -> Floats: ...
def chance_reciprocal_rank(n_items: int, n_relevant: int | npt.NDArray[np.integer[Any]]) -> float | Floats:
    """Exact expectation of 1/rank of the first relevant item in a random order of the items.

    With r relevant of n, P(rank = k) = C(n-k, r-1) / C(n, r); for r = 1 the expectation is H_n / n.

    Args:
        n_items: number of items, n.
        n_relevant: number of relevant ones, r in [1, n]; one for all queries, or (q,) one each.

    Raises:
        OutOfRangeError: r outside [1, n].

    >>> chance_reciprocal_rank(2, 1), chance_reciprocal_rank(5, 5)
    (0.75, 1.0)
    """
    return _each(n_items, n_relevant, lambda law: float(law @ (1.0 / np.arange(1, len(law) + 1))))


@overload
def chance_recall_at(n_items: int, n_relevant: int, k: int) -> float: ...
@overload
def chance_recall_at(n_items: int, n_relevant: npt.NDArray[np.integer[Any]], k: int) -> Floats: ...
def chance_recall_at(n_items: int, n_relevant: int | npt.NDArray[np.integer[Any]], k: int) -> float | Floats:
    """Exact probability that a random order has a relevant item among its first k: 1 - C(n-r, k) / C(n, k).

    Arguments and errors as in `chance_reciprocal_rank`; k at least 1.

    >>> chance_recall_at(4, 1, 2), chance_recall_at(4, 2, 1)
    (0.5, 0.5)
    """
    if k < 1:
        raise OutOfRangeError(f"k must be at least 1, got {k}.")
    return _each(n_items, n_relevant, lambda law: float(law[:k].sum()))


def first_rank_law(n: int, r: int) -> Floats:
    """P(rank of the first relevant = k) for k = 1 ... n-r+1, by P(k+1) = P(k)·(n-k-r+1)/(n-k), which no binomial overflows."""
    k = np.arange(1, n - r + 1)
    return np.cumprod(np.concatenate([[r / n], (n - k - r + 1) / (n - k)]), dtype=np.float64)


def _each(n: int, relevant: int | npt.NDArray[np.integer[Any]], score: Callable[[Floats], float]) -> float | Floats:
    """Score the law of the first rank once for each different number of relevant items."""
    numbers, inverse = np.unique(np.asarray(relevant), return_inverse=True)
    if numbers.size and not 1 <= numbers[0] <= numbers[-1] <= n:
        raise OutOfRangeError(f"between {numbers[0]} and {numbers[-1]} of {n} items are relevant: it must be 1 to {n}.")
    scores = np.array([score(first_rank_law(n, int(r))) for r in numbers], dtype=np.float64)
    return float(scores[0]) if np.ndim(relevant) == 0 else scores[inverse]


def _item_numbers(query: int, items: npt.NDArray[Any]) -> Ints:
    if items.size and (items.dtype.kind not in "iu" or items.ndim != 1):  # a mask would be read as items 0 and 1
        raise MismatchedScoresError(f"query {query}: relevant items are {items.dtype} of shape {items.shape}; give a list of item numbers.")
    return np.unique(items.astype(np.int64))


def _checked(relevant: Relevant | Sequence[npt.ArrayLike]) -> Relevant:
    return relevant if isinstance(relevant, Relevant) else Relevant.of(relevant)


def _block_ranks(scores: npt.NDArray[Any], relevant: Relevant, first: int) -> Ints:
    """Ranks of one block; `first` is the number of its first query, for the message."""
    bad = np.flatnonzero(np.isnan(scores).any(axis=1))
    if len(bad):  # a comparison with NaN is false, and a broken model would rank first everywhere
        raise NonFiniteError(
            f"query {first + bad[0]} has NaN similarities: look at the features of that query and of the items.", name=str(first + bad[0])
        )
    starts = relevant.starts[:-1]
    own = scores[np.repeat(np.arange(len(scores)), relevant.counts), relevant.items]
    best = np.maximum.reduceat(own, starts)
    as_high = np.count_nonzero(scores >= best[:, None], axis=1)
    relevant_as_high = np.add.reduceat(own == np.repeat(best, relevant.counts), starts, dtype=np.int64)
    return 1 + as_high - relevant_as_high
