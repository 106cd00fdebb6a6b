"""Standings of relevant items in; recall, hits, reciprocal rank, average precision and nDCG of every query, at any cutoff, out.

Ties, where an irrelevant item scores the same as a relevant one, have two rules:

- "worst" (default): irrelevant items first, then relevant ones by rising gain. A model that says the same of everything stays below chance.
- "expected": the exact mean over all orders of the tied items, whatever their number. For nDCG it is what scikit-learn computes.

With one relevant item a query, MAP@k = MRR@k under both, and recall@k = hit@k.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from hf_regional.errors import OutOfRangeError, UnknownNameError
from hf_regional.metrics.retrieval import Relevant, first_rank_law
from hf_regional.metrics.standings import Floats, Ints, Standings, check_cutoffs, find_feature_standings, find_standings

Ties = Literal["worst", "expected"]
Normaliser = Literal["reachable", "relevant"]
Gain = Literal["linear", "exponential"]
GAINS: Final[dict[str, Callable[[Floats], Floats]]] = {"linear": lambda grades: grades, "exponential": lambda grades: np.exp2(grades) - 1}
_TIES: Final = ("worst", "expected")
_NORMALISERS: Final = ("reachable", "relevant")


def retrieval_scores(
    similarity: npt.ArrayLike,
    relevant: Relevant | Sequence[npt.ArrayLike],
    *,
    ks: Sequence[int] = (1, 5, 10),
    ties: Ties = "worst",
    normaliser: Normaliser = "reachable",
    gain: Gain = "linear",
) -> dict[str, Floats]:
    """Score every query's whole ranking and its first k; the mean over queries of each array is the score of the model.

    rel(i) is 1 where the item at rank i is relevant, R their number, g(i) its gain:

    - recall@k = Σ_{i≤k} rel(i) / R, the share found; hit@k = 1 if any is found, which papers on CLIP call R@k;
    - MRR = 1 / rank of the first relevant item, MRR@k the same and 0 beyond k;
    - MAP@k = Σ_{i≤k} rel(i)·P(i) / min(k, R), P(i) = Σ_{j≤i} rel(j) / i; with `normaliser="relevant"` over R, as trec_eval does;
    - nDCG@k = Σ_{i≤k} g(i) / log2(1 + i), over the same sum of the best order.

    Args:
        similarity: (q, n), higher is nearer.
        relevant: the relevant items of each query; `Relevant.graded` for gains other than 1.
        ks: cutoffs, each in [1, n].
        ties: rule for equal scores, "worst" or "expected" (see the head of this module).
        normaliser: what MAP@k divides by: "reachable", min(k, R), or "relevant", R.
        gain: what a grade counts in nDCG: "linear", the grade, or "exponential", 2^grade - 1.

    Returns:
        "MRR", "MAP", "nDCG" and, for each k, "recall@k", "hit@k", "MRR@k", "MAP@k", "nDCG@k" -> (q,) float64 in [0, 1].

    Raises:
        OutOfRangeError: a cutoff outside [1, n], or a relevant item outside [0, n).
        MismatchedScoresError, NonFiniteError, NoRowsError: as in `best_ranks`.
        UnknownNameError: a rule that there is not.

    >>> found = retrieval_scores([[0.9, 0.8, 0.7, 0.6]], [[1, 3]], ks=[2])
    >>> {name: round(float(values[0]), 3) for name, values in found.items()}
    {'MRR': 0.5, 'MAP': 0.5, 'nDCG': 0.651, 'recall@2': 0.5, 'hit@2': 1.0, 'MRR@2': 0.5, 'MAP@2': 0.25, 'nDCG@2': 0.387}
    """
    return score_standings(find_standings(similarity, relevant), ks=ks, ties=ties, normaliser=normaliser, gain=gain)


def feature_retrieval_scores(
    queries: npt.ArrayLike,
    items: npt.ArrayLike,
    relevant: Relevant | Sequence[npt.ArrayLike],
    *,
    ks: Sequence[int] = (1, 5, 10),
    whole: bool = False,
    ties: Ties = "worst",
    normaliser: Normaliser = "reachable",
    gain: Gain = "linear",
) -> dict[str, Floats]:
    """Score rankings by the dot product of features, a block of items at a time; millions of them may lie in a memory-mapped file.

    Args:
        queries: (q, d) features, unit norm for cosine; brought to float32.
        items: (n, d) features, likewise.
        relevant: the relevant items of each query.
        ks: cutoffs, each in [1, n]; at least one unless `whole`.
        whole: also MRR, MAP and nDCG without cutoff, which need every similarity sorted.
        ties: as in `retrieval_scores`; so are `normaliser` and `gain`.
        normaliser: see there.
        gain: see there.

    Returns:
        As `retrieval_scores`; "MRR", "MAP", "nDCG" only where `whole`.

    Raises:
        As `retrieval_scores` and `nearest_items`.

    >>> found = feature_retrieval_scores([[1.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]], [[1]], ks=[1])
    >>> {name: values.tolist() for name, values in found.items()}
    {'recall@1': [1.0], 'hit@1': [1.0], 'MRR@1': [1.0], 'MAP@1': [1.0], 'nDCG@1': [1.0]}
    """
    if not whole and not ks:
        raise OutOfRangeError("nothing to score: give cutoffs, ks=[1, 5, 10], or whole=True.")
    found = find_feature_standings(queries, items, relevant, depth=None if whole else max(ks))
    return score_standings(found, ks=ks, ties=ties, normaliser=normaliser, gain=gain)


def score_standings(
    found: Standings,
    *,
    ks: Sequence[int] = (1, 5, 10),
    ties: Ties = "worst",
    normaliser: Normaliser = "reachable",
    gain: Gain = "linear",
) -> dict[str, Floats]:
    """Score standings; arguments and result as in `retrieval_scores`, without "MRR", "MAP", "nDCG" where the standings are not whole."""
    for value, known, what in ((ties, _TIES, "ties"), (normaliser, _NORMALISERS, "normaliser"), (gain, tuple(GAINS), "gain")):
        if value not in known:
            raise UnknownNameError(f"{what} is {value!r}; it is one of {', '.join(known)}.")
    check_cutoffs(found, ks)
    cutoffs = ([None] if found.depth == found.n_items else []) + list(ks)
    worth = GAINS[gain](found.gains)
    scores: dict[str, Floats] = {}
    for cutoff in cutoffs:
        k = cutoff or found.n_items
        at_k = _worst_at(found, worth, k)
        if ties == "expected":
            for query in _torn(found):
                for name, value in _expected_at(found, worth, int(query), k).items():
                    at_k[name][query] = value
        reach = np.minimum(k, found.counts) if normaliser == "reachable" else found.counts
        at_k["recall"] /= found.counts
        at_k["MAP"] /= reach
        at_k["nDCG"] /= _ideal(found, worth, k)
        names = ("MRR", "MAP", "nDCG") if cutoff is None else ("recall", "hit", "MRR", "MAP", "nDCG")
        scores |= {name if cutoff is None else f"{name}@{k}": at_k[name] for name in names}
    return scores


def _worst_at(found: Standings, worth: Floats, k: int) -> dict[str, Floats]:
    """Sums of each query over the relevant items within k when ties go against it, not yet divided."""
    before = found.place
    ranks = 1 + found.above + found.equal + before
    inside, starts = ranks <= k, found.starts[:-1]
    return {
        "recall": np.add.reduceat(inside.astype(np.float64), starts),
        "hit": inside[starts].astype(np.float64),
        "MRR": np.where(inside, 1.0 / ranks, 0.0)[starts],
        "MAP": np.add.reduceat(np.where(inside, (1 + before) / ranks, 0.0), starts),
        "nDCG": np.add.reduceat(np.where(inside, worth / np.log2(1.0 + ranks), 0.0), starts),
    }


def _torn(found: Standings) -> Ints:
    """Queries whose scores depend on the order of ties."""
    queries = np.repeat(np.arange(len(found.counts)), found.counts)
    graded = (queries[1:] == queries[:-1]) & (found.scores[1:] == found.scores[:-1]) & (found.gains[1:] != found.gains[:-1])
    return np.unique(np.concatenate([queries[found.equal > 0], queries[1:][graded]]))


def _expected_at(found: Standings, worth: Floats, query: int, k: int) -> dict[str, float]:
    """The same sums of one query, each the mean over the orders of tied items (McSherry and Najork, ECIR 2008, for precision).

    A group of t items with r relevant, after a others with c relevant: each place i of 1..t holds a relevant one with r/t, and then
    c + 1 + (i - 1)(r - 1)/(t - 1) relevant ones stand up to it, on average.
    """
    rows = slice(int(found.starts[query]), int(found.starts[query + 1]))
    scores, above, equal, gains = found.scores[rows], found.above[rows], found.equal[rows], worth[rows]
    sums: dict[str, float] = dict.fromkeys(("recall", "hit", "MRR", "MAP", "nDCG"), 0.0)
    firsts = np.flatnonzero(np.concatenate([[True], scores[1:] != scores[:-1]]))
    for c, end in zip(firsts, [*firsts[1:], len(scores)], strict=True):
        r, a = int(end - c), int(above[c] + c)
        t = int(r + equal[c])
        reached = min(t, k - a)
        if reached <= 0:
            break
        i = np.arange(1, reached + 1)
        sums["recall"] += r * reached / t
        sums["MAP"] += float(np.sum(r / t * (c + 1 + (i - 1) * ((r - 1) / max(1, t - 1))) / (a + i)))
        sums["nDCG"] += float(gains[c:end].mean() * r / t * np.sum(1 / np.log2(1 + a + i)))
        if c == 0:
            law = first_rank_law(t, r)[:reached]
            sums["hit"], sums["MRR"] = min(1.0, float(law.sum())), float(law @ (1 / (a + i[: len(law)])))
    return sums


def _ideal(found: Standings, worth: Floats, k: int) -> Floats:
    """(q,) the discounted gain of the best order within k."""
    queries = np.repeat(np.arange(len(found.counts)), found.counts)
    best_first = worth[np.lexsort((-worth, queries))]
    places = 1 + found.place
    return np.add.reduceat(np.where(places <= k, best_first / np.log2(1.0 + places), 0.0), found.starts[:-1])
