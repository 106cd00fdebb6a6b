"""People's ratings: rating, item and rater of each row in; mean, median, share at or above a threshold, and agreement, by group, out."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from hf_regional.errors import BadRowError, NonFiniteError, NoRowsError, OutOfRangeError, UnknownNameError
from hf_regional.metrics.columns import Column, Groups, group_columns, labels, lined_up, named_things, spelled
from hf_regional.metrics.grouped import DEFAULT, Sliced, Slicing, Statistic, sliced
from hf_regional.nearest import did_you_mean

Floats = npt.NDArray[np.float64]
Level = Literal["nominal", "ordinal", "interval"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)


@dataclass(frozen=True, slots=True)
class Spread:
    """Of one group's ratings: the median, the number of them, of items and of raters, and α at each level (None: undefined)."""

    median: float
    n: int
    items: int
    raters: int
    alpha: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Likert:
    """Ratings as a whole and by group."""

    scores: Sliced  # "mean", and "share" where a threshold was given
    overall: Spread
    by: dict[str, dict[Any, Spread]]  # column -> label -> spread, all groups
    missing: int  # rows without a rating
    missing_by: dict[str, dict[Any, int]]  # column -> label -> the same, where there are any

    def as_dict(self) -> dict[str, Any]:
        """Write as a report has it."""
        found = self.scores.as_dict()
        for column, spreads in self.by.items():
            found["by"][column]["spread"] = {spelled(label): _written(spread) for label, spread in spreads.items()}
        for column, counts in self.missing_by.items():
            found["by"][column]["missing"] = {spelled(label): count for label, count in counts.items()}
        return {**found, **_written(self.overall), "missing": self.missing}


def krippendorff_alpha(ratings: Column, items: Column, raters: Column, *, level: Level = "ordinal") -> float | None:
    """Agreement of raters beyond chance, α = 1 - D_o/D_e (Krippendorff, Content Analysis, ch. 12); 1 perfect, 0 chance, below 0 worse.

    D_o = 1/n · Σ_ck o_ck·δ²_ck, o_ck = Σ_items (pairs of ratings c, k) / (ratings of the item - 1); D_e = 1/(n(n-1)) · Σ_ck n_c·n_k·δ²_ck.
    δ² is 1 for c ≠ k (nominal), (c - k)² (interval), or (Σ_{g=c..k} n_g - (n_c + n_k)/2)² (ordinal). Items with fewer than two ratings
    have no pairs and take no part.

    Args:
        ratings: (n,) numbers (strings too if nominal), one a row; None or NaN is missing.
        items: (n,) what was rated.
        raters: (n,) who rated it; nobody rates an item twice.
        level: how ratings differ: "nominal", "ordinal" or "interval".

    Returns:
        α, or None where it is undefined: no item has two ratings, or all that have are the same.

    Raises:
        MismatchedScoresError: unlike lengths.
        BadRowError: a rater rated an item twice, or a rating is no number; the message names the row.
        UnknownNameError: no such level.

    >>> krippendorff_alpha([1, 1, 2, 2, 3, 3], ["a", "a", "b", "b", "c", "c"], ["ann", "bo"] * 3)
    1.0
    """
    if level not in LEVELS:
        raise UnknownNameError(f"no level {level!r}.{did_you_mean(level, LEVELS)} Known: {', '.join(LEVELS)}.")
    rated, of_item, by_rater = lined_up({"ratings": ratings, "items": items, "raters": raters})
    there = [row for row, rating in enumerate(rated) if not _missing(rating)]
    labels([rated[row] for row in there], "ratings")
    if level != "nominal" and any(isinstance(rated[row], str) for row in there):
        raise BadRowError(f"ratings are strings, and level={level!r} compares numbers: use level='nominal', or give numbers.")
    of_item, by_rater = named_things(of_item, "items"), named_things(by_rater, "raters")
    _check_once(there, of_item, by_rater)
    return _alpha([rated[row] for row in there], [of_item[row] for row in there], level)


def likert_summary(
    ratings: Column,
    items: Column,
    raters: Column,
    groups: Groups | None = None,
    *,
    threshold: float | None = None,
    scale: tuple[float, float] | None = None,
    clusters: Column | None = None,
    slicing: Slicing = DEFAULT,
) -> Likert:
    """Sum up people's ratings by group (model, language, country): mean with interval, median, share, n, and Krippendorff's α.

    Args:
        ratings: (n,) numbers, one a row; None or NaN is missing, counted and left out.
        items: (n,) what was rated: the picture or answer, so of several models each has items of its own.
        raters: (n,) who rated it.
        groups: label of each row: a list, or a dict of lists by column.
        threshold: `share` is of the ratings at or above it.
        scale: lowest and highest rating that there can be, to be checked.
        clusters: (n,) what rows share; the item by default, since its ratings stand or fall together.
        slicing: fewest rows of a group, the reference group, intersections, level, resamples and seed.

    Raises:
        OutOfRangeError: a rating lies outside the scale; the message names the row.
        NoRowsError: every rating is missing.
        MismatchedScoresError, BadRowError, NonFiniteError: as in `krippendorff_alpha`.

    >>> found = likert_summary([3, 3, 1, 2], ["a", "a", "b", "b"], ["ann", "bo", "ann", "bo"], threshold=3)
    >>> found.scores.overall["mean"].value, found.scores.overall["share"].value, found.overall.median
    (2.25, 0.5, 2.5)
    """
    columns = {"ratings": ratings, "items": items, "raters": raters, **({} if clusters is None else {"clusters": clusters})}
    rated, of_item, by_rater, *shared = lined_up(columns)
    there = [row for row, rating in enumerate(rated) if not _missing(rating)]
    if not there:
        raise NoRowsError(f"all {len(rated)} ratings are missing.")
    _check_ratings(rated, there, scale)
    of_item, by_rater = named_things(of_item, "items"), named_things(by_rater, "raters")
    _check_once(there, of_item, by_rater)
    values = np.array([[rated[row], threshold is not None and rated[row] >= threshold] for row in there], dtype=np.float64)
    scores: dict[str, Statistic] = {"mean": lambda means: means[..., 0]}
    if threshold is not None:
        scores["share"] = lambda means: means[..., 1]
    of_group = group_columns(groups, len(rated))
    by = {name: [column[row] for row in there] for name, column in of_group.items()}
    cluster = [(shared[0] if shared else of_item)[row] for row in there]
    spread = _spreader(values[:, 0], [of_item[row] for row in there], [by_rater[row] for row in there])
    every = group_columns(by, len(there), intersections=slicing.intersections)
    return Likert(
        scores=sliced(values, scores, by, clusters=cluster, slicing=slicing),
        overall=spread(range(len(there))),
        by={name: _by_label(column, spread) for name, column in every.items()},
        missing=len(rated) - len(there),
        missing_by={name: _missing_by_label(column, rated) for name, column in of_group.items()},
    )


def _missing_by_label(column: Sequence[Any], rated: Sequence[Any]) -> dict[Any, int]:
    """Label -> ratings that are missing, so that a group of which all are is not lost."""
    return dict(Counter(label for label, rating in zip(column, rated, strict=True) if label is not None and _missing(rating)))


def _by_label(column: Sequence[Any], spread: Callable[[Sequence[int]], Spread]) -> dict[Any, Spread]:
    rows: dict[Any, list[int]] = {}
    for row, label in enumerate(column):
        if label is not None:
            rows.setdefault(label, []).append(row)
    return {label: spread(rows[label]) for label in sorted(rows)}


def _spreader(values: Floats, items: list[Any], raters: list[Any]) -> Callable[[Sequence[int]], Spread]:
    def spread(rows: Sequence[int]) -> Spread:
        rated, of_item = [float(values[row]) for row in rows], [items[row] for row in rows]
        return Spread(
            median=float(np.median(rated)),
            n=len(rated),
            items=len(set(of_item)),
            raters=len({raters[row] for row in rows}),
            alpha={level: _alpha(rated, of_item, level) for level in LEVELS},
        )

    return spread


def _alpha(ratings: Sequence[Any], items: Sequence[Any], level: Level) -> float | None:
    if not ratings:
        return None
    domain, value = np.unique(np.asarray(ratings), return_inverse=True)
    places = {item: place for place, item in enumerate(dict.fromkeys(items))}
    cell = np.array([places[item] for item in items]) * len(domain) + value
    counts = np.bincount(cell, minlength=len(places) * len(domain)).reshape(len(places), -1).astype(np.float64)
    counts = counts[counts.sum(axis=1) > 1]  # (items, values) where there are pairs
    total = counts.sum(axis=0)
    shared = counts / (counts.sum(axis=1, keepdims=True) - 1)
    observed = shared.T @ counts - np.diag(shared.sum(axis=0))
    apart = _DISTANCES[level](domain, total)
    expected = total @ apart @ total
    return float(1 - (total.sum() - 1) * (observed * apart).sum() / expected) if expected > 0 else None


def _nominal(domain: npt.NDArray[Any], _total: Floats) -> Floats:
    return 1.0 - np.eye(len(domain))


def _interval(domain: npt.NDArray[Any], _total: Floats) -> Floats:
    return np.subtract.outer(domain, domain).astype(np.float64) ** 2


def _ordinal(_domain: npt.NDArray[Any], total: Floats) -> Floats:
    middles = np.cumsum(total) - total / 2  # mean rank of each value
    return np.subtract.outer(middles, middles) ** 2


_DISTANCES: Final[dict[Level, Callable[[npt.NDArray[Any], Floats], Floats]]] = {
    "nominal": _nominal,
    "ordinal": _ordinal,
    "interval": _interval,
}


def _missing(rating: Any) -> bool:
    return rating is None or (isinstance(rating, float) and math.isnan(rating))


def _check_ratings(rated: Sequence[Any], there: Sequence[int], scale: tuple[float, float] | None) -> None:
    low, high = scale or (-math.inf, math.inf)
    for row in there:
        rating = rated[row]
        if not isinstance(rating, Real):
            raise BadRowError(f"ratings: row {row} is {rating!r}, no number; write None where there is none.")
        if not math.isfinite(rating):
            raise NonFiniteError(f"ratings: row {row} is {rating}.", name=str(row))
        if not low <= float(rating) <= high:
            raise OutOfRangeError(f"ratings: row {row} is {rating}, outside the scale from {low} to {high}.")


def _check_once(there: Sequence[int], items: Sequence[Any], raters: Sequence[Any]) -> None:
    seen: dict[tuple[Any, Any], int] = {}
    for row in there:
        before = seen.setdefault((items[row], raters[row]), row)
        if before != row:
            raise BadRowError(
                f"row {row}: rater {raters[row]!r} rated item {items[row]!r} before, in row {before}. "
                "Where two models answer one question, the model is part of the item's name."
            )


def _written(spread: Spread) -> dict[str, Any]:
    return {key: getattr(spread, key) for key in Spread.__slots__}
