"""Retention as an `evaluate` metric: predictions are the merged model's scores, references the base's, one benchmark a row."""

from typing import Any

import evaluate

from hf_regional.metrics import describing
from hf_regional.metrics.citation import GG_EZ, GG_EZ_URL
from hf_regional.metrics.parity import retention
from hf_regional.metrics.scores import Scores

_DESCRIPTION = """\
Retention: what a regionally adapted model has kept of the base model's worldwide scores. Mean over benchmarks b of
(q_merged(b) - chance(b)) / (q_base(b) - chance(b)); 1.0 when nothing is lost, 0.0 at chance, above 1 where the adapted model is better.
"""
_INPUTS = """\
Args:
    predictions: scores of the merged model, one a benchmark, floats in any one unit.
    references: scores of the base model on the same benchmarks, in the same order; each above its chance.
    chance: score of guessing, one number or one a benchmark (default 0.0).
Returns:
    retention: float, a ratio (0.98 is 98 %).
Example:
    >>> load_metric("retention").compute(predictions=[60.0, 64.5], references=[60.0, 86.0])
    {'retention': 0.875}
"""


class Retention(describing.Described, evaluate.Metric):
    """`hf_regional.metrics.retention` behind `compute(predictions=, references=, chance=0.0)`."""

    about = describing.About(_DESCRIPTION, _INPUTS, GG_EZ, (GG_EZ_URL,), describing.SCORE_PAIRS)

    def _compute(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *, predictions: Any = None, references: Any = None, chance: Scores = 0.0
    ) -> dict[str, float]:
        return {"retention": retention(list(predictions), list(references), chance)}
