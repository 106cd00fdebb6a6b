"""Choosing: measured rows of every β in; the β of the highest GRP among those that kept the world out (GG-EZ, arXiv:2604.11490, §3.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from hf_regional.cards import CardFacts
from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.evaluating.sides import Retained, Scorer, SideScores
from hf_regional.metrics import grp
from hf_regional.metrics.bounds import Estimate
from hf_regional.metrics.fronts import Draws, FrontPoint, Switch, pareto_points, switches, win_shares
from hf_regional.metrics.winners import AlphaRange, winners_by_alpha
from hf_regional.regions import Region

RetentionPolicy = Literal["lower", "point"]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One β on the trade-off curve. Scores in [0, 1], or shares of the base's where unlike tasks were made relative."""

    beta: float
    world: Estimate
    region: Estimate
    retention: Retained
    grp: float
    passes: bool  # whether its retention is high enough under the policy

    def as_dict(self) -> dict[str, Any]:
        """For a report: the keys are those of `report.json`."""
        return {
            "beta": self.beta,
            "global": self.world.as_dict(),
            "regional": self.region.as_dict(),
            "retention": self.retention.as_dict(),
            "grp": self.grp,
            "passes": self.passes,
        }


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """What choosing this way gives on rows that had no part in it: each fold under the β that the other folds chose."""

    betas: tuple[float, ...]  # by fold
    world: Estimate
    region: Estimate
    retention: Retained
    gain: Mapping[str, float]  # points, percent, low_percent
    grp: float

    def as_dict(self) -> dict[str, Any]:
        """For a report."""
        sides = {"global": self.world.as_dict(), "regional": self.region.as_dict()}
        return {"betas": list(self.betas), **sides, "retention": self.retention.as_dict(), "gain": dict(self.gain), "grp": self.grp}

    def __str__(self) -> str:
        kept, low = (None if share is None else percent(share) for share in (self.retention.value, self.retention.low))
        told = f"retention {kept} (lower bound {low})" if kept and low else f"retention {kept or 'unknown'} (no lower bound)"
        names = ", ".join(f"{beta:g}" for beta in self.betas)
        return f"Out of fold: {told}, regional gain {self.gain['percent']:+.1f} %, GRP {100 * self.grp:.1f}; β by fold: {names}."


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen β, the curve it was chosen on, the facts for a card, and the reason in words.

    Attributes:
        winners: the best β at every α in [0, 1], among those that kept enough.
        switches: the α at which they hand over, with intervals.
        wins: β -> share of the resamples in which it has the highest GRP, among those that kept enough.
        front: every β, whether another beats it on both sides, and how surely.
        out_of_fold: where the choice was cross-fitted.
    """

    beta: float
    curve: tuple[CurvePoint, ...]
    facts: CardFacts
    reason: str
    winners: tuple[AlphaRange, ...] = ()
    switches: tuple[Switch, ...] = ()
    wins: Mapping[float, float] | None = None
    front: tuple[FrontPoint, ...] = ()
    out_of_fold: OutOfFold | None = None

    def as_dict(self) -> dict[str, Any]:
        """For a report and for `--json`: the keys are those of the step "choosing" of `regional.json`."""
        return {"beta": self.beta, **{key: value for key, value in (self.facts.of("choosing") or {}).items() if key != "kind"}}


@dataclass(frozen=True, slots=True)
class Demand:
    """How much of the world must be kept: `floor` + `margin`, judged by the lower bound or by the point."""

    floor: float = 0.98
    margin: float = 0.0
    policy: RetentionPolicy = "lower"

    def __post_init__(self) -> None:
        if not 0 <= self.floor + self.margin <= 1:
            raise OutOfRangeError(f"min_retention + margin must lie in [0, 1], got {self.floor} + {self.margin}; 0.98 means 98 %.")
        if self.policy not in RetentionPolicy.__args__:
            raise ConfigError(
                f"retention_policy must be one of {', '.join(RetentionPolicy.__args__)}, got {self.policy!r}.", "retention_policy"
            )

    def met_by(self, retained: Retained) -> bool:
        """Whether a mix kept enough; where that cannot be told, it did not."""
        judged = self.judged(retained)
        return judged is not None and judged >= self.floor + self.margin

    def judged(self, retained: Retained) -> float | None:
        """The number that the policy looks at; None where there is none."""
        return retained.low if self.policy == "lower" else retained.value


def choose(
    measured: Mapping[float, pd.DataFrame],
    scorer: Scorer,
    alpha: float,
    demand: Demand,
    *,
    facts: CardFacts,
    region: Region,
    out_of_fold: OutOfFold | None = None,
) -> Choice:
    """The choice from rows that are measured already; `measured` must hold β = 0.

    Raises:
        OutOfRangeError: the base scores 0 where shares of it were asked for.
    """
    scores = {beta: scorer.score(rows) for beta, rows in sorted(measured.items())}
    curve = tuple(curve_point(beta, scores[beta], scores[0.0], scorer, alpha, demand) for beta in scores)
    best, allowed = best_of(curve), [point.beta for point in curve if point.passes or point.beta == 0]
    points = {point.beta: (point.world.value, point.region.value) for point in curve}
    draws = paired_draws({beta: scorer.comparable(found, scores[0.0]) for beta, found in scores.items()})
    kept, kept_draws = {beta: points[beta] for beta in allowed}, {beta: draws[beta] for beta in allowed}
    reason = _reason(best, curve, alpha, demand) + (f" {out_of_fold}" if out_of_fold else "")
    choice = Choice(
        best.beta,
        curve,
        facts,
        reason,
        winners_by_alpha(kept),
        switches(kept, kept_draws),
        win_shares(kept_draws, alpha),
        pareto_points(points, draws),
        out_of_fold,
    )
    return replace(choice, facts=facts.with_step("choosing", region=region.name, **_learned(choice, scorer, alpha, demand)))


def curve_point(beta: float, model: SideScores, base: SideScores, scorer: Scorer, alpha: float, demand: Demand) -> CurvePoint:
    """One β judged against the base."""
    retained, shown = scorer.retained(model, base), scorer.comparable(model, base)
    parity = grp(shown.points["global"], shown.points["regional"], alpha)
    return CurvePoint(beta, shown.estimate("global"), shown.estimate("regional"), retained, parity, demand.met_by(retained))


def best_of(curve: Sequence[CurvePoint]) -> CurvePoint:
    """The highest GRP among the points that pass, β = 0 always among them; ties go to the smaller β."""
    return max((point for point in curve if point.passes or point.beta == 0), key=lambda point: (point.grp, -point.beta))


def paired_draws(scores: Mapping[float, SideScores]) -> Draws:
    """β -> (Q_global, Q_regional) under every resample; those in which a share of the base has no meaning are left out for all."""
    found = {beta: (score.q("global").draws, score.q("regional").draws) for beta, score in scores.items()}
    whole = np.isfinite([side for sides in found.values() for side in sides]).all(axis=0)
    return {beta: (world[whole], region[whole]) for beta, (world, region) in found.items()}


def _learned(choice: Choice, scorer: Scorer, alpha: float, demand: Demand) -> dict[str, Any]:
    """What a card and a report tell of a choice; JSON-able."""
    return {
        "alpha": alpha,
        "betas": [point.beta for point in choice.curve],
        "curve": [point.as_dict() for point in choice.curve],
        "min_retention": demand.floor,
        "margin": demand.margin,
        "retention_policy": demand.policy,
        "scope": scorer.scope,
        "tasks": [task.name for task in scorer.tasks],
        "reason": choice.reason,
        "winners": [{"alpha_from": found.alpha_from, "alpha_to": found.alpha_to, "beta": found.beta} for found in choice.winners],
        "switches": [found.as_dict() for found in choice.switches],
        "wins": [{"beta": beta, "share": share} for beta, share in (choice.wins or {}).items()],
        "front": [found.as_dict() for found in choice.front],
        **({"normalise": scorer.normalise} if scorer.normalise else {}),
        **({"out_of_fold": choice.out_of_fold.as_dict()} if choice.out_of_fold else {}),
    }


def checked_grid(betas: Sequence[float]) -> tuple[float, ...]:
    """The grid in order, with 0.

    Raises:
        OutOfRangeError: a β outside [0, 1]. ConfigError: an empty grid.
    """
    if not betas:
        raise ConfigError("the grid of β is empty; give at least one in (0, 1].", "betas")
    for beta in betas:
        if not 0 <= beta <= 1:
            raise OutOfRangeError(f"β must be in [0, 1], got {beta}; 0 is the global model, 1 the regional one.")
    return tuple(sorted({0.0, *(float(beta) for beta in betas)}))


def _reason(best: CurvePoint, curve: Sequence[CurvePoint], alpha: float, demand: Demand) -> str:
    judged = "lower bound of retention" if demand.policy == "lower" else "retention"
    need = f"{judged} at or above {percent(demand.floor + demand.margin)}"
    passed = [point.beta for point in curve if point.passes and point.beta > 0]
    if best.beta == 0 and not passed:
        return _why_none(curve, need, demand)
    if best.beta == 0:
        return f"β = 0 has the highest GRP at α = {alpha:g}: no mix serves the region better at this weight of the world."
    names = ", ".join(f"{beta:g}" for beta in passed)
    return f"β = {best.beta:g} has the highest GRP ({100 * best.grp:.1f} at α = {alpha:g}) among those with their {need}: {names}."


def _why_none(curve: Sequence[CurvePoint], need: str, demand: Demand) -> str:
    found = {point.beta: judged for point in curve if point.beta > 0 and (judged := demand.judged(point.retention)) is not None}
    if found:
        closest = max(found, key=lambda beta: found[beta])
        return f"No β > 0 has its {need}; the closest is β = {closest:g} ({percent(found[closest])}). The global model is kept."
    why = next((point.retention.reason for point in curve if point.retention.reason), "no β > 0 was scored")
    return f"Retention cannot be judged: {why}. The global model is kept."


def percent(share: float) -> str:
    """A share as a reader writes it.

    >>> percent(0.985)
    '98.5 %'
    """
    return f"{100 * share:.1f} %"
