"""Cultural diversity@k as an `evaluate` measurement: each query's ranked countries in, the mean evenness of its first k out."""

from typing import Any

import datasets
import evaluate

from hf_regional.metrics import describing
from hf_regional.metrics.citation import GLOBAL_RG, GLOBAL_RG_URL
from hf_regional.metrics.culture import Out, cultural_diversity_at_k

_DESCRIPTION = """\
Cultural diversity@k: how evenly the first k images retrieved for a concept of all cultures ("wedding") spread over countries. Mean over
queries of -Σ p_c ln p_c / ln m, p_c the share of country c among the k, m = min(k, number of countries in the gallery), or, as GlobalRG
prints it, the number of countries among the k. 0 for one country, 1 for the most even.
"""
_INPUTS = """\
Args:
    predictions: one list a query: the country of each retrieved image, best first, k of them at least.
    k: how many of each ranking count.
    n_countries: number of countries in the gallery; needed unless `out_of` is "present".
    out_of: "possible" (default) or "present", the printed variant.
Returns:
    cultural_diversity_at_k: float in [0, 1].
    k: the k it was measured at.
Example:
    >>> load_metric("cultural_diversity_at_k").compute(predictions=[["id", "th", "vn"]], k=2, n_countries=50)["cultural_diversity_at_k"]
    1.0
"""


class CulturalDiversityAtK(describing.Described, evaluate.Measurement):
    """`hf_regional.metrics.cultural_diversity_at_k` behind `compute(predictions=, k=)`."""

    about = describing.About(
        description=_DESCRIPTION,
        inputs=_INPUTS,
        citation=GLOBAL_RG,
        urls=(GLOBAL_RG_URL,),
        features=datasets.Features({"predictions": datasets.List(describing.TEXT)}),
    )

    def _compute(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *, predictions: Any = None, k: int, n_countries: int | None = None, out_of: Out = "possible"
    ) -> dict[str, float]:
        found = cultural_diversity_at_k(list(predictions), k, n_countries=n_countries, out_of=out_of)
        return {"cultural_diversity_at_k": float(found.mean()), "k": k}
