"""Comparing: two evaluations of the same items in; paired differences by task, side and slice, and the rows gained and lost, out.

found = compare_evaluations(load_evaluation("base"), load_evaluation("merged"), by=["country", "language"])
found.tasks["cvqa"].by["country"]["LAO"].difference        # points, with their 95 % interval
found.rows.query("change > 0")                              # what the other model got right and the base did not
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from hf_regional.errors import ConfigError, MismatchedScoresError
from hf_regional.evaluating.albums import Album
from hf_regional.evaluating.runner import Evaluation, require_slices, rows_of
from hf_regional.evaluating.slices import Resampler
from hf_regional.evaluating.task import SIDES, Side, TaskRows
from hf_regional.metrics.bounds import Estimate
from hf_regional.metrics.intervals import FEWEST_CLUSTERS

FAULTS: Final = ("unparsed", "unanswered", "unrated")  # columns of rows whose answer nobody could read, was not given, or not judged
_SAME: Final = 1e-9  # two scores of one row that differ by less are the same
_MOST_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Changes:
    """How many rows changed: of scores that are right or wrong, the four cells of McNemar's table.

    His test is left out: it takes rows of one picture for independent. The interval of the difference does not.

    Attributes:
        gained: wrong before and right after; of other scores, higher after.
        lost: right before and wrong after; of other scores, lower after.
        same: neither.
        right: right before and after; None where scores are not right or wrong.
        wrong: wrong before and after; likewise.
        gained_unread: of `gained`, those whose answer before could not be read or was not given: a gain of form.
        lost_unread: of `lost`, those whose answer after could not be read or was not given.
    """

    gained: int
    lost: int
    same: int
    right: int | None
    wrong: int | None
    gained_unread: int
    lost_unread: int


@dataclass(frozen=True, slots=True)
class PartCompared:
    """Two models on one side of a task, or on the rows of one label.

    Attributes:
        side: "regional", "global", or "both" of a label with rows of both.
        base, other: the scores, in the unit of the metric.
        difference: other - base, paired by item, with its two-sided 95 % interval.
        changes: of the rows.
        unread: "base" and "other" -> fault -> rows.
        both_read: the difference over the rows whose answer was read of both models; None where all or none were.
        few: fewer than 30 pictures stand behind it, so that its intervals are too narrow.
    """

    side: str
    base: Estimate
    other: Estimate
    difference: Estimate
    changes: Changes
    unread: Mapping[str, Mapping[str, int]]
    both_read: Estimate | None
    few: bool

    @property
    def is_sure(self) -> bool:
        """Whether the interval of the difference leaves 0 out, and enough pictures stand behind it."""
        return not self.few and not self.difference.low <= 0 <= self.difference.high

    def as_dict(self) -> dict[str, Any]:
        """For a report."""
        return asdict(self) | {"is_sure": self.is_sure}


@dataclass(frozen=True, slots=True)
class TaskCompared:
    """Two models on one task: by side, and by slice and label."""

    metric: str
    is_binary: bool  # whether every row is right or wrong
    n: int
    sides: Mapping[str, PartCompared]
    by: Mapping[str, Mapping[str, PartCompared]]

    def as_dict(self) -> dict[str, Any]:
        """For a report."""
        by = {name: {label: part.as_dict() for label, part in labels.items()} for name, labels in self.by.items()}
        return {"metric": self.metric, "is_binary": self.is_binary, "n": self.n, "by": by} | {
            "sides": {side: part.as_dict() for side, part in self.sides.items()}
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two evaluations of the same items.

    Attributes:
        base, other: the evaluations, the rows of `other` in the order of the base's.
        tasks: by name.
        rows: one row an item: task, item, question, right, group, side, slices ("by:country"), before, after, change (after - before),
            is_unread_before and is_unanswered_before, the same after, and answer_before, answer_after: words, files of drawn pictures, or
            None of models that give features.
        resamples, seed: of the bootstrap.
    """

    base: Evaluation
    other: Evaluation
    tasks: Mapping[str, TaskCompared]
    rows: pd.DataFrame
    resamples: int
    seed: int

    @property
    def names(self) -> tuple[str, str]:
        """What the models are called, told apart where they are called the same."""
        before, after = (str(one.about.get("model") or "the model") for one in (self.base, self.other))
        return (f"{before} (before)", f"{after} (after)") if before == after else (before, after)

    @property
    def album(self) -> Album:
        """Pictures of both."""
        return self.other.album.joined(self.base.album)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {name: task.as_dict() for name, task in self.tasks.items()}


def compare_evaluations(
    base: Evaluation, other: Evaluation, by: Sequence[str] = ("country",), *, resamples: int = 2000, seed: int = 0
) -> Comparison:
    """Compare two models item by item.

    Args:
        base: of the model before.
        other: of the model after, over the same tasks and items.
        by: slices; one that only some tasks have is looked at there.
        resamples: of the paired bootstrap over pictures.
        seed: of the bootstrap.

    Raises:
        MismatchedScoresError: tasks, metrics, items or sides differ; the message names the task and the numbers.
        ConfigError: a slice that no task has, or an evaluation that did not keep what was asked.
    """
    _require_tasks(base, other)
    require_slices(base.rows, by)
    before, after = base.rows, _in_order(base.rows, other.rows)
    tasks: dict[str, TaskCompared] = {}
    tables: list[pd.DataFrame] = []
    for name in base.scores:
        metric, chosen = base.scores[name]["metric"], (before["task"] == name).to_numpy()
        pair = _Pair(before[chosen], after[chosen], metric, resamples, seed)
        tasks[name] = pair.compared(by)
        tables.append(pair.table())
    ordered = Evaluation(other.scores, after, other.facts, other.about, other.album)
    return Comparison(base, ordered, tasks, pd.concat(tables, ignore_index=True), resamples, seed)


class _Pair:
    """The rows of one task under two models, in one order."""

    def __init__(self, before: pd.DataFrame, after: pd.DataFrame, metric: str, resamples: int, seed: int) -> None:
        self.frames, self.metric = {"base": before, "other": after}, metric
        self.rows: TaskRows = rows_of(before)
        self.values = {model: frame[metric].to_numpy(np.float64) for model, frame in self.frames.items()}
        self.unread = {model: _is_unread(frame) for model, frame in self.frames.items()}
        self.resampler = Resampler(self.rows, resamples=resamples, seed=seed)

    def compared(self, by: Sequence[str]) -> TaskCompared:
        few = _few_sides(self.rows)
        sides = {side: self._part(self.rows.of(side), self.rows.groups, side in few) for side in SIDES if len(self.rows.of(side))}
        return TaskCompared(
            metric=self.metric,
            is_binary=self.is_binary,
            n=len(self.rows.groups),
            sides=sides,
            by={name: self._labels(name) for name in by if name in self.rows.slices},
        )

    @property
    def is_binary(self) -> bool:
        return all(np.isin(values, (0.0, 1.0)).all() for values in self.values.values())

    def table(self) -> pd.DataFrame:
        """One row an item, see `Comparison.rows`."""
        before, after = self.frames.values()
        kept = [
            "task",
            "item",
            "question",
            "right",
            "group",
            "side",
            *(name for name in map(str, before.columns) if name.startswith("by:")),
        ]
        told = {"before": self.values["base"], "after": self.values["other"], "change": self.values["other"] - self.values["base"]}
        told |= {"is_unread_before": self.unread["base"], "is_unread_after": self.unread["other"]}
        told |= {
            f"is_unanswered_{when}": _has_fault(frame, "unanswered") for when, frame in (("before", before), ("after", after))
        }  # fmt: skip
        answers = {
            f"answer_{when}": _answers(frame).to_numpy() for when, frame in (("before", before), ("after", after))
        }  # fmt: skip
        return before[kept].reset_index(drop=True).assign(metric=self.metric, **told, **answers)

    def _labels(self, name: str) -> dict[str, PartCompared]:
        labels, few = self.rows.slices[name], self.resampler.few(name)
        found = sorted({label for label in labels if isinstance(label, str)})
        return {label: self._part(np.flatnonzero(labels == label), labels, label in few) for label in found}

    def _part(self, chosen: np.ndarray, groups: np.ndarray, few: bool) -> PartCompared:
        base, other = (self.resampler.resampled_over(values, chosen, groups) for values in self.values.values())
        read = chosen[~(self.unread["base"] | self.unread["other"])[chosen]]
        both = None
        if 0 < len(read) < len(chosen):
            first, second = (self.resampler.resampled_over(values, read, groups) for values in self.values.values())
            both = (second - first).estimate(len(read))
        n = len(chosen)
        return PartCompared(
            side=_side_of(self.rows.sides[chosen]),
            base=base.estimate(n),
            other=other.estimate(n),
            difference=(other - base).estimate(n),
            changes=self._changes(chosen),
            unread={model: _faults(frame.iloc[chosen]) for model, frame in self.frames.items()},
            both_read=both,
            few=few,
        )

    def _changes(self, chosen: np.ndarray) -> Changes:
        before, after = (values[chosen] for values in self.values.values())
        gained, lost = after - before > _SAME, before - after > _SAME
        same = ~gained & ~lost
        right, wrong = (int((same & (before == level)).sum()) if self.is_binary else None for level in (1.0, 0.0))
        unread = {model: found[chosen] for model, found in self.unread.items()}
        return Changes(
            int(gained.sum()), int(lost.sum()), int(same.sum()), right, wrong,
            int((gained & unread["base"]).sum()), int((lost & unread["other"]).sum()),
        )  # fmt: skip


def _require_tasks(base: Evaluation, other: Evaluation) -> None:
    missing, extra = frozenset(base.scores) - frozenset(other.scores), frozenset(other.scores) - frozenset(base.scores)
    if missing or extra:
        told = [f"only the base has {', '.join(sorted(missing))}"] if missing else []
        told += [f"only the other has {', '.join(sorted(extra))}"] if extra else []
        raise MismatchedScoresError(
            f"the evaluations have unlike tasks: {'; '.join(told)}. Evaluate both on the same.", missing=missing, extra=extra
        )
    for name, entry in base.scores.items():
        if entry["metric"] != other.scores[name]["metric"]:
            raise MismatchedScoresError(
                f"task {name!r} is scored by {entry['metric']} in the base and by {other.scores[name]['metric']} in the other; "
                "evaluate both with the same scorer."
            )
    for what, one in (("base", base), ("other", other)):
        if "item" not in one.rows:
            raise ConfigError(
                f"the evaluation of the {what} did not keep what was asked: evaluate again, with answers that are kept.", what
            )


def _in_order(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The rows of `after` in the order of `before`."""
    keys, others = (pd.MultiIndex.from_frame(frame[["task", "item"]]) for frame in (before, after))
    if not keys.equals(others):
        for name in before["task"].unique():
            _require_items(str(name), *(set(frame.loc[frame["task"] == name, "item"]) for frame in (before, after)))
        after = after.set_index(others).loc[keys].reset_index(drop=True)
    differ = (before["side"].to_numpy() != after["side"].to_numpy()) | (before["group"].to_numpy() != after["group"].to_numpy())
    if differ.any():
        name = str(before["task"].to_numpy()[differ][0])
        raise MismatchedScoresError(
            f"task {name!r}: {int(differ.sum()):,} of {len(before):,} items are on another side or in another group; "
            "evaluate both for the same region."
        )
    return after


def _require_items(task: str, base: set[str], other: set[str]) -> None:
    if base != other:
        missing, extra = frozenset(base - other), frozenset(other - base)
        raise MismatchedScoresError(
            f"task {task!r}: {len(base):,} items of the base and {len(other):,} of the other have {len(base & other):,} in common "
            f"({len(missing):,} only in the base, {len(extra):,} only in the other). Ask both models of the same corpus, part, limit "
            "and settings.",
            missing=missing,
            extra=extra,
        )


def _is_unread(frame: pd.DataFrame) -> np.ndarray:
    """(n,) whether the model's answer could not be read, or was not given. What a judge said is not the model's doing."""
    return _has_fault(frame, "unparsed") | _has_fault(frame, "unanswered")


def _has_fault(frame: pd.DataFrame, name: str) -> np.ndarray:
    return frame[name].fillna(0).to_numpy(np.float64) >= 1 if name in frame else np.zeros(len(frame), bool)


def _faults(frame: pd.DataFrame) -> dict[str, int]:
    """Rows by fault; a task that cannot have a fault has it not."""
    return {name: int((frame[name] >= 1).sum()) for name in FAULTS if name in frame and frame[name].notna().any()}


def _answers(frame: pd.DataFrame) -> "pd.Series[Any]":
    """What was answered: words, or a list of the files of drawn pictures; None of models that give features."""
    name = next((name for name in ("answer", "answers", "pictures", "picture") if name in frame and frame[name].notna().any()), None)
    if name is None:
        return pd.Series([None] * len(frame), dtype=object)
    said = frame[name].astype(object)
    if name == "answers":  # of several rows that are one item
        return pd.Series([" / ".join(map(str, some)) for some in said], dtype=object)
    return pd.Series([[one] if name == "picture" else one for one in said], dtype=object)


def _side_of(sides: np.ndarray) -> str:
    found = set(sides.tolist())
    return found.pop() if len(found) == 1 else "both"


def _few_sides(rows: TaskRows) -> set[Side]:
    return {side for side in SIDES if len(np.unique(rows.clusters[rows.of(side)])) < FEWEST_CLUSTERS}
