"""Retrieval as an `evaluate` metric: predictions are each query's similarities, or its features; references its relevant items."""

from collections.abc import Sequence
from typing import Any

import datasets
import evaluate
import numpy as np

from hf_regional.errors import MismatchedScoresError
from hf_regional.metrics import describing
from hf_regional.metrics.rankings import Gain, Normaliser, Ties, feature_retrieval_scores, retrieval_scores
from hf_regional.metrics.retrieval import Relevant

_DESCRIPTION = """\
Retrieval: how high the relevant items of a query rank. Several items may be relevant, and to different grades. Means over queries of
recall@k = Σ_{i≤k} rel(i) / R; hit@k = 1 if any relevant item is among the first k (what papers on CLIP call R@k);
MRR = 1 / rank of the first relevant item; MAP@k = Σ_{i≤k} rel(i)·P(i) / min(k, R), P(i) the precision at i;
nDCG@k = Σ_{i≤k} g(i)/log2(1 + i) over that of the best order. With one relevant item a query, MAP@k = MRR@k.
Ties go against the query ("worst") or are averaged exactly over all orders ("expected").
"""
_INPUTS = """\
Args:
    predictions: one list a query: its similarity to every item (higher is nearer); with `items`, the query's features.
    references: one list a query: the numbers of its relevant items, at least one.
    items: (n, d) features of the items, when predictions are features; a memory-mapped file may hold millions.
    gains: one list a query, the grade of each reference in its order; all 1 by default.
    ks: cutoffs (default 1, 5, 10), each at most the number of items.
    whole: scores without cutoff too; True without `items`, False with them unless asked for.
    ties: "worst" (default) or "expected".
    normaliser: MAP@k divides by "reachable", min(k, R) (default), or "relevant", R.
    gain: "linear" (default) or "exponential", 2^grade - 1, for nDCG.
Returns:
    MRR, MAP, nDCG, and for each k recall@k, hit@k, MRR@k, MAP@k, nDCG@k: floats in [0, 1]. Text → image: texts are queries;
    image → text: images are.
Example:
    >>> load_metric("retrieval").compute(predictions=[[0.9, 0.5, 0.1]], references=[[1]], ks=[1, 2])["MRR"]
    0.5
"""
_CITATION = """\
@book{manning2008introduction,
  title = {Introduction to Information Retrieval},
  author = {Manning, Christopher D. and Raghavan, Prabhakar and Schütze, Hinrich},
  publisher = {Cambridge University Press},
  year = {2008},
}
@inproceedings{mcsherry2008computing,
  title = {Computing Information Retrieval Performance Measures Efficiently in the Presence of Tied Scores},
  author = {McSherry, Frank and Najork, Marc},
  booktitle = {Advances in Information Retrieval (ECIR)},
  year = {2008},
}"""


class Retrieval(describing.Described, evaluate.Metric):
    """`hf_regional.metrics.retrieval_scores` and `feature_retrieval_scores` behind `compute(predictions=, references=)`."""

    about = describing.About(
        description=_DESCRIPTION,
        inputs=_INPUTS,
        citation=_CITATION,
        urls=("https://nlp.stanford.edu/IR-book/html/htmledition/evaluation-of-ranked-retrieval-results-1.html",),
        features=datasets.Features(
            {"predictions": datasets.List(datasets.Value("float32")), "references": datasets.List(datasets.Value("int64"))}
        ),
    )

    def _compute(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        *,
        predictions: Any = None,
        references: Any = None,
        items: Any = None,
        gains: Sequence[Sequence[float]] | None = None,
        ks: Sequence[int] = (1, 5, 10),
        whole: bool | None = None,
        ties: Ties = "worst",
        normaliser: Normaliser = "reachable",
        gain: Gain = "linear",
    ) -> dict[str, float]:
        rows = _table(predictions)
        relevant = Relevant.of(references) if gains is None else Relevant.graded(_grades(references, gains))
        rules: dict[str, Any] = {"ks": ks, "ties": ties, "normaliser": normaliser, "gain": gain}
        if items is None:
            found = retrieval_scores(rows, relevant, **rules)
        else:
            found = feature_retrieval_scores(rows, items, relevant, whole=bool(whole), **rules)
        kept = {name: values for name, values in found.items() if whole is not False or "@" in name}
        return {name: float(values.mean()) for name, values in kept.items()}


def _table(rows: Any) -> np.ndarray:
    widths = [len(row) for row in rows]
    odd = [place for place, width in enumerate(widths) if width != widths[0]]
    if odd:
        raise MismatchedScoresError(
            f"predictions: query {odd[0]} has {widths[odd[0]]} numbers and query 0 has {widths[0]}: rank the same items."
        )
    return np.array(rows, dtype=np.float32)


def _grades(references: Any, gains: Sequence[Sequence[float]]) -> list[dict[int, float]]:
    if len(gains) != len(references):
        raise MismatchedScoresError(f"{len(references)} queries and gains for {len(gains)}: give one list a query.")
    for query, (items, grades) in enumerate(zip(references, gains, strict=True)):
        if len(items) != len(grades):
            raise MismatchedScoresError(f"query {query} has {len(items)} references and {len(grades)} gains: give one gain a reference.")
    return [dict(zip(items, grades, strict=True)) for items, grades in zip(references, gains, strict=True)]
