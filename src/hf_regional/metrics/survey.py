"""Survey answers: two distributions over the options of each question in; how near they are, as a whole and by country, out."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from hf_regional.errors import BadRowError, MismatchedScoresError, NonFiniteError, OutOfRangeError
from hf_regional.metrics.columns import Column, Groups, lined_up
from hf_regional.metrics.grouped import DEFAULT, Sliced, Slicing, sliced

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Alignment:
    """How near a model's answers are to people's."""

    scores: Sliced  # "value_alignment"
    base: float
    n: int

    def as_dict(self) -> dict[str, Any]:
        """Write as a report has it."""
        return {**self.scores.as_dict(), "base": self.base, "n": self.n}


def jensen_shannon_distance(p: npt.ArrayLike, q: npt.ArrayLike, *, base: float = 2.0) -> Floats:
    """√(½·KL(p‖m) + ½·KL(q‖m)), m = (p + q)/2: the Jensen-Shannon distance of distributions, in [0, √(ln 2 / ln base)].

    Args:
        p: (..., k) weights of k options, 0 or more, not all 0; brought to sum 1.
        q: the same, equal shape.
        base: of the logarithm; with 2 the distance is at most 1.

    Raises:
        OutOfRangeError: the base is not above 1.

    >>> float(jensen_shannon_distance([1, 0], [0, 1])), float(jensen_shannon_distance([3, 1], [0.75, 0.25]))
    (1.0, 0.0)
    """
    if not base > 1 or not math.isfinite(base):
        raise OutOfRangeError(f"base must be above 1, got {base}: 2, or math.e for natural logarithms.")
    one, other = (np.asarray(weights, dtype=np.float64) for weights in (p, q))
    one, other = one / one.sum(axis=-1, keepdims=True), other / other.sum(axis=-1, keepdims=True)
    middle = (one + other) / 2
    divergence = (_relative_entropy(one, middle) + _relative_entropy(other, middle)) / 2 / math.log(base)
    return np.sqrt(np.maximum(divergence, 0))  # rounding may leave -1e-17 of equal distributions


def value_alignment(
    predictions: Column,
    references: Column,
    groups: Groups | None = None,
    *,
    base: float = 2.0,
    clusters: Column | None = None,
    slicing: Slicing = DEFAULT,
) -> Alignment:
    """Say how near a model's answers are to a survey's: S = mean over questions of 1 - JS(P_model, P_people) (arXiv 2306.16388).

    JS is the distance, the root of the divergence, as in that paper, which leaves the base open: with 2 (the default) S lies in [0, 1];
    with another base b it is at least 1 - √(ln 2 / ln b), so figures of unlike bases must not be compared.

    Args:
        predictions: (n,) one list of numbers a row: the model's probability (or count) of each option.
        references: (n,) the people's, options in the same order; rows may differ in their number of options.
        groups: label of each row (country): a list, or a dict of lists by column.
        base: of the logarithm, above 1.
        clusters: (n,) what rows share (the question, asked of several countries). By default every row is its own.
        slicing: fewest rows of a group, the reference group, intersections, level, resamples and seed.

    Raises:
        MismatchedScoresError: unlike lengths, or another number of options on one side; the message names the row.
        NonFiniteError: NaN or infinity; the message names the row.
        BadRowError: a row is no list of numbers, has one below 0, or only zeros.
        OutOfRangeError: the base is not above 1.

    >>> found = value_alignment([[0.5, 0.5], [1, 0]], [[1, 1], [0, 1]], ["IDN", "THA"])
    >>> found.scores.overall["value_alignment"].value, found.scores.by["group"]["value_alignment"].worst
    (0.5, 'THA')
    """
    model, people = lined_up({"predictions": predictions, "references": references})
    pairs = [
        (_weights(one, row, "predictions"), _weights(other, row, "references"))
        for row, (one, other) in enumerate(zip(model, people, strict=True))
    ]
    distances = np.empty(len(pairs), dtype=np.float64)
    for rows in _by_options(pairs).values():
        distances[rows] = jensen_shannon_distance([pairs[row][0] for row in rows], [pairs[row][1] for row in rows], base=base)
    scores = {"value_alignment": lambda means: means[..., 0]}
    return Alignment(sliced(1 - distances[:, None], scores, groups, clusters=clusters, slicing=slicing), float(base), len(pairs))


def _relative_entropy(one: Floats, middle: Floats) -> Floats:
    """KL(one‖middle) in nats, 0·ln 0 = 0; the middle is above 0 wherever `one` is."""
    return (one * np.log(np.divide(one, middle, out=np.ones_like(one), where=one > 0))).sum(axis=-1)


def _weights(given: Any, row: int, what: str) -> list[float]:
    values = given.tolist() if hasattr(given, "tolist") else given
    if not isinstance(values, list | tuple) or not values or not all(isinstance(one, Real) for one in values):
        raise BadRowError(f"{what}: row {row} is {given!r}: give a list with one number for each option.")
    if not all(math.isfinite(one) for one in values):
        raise NonFiniteError(f"{what}: row {row} is {values}: leave the row out, or the option on both sides.", name=str(row))
    if min(values) < 0 or max(values) == 0:
        raise BadRowError(f"{what}: row {row} is {values}: shares are 0 or more, and one is above 0. Log-probabilities need exp first.")
    return [float(one) for one in values]


def _by_options(pairs: list[tuple[list[float], list[float]]]) -> dict[int, list[int]]:
    """Rows by their number of options, so that each lot is one matrix."""
    lots: dict[int, list[int]] = {}
    for row, (one, other) in enumerate(pairs):
        if len(one) != len(other):
            raise MismatchedScoresError(
                f"row {row}: predictions have {len(one)} options and references {len(other)}: give both in the same order, 0 for none."
            )
        lots.setdefault(len(one), []).append(row)
    return lots
