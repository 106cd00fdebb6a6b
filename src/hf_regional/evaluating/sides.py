"""The two sides of a model over several tasks: Q_global and Q_regional, with their draws, and what compares two models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.evaluating.slices import Resampler
from hf_regional.evaluating.task import SIDES, Scope, Side, Task
from hf_regional.metrics import retention
from hf_regional.metrics.bounds import Estimate, Resampled, mean_of
from hf_regional.metrics.ratios import ratio_of

Normalise = Literal["relative"]
_ONE_SIDED: Final = 0.05  # what lies below a one-sided 95 % bound


@dataclass(frozen=True, slots=True)
class SideScores:
    """One model's scores by side and task, with their draws and influences. Q of a side is the mean over its tasks."""

    scores: Mapping[Side, Mapping[str, Resampled]]
    n: Mapping[Side, int]

    @property
    def points(self) -> dict[Side, dict[str, float]]:
        """The scores as numbers."""
        return {side: {name: score.value for name, score in found.items()} for side, found in self.scores.items()}

    @property
    def draws(self) -> dict[Side, dict[str, np.ndarray]]:
        """The same under every draw of pictures, each (resamples,)."""
        return {side: {name: score.draws for name, score in found.items()} for side, found in self.scores.items()}

    def q(self, side: Side) -> Resampled:
        """Q of a side."""
        return mean_of(list(self.scores[side].values()))

    def mean(self, side: Side) -> float:
        """Q of a side as a number, in the unit of the scores."""
        return float(np.mean(list(self.points[side].values())))

    def estimate(self, side: Side) -> Estimate:
        """Q of a side with its two-sided 95 % interval."""
        return self.q(side).estimate(self.n[side])

    def relative_to(self, base: "SideScores") -> "SideScores":
        """Every task's score as a share of the base's: 1.0 is as good as the base.

        Raises:
            OutOfRangeError: the base scores 0 on a side of a task, which is then named.
        """
        for side, found in base.points.items():
            if lost := [name for name, score in found.items() if score <= 0]:
                raise OutOfRangeError(
                    f"the base scores 0 on the {side} side of {', '.join(lost)}, of which nothing is a share. "
                    "Leave that task out, or judge tasks of one metric without normalise."
                )
        shares: dict[Side, dict[str, Resampled]] = {
            side: {name: score.over(base.scores[side][name]) for name, score in found.items()} for side, found in self.scores.items()
        }
        return SideScores(shares, self.n)


@dataclass(frozen=True, slots=True)
class Retained:
    """What a model kept of the world: the point and the one-sided 95 % lower bound of a paired comparison.

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

    A task with rows on one side counts there only. With normalise="relative" tasks may score in unlike units: each enters GRP as a
    share of the base's score.

    Raises:
        ConfigError: no task, two of one name, a side without any row, or tasks of unlike metrics, whose mean would say nothing.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        *,
        resamples: int = 2000,
        seed: int = 0,
        scope: Scope = "others",
        normalise: Normalise | None = None,
    ) -> None:
        _require_common_unit(tasks, normalise)
        self.tasks = tasks
        self.scope: Scope = scope
        self.normalise: Normalise | None = normalise
        self.resamples, self.seed = resamples, seed
        self.resamplers = {task.name: Resampler(task.rows, resamples=resamples, seed=seed, scope=scope) for task in tasks}
        self.on: dict[Side, list[str]] = {side: [name for name, one in self.resamplers.items() if len(one.of(side))] for side in SIDES}
        if empty := [side for side in SIDES if not self.on[side]]:
            raise ConfigError(f"no task has a {empty[0]} row, so nothing speaks for that side; add a task or widen the region.", "tasks")
        chance = {task.name: task.rows.chance for task in tasks}
        self.chance = {side: {name: self.resamplers[name].point(chance[name], side) for name in self.on[side]} for side in SIDES}

    def like(self, tasks: Sequence[Task], *, resamples: int | None = None) -> "Scorer":
        """The same rules over other tasks."""
        return Scorer(tasks, resamples=resamples or self.resamples, seed=self.seed, scope=self.scope, normalise=self.normalise)

    def score(self, rows: pd.DataFrame) -> SideScores:
        """Scores of one model from its measured rows."""
        values = {task.name: rows.loc[rows["task"] == task.name, task.metric].to_numpy() for task in self.tasks}
        return SideScores(
            scores={side: {name: self.resamplers[name].resampled(values[name], side) for name in self.on[side]} for side in SIDES},
            n={side: sum(len(self.resamplers[name].of(side)) for name in self.on[side]) for side in SIDES},
        )

    def comparable(self, model: SideScores, base: SideScores) -> SideScores:
        """The scores in the unit in which their mean is taken: as they are, or as shares of the base's."""
        return model.relative_to(base) if self.normalise == "relative" else model

    def retained(self, model: SideScores, base: SideScores) -> Retained:
        """Retention of the global side, above chance: the mean over tasks of (model - chance) / (base - chance).

        Where the base's own score is not above chance there is no retention; where it is, and cannot be told from chance at 95 %,
        there is no lower bound.
        """
        chance, world = self.chance["global"], base.scores["global"]
        if lost := [name for name, score in world.items() if score.value <= chance[name]]:
            return Retained(None, None, f"the base is not above chance on the global side of {', '.join(lost)}: there is nothing to retain")
        value = retention(model.points["global"], base.points["global"], chance=chance)
        above = [score - chance[name] for name, score in world.items()]
        kept = [model.scores["global"][name] - chance[name] for name in world]
        at_chance = 1 - np.all([score.draws > 0 for score in above], axis=0).mean()
        if at_chance >= _ONE_SIDED:
            share = f"{at_chance:.0%} of the resamples put the base's global score at chance or below"
            return Retained(value, None, f"{share}: retention has no lower bound; ask more texts, or start from a better base")
        low = ratio_of(kept, above).lower_bound(1 - _ONE_SIDED)
        few = None if low is not None else "the texts are too few to tell the base's global score from chance: ask more"
        return Retained(value, low, few)

    def gain(self, model: SideScores, base: SideScores) -> dict[str, float]:
        """What the region gained: points (in [0, 1]), percent of the base, and the one-sided 95 % lower bound of the percent.

        With normalise="relative" points are shares of the base, averaged over tasks.
        """
        after, before = (self.comparable(scores, base).q("regional") for scores in (model, base))
        low = ratio_of([after], [before]).lower_bound(1 - _ONE_SIDED)
        points = after.value - before.value
        # No score is below 0, so no loss is above 100 %.
        return {"points": points, "percent": 100 * points / before.value, "low_percent": -100.0 if low is None else 100 * (low - 1)}


def _require_common_unit(tasks: Sequence[Task], normalise: str | None) -> None:
    names, metrics = [task.name for task in tasks], sorted({task.metric for task in tasks})
    if not tasks or len(set(names)) < len(names):
        raise ConfigError(f"a score needs at least one task, each under a name of its own; got {', '.join(names) or 'none'}.", "tasks")
    if normalise not in {None, "relative"}:
        raise ConfigError(f"normalise must be None or 'relative', got {normalise!r}.", "normalise")
    if len(metrics) > 1 and normalise is None:
        raise ConfigError(
            f"the tasks score {' and '.join(metrics)}, which have no common mean; judge one metric at a time, or give "
            "normalise='relative', by which each counts in percent of the base.",
            "tasks",
        )
