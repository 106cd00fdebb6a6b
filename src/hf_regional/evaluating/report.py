"""The report of a run: measured rows in; one JSON-able mapping and its tables in words out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from hf_regional.cards.figures import with_interval
from hf_regional.cards.tables import refusal
from hf_regional.evaluating.beta import Choice
from hf_regional.evaluating.sides import Scorer, SideScores
from hf_regional.evaluating.tables import aligned
from hf_regional.evaluating.task import SIDES, Side, Task
from hf_regional.regions import Region

SCHEMA_VERSION: Final = 1
MODELS: Final = ("base", "tuned", "merged")


@dataclass(frozen=True, slots=True)
class Measured:
    """The measured rows of the three models on the report's split, all over the same tasks."""

    base: pd.DataFrame
    tuned: pd.DataFrame
    merged: pd.DataFrame

    def of(self, model: str) -> pd.DataFrame:
        """The rows of "base", "tuned" or "merged"."""
        return {"base": self.base, "tuned": self.tuned, "merged": self.merged}[model]


def build_report(
    measured: Measured,
    scorer: Scorer,
    choice: Choice,
    *,
    region: Region,
    alpha: float,
    alpha_source: str,
    settings: Mapping[str, Any],
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Everything a reader needs to judge the run.

    Scores are fractions in [0, 1]. `low` and `high` bound 95 %, two-sided; `retention.low` and `low_percent` are one-sided.
    """
    scores = {model: scorer.score(measured.of(model)) for model in MODELS}
    return {
        "schema_version": SCHEMA_VERSION,
        "region": region.name,
        "countries": sorted(region.countries),
        "beta": choice.beta,
        "alpha": alpha,
        "alpha_source": alpha_source,
        "chance": {side: float(np.mean(list(scorer.chance[side].values()))) for side in SIDES},
        **{model: _sides(scores[model]) for model in MODELS},
        "retention": scorer.retained(scores["merged"], scores["base"]).as_dict(),
        "gain": scorer.gain(scores["merged"], scores["base"]),
        "tuned_retention": scorer.retained(scores["tuned"], scores["base"]).as_dict(),
        "tuned_gain": scorer.gain(scores["tuned"], scores["base"]),
        "recall": _recall(measured, scorer),
        "curve": [point.as_dict() for point in choice.curve],
        "reason": choice.reason,
        "winners": (choice.facts.of("choosing") or {}).get("winners", []),
        "by_language": by_label(measured, scorer, "language"),
        "by_country": by_label(measured, scorer, "country"),
        "left_out": {task.name: dict(task.counts) for task in scorer.tasks},
        "pictures": {task.name: task.rows.n_clusters for task in scorer.tasks},
        "settings": dict(settings),
        "seconds": dict(seconds),
    }


def by_label(measured: Measured, scorer: Scorer, name: str) -> dict[str, dict[str, Any]]:
    """Label of a slice -> side, the three estimates, and the paired difference merged - base. Several tasks: keys "task/label".

    `few` is true where fewer than 30 pictures stand behind a label: its intervals are too narrow to be trusted.
    """
    out: dict[str, dict[str, Any]] = {}
    for task in scorer.tasks:
        if name not in task.rows.slices:
            continue
        labels = task.rows.slices[name]
        resampler = scorer.resamplers[task.name]
        few = resampler.few(name)
        values = {model: _values(measured.of(model), task) for model in MODELS}
        for label in sorted({found for found in labels if isinstance(found, str)}):
            chosen = np.flatnonzero(labels == label)
            base, merged = (resampler.resampled_label(values[model], name, label) for model in ("base", "merged"))
            out[label if len(scorer.tasks) == 1 else f"{task.name}/{label}"] = {
                "side": _side_of(task.rows.sides[chosen]),
                "few": label in few,
                **{model: resampler.of_label(values[model], name, label).as_dict() for model in MODELS},
                "difference": (merged - base).estimate(len(chosen)).as_dict(),
            }
    return out


def summary_table(report: Mapping[str, Any], *, metric: str = "MRR") -> str:
    """The report's main table for a terminal: percent with two-sided 95 % intervals, what was kept and gained with one-sided bounds."""
    rows = [[f"{metric}, %", "global", "regional", "retention, %", "gain: points, percent"]]
    names = {"base": "base (β = 0)", "tuned": "fine-tuned (β = 1)", "merged": f"merged (β = {report['beta']:g})"}
    rows.append(["chance", *(with_interval(report["chance"][side]) for side in SIDES), "", ""])
    for model, label in names.items():
        kept, gain = _kept_and_gain(report, model)
        rows.append([label, *(with_interval(report[model][side]) for side in SIDES), kept, gain])
    rows.append(["n (texts asked)", *(f"{report['base'][side]['n']:,}" for side in SIDES), "", ""])
    return aligned(rows)


def curve_table(report: Mapping[str, Any]) -> str:
    """The trade-off curve on validation, for a terminal."""
    demand = report["settings"]["choosing"]
    floor = demand["min_retention"] + demand["margin"]
    rows = [["β", "global", "regional", "retention (lower bound)", "GRP", ""]]
    for point in report["curve"]:
        mark = "← chosen" if point["beta"] == report["beta"] else "  " + refusal(point, floor)
        kept = point["retention"]
        retained = f"{_tenths(kept['value'])} ({_tenths(kept['low'])})"
        sides = (with_interval(point[side]) for side in SIDES)
        rows.append([f"{point['beta']:g}", *sides, retained, f"{100 * point['grp']:.2f}", mark])
    return aligned(rows, left=(0, 5))


def _tenths(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"


def _kept_and_gain(report: Mapping[str, Any], model: str) -> tuple[str, str]:
    if model == "base":
        return "", ""
    prefix = "tuned_" if model == "tuned" else ""
    kept, gain = report[f"{prefix}retention"], report[f"{prefix}gain"]
    return (
        f"{_tenths(kept['value'])} (≥ {_tenths(kept['low'])})",
        f"{100 * gain['points']:+.1f}, {gain['percent']:+.0f} % (≥ {gain['low_percent']:+.0f} %)",
    )


def _sides(scores: SideScores) -> dict[str, Any]:
    return {side: scores.estimate(side).as_dict() for side in SIDES}


def _recall(measured: Measured, scorer: Scorer) -> dict[str, dict[str, dict[str, float]]]:
    """The other metrics of the tasks, as points: metric -> model or "chance" -> side -> mean over tasks of the mean over groups."""
    out: dict[str, dict[str, dict[str, float]]] = {}
    for metric in (str(column) for column in measured.base.columns if str(column).startswith("R@")):
        found = {model: [_values(measured.of(model), task, metric) for task in scorer.tasks] for model in MODELS}
        found["chance"] = [task.chance(metric) for task in scorer.tasks]
        out[metric] = {name: {side: _mean_point(values, scorer, side) for side in SIDES} for name, values in found.items()}
    return out


def _mean_point(values: Sequence[np.ndarray], scorer: Scorer, side: Side) -> float:
    points = [scorer.resamplers[task.name].point(found, side) for task, found in zip(scorer.tasks, values, strict=True)]
    return float(np.mean(points))


def _values(rows: pd.DataFrame, task: Task, metric: str | None = None) -> np.ndarray:
    return rows.loc[rows["task"] == task.name, metric or task.metric].to_numpy()


def _side_of(sides: np.ndarray) -> str:
    found = set(sides.tolist())
    return found.pop() if len(found) == 1 else "both"
