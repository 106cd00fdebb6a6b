"""Bounds: a score under every resample, and what each cluster adds to it, in; intervals that cover as often as they say out.

gain = boot.resample(merged, groups) - boot.resample(base, groups)    # paired: the same resamples, cluster by cluster
gain.estimate(n=5200), gain.lower_bound()
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from hf_regional.errors import NonFiniteError, OutOfRangeError

Floats = npt.NDArray[np.float64]
_NORMAL: Final = NormalDist()
Universe = tuple[int, int]  # number of clusters and seed: the same resamples


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score with its two-sided interval and the number of rows behind it."""

    value: float
    low: float
    high: float
    n: int

    def as_dict(self) -> dict[str, float | int]:
        """Write as a report has it: value, low, high, n."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Resampled:
    """A score, its draws, and its influences. Sums and differences of scores act on all three, so comparisons stay paired.

    Attributes:
        value: the score from the rows as they are.
        draws: (resamples,) the score under every resample; NaN where a group has none of its rows there.
        influence: universe of clusters -> (clusters,) what each adds: the score changes by about -u when a cluster leaves, Σu = 0.
        clusters: how many clusters have rows.
    """

    value: float
    draws: Floats
    influence: Mapping[Universe, Floats]
    clusters: int

    def __add__(self, other: "Resampled | float") -> "Resampled":
        return self._with(other, 1.0)

    def __sub__(self, other: "Resampled | float") -> "Resampled":
        return self._with(other, -1.0)

    def __mul__(self, factor: float) -> "Resampled":
        scaled = {universe: factor * u for universe, u in self.influence.items()}
        return Resampled(factor * self.value, factor * self.draws, scaled, self.clusters)

    def over(self, base: "Resampled") -> "Resampled":
        """This score as a share of another, to first order in the influences (the delta method).

        Raises:
            OutOfRangeError: the other is not above 0, and a share of it has no meaning.
        """
        if base.value <= 0:
            raise OutOfRangeError(f"the base scores {base.value:g}: nothing can be told as a share of it. Leave this task out and say so.")
        share = self.value / base.value
        part = (self - base * share) * (1 / base.value)
        draws = np.divide(self.draws, base.draws, out=np.full_like(self.draws, np.nan), where=base.draws > 0)
        return Resampled(share, draws, part.influence, part.clusters)

    def estimate(self, n: int, level: float = 0.95) -> Estimate:
        """The score with its two-sided interval.

        The interval is BCa (Efron 1987, doi:10.1080/01621459.1987.10478410, eq. 2.3): percentiles of the draws, moved by their median
        bias and by the skewness of the influences. The percentiles are those of Student's t, stretched by √(c/(c-1)) for c clusters,
        since resamples of few vary too little (Hesterberg 2015, doi:10.1080/00031305.2015.1089789, §5.2).

        Args:
            n: number of rows behind it.
            level: how often the interval should cover, in (0, 1).

        Raises:
            OutOfRangeError: level outside (0, 1). NonFiniteError: the score or every draw is NaN or infinite.
        """
        return two_sided(self.draws, self.value, n, level, self._moved)

    def lower_bound(self, level: float = 0.95) -> float:
        """One-sided BCa bound: the score lies above it at `level`; raises what `estimate` does."""
        return lower_bound(self.draws, level, self._moved)

    def _with(self, other: "Resampled | float", sign: float) -> "Resampled":
        if not isinstance(other, Resampled):
            return Resampled(self.value + sign * other, self.draws + sign * other, self.influence, self.clusters)
        nothing = np.zeros(1)
        influence = {
            universe: self.influence.get(universe, nothing) + sign * other.influence.get(universe, nothing)
            for universe in {**self.influence, **other.influence}
        }
        # Tasks over other clusters have their own; the larger number is the least that stands behind both.
        clusters = max(self.clusters, other.clusters)
        return Resampled(self.value + sign * other.value, self.draws + sign * other.draws, influence, clusters)

    def _moved(self, share: float) -> float:
        """The share of draws below the bound that a share of a symmetric, unbiased, large sample would have below it."""
        bias, bend = self._bias(), acceleration(self.influence.values())
        z = bias + student(share, self.clusters - 1) * math.sqrt(self.clusters / max(self.clusters - 1, 1))
        return _NORMAL.cdf(bias + z / max(1 - bend * z, 0.1))

    def _bias(self) -> float:
        """z₀: how far the median of the draws lies from the score, in normal deviations; ties count half."""
        drawn = self.draws[~np.isnan(self.draws)]
        near = 1e-4 * drawn.std() + 1e-6 * abs(self.value)  # draws are summed in float32, and equal ones differ in their last digits
        below = np.mean(drawn < self.value - near) / 2 + np.mean(drawn <= self.value + near) / 2
        return _NORMAL.inv_cdf(float(np.clip(below, 0.5 / len(drawn), 1 - 0.5 / len(drawn))))


def mean_of(scores: Sequence[Resampled]) -> Resampled:
    """The unweighted mean of scores, paired where they share clusters."""
    total = scores[0]
    for score in scores[1:]:
        total = total + score
    return total * (1 / len(scores))


def two_sided(
    samples: npt.ArrayLike, value: float, n: int, level: float = 0.95, moved: Callable[[float], float] = lambda share: share
) -> Estimate:
    """Percentile interval around a score. `Resampled.estimate` is closer to its level where scores are skewed or clusters few.

    Args:
        samples: (resamples,) bootstrap samples of the score; NaN (a resample without a row) is left out.
        value: the score itself, from the rows as they are.
        n: number of rows behind it.
        level: share of samples between the two bounds, in (0, 1).
        moved: from a share to the share that is taken in its place.

    Raises:
        OutOfRangeError: level outside (0, 1).
        NonFiniteError: the value or every sample is NaN or infinite.

    >>> two_sided(range(101), value=50.0, n=10, level=0.5)
    Estimate(value=50.0, low=25.0, high=75.0, n=10)
    """
    if not np.isfinite(value):
        raise NonFiniteError(f"the score is {value}: there is no interval around it.", name="value")
    low, high = _quantiles(samples, [(1 - level) / 2, (1 + level) / 2], level, moved)
    return Estimate(value=float(value), low=low, high=high, n=int(n))


def lower_bound(samples: npt.ArrayLike, level: float = 0.95, moved: Callable[[float], float] = lambda share: share) -> float:
    """One-sided percentile bound: `level` of the samples lie above it; arguments and errors as in `two_sided`.

    >>> lower_bound(range(101), level=0.75)
    25.0
    """
    (low,) = _quantiles(samples, [1 - level], level, moved)
    return low


def student(share: float, freedom: int) -> float:
    """Quantile of Student's t, by Fisher's expansion around the normal one (Abramowitz & Stegun 26.7.5): to 0.01 from 10 degrees on.

    >>> round(student(0.975, 30), 3), round(student(0.05, 199), 3), round(student(0.975, 0), 3)
    (2.042, -1.653, 1.96)
    """
    z = _NORMAL.inv_cdf(share)
    if freedom < 1:  # nothing varies
        return z
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2


def acceleration(influences: Iterable[Floats]) -> float:
    """A = Σu³ / (6 (Σu²)^1.5), a sixth of the score's skewness (Efron 1987, eq. 7.3)."""
    every = np.concatenate(list(influences))
    spread = float(np.square(every).sum())
    return float((every**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0


def _quantiles(samples: npt.ArrayLike, shares: Sequence[float], level: float, moved: Callable[[float], float]) -> list[float]:
    if not 0 < level < 1:
        raise OutOfRangeError(f"level must be in (0, 1), got {level}; 0.95 is the usual one.")
    drawn = np.asarray(samples, dtype=np.float64)
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn) or not np.isfinite(drawn).all():
        raise NonFiniteError(
            "the bootstrap samples are empty, all NaN, or infinite: was a ratio divided by a base at chance?", name="samples"
        )
    return [float(bound) for bound in np.quantile(drawn, [moved(share) for share in shares])]
