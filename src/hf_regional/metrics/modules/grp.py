"""GRP as an `evaluate` measurement: the world's scores and the region's in, their weighted mean out."""

from typing import Any

import datasets
import evaluate

from hf_regional.metrics import describing
from hf_regional.metrics.citation import GG_EZ, GG_EZ_URL
from hf_regional.metrics.parity import grp
from hf_regional.metrics.scores import named

_DESCRIPTION = """\
Global-Regional Parity (GRP): one score for a model that serves a region and the rest of the world.
GRP = α·Q_global + (1-α)·Q_regional, where Q is the unweighted mean over benchmarks and α in [0, 1] the globalization factor
(arXiv 2604.11490, §3.2; §4.2 prints the roles of α the other way round, the paper's tables do not).
"""
_INPUTS = """\
Args:
    global_scores: the world's scores, one a benchmark: a list, a dict by benchmark, or a number; any one unit.
    regional_scores: the region's scores, same unit; their number may differ.
    alpha: globalization factor in [0, 1]; 1 keeps only the world.
Returns:
    grp: float, in the unit of the scores; a list of floats, one a model, when several were put in by `add` or `add_batch`.
Example:
    >>> load_metric("grp").compute(global_scores=[50.0, 70.0], regional_scores=[40.0], alpha=0.5)
    {'grp': 50.0}
"""


class Grp(describing.Described, evaluate.Measurement):
    """`hf_regional.metrics.grp` behind `compute(global_scores=, regional_scores=, alpha=)`; a row of `add` is one model."""

    about = describing.About(
        description=_DESCRIPTION,
        inputs=_INPUTS,
        citation=GG_EZ,
        urls=(GG_EZ_URL,),
        features=datasets.Features(dict.fromkeys(("global_scores", "regional_scores"), datasets.List(datasets.Value("float64")))),
    )

    def compute(self, *, global_scores: Any = None, regional_scores: Any = None, **settings: Any) -> dict[str, Any] | None:
        """Compute GRP of one model from its scores, or of the models added before when no scores are given."""
        given = {"global_scores": global_scores, "regional_scores": regional_scores}
        if all(scores is None for scores in given.values()):
            return super().compute(**settings)
        # evaluate wants columns of one length, and the world has other benchmarks than the region: each side is one row that holds a list
        return super().compute(**{side: [list(named(scores, side).values())] for side, scores in given.items()}, **settings)

    def _compute(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *, global_scores: Any = None, regional_scores: Any = None, alpha: float
    ) -> dict[str, Any]:
        found = [grp(world, region, alpha) for world, region in zip(global_scores, regional_scores, strict=True)]
        return {"grp": found[0] if len(found) == 1 else found}
