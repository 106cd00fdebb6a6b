"""Probes of what a model knows of places: candidate scores or verdicts by row in; answers found, accuracy and macro-F1, by group, out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hf_regional.errors import BadRowError, NonFiniteError, NoRowsError
from hf_regional.metrics.columns import Column, Groups, comparable, group_columns, lined_up
from hf_regional.metrics.grouped import DEFAULT, Sliced, Slicing, Statistic, sliced
from hf_regional.nearest import did_you_mean

Floats = npt.NDArray[np.float64]
ACCEPTABILITY: Final = ("yes", "no", "neutral")  # of NormAd: acceptable, unacceptable, neither


@dataclass(frozen=True, slots=True)
class Commonsense:
    """What a multi-answer probe has found."""

    scores: Sliced  # "found": share of the right answers on top; "strict": all of them; "corrected": found above chance
    chance: float  # expectation of "found" under a random order
    n: int  # rows scored
    skipped: tuple[int, ...]  # rows whose candidates are all right: they cannot be wrong, and are not scored

    def as_dict(self) -> dict[str, Any]:
        """Write as a report has it."""
        return {**self.scores.as_dict(), "chance": self.chance, "n": self.n, "skipped": list(self.skipped)}


@dataclass(frozen=True, slots=True)
class OfClass:
    """Precision, recall and F1 of one verdict, each in [0, 1] and 0 where nothing was predicted or asked; support: rows that ask for it."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class SocialNorms:
    """Three-way acceptability."""

    scores: Sliced  # "accuracy" and "macro_f1"
    by_class: dict[Any, OfClass]
    n: int
    unparsed: int  # rows without a verdict (None), which count as wrong

    def as_dict(self) -> dict[str, Any]:
        """Write as a report has it."""
        each = {str(name): {key: getattr(one, key) for key in OfClass.__slots__} for name, one in self.by_class.items()}
        return {**self.scores.as_dict(), "by_class": each, "n": self.n, "unparsed": self.unparsed}


def regional_commonsense(
    predictions: Column,
    references: Column,
    groups: Groups | None = None,
    *,
    clusters: Column | None = None,
    slicing: Slicing = DEFAULT,
) -> Commonsense:
    """Score a probe with several right answers, as GeoMLAMA does (arXiv 2205.12247): of k right answers, how many are among the top k?

    found(i) = |top_k(i) ∩ gold(i)| / k, k = |gold(i)|; strict(i) = 1 where found(i) = 1; a random order of m candidates finds k/m.
    Ties count against: a wrong candidate stands before a right one of the same score. Rows with k = m are skipped and listed.

    Args:
        predictions: (n,) the scores of each row's candidates, higher is likelier: a list, or a dict by candidate.
        references: (n,) the right ones of each row: their places in the list, or their names in the dict.
        groups: label of each row (country, language): a list, or a dict of lists by column.
        clusters: (n,) what rows share (the concept). By default every row is its own.
        slicing: fewest rows of a group, the reference group, intersections, level, resamples and seed.

    Raises:
        BadRowError: a row has no right answer, names one that is no candidate, or names one twice.
        NonFiniteError: a candidate's score is NaN; the message names the row.
        NoRowsError: every row would be skipped.
        MismatchedScoresError: unlike lengths.

    >>> found = regional_commonsense([{"rice": 0.6, "bread": 0.3, "maize": 0.1}, [0.2, 0.8]], [["rice", "maize"], [1]])
    >>> found.scores.overall["found"].value, found.scores.overall["strict"].value, round(found.chance, 3)
    (0.75, 0.5, 0.583)
    """
    scored, gold = lined_up({"predictions": predictions, "references": references})
    probes = [_probe(row, candidates, wanted) for row, (candidates, wanted) in enumerate(zip(scored, gold, strict=True))]
    kept = [row for row, (_, k, m) in enumerate(probes) if k < m]
    if not kept:
        raise NoRowsError("in every row all candidates are right answers: there is nothing to find out.")
    values = np.array([(hits / k, hits == k, k / m) for hits, k, m in (probes[row] for row in kept)], dtype=np.float64)
    by = {name: [column[row] for row in kept] for name, column in group_columns(groups, len(scored)).items()}
    shared = None if clusters is None else lined_up({"predictions": scored, "clusters": clusters})[1]
    scores: dict[str, Statistic] = {
        "found": lambda means: means[..., 0],
        "strict": lambda means: means[..., 1],
        "corrected": lambda means: (means[..., 0] - means[..., 2]) / (1 - means[..., 2]),
    }
    return Commonsense(
        sliced(values, scores, by, clusters=None if shared is None else [shared[row] for row in kept], slicing=slicing),
        chance=float(values[:, 2].mean()),
        n=len(kept),
        skipped=tuple(row for row, (_, k, m) in enumerate(probes) if k == m),
    )


def social_norms(
    predictions: Column,
    references: Column,
    groups: Groups | None = None,
    *,
    classes: Sequence[str | float] = ACCEPTABILITY,
    clusters: Column | None = None,
    slicing: Slicing = DEFAULT,
) -> SocialNorms:
    """Score verdicts on what is acceptable somewhere, as NormAd asks (arXiv 2404.12464): accuracy and macro-F1 over yes, no and neutral.

    F1(c) = 2·TP(c) / (predicted(c) + asked(c)); macro-F1 is the mean over the classes that were predicted or asked for in the slice.
    (NormAd's code prints the micro average, which is the accuracy: a model that never says "neutral" loses little by it.)

    Args:
        predictions: (n,) verdicts; None where none could be read, which is wrong and counted in `unparsed`.
        references: (n,) the right verdicts.
        groups: label of each row (country, bin of the Inglehart-Welzel map): a list, or a dict of lists by column.
        classes: the verdicts that there are.
        clusters: (n,) what rows share (the story). By default every row is its own.
        slicing: fewest rows of a group, the reference group, intersections, level, resamples and seed.

    Raises:
        BadRowError: a verdict is none of the classes; the message names the row.
        MismatchedScoresError, NonFiniteError, NoRowsError: as in `grouped_accuracy`.

    >>> found = social_norms(["yes", "no", "yes", None], ["yes", "no", "neutral", "no"])
    >>> found.scores.overall["accuracy"].value, round(found.scores.overall["macro_f1"].value, 4), found.unparsed
    (0.5, 0.4444, 1)
    """
    guessed, wanted = lined_up({"predictions": predictions, "references": references})
    comparable(guessed, wanted)
    _check_classes(guessed, "predictions", classes, "write None where no verdict could be read")
    _check_classes(wanted, "references", classes, "name all with classes=")
    said, asked = (np.array([[one == name for name in classes] for one in column], dtype=np.float64) for column in (guessed, wanted))
    values = np.concatenate([said * asked, said, asked], axis=1)  # hits, predicted and asked of each class
    scores: dict[str, Statistic] = {"accuracy": lambda means: _split(means)[0].sum(axis=-1), "macro_f1": macro_f1}
    by_class = {name: _of_class(*values[:, place :: len(classes)].sum(axis=0)) for place, name in enumerate(classes)}
    unparsed = sum(one is None for one in guessed)
    return SocialNorms(sliced(values, scores, groups, clusters=clusters, slicing=slicing), by_class, len(guessed), unparsed)


def macro_f1(means: Floats) -> Floats:
    """Mean F1 of the classes that were predicted or asked for, from (..., 3·c) means (or counts) of hits, predicted and asked by class.

    >>> float(macro_f1(np.array([1, 0, 2, 0, 1, 1])))  # class a: F1 = 2·1/(2+1); class b: 0
    0.3333333333333333
    """
    hits, predicted, asked = _split(means)
    either = predicted + asked
    there = either > 0
    f1 = np.divide(2 * hits, either, out=np.zeros_like(either), where=there)
    counts = there.sum(axis=-1)
    return np.divide(f1.sum(axis=-1), counts, out=np.full(counts.shape, np.nan), where=counts > 0)


def _split(means: Floats) -> list[Floats]:
    return np.split(np.asarray(means, dtype=np.float64), 3, axis=-1)


def _of_class(hits: float, predicted: float, asked: float) -> OfClass:
    shares = [float(2 * hits / (predicted + asked)) if predicted + asked else 0.0] + [
        float(hits / n) if n else 0.0 for n in (predicted, asked)
    ]
    return OfClass(precision=shares[1], recall=shares[2], f1=shares[0], support=int(asked))


def _check_classes(column: Sequence[Any], what: str, classes: Sequence[Any], way_out: str) -> None:
    for row, value in enumerate(column):
        if value not in classes and not (value is None and what == "predictions"):
            near = did_you_mean(str(value), map(str, classes))
            raise BadRowError(f"{what}: row {row} is {value!r}, none of {', '.join(map(repr, classes))}.{near} Otherwise {way_out}.")


def _probe(row: int, candidates: Any, gold: Any) -> tuple[int, int, int]:
    """Hits among the top k, k and the number of candidates of one row."""
    names, scores = _candidates(row, candidates)
    wanted = [gold] if isinstance(gold, str | Real) else list(gold)
    unknown = [one for one in wanted if one not in names]
    if unknown or not wanted or len(set(wanted)) < len(wanted):
        what = f"{unknown[0]!r} is no candidate" if unknown else "there is no right answer" if not wanted else f"{wanted!r} has one twice"
        raise BadRowError(f"references: row {row}: {what}; the candidates are {', '.join(map(repr, names))}.")
    order = sorted(range(len(names)), key=lambda place: (-scores[place], names[place] in wanted))
    return sum(names[place] in wanted for place in order[: len(wanted)]), len(wanted), len(names)


def _candidates(row: int, candidates: Any) -> tuple[list[Any], list[float]]:
    if isinstance(candidates, str | Real) or candidates is None:
        raise BadRowError(f"predictions: row {row} is {candidates!r}: give the scores of its candidates, a list or a dict.")
    scores = list(candidates.values()) if isinstance(candidates, Mapping) else list(candidates)
    bad = [score for score in scores if not isinstance(score, Real) or math.isnan(float(score))]
    if bad:
        raise NonFiniteError(f"predictions: row {row} has the score {bad[0]!r}: score it again or leave the row out.", name=str(row))
    return list(candidates) if isinstance(candidates, Mapping) else list(range(len(scores))), [float(score) for score in scores]
