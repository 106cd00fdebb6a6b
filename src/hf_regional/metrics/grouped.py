"""Scores by group: values by row and the groups of each row in; overall, by group, worst group, differences and ratios with intervals out.

The words are those of fairlearn's MetricFrame: overall, by_group, group_min, group_max, difference, ratio.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hf_regional.errors import NoRowsError, OutOfRangeError, UnknownNameError
from hf_regional.metrics.bounds import Resampled
from hf_regional.metrics.columns import Column, Groups, Label, group_columns, named_things, spelled
from hf_regional.metrics.intervals import ClusterBootstrap, Estimate
from hf_regional.nearest import did_you_mean

Floats = npt.NDArray[np.float64]
Statistic = Callable[[Floats], Floats]  # (..., s) means of the s columns -> (...) score
FEWEST_RESAMPLES: Final = 50  # a group of one cluster is missing from each with probability 1/e
_CELLS: Final = 64_000_000  # cells of a bootstrap table at a time: 256 MB, whatever the number of groups
_STEP: Final = 1e-3  # of a cluster's weight, by which a score's slope is taken


@dataclass(frozen=True, slots=True)
class Slicing:
    """How scores are cut and how sure of them one wants to be.

    Args:
        min_n: fewest rows of a group that takes part in macro, group_min, difference and ratio; smaller ones are set aside and listed.
        reference: the group that others are compared with: a label, or column -> label where there are several columns.
        intersections: whether to add the groups of all columns combined.
        level, resamples, seed: of the bootstrap intervals.
    """

    min_n: int = 1
    reference: Label | Mapping[str, Label] | None = None
    intersections: bool = False
    level: float = 0.95
    resamples: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.min_n < 1:
            raise OutOfRangeError(f"min_n must be at least 1, got {self.min_n}.")
        if self.resamples < FEWEST_RESAMPLES:
            raise OutOfRangeError(
                f"resamples must be at least {FEWEST_RESAMPLES}, got {self.resamples}: of fewer, a small group may be in none."
            )


DEFAULT = Slicing()


@dataclass(frozen=True, slots=True)
class Slice:
    """One score by the groups of one column; labels in sorted order, each with its value, interval and number of rows.

    Extremes carry no interval of their own: the bootstrap of a minimum lies below the minimum. Read those of the groups, and `few`.
    """

    by_group: dict[Label, Estimate]
    macro: Estimate  # the mean of by_group: every group counts alike
    gaps: dict[Label, Estimate] = field(default_factory=dict)  # group minus reference, from the same resamples
    reference: Label | None = None
    set_aside: dict[Label, Estimate] = field(default_factory=dict)  # groups under min_n rows
    unlabelled: int = 0  # rows without a label, in overall alone
    few: tuple[Label, ...] = ()  # groups whose rows lie in fewer than 30 clusters: their intervals are too narrow

    @property
    def worst(self) -> Label:
        """The group with the lowest value; of several, the first."""
        return min(self.by_group, key=lambda label: self.by_group[label].value)

    @property
    def best(self) -> Label:
        """The group with the highest value; of several, the first."""
        return max(self.by_group, key=lambda label: self.by_group[label].value)

    @property
    def group_min(self) -> float:
        """The lowest value of a group."""
        return self.by_group[self.worst].value

    @property
    def group_max(self) -> float:
        """The highest value of a group."""
        return self.by_group[self.best].value

    @property
    def difference(self) -> float:
        """group_max - group_min."""
        return self.group_max - self.group_min

    @property
    def ratio(self) -> float | None:
        """group_min / group_max; None where it has no meaning: no group above 0, or one below."""
        return self.group_min / self.group_max if self.group_min >= 0 and self.group_max > 0 else None

    def as_dict(self) -> dict[str, Any]:
        """Write as a report has it; labels become strings."""
        estimates = {name: _written(getattr(self, name)) for name in ("by_group", "gaps", "set_aside")}
        numbers = {name: getattr(self, name) for name in ("group_min", "group_max", "difference", "ratio", "unlabelled")}
        said = {"worst": spelled(self.worst), "best": spelled(self.best), "few": [spelled(label) for label in self.few]}
        reference = None if self.reference is None else spelled(self.reference)
        return {**estimates, "macro": self.macro.as_dict(), **numbers, **said, "reference": reference}


@dataclass(frozen=True, slots=True)
class Sliced:
    """Scores of one set of rows: overall (each row counts alike: micro) and by the groups of every column."""

    overall: dict[str, Estimate]  # score -> estimate
    by: dict[str, dict[str, Slice]]  # column -> score -> slice

    def as_dict(self) -> dict[str, Any]:
        """Write as a report has it: each score as a number, then `overall` and `by` with intervals."""
        numbers = {score: estimate.value for score, estimate in self.overall.items()}
        by = {column: {score: one.as_dict() for score, one in slices.items()} for column, slices in self.by.items()}
        return {**numbers, "overall": _written(self.overall), "by": by}


def sliced(
    values: npt.ArrayLike,
    scores: Mapping[str, Statistic],
    groups: Groups | None = None,
    *,
    clusters: Column | None = None,
    slicing: Slicing = DEFAULT,
) -> Sliced:
    """Score rows as a whole and by group, with intervals.

    Args:
        values: (n, s) float64, s numbers a row, finite.
        scores: name -> function from the means of the s columns (over the rows of a group, or of a resample of them) to the score:
            `lambda means: means[..., 0]` is the mean of the first column.
        groups: label of each row, by column.
        clusters: cluster (picture, question) of each row; by default every row is its own.
        slicing: how to cut.

    Raises:
        MismatchedScoresError: a column has another length than the values.
        NonFiniteError: a value is NaN; the message names the row.
        NoRowsError: there is no row, or no group of a column has `min_n` rows.
        UnknownNameError: the reference is no group of its column.

    >>> of_answers = sliced([[1.0], [0.0], [1.0]], {"accuracy": lambda means: means[..., 0]}, ["IDN", "IDN", "THA"])
    >>> slice = of_answers.by["group"]["accuracy"]
    >>> slice.worst, slice.group_min, slice.difference, slice.macro.value
    ('IDN', 0.5, 0.5, 0.75)
    """
    table = np.asarray(values, dtype=np.float64)
    if len(table) == 0:
        raise NoRowsError("no rows to score: was everything filtered away?")
    columns = group_columns(groups, len(table), intersections=slicing.intersections)
    ids = np.arange(len(table)) if clusters is None else np.asarray(named_things(clusters, "clusters"))
    cutter = _Cutter(table, ids, scores, slicing)
    by = {name: cutter.column(name, labels, _reference(name, columns, slicing)) for name, labels in columns.items()}
    return Sliced(overall=cutter.overall(), by=by)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One score of one group: its value, its samples, what each of its clusters adds, its number of rows.

    Influences are kept for the group's own clusters alone: with hundreds of groups over a million pictures, all would be gigabytes.
    """

    value: float
    samples: Floats  # (resamples,)
    clusters: npt.NDArray[np.intp]  # (k,) numbers of the clusters with rows
    influence: Floats  # (k,)
    n: int

    def __sub__(self, other: "_Drawn") -> "_Drawn":
        both, parts = np.concatenate([self.clusters, other.clusters]), np.concatenate([self.influence, -other.influence])
        return _Drawn(self.value - other.value, self.samples - other.samples, *_summed(both, parts), self.n)

    def estimate(self, level: float) -> Estimate:
        return Resampled(self.value, self.samples, {(len(self.clusters), 0): self.influence}, len(self.clusters)).estimate(self.n, level)


def _mean(drawn: Sequence[_Drawn]) -> _Drawn:
    """The mean over groups; one that a resample missed has its own value there, as in `ClusterBootstrap.resample`."""
    clusters = np.concatenate([one.clusters for one in drawn])
    parts = np.concatenate([one.influence for one in drawn]) / len(drawn)
    samples = np.mean([np.where(np.isnan(one.samples), one.value, one.samples) for one in drawn], axis=0)
    return _Drawn(float(np.mean([one.value for one in drawn])), samples, *_summed(clusters, parts), sum(one.n for one in drawn))


def _summed(clusters: npt.NDArray[np.intp], parts: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    names, place = np.unique(clusters, return_inverse=True)
    return names, np.bincount(place, weights=parts, minlength=len(names)).astype(np.float64)


def _slopes(function: Statistic, means: Floats, parts: Floats) -> Floats:
    """(k,) what each cluster adds to a score, from what it adds to the means, (k, s): by differences, since a score may be any function."""
    with np.errstate(invalid="ignore", divide="ignore"):
        slopes = (function(means + _STEP * parts) - function(means - _STEP * parts)) / (2 * _STEP)
    return np.nan_to_num(slopes, nan=0.0, posinf=0.0, neginf=0.0)


class _Cutter:
    """The values of all rows and one set of resamples, which every group and score is read from, so that they can be compared."""

    def __init__(self, table: Floats, clusters: npt.NDArray[Any], scores: Mapping[str, Statistic], slicing: Slicing) -> None:
        self._table, self._clusters, self._scores, self._slicing = table, clusters, scores, slicing
        self._bootstrap = ClusterBootstrap(clusters, resamples=slicing.resamples, seed=slicing.seed)
        self._places = np.unique(clusters, return_inverse=True)[1]

    def overall(self) -> dict[str, Estimate]:
        (drawn,) = self._draw(np.arange(len(self._table)), np.zeros(len(self._table), dtype=np.intp), 1)
        return {score: one.estimate(self._slicing.level) for score, one in drawn.items()}

    def column(self, name: str, labels: Sequence[Any], reference: Label | None) -> dict[str, Slice]:
        known = sorted({label for label in labels if label is not None})
        places = {label: place for place, label in enumerate(known)}
        rows = np.array([row for row, label in enumerate(labels) if label is not None], dtype=np.intp)
        codes = np.array([places[labels[row]] for row in rows], dtype=np.intp)
        counts = np.bincount(codes, minlength=len(known))
        kept = [label for label, count in zip(known, counts, strict=True) if count >= self._slicing.min_n]
        _check_kept(name, kept, dict(zip(known, counts.tolist(), strict=True)), reference, self._slicing.min_n)
        drawn = dict(zip(known, self._draw(rows, codes, len(known)), strict=True))
        few = tuple(known[code] for code in self._bootstrap.few_clusters(codes, self._clusters[rows]))
        fixed = {"reference": reference, "unlabelled": len(labels) - len(rows), "few": few}
        return {score: self._slice({label: one[score] for label, one in drawn.items()}, kept, fixed) for score in self._scores}

    def _slice(self, drawn: dict[Label, _Drawn], kept: list[Label], fixed: dict[str, Any]) -> Slice:
        level = self._slicing.level
        of_kept = [drawn[label] for label in kept]
        estimates = {label: one.estimate(level) for label, one in drawn.items()}
        against = drawn.get(fixed["reference"])
        gaps = {} if against is None else {label: (drawn[label] - against).estimate(level) for label in kept if label != fixed["reference"]}
        return Slice(
            by_group={label: estimates[label] for label in kept},
            macro=_mean(of_kept).estimate(level),
            gaps=gaps,
            set_aside={label: one for label, one in estimates.items() if label not in kept},
            **fixed,
        )

    def _draw(self, rows: npt.NDArray[np.intp], codes: npt.NDArray[np.intp], n_groups: int) -> list[dict[str, _Drawn]]:
        """Value and samples of every score, a block of groups at a time: the bootstrap's table has clusters x groups cells."""
        step = max(1, _CELLS // (len(self._bootstrap.universe) * (self._table.shape[1] + 1)))
        found: list[dict[str, _Drawn]] = []
        for start in range(0, n_groups, step):
            inside = (codes >= start) & (codes < start + step)
            chosen, group = rows[inside], codes[inside]
            means = self._bootstrap.group_means(self._table[chosen], group, self._clusters[chosen])
            found += [self._scored(chosen[group == code], samples) for code, samples in means.items()]
        return found

    def _scored(self, rows: npt.NDArray[np.intp], samples: Floats) -> dict[str, _Drawn]:
        values, (clusters, place) = self._table[rows], np.unique(self._places[rows], return_inverse=True)
        means = values.mean(axis=0)
        deviations = (values - means) / len(values)
        parts = np.stack([np.bincount(place, weights=column, minlength=len(clusters)) for column in deviations.T], axis=1).astype(
            np.float64
        )
        return {
            score: _Drawn(float(function(means)), function(samples), clusters, _slopes(function, means, parts), len(values))
            for score, function in self._scores.items()
        }


def _reference(column: str, columns: Mapping[str, object], slicing: Slicing) -> Label | None:
    asked = slicing.reference
    if isinstance(asked, Mapping):
        unknown = [name for name in asked if name not in columns]
        if unknown:
            raise UnknownNameError(f"reference= names the column {unknown[0]!r}; the groups are by {', '.join(columns)}.")
        return asked.get(column)
    if asked is not None and len(columns) > 1:
        raise UnknownNameError(f"reference={asked!r} could be of {' or '.join(columns)}: write {{column: label}}.")
    return asked


def _check_kept(name: str, kept: list[Label], counts: dict[Label, int], reference: Label | None, min_n: int) -> None:
    if not counts:
        raise NoRowsError(f"no row has a label in the column of groups {name!r}: leave it out.")
    if not kept:
        largest = max(counts, key=lambda label: counts[label])
        raise NoRowsError(f"no group of {name!r} has min_n={min_n} rows: the largest, {spelled(largest)}, has {counts[largest]}.")
    if reference is not None and reference not in kept:
        why = f"it has {counts[reference]} rows, under min_n={min_n}" if reference in counts else "no row has that label"
        near = did_you_mean(spelled(reference), map(spelled, kept))
        raise UnknownNameError(f"the reference {spelled(reference)!r} is no group of {name!r}: {why}.{near}")


def _written(estimates: Mapping[Any, Estimate]) -> dict[str, Any]:
    return {spelled(label): estimate.as_dict() for label, estimate in estimates.items()}
