"""`evaluate_model`: one model over tasks, every score with n and an interval, sliced by columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hf_regional.cards import CardFacts
from hf_regional.encoding import TwoTowerEncoder, load_encoder
from hf_regional.errors import ConfigError
from hf_regional.evaluating.slices import Resampler
from hf_regional.evaluating.task import SIDES, Task
from hf_regional.protocols import HasPath


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of a model.

    Attributes:
        scores: task -> {"metric", "global", "regional", "by": {slice: {label: estimate}}}; estimates are {value, low, high, n} in [0, 1].
        rows: one row a query and task: task, group, side, cluster, chance and every metric.
        facts: the same scores, ready for a card.
    """

    scores: dict[str, dict[str, Any]]
    rows: pd.DataFrame
    facts: CardFacts


def measure_rows(encoder: TwoTowerEncoder, tasks: Sequence[Task]) -> pd.DataFrame:
    """Every row of every task with its scores: columns task, group, side, cluster, chance, then one a metric, float64 in [0, 1]."""
    parts = [
        pd.DataFrame(
            {
                "task": task.name,
                "group": task.rows.groups,
                "side": task.rows.sides,
                "cluster": task.rows.clusters,
                "chance": task.rows.chance,
                **task.measure(encoder),
            }
        )
        for task in tasks
    ]
    return pd.concat(parts, ignore_index=True)


def evaluate_model(
    model: str | Path | HasPath | TwoTowerEncoder,
    tasks: Sequence[Task],
    *,
    by: Sequence[str] = ("country",),
    resamples: int = 2000,
    seed: int = 0,
    device: str | None = None,
) -> Evaluation:
    """Score a model on tasks, for the world, for the region, and by group.

    Args:
        model: a folder, a Hub id, a record with a `path`, or a loaded encoder.
        tasks: what to measure.
        by: what to slice by, among the slices that the tasks' rows carry ("language", "country").
        resamples: of the bootstrap, clustered by picture.
        seed: of the bootstrap.
        device: as torch names it.

    Raises:
        ConfigError: no task, or an unknown slice.
    """
    if not tasks:
        raise ConfigError("evaluate_model needs at least one task.", "tasks")
    for task in tasks:
        unknown = set(by) - set(task.rows.slices)
        if unknown:
            known = ", ".join(task.rows.slices) or "none"
            raise ConfigError(f"task {task.name!r} cannot be sliced by {', '.join(sorted(unknown))}; its slices: {known}.", "by")
    encoder = model if isinstance(model, TwoTowerEncoder) else load_encoder(model, device=device)
    rows = measure_rows(encoder, tasks)
    scores: dict[str, dict[str, Any]] = {}
    for task in tasks:
        resampler = Resampler(task.rows, resamples=resamples, seed=seed)
        values = rows.loc[rows["task"] == task.name, task.metric].to_numpy()
        sides = {side: resampler.estimate(values, side).as_dict() for side in SIDES}
        chance = {side: resampler.estimate(task.rows.chance, side).value for side in SIDES}
        scores[task.name] = {
            "metric": task.metric,
            "chance": chance,
            **sides,
            "by": {name: resampler.by_slice(values, name) for name in by},
        }
    return Evaluation(scores, rows, CardFacts().with_step("scores", tasks=scores))
