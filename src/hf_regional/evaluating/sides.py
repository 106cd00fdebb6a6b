"""The two sides of a model over several tasks: Q_global and Q_regional, with their draws, and what compares two models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from hf_regional.errors import ConfigError
from hf_regional.evaluating.slices import Resampler
from hf_regional.evaluating.task import SIDES, Side, Task
from hf_regional.metrics import retention
from hf_regional.metrics.intervals import Estimate, lower_bound, two_sided

_ONE_SIDED: Final = 0.05  # what lies below a one-sided 95 % bound


@dataclass(frozen=True, slots=True)
class SideScores:
    """One model's scores by side and task: points, and draws of shape (resamples,). Q of a side is the mean over tasks."""

    points: Mapping[Side, Mapping[str, float]]
    draws: Mapping[Side, Mapping[str, np.ndarray]]
    n: Mapping[Side, int]

    def mean(self, side: Side) -> float:
        """Q of a side, in [0, 1]."""
        return float(np.mean(list(self.points[side].values())))

    def mean_draws(self, side: Side) -> np.ndarray:
        """(resamples,) Q of a side under every draw."""
        return np.mean(list(self.draws[side].values()), axis=0)

    def estimate(self, side: Side) -> Estimate:
        """Q of a side with its two-sided 95 % interval."""
        return two_sided(self.mean_draws(side), value=self.mean(side), n=self.n[side])


@dataclass(frozen=True, slots=True)
class Retained:
    """What a model kept of the world: the point and the one-sided 95 % lower bound of a paired bootstrap.

    A number is None where the base does not stand above chance, so that there is nothing to keep; `reason` then says so.
    """

    value: float | None
    low: float | None
    reason: str | None = None

    def as_dict(self) -> dict[str, float | str | None]:
        """For a report; `reason` is there only where a number is missing."""
        return {"value": self.value, "low": self.low} | ({"reason": self.reason} if self.reason else {})


class Scorer:
    """Turns scores by row into `SideScores`, drawing the same pictures for every model.

    Raises:
        ConfigError: no task, two of one name, or tasks of unlike metrics, whose mean would say nothing.
    """

    def __init__(self, tasks: Sequence[Task], *, resamples: int = 2000, seed: int = 0) -> None:
        names, metrics = [task.name for task in tasks], sorted({task.metric for task in tasks})
        if not tasks or len(set(names)) < len(names):
            raise ConfigError(f"a score needs at least one task, each under a name of its own; got {', '.join(names) or 'none'}.", "tasks")
        if len(metrics) > 1:
            raise ConfigError(f"the tasks score {' and '.join(metrics)}, which have no common mean; judge one metric at a time.", "tasks")
        self.tasks = tasks
        self.resamplers = {task.name: Resampler(task.rows, resamples=resamples, seed=seed) for task in tasks}
        self.chance = {side: {task.name: self.resamplers[task.name].point(task.rows.chance, side) for task in tasks} for side in SIDES}

    def score(self, rows: pd.DataFrame) -> SideScores:
        """Scores of one model from its measured rows."""
        values = {task.name: rows.loc[rows["task"] == task.name, task.metric].to_numpy() for task in self.tasks}
        return SideScores(
            points={side: {name: self.resamplers[name].point(values[name], side) for name in values} for side in SIDES},
            draws={side: {name: self.resamplers[name].draws(values[name], side) for name in values} for side in SIDES},
            n={side: sum(len(task.rows.of(side)) for task in self.tasks) for side in SIDES},
        )

    def retained(self, model: SideScores, base: SideScores) -> Retained:
        """Retention of the global side, above chance: the mean over tasks of (model - chance) / (base - chance).

        Where the base's own score is not above chance there is no retention; where it is, and 5 % or more of the resamples put it
        at chance or below, there is no lower bound.
        """
        chance, names = self.chance["global"], list(model.draws["global"])
        if lost := [name for name in names if base.points["global"][name] <= chance[name]]:
            return Retained(None, None, f"the base is not above chance on the global side of {', '.join(lost)}: there is nothing to retain")
        value = retention(dict(model.points["global"]), dict(base.points["global"]), chance=chance)
        above = np.array([base.draws["global"][name] - chance[name] for name in names])  # (tasks, resamples)
        kept = np.array([model.draws["global"][name] - chance[name] for name in names])
        defined = (above > 0).all(axis=0)
        if 1 - defined.mean() >= _ONE_SIDED:
            share = f"{1 - defined.mean():.0%} of the resamples put the base's global score at chance or below"
            return Retained(value, None, f"{share}: retention has no lower bound; ask more texts, or start from a better base")
        ratios = np.mean(kept[:, defined] / above[:, defined], axis=0)
        # A draw without a ratio counts as the worst: it must not raise the bound.
        return Retained(value, lower_bound(np.append(ratios, np.full((~defined).sum(), ratios.min()))))

    def gain(self, model: SideScores, base: SideScores) -> dict[str, float]:
        """What the region gained: points (in [0, 1]), percent of the base, and the one-sided 95 % lower bound of the percent."""
        points = model.mean("regional") - base.mean("regional")
        draws = model.mean_draws("regional") / base.mean_draws("regional") - 1
        return {"points": points, "percent": 100 * points / base.mean("regional"), "low_percent": 100 * lower_bound(draws)}
