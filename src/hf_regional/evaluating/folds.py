"""Folds: measured rows of every β in; what choosing β gives on rows that had no part in the choice out (cross-fitting).

On a small set the best of many β looks better than it is. Here each fold is scored under the β that the other folds chose; β itself is then
chosen on all rows, and the report says what was found out of fold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.evaluating.choosing import Demand, OutOfFold, best_of, curve_point
from hf_regional.evaluating.sides import Scorer
from hf_regional.evaluating.task import SIDES, Outcome, Task, TaskRows
from hf_regional.metrics import grp

_INNER_RESAMPLES: Final = 200  # of the choice within a fold, which takes its lower bounds from variances and not from draws


@dataclass(frozen=True, slots=True)
class PartOfTask:
    """A task over some of its rows."""

    whole: Task
    chosen: np.ndarray  # (m,) indices

    @property
    def name(self) -> str:
        """The whole task's."""
        return self.whole.name

    @property
    def metric(self) -> str:
        """The whole task's."""
        return self.whole.metric

    @property
    def counts(self) -> dict[str, int]:
        """The whole task's."""
        return self.whole.counts

    @property
    def rows(self) -> TaskRows:
        """Those of the part."""
        return self.whole.rows.part(self.chosen)

    def chance(self, metric: str) -> np.ndarray:
        """(m,) the expected score of a random answer."""
        return self.whole.chance(metric)[self.chosen]

    def measure(self, model: Any) -> dict[str, np.ndarray]:
        """Scores of the part, each (m,) float64."""
        found = self.whole.measure(model)
        return {name: values[self.chosen] for name, values in (found.scores if isinstance(found, Outcome) else found).items()}

    def of(self, measured: pd.DataFrame) -> pd.DataFrame:
        """The part's rows among the measured ones."""
        return measured.loc[measured["task"] == self.name].iloc[self.chosen]


def assign_folds(tasks: Sequence[Task], folds: int, *, seed: int = 0) -> dict[str, np.ndarray]:
    """Task -> (n,) the fold of each row, in [0, folds). Rows of one picture share a fold; tasks over as many pictures share the pictures.

    Pictures are dealt out in turn within their kind (global, regional or both), so that no fold lacks a side that has pictures enough.

    Raises:
        OutOfRangeError: fewer than 2 folds, or more than there are pictures with rows of a side.
    """
    out: dict[str, np.ndarray] = {}
    for size in {task.rows.n_clusters for task in tasks}:
        sharing = [task for task in tasks if task.rows.n_clusters == size]
        present = np.zeros((2, size), dtype=bool)
        for task in sharing:
            for place, side in enumerate(SIDES):
                present[place, task.rows.clusters[task.rows.of(side)]] = True
        fold = _dealt(present[0] + 2 * present[1], folds, np.random.default_rng([seed, size]))
        out |= {task.name: fold[task.rows.clusters] for task in sharing}
    _require_sides(tasks, out, folds)
    return out


def cross_fit(
    measured: Mapping[float, pd.DataFrame], scorer: Scorer, alpha: float, demand: Demand, *, folds: int = 5, seed: int = 0
) -> OutOfFold:
    """Choose β on all folds but one and score it on that one, in turn; then judge all held-out rows together against the base.

    Args:
        measured: β -> its measured rows; β = 0 among them.
        scorer: over all rows.
        alpha: globalization factor in [0, 1].
        demand: how much of the world must be kept, on the folds that choose.
        folds: how many.
        seed: of the dealing.

    Raises:
        OutOfRangeError: as `assign_folds`.
    """
    fold = assign_folds(scorer.tasks, folds, seed=seed)
    betas = tuple(_chosen_without(held, fold, measured, scorer, alpha, demand) for held in range(folds))
    mixed = pd.concat([_held_out(task, fold[task.name], betas, measured) for task in scorer.tasks], ignore_index=True)
    base, model = scorer.score(measured[0.0]), scorer.score(mixed)
    shown = scorer.comparable(model, base)
    parity = grp(shown.points["global"], shown.points["regional"], alpha)
    kept, gain = scorer.retained(model, base), scorer.gain(model, base)
    return OutOfFold(betas, shown.estimate("global"), shown.estimate("regional"), kept, gain, parity)


def _chosen_without(
    held: int, fold: Mapping[str, np.ndarray], measured: Mapping[float, pd.DataFrame], scorer: Scorer, alpha: float, demand: Demand
) -> float:
    parts = [PartOfTask(task, np.flatnonzero(fold[task.name] != held)) for task in scorer.tasks]
    inner = scorer.like(parts, resamples=_INNER_RESAMPLES)
    scores = {beta: inner.score(pd.concat([part.of(rows) for part in parts])) for beta, rows in sorted(measured.items())}
    return best_of([curve_point(beta, scores[beta], scores[0.0], inner, alpha, demand) for beta in scores]).beta


def _held_out(task: Task, fold: np.ndarray, betas: Sequence[float], measured: Mapping[float, pd.DataFrame]) -> pd.DataFrame:
    """The rows of a task, each as measured under the β of its fold."""
    rows = {beta: frame.loc[frame["task"] == task.name] for beta, frame in measured.items()}
    parts = [rows[beta].iloc[fold == place] for place, beta in enumerate(betas)]
    return pd.concat(parts).sort_index()


def _dealt(kind: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """(clusters,) a fold each; every kind is spread evenly, and the next kind goes on where the one before stopped."""
    if folds < 2:
        raise OutOfRangeError(f"folds must be at least 2, got {folds}; 5 is the usual number.")
    shuffled = rng.permutation(len(kind))
    order = shuffled[np.argsort(kind[shuffled], kind="stable")]
    fold = np.empty(len(kind), dtype=np.int64)
    fold[order] = np.arange(len(kind)) % folds
    return fold


def _require_sides(tasks: Sequence[Task], fold: Mapping[str, np.ndarray], folds: int) -> None:
    for side in SIDES:
        seen = {int(place) for task in tasks for place in fold[task.name][task.rows.of(side)]}
        if not seen:
            raise ConfigError(f"no task has a {side} row, so nothing speaks for that side; add a task or widen the region.", "tasks")
        if len(seen) < folds:
            raise OutOfRangeError(f"{folds} folds, and the {side} rows lie in pictures of {len(seen)} only. Ask for fewer folds.")
