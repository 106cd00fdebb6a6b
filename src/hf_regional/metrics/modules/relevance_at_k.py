"""Relevance@k as an `evaluate` metric: each query's ranked concepts in, the mean share of its first k that show what was asked out."""

from typing import Any

import datasets
import evaluate

from hf_regional.metrics import describing
from hf_regional.metrics.citation import GLOBAL_RG, GLOBAL_RG_URL
from hf_regional.metrics.culture import relevance_at_k

_DESCRIPTION = """\
Relevance@k of GlobalRG: mean over queries of (number of the first k retrieved images that show the concept asked for) / k. Read it beside
cultural_diversity_at_k: random images are diverse, and one country's are relevant.
"""
_INPUTS = """\
Args:
    predictions: one list a query: the concept of each retrieved image, best first, k of them at least.
    references: the concept each query asks for.
    k: how many of each ranking count.
Returns:
    relevance_at_k: float in [0, 1].
    k: the k it was measured at.
Example:
    >>> load_metric("relevance_at_k").compute(predictions=[["wedding", "dance"]], references=["wedding"], k=2)["relevance_at_k"]
    0.5
"""


class RelevanceAtK(describing.Described, evaluate.Metric):
    """`hf_regional.metrics.relevance_at_k` behind `compute(predictions=, references=, k=)`."""

    about = describing.About(
        description=_DESCRIPTION,
        inputs=_INPUTS,
        citation=GLOBAL_RG,
        urls=(GLOBAL_RG_URL,),
        features=datasets.Features({"predictions": datasets.List(describing.TEXT), "references": describing.TEXT}),
    )

    def _compute(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *, predictions: Any = None, references: Any = None, k: int
    ) -> dict[str, float]:
        return {"relevance_at_k": float(relevance_at_k(list(predictions), list(references), k).mean()), "k": k}
