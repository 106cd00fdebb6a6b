"""Fronts: the trade-off curve under every resample in; which β stand beaten, and how sure the winners are, out.

The draws are paired: in each, every β meets the same resample of pictures, so a β that is better by a little everywhere is surely better.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hf_regional.errors import NoRowsError
from hf_regional.metrics.bounds import Floats
from hf_regional.metrics.winners import AlphaRange, winners_by_alpha

Curve = Mapping[float, tuple[float, float]]  # β -> (Q_global, Q_regional)
Draws = Mapping[float, tuple[Floats, Floats]]  # β -> the same, each (resamples,)


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """One β: whether no other is as good on both sides and better on one, how often so, and which others surely are (95 %)."""

    beta: float
    on_front: bool
    share: float  # of the resamples in which it is on the front
    beaten_by: tuple[float, ...]  # those that dominate it in 95 % of the resamples or more

    def as_dict(self) -> dict[str, Any]:
        """For a report."""
        return asdict(self) | {"beaten_by": list(self.beaten_by)}


@dataclass(frozen=True, slots=True)
class Switch:
    """The α at which one β hands over to the next, with its two-sided 95 % interval; below it `before` wins, above it `after`."""

    before: float
    after: float
    alpha: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """For a report."""
        return asdict(self)


def pareto_front(curve: Curve) -> tuple[float, ...]:
    """The β, in order, of which no other is at least as good for world and region and better for one.

    Raises:
        NoRowsError: the curve is empty.

    >>> pareto_front({0.0: (60.0, 50.0), 0.3: (59.0, 49.0), 0.5: (58.0, 56.0), 1.0: (40.0, 57.0)})
    (0.0, 0.5, 1.0)
    """
    betas, points = _table(curve)
    beaten = set(np.flatnonzero(_dominates(points).any(axis=0)).tolist())
    return tuple(beta for place, beta in enumerate(betas) if place not in beaten)


def pareto_points(curve: Curve, draws: Draws, level: float = 0.95) -> tuple[FrontPoint, ...]:
    """Every β with its place towards the front, in order of β.

    Args:
        curve: the scores.
        draws: the same under every resample, for the same β.
        level: share of the resamples from which a β counts as surely beaten.
    """
    front, betas = set(pareto_front(curve)), sorted(curve)
    drawn = np.array([draws[beta] for beta in betas])  # (β, 2, resamples)
    beats = _dominates(drawn)  # (β, β, resamples): the first dominates the second
    shares = 1 - beats.any(axis=0).mean(axis=1)
    sure = beats.mean(axis=2) >= level
    return tuple(
        FrontPoint(beta, beta in front, float(shares[place]), tuple(betas[other] for other in np.flatnonzero(sure[:, place])))
        for place, beta in enumerate(betas)
    )


def win_shares(draws: Draws, alpha: float) -> dict[float, float]:
    """How often each β has the highest GRP = α·Q_global + (1-α)·Q_regional over the resamples; ties go to the smaller β.

    >>> win_shares({0.0: (np.array([3.0, 1.0]), np.zeros(2)), 1.0: (np.array([2.0, 2.0]), np.zeros(2))}, alpha=1.0)
    {0.0: 0.5, 1.0: 0.5}
    """
    betas = sorted(draws)
    parity = np.array([alpha * draws[beta][0] + (1 - alpha) * draws[beta][1] for beta in betas])
    won = np.bincount(parity.argmax(axis=0), minlength=len(betas)) / parity.shape[1]
    return dict(zip(betas, won.tolist(), strict=True))


def switches(curve: Curve, draws: Draws, level: float = 0.95) -> tuple[Switch, ...]:
    """The α at which each winner of `winners_by_alpha` hands over to the next, with percentile intervals from paired draws.

    >>> here = {0.0: (60.0, 50.0), 1.0: (40.0, 57.0)}                    # 7 points against 20: at α = 7/27
    >>> (found,) = switches(here, {beta: (np.full(9, q), np.full(9, r)) for beta, (q, r) in here.items()})
    >>> round(found.alpha, 4), round(found.low, 4)
    (0.2593, 0.2593)
    """
    ranges = winners_by_alpha(curve)
    return tuple(_switch(before, after, draws, level) for before, after in itertools.pairwise(ranges))


def _switch(before: AlphaRange, after: AlphaRange, draws: Draws, level: float) -> Switch:
    (world, region), (next_world, next_region) = draws[before.beta], draws[after.beta]
    low, high = np.quantile(_handovers(region - next_region, next_world - world), [(1 - level) / 2, (1 + level) / 2])
    return Switch(before.beta, after.beta, before.alpha_to, float(low), float(high))


def _handovers(regional: Floats, world: Floats) -> Floats:
    """The α at which (1-α)·regional = α·world, from what the one gains for the region and the other for the world.

    A draw in which one β is better on both sides hands over at an end: at 0, or never, which is 1. One in which both have changed roles
    has no such α at all; it takes the end by which the true order holds over the longer part of [0, 1].
    """
    total = regional + world
    crossing = np.divide(regional, total, out=np.zeros_like(total), where=total != 0)
    inside = (regional > 0) & (world > 0)
    reversed_ends = np.where(crossing >= 0.5, 0.0, 1.0)
    ends = np.where((regional < 0) & (world < 0), reversed_ends, np.where(regional > 0, 1.0, 0.0))
    return np.where(inside, crossing, ends)


def _table(curve: Curve) -> tuple[Sequence[float], Floats]:
    if not curve:
        raise NoRowsError("the curve is empty: score at least one β before asking for its front.")
    betas = sorted(curve)
    return betas, np.array([curve[beta] for beta in betas], dtype=np.float64)


def _dominates(points: Floats) -> npt.NDArray[np.bool_]:
    """(β, β, ...): whether the first is as good as the second on both sides and better on one; points are (β, 2, ...)."""
    one, other = points[:, None], points[None]
    return np.logical_and((one >= other).all(axis=2), (one > other).any(axis=2))
