"""Relevance gain as an `evaluate` metric: predictions are the merged model's scores, references the base's, one benchmark a row."""

from dataclasses import asdict
from typing import Any

import evaluate

from hf_regional.metrics import describing
from hf_regional.metrics.citation import GG_EZ, GG_EZ_URL
from hf_regional.metrics.parity import relevance_gain

_DESCRIPTION = """\
Relevance gain: what a regionally adapted model has gained on the region's benchmarks. Q is the unweighted mean over benchmarks;
points = Q_merged - Q_base, in the unit of the scores; percent = 100 · points / Q_base.
"""
_INPUTS = """\
Args:
    predictions: scores of the merged model on the region's benchmarks, floats in any one unit.
    references: scores of the base model on the same benchmarks, in the same order; their mean above 0.
Returns:
    points: float, in the unit of the scores.
    percent: float, percent of the base.
Example:
    >>> load_metric("relevance_gain").compute(predictions=[60.0], references=[50.0])
    {'points': 10.0, 'percent': 20.0}
"""


class RelevanceGain(describing.Described, evaluate.Metric):
    """`hf_regional.metrics.relevance_gain` behind `compute(predictions=, references=)`."""

    about = describing.About(_DESCRIPTION, _INPUTS, GG_EZ, (GG_EZ_URL,), describing.SCORE_PAIRS)

    def _compute(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *, predictions: Any = None, references: Any = None
    ) -> dict[str, float]:
        return asdict(relevance_gain(list(predictions), list(references)))
