"""Answers: predictions and references by row in; accuracy by group, above chance, and whole questions right, out."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from hf_regional.errors import BadRowError, MismatchedScoresError, OutOfRangeError
from hf_regional.metrics.columns import Column, Groups, comparable, group_columns, labels, lined_up, listed
from hf_regional.metrics.grouped import DEFAULT, Sliced, Slicing, Statistic, sliced

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Accuracy as a whole and by group."""

    scores: Sliced  # "accuracy", and "corrected" where a chance was given
    n: int
    unparsed: int  # rows without an answer (None), which count as wrong

    def as_dict(self) -> dict[str, Any]:
        """Write as a report has it."""
        return {**self.scores.as_dict(), "n": self.n, "unparsed": self.unparsed}


@dataclass(frozen=True, slots=True)
class AllCorrect:
    """The share of questions of which every row is right."""

    scores: Sliced  # "all_correct", and "corrected" where a chance was given
    questions: int
    option_accuracy: float  # of the rows by themselves
    unparsed: int  # rows without an answer (None), which count as wrong

    def as_dict(self) -> dict[str, Any]:
        """Write as a report has it."""
        found = {"questions": self.questions, "option_accuracy": self.option_accuracy, "unparsed": self.unparsed}
        return {**self.scores.as_dict(), **found}


def correct(predictions: Column, references: Column) -> Floats:
    """1.0 where the prediction is the reference, else 0.0, (n,) float64; None as prediction is "no answer", and wrong.

    Raises:
        MismatchedScoresError: unlike lengths, or strings on one side and numbers on the other.
        NonFiniteError: NaN; the message names the row.
        BadRowError: a reference is missing, or a label is neither string nor number.

    >>> correct(["A", None, "C"], ["A", "B", "D"]).tolist()
    [1.0, 0.0, 0.0]
    """
    guessed, wanted = lined_up({"predictions": predictions, "references": references})
    comparable(guessed, wanted)
    return np.array([one == other for one, other in zip(guessed, wanted, strict=True)], dtype=np.float64)


def grouped_accuracy(
    predictions: Column,
    references: Column,
    groups: Groups | None = None,
    *,
    clusters: Column | None = None,
    chance: float | Column | None = None,
    slicing: Slicing = DEFAULT,
) -> Accuracy:
    """Accuracy by country, language, income, topic: micro and macro, worst group, differences, with intervals.

    accuracy(g) = mean over the rows i of g of x_i, x_i = 1 where the answer is right; corrected(g) = (accuracy(g) - c(g)) / (1 - c(g))
    with c(g) the mean chance of its rows: 0 for guessing, 1 for all right. Overall is micro (every row alike), macro the mean of groups.

    Args:
        predictions: (n,) strings or numbers; None where no answer was found, which is wrong and counted in `unparsed`.
        references: (n,) the right answers, of the same type.
        groups: label of each row: a list, or a dict of lists by column; None or NaN for a row that has none.
        clusters: (n,) what rows share (the picture, the question): they are resampled together. By default every row is its own.
        chance: probability of guessing right in [0, 1), for all rows or one a row (1 / number of options).
        slicing: fewest rows of a group, the reference group, intersections, level, resamples and seed.

    Raises:
        MismatchedScoresError: unlike lengths, or strings on one side and numbers on the other.
        NonFiniteError: NaN; the message names the row.
        BadRowError: a reference is missing, or labels are of mixed types.
        OutOfRangeError: a chance lies outside [0, 1).
        NoRowsError: no row, or no group with `min_n` rows.

    >>> found = grouped_accuracy(["A", "B", "A", "B"], ["A", "B", "A", "A"], ["IDN", "IDN", "THA", "THA"], chance=0.5)
    >>> by_country = found.scores.by["group"]["accuracy"]
    >>> by_country.worst, by_country.difference, found.scores.overall["corrected"].value
    ('THA', 0.5, 0.5)
    """
    right = correct(predictions, references)
    values, scores = _with_chance(right, "accuracy", chances(chance, len(right)))
    unparsed = sum(one is None for one in listed(predictions, "predictions"))
    return Accuracy(sliced(values, scores, groups, clusters=clusters, slicing=slicing), len(right), unparsed)


def all_correct(
    predictions: Column,
    references: Column,
    questions: Column,
    groups: Groups | None = None,
    *,
    clusters: Column | None = None,
    chance: float | Column | None = None,
    options: int | None = None,
    slicing: Slicing = DEFAULT,
) -> AllCorrect:
    """The share of questions of which every row is right, as CulturalBench-Hard counts (arXiv 2410.02677): four true-or-false rows each.

    all_correct = 1/|Q| · Σ_q Π_{i in q} x_i, x_i = 1 where row i is right. Guessing has Π c_i: 1/16 with four rows of chance 1/2.

    Args:
        predictions: (n,) strings, numbers or booleans; None where no answer was found, which is wrong.
        references: (n,) the right answers, of the same type.
        questions: (n,) question of each row; rows of one question need not stand together.
        groups: label of each row, the same in all rows of a question.
        clusters: (n,) what questions share; the same in all rows of a question. By default every question is its own.
        chance: probability in [0, 1) of guessing one row right, for all or one a row.
        options: number of rows that every question must have (4 in CulturalBench); not checked where left out.
        slicing: as in `grouped_accuracy`, with questions for rows.

    Raises:
        BadRowError: a question has another number of rows than `options`, or rows in two groups; the message names it.
        MismatchedScoresError, NonFiniteError, OutOfRangeError, NoRowsError: as in `grouped_accuracy`.

    >>> found = all_correct([True, False, True, True], [True, False, True, False], ["q1", "q1", "q2", "q2"])
    >>> found.scores.overall["all_correct"].value, found.option_accuracy
    (0.5, 0.75)
    """
    right, (_, asked) = correct(predictions, references), lined_up({"predictions": predictions, "questions": questions})
    labels(asked, "questions")
    places: dict[Any, list[int]] = {}
    for row, question in enumerate(asked):
        places.setdefault(question, []).append(row)
    _check_options(places, options)
    guesses = chances(chance, len(right))
    whole = np.array([right[rows].all() for rows in places.values()], dtype=np.float64)
    guessed = None if guesses is None else np.array([guesses[rows].prod() for rows in places.values()])
    by = {name: _of_questions(name, column, places) for name, column in group_columns(groups, len(right)).items()}
    shared = None if clusters is None else _of_questions("clusters", _as_long(clusters, len(right)), places)
    values, scores = _with_chance(whole, "all_correct", guessed)
    unparsed = sum(one is None for one in listed(predictions, "predictions"))
    return AllCorrect(
        sliced(values, scores, by, clusters=shared, slicing=slicing), len(places), option_accuracy=float(right.mean()), unparsed=unparsed
    )


def chances(chance: float | Column | None, n: int) -> Floats | None:
    """Bring a chance, one for all rows or one a row, to (n,) float64 in [0, 1).

    Raises:
        OutOfRangeError: a chance lies outside [0, 1); the message names the row.
        MismatchedScoresError: another number of chances than rows.

    >>> chances(0.25, 2).tolist()
    [0.25, 0.25]
    """
    if chance is None:
        return None
    each: list[Any] = [chance] * n if isinstance(chance, Real) else _as_long(chance, n, "chance")
    for row, one in enumerate(each):
        if not isinstance(one, Real) or not 0 <= float(one) < 1:  # NaN fails here too
            raise OutOfRangeError(f"chance: row {row} has {one!r}, which is not in [0, 1). One in four options is 0.25.")
    return np.array(each, dtype=np.float64)


def _with_chance(values: Floats, name: str, guesses: Floats | None) -> tuple[Floats, dict[str, Statistic]]:
    if guesses is None:
        return values[:, None], {name: lambda means: means[..., 0]}
    corrected: Statistic = lambda means: (means[..., 0] - means[..., 1]) / (1 - means[..., 1])  # noqa: E731 - beside its sibling
    return np.stack([values, guesses], axis=1), {name: lambda means: means[..., 0], "corrected": corrected}


def _as_long(column: Any, n: int, what: str = "clusters") -> list[Any]:
    values = listed(column, what)
    if len(values) != n:
        raise MismatchedScoresError(f"{what} has {len(values)} rows, predictions have {n}: give one for every row.")
    return values


def _check_options(places: dict[Any, list[int]], options: int | None) -> None:
    wrong = {question: len(rows) for question, rows in places.items() if options is not None and len(rows) != options}
    if wrong:
        question, found = next(iter(wrong.items()))
        raise BadRowError(
            f"question {question!r} has {found} rows, not options={options} ({len(wrong)} of {len(places)} questions differ): "
            "is one missing or there twice?"
        )


def _of_questions(name: str, column: Sequence[Any], places: dict[Any, list[int]]) -> list[Any]:
    for question, rows in places.items():
        other = next((row for row in rows if column[row] != column[rows[0]]), None)
        if other is not None:
            raise BadRowError(
                f"question {question!r} is in {name} {column[rows[0]]!r} (row {rows[0]}) and {column[other]!r} (row {other}): "
                "a question belongs to one."
            )
    return [column[rows[0]] for rows in places.values()]
