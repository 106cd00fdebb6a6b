"""The choice of β: the highest GRP among the mixes that kept the world (GG-EZ, arXiv:2604.11490, §3.2 and §4.2)."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from tqdm.auto import tqdm

from hf_regional.cards import CardFacts
from hf_regional.encoding import load_encoder, resolve_folder
from hf_regional.errors import ConfigError, NotBuiltYetError, OutOfRangeError
from hf_regional.evaluating.runner import measure_rows
from hf_regional.evaluating.sides import Retained, Scorer, SideScores
from hf_regional.evaluating.task import Task
from hf_regional.merging import merge_checkpoints
from hf_regional.metrics import grp
from hf_regional.metrics.intervals import Estimate
from hf_regional.metrics.winners import winners_by_alpha
from hf_regional.protocols import HasPath
from hf_regional.regions import Alpha, Region

RetentionPolicy = Literal["lower", "point"]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One β on the trade-off curve. Scores in [0, 1]."""

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
class Choice:
    """The chosen β, the curve it was chosen on, the facts for a card, and the reason in words."""

    beta: float
    curve: tuple[CurvePoint, ...]
    facts: CardFacts
    reason: str


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


def select_beta(
    base: str | Path | HasPath,
    regional: str | Path | HasPath,
    betas: Sequence[float],
    tasks: Sequence[Task],
    region: Region,
    alpha: float | Alpha,
    *,
    min_retention: float = 0.98,
    retention_policy: RetentionPolicy = "lower",
    scope: Literal["others", "all"] = "others",
    normalise: str | None = None,
    margin: float = 0.0,
    method: str = "linear",
    resamples: int = 2000,
    seed: int = 0,
    device: str | None = None,
    facts: CardFacts | None = None,
) -> Choice:
    """Merge at every β, score world and region, and choose.

    Args:
        base: θ_global: a folder, a Hub id, or a record with a `path`.
        regional: θ_regional, likewise.
        betas: the grid, each in [0, 1]; 0 is always scored, since retention is measured against it.
        tasks: on validation data; those of the report must be other rows.
        region: whose evidence split the tasks' rows.
        alpha: globalization factor in [0, 1]; see `hf_regional.alpha`.
        min_retention: share of the world's score above chance that must be kept.
        retention_policy: "lower" judges the one-sided 95 % lower bound, "point" the value.
        scope: "others": rows outside the region are the world.
        normalise: not needed while the tasks share one unit.
        margin: added to `min_retention`, against the luck of choosing the best of many.
        method: of merging.
        resamples: of the paired bootstrap over pictures.
        seed: of the bootstrap.
        device: as torch names it.
        facts: what is known so far; the choice is appended.

    Returns:
        The choice; β = 0 with the reason where no other mix kept enough.

    Raises:
        OutOfRangeError: a β or α outside [0, 1]. ConfigError: an empty grid, no task, tasks of unlike metrics.
        MismatchedCheckpointsError: the two models differ in shape.
    """
    if scope != "others" or normalise is not None:
        raise NotBuiltYetError("select_beta has scope='others' and normalise=None in this version.")
    grid, demand = checked_grid(betas), Demand(min_retention, margin, retention_policy)
    scorer = Scorer(tasks, resamples=resamples, seed=seed)
    with tempfile.TemporaryDirectory(prefix="hf-regional-") as folder:
        merged = merge_checkpoints(
            base, regional, [beta for beta in grid if beta > 0], Path(folder) / "merged", method=method, hash_inputs=False
        )
        paths = {0.0: resolve_folder(base), **dict(zip([beta for beta in grid if beta > 0], merged.paths, strict=True))}
        measured = measure_mixes(paths, tasks, device=device)
    return choose(measured, scorer, float(alpha), demand, facts=facts or CardFacts(), region=region)


def measure_mixes(
    paths: Mapping[float, Path], tasks: Sequence[Task], *, device: str | None = None, progress: bool = True
) -> dict[float, pd.DataFrame]:
    """β -> the measured rows of the mix in that folder."""
    return {
        beta: measure_rows(load_encoder(path, device=device), tasks)
        for beta, path in tqdm(paths.items(), desc="scoring β", disable=not progress)
    }


def choose(
    measured: Mapping[float, pd.DataFrame], scorer: Scorer, alpha: float, demand: Demand, *, facts: CardFacts, region: Region
) -> Choice:
    """The choice from rows that are measured already; `measured` must hold β = 0."""
    scores = {beta: scorer.score(rows) for beta, rows in sorted(measured.items())}
    curve = tuple(_curve_point(beta, scores[beta], scores[0.0], scorer, alpha, demand) for beta in scores)
    allowed = [point for point in curve if point.passes or point.beta == 0]
    best = max(allowed, key=lambda point: (point.grp, -point.beta))
    winners = winners_by_alpha({point.beta: (point.world.value, point.region.value) for point in allowed})
    reason = _reason(best, curve, alpha, demand)
    learned = facts.with_step(
        "choosing",
        region=region.name,
        alpha=alpha,
        betas=[point.beta for point in curve],
        curve=[point.as_dict() for point in curve],
        min_retention=demand.floor,
        margin=demand.margin,
        retention_policy=demand.policy,
        scope="others",
        tasks=[task.name for task in scorer.tasks],
        reason=reason,
        winners=[{"alpha_from": found.alpha_from, "alpha_to": found.alpha_to, "beta": found.beta} for found in winners],
    )
    return Choice(best.beta, curve, learned, reason)


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


def _curve_point(beta: float, model: SideScores, base: SideScores, scorer: Scorer, alpha: float, demand: Demand) -> CurvePoint:
    retained = scorer.retained(model, base)
    parity = grp(dict(model.points["global"]), dict(model.points["regional"]), alpha)
    return CurvePoint(beta, model.estimate("global"), model.estimate("regional"), retained, parity, demand.met_by(retained))


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
