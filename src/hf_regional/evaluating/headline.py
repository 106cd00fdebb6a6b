"""Headline: two evaluations of the same items in; what the region gained and how much of the world was kept, over all tasks, out.

The rules are those by which β is chosen (`sides.Scorer`): each side is the mean over its tasks, retention is counted above chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.evaluating.comparing import Comparison
from hf_regional.evaluating.runner import rows_of
from hf_regional.evaluating.sides import Normalise, Retained, Scorer
from hf_regional.evaluating.slices import Resampler
from hf_regional.evaluating.task import SIDES, Side, Task, TaskRows
from hf_regional.metrics.bounds import Estimate, Resampled, mean_of


@dataclass(frozen=True, slots=True)
class KeptTask:
    """A task of which the measured rows are left: enough to score, not to ask."""

    name: str
    metric: str
    rows: TaskRows
    counts: dict[str, int] = field(default_factory=dict)

    def chance(self, metric: str) -> np.ndarray:
        """(n,) of the metric that counts."""
        return self.rows.chance

    def measure(self, model: Any) -> Any:
        """Raise ConfigError: nothing is left to ask."""
        raise ConfigError(f"task {self.name!r} was read from a saved evaluation and cannot be asked; load it by load_task.", "tasks")


@dataclass(frozen=True, slots=True)
class SideMoved:
    """One side over its tasks: before, after, and the paired difference."""

    base: Estimate
    other: Estimate
    difference: Estimate
    tasks: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For a report."""
        estimates = {name: getattr(self, name).as_dict() for name in ("base", "other", "difference")}
        return estimates | {"tasks": list(self.tasks)}


@dataclass(frozen=True, slots=True)
class Headline:
    """What a comparison comes to.

    Attributes:
        sides: "global" and "regional", as far as there are rows of them.
        retention: of the global side above chance; None where it was not asked.
        gain: of the regional side: points, percent, and the one-sided lower bound of the percent; None where there is no regional side.
        normalise: "relative" where tasks of unlike metrics entered as shares of the base's score.
        reason: why something is not told.
    """

    sides: Mapping[Side, SideMoved]
    retention: Retained | None
    gain: Mapping[str, float] | None
    normalise: Normalise | None
    reason: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For a report."""
        return {
            "sides": {side: moved.as_dict() for side, moved in self.sides.items()},
            "retention": self.retention.as_dict() if self.retention else None,
            "gain": dict(self.gain) if self.gain else None,
            "normalise": self.normalise,
            "reason": self.reason,
        }


def headline_of(comparison: Comparison) -> Headline:
    """Sum a comparison up. A side without rows, or a base at 0 where shares of it are asked for, is told in `reason`."""
    tasks = _tasks(comparison)
    normalise: Normalise | None = "relative" if len({task.metric for task in tasks}) > 1 else None
    present: list[Side] = [side for side in SIDES if any(len(task.rows.of(side)) for task in tasks)]
    try:
        if len(present) < len(SIDES):
            (lacking,) = (side for side in SIDES if side not in present)
            why = f"no row is on the {lacking} side: evaluate for a region to tell both apart"
            return _of_one_side(comparison, tasks, present[0], normalise, why)
        return _of_both(comparison, Scorer(tasks, resamples=comparison.resamples, seed=comparison.seed, normalise=normalise))
    except OutOfRangeError as error:
        return Headline({}, None, None, normalise, str(error))


def _of_both(comparison: Comparison, scorer: Scorer) -> Headline:
    base, other = (scorer.score(one.rows) for one in (comparison.base, comparison.other))
    first, second = scorer.comparable(base, base), scorer.comparable(other, base)
    moved: dict[Side, SideMoved] = {
        side: SideMoved(first.estimate(side), second.estimate(side), (second.q(side) - first.q(side)).estimate(base.n[side]), tuple(names))
        for side, names in scorer.on.items()
    }
    gain = scorer.gain(other, base) if base.q("regional").value > 0 else None
    reason = None if gain else "the base scores 0 in the region, of which no gain is a share"
    return Headline(moved, scorer.retained(other, base), gain, scorer.normalise, reason)


def _of_one_side(comparison: Comparison, tasks: list[Task], side: Side, normalise: Normalise | None, reason: str) -> Headline:
    """Where every row is on one side there is no parity: the mean over the tasks alone."""
    pairs: list[tuple[Resampled, Resampled]] = []
    for task in tasks:
        resampler = Resampler(task.rows, resamples=comparison.resamples, seed=comparison.seed)
        frames = (one.rows[one.rows["task"] == task.name] for one in (comparison.base, comparison.other))
        base, other = (resampler.resampled(frame[task.metric].to_numpy(), side) for frame in frames)
        pairs.append((base.over(base), other.over(base)) if normalise else (base, other))
    before, after = (mean_of([pair[place] for pair in pairs]) for place in (0, 1))
    n = sum(len(task.rows.of(side)) for task in tasks)
    moved: dict[Side, SideMoved] = {
        side: SideMoved(before.estimate(n), after.estimate(n), (after - before).estimate(n), tuple(task.name for task in tasks))
    }
    return Headline(moved, None, None, normalise, reason)


def _tasks(comparison: Comparison) -> list[Task]:
    rows = comparison.base.rows
    return [KeptTask(name, task.metric, rows_of(rows[rows["task"] == name])) for name, task in comparison.tasks.items()]
