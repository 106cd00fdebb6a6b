"""Ratios of paired scores: what a merged model has of what the base has, with bounds by Fieller's theorem, clustered.

A ratio of means is skewed where its denominator is small, and percentiles of few changed answers are too narrow: at 200 clusters, one
answer in ten right and one in ten of all given anew, 92 of 100 percentile intervals hold the truth, and 94 of these
(`benchmarks/interval_coverage.py`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hf_regional.metrics.bounds import Resampled, mean_of, student


@dataclass(frozen=True, slots=True)
class Ratio:
    """R = the mean over tasks of top / bottom, and the (co)variances that decide its bounds."""

    value: float
    spread: float  # of the tops less R times the bottoms, both in units of the bottoms
    shared: float  # covariance of that with the bottoms
    base: float  # variance of the bottoms
    freedom: int

    def lower_bound(self, level: float = 0.95) -> float | None:
        """One-sided bound; None where the bottom cannot be told from 0 at this level, and the ratio may be anything."""
        bounds = self._solved(student(level, self.freedom))
        return bounds and bounds[0]

    def interval(self, level: float = 0.95) -> tuple[float, float] | None:
        """Two-sided bounds; None as in `lower_bound`."""
        return self._solved(student((1 + level) / 2, self.freedom))

    def _solved(self, t: float) -> tuple[float, float] | None:
        """Those R + δ at which the tops less (R + δ) times the bottoms, -δ, lie t deviations from 0: δ² = t²·Var(δ)."""
        if self.spread == 0:  # the same share of every cluster: no base, however doubtful, changes it
            return self.value, self.value
        leading = 1 - t * t * self.base
        if leading <= 0:
            return None
        middle = -t * t * self.shared
        width = math.sqrt(middle**2 + leading * t * t * self.spread)
        return self.value + (middle - width) / leading, self.value + (middle + width) / leading


def ratio_of(tops: Sequence[Resampled], bottoms: Sequence[Resampled]) -> Ratio:
    """The mean over tasks of top / bottom, by Fieller (1954, doi:10.1111/j.2517-6161.1954.tb00159.x) with variances between clusters.

    With one task these are the values r at which a test of "top - r·bottom = 0" does not reject; with several, all ratios move together.

    Args:
        tops: one score a task.
        bottoms: one a task, each above 0.
    """
    ratios = [top.value / bottom.value for top, bottom in zip(tops, bottoms, strict=True)]
    units = [bottom * (1 / bottom.value) for bottom in bottoms]
    scaled = [top * (1 / bottom.value) for top, bottom in zip(tops, bottoms, strict=True)]
    rest = mean_of([top - unit * ratio for top, unit, ratio in zip(scaled, units, ratios, strict=True)])
    unit = mean_of(units)
    clusters = max(rest.clusters, 2)
    wider = clusters / (clusters - 1)  # as in a variance from a sample
    spread, shared, base = (wider * covariance(one, other) for one, other in ((rest, rest), (rest, unit), (unit, unit)))
    return Ratio(math.fsum(ratios) / len(ratios), spread, shared, base, rest.clusters - 1)


def covariance(one: Resampled, other: Resampled) -> float:
    """Σ u·v over clusters: the covariance of two scores between samples of clusters, to first order."""
    return sum(float(np.dot(u, other.influence[universe])) for universe, u in one.influence.items() if universe in other.influence)
