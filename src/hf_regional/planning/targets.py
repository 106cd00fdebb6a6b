"""Targets: rows that say how many images, or what accuracy, a country or topic is to have, in; conditions on a plan out.

Columns: topic, country (empty: all of them, together), at_least and at_most (images, those there counted), accuracy (their mean).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from hf_regional.errors import BadRowError, ConfigError, MissingColumnError, OutOfRangeError
from hf_regional.nearest import did_you_mean
from hf_regional.planning.problem import Floats, Ints, Problem
from hf_regional.planning.tables import read_csv
from hf_regional.regions import country_code

_COLUMNS: Final = ("topic", "country", "at_least", "at_most", "accuracy")


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """One condition on some pairs.

    Attributes:
        name: how the caller would call it.
        pairs: (k,) numbers of the pairs.
        at_least, at_most: images to annotate of them together, those that are there taken off.
        accuracy: mean expected accuracy of them; 0 asks nothing.
    """

    name: str
    pairs: Ints
    at_least: float = 0.0
    at_most: float = np.inf
    accuracy: float = 0.0

    def annotated_too_many(self, annotated: Floats) -> bool:
        """Whether more images are ordered than it lets."""
        return bool(annotated[self.pairs].sum() > self.at_most + 1e-6)

    def holds(self, problem: Problem, annotated: Floats) -> bool:
        """Whether a plan meets it."""
        ordered = annotated[self.pairs].sum()
        enough = self.at_least - 1e-6 <= ordered <= self.at_most + 1e-6
        if not (enough and self.accuracy):
            return bool(enough)
        return bool(problem.accuracy(problem.effective(annotated))[self.pairs].mean() >= self.accuracy - 1e-9)


def read_targets(source: pd.DataFrame | str | Path | None, problem: Problem) -> list[Target]:
    """Read targets from a table or a CSV file, in their order, which is their rank where not all can be afforded.

    Raises:
        MissingColumnError, BadRowError, OutOfRangeError: a column or a row says nothing that can be done; the message names it.
    """
    if source is None:
        return []
    table = source if isinstance(source, pd.DataFrame) else read_csv(Path(source), "targets")
    unknown = [str(name) for name in table.columns if name not in _COLUMNS]
    if unknown or not {"at_least", "at_most", "accuracy"} & set(table.columns):
        what = f"column {unknown[0]!r}" if unknown else "no column at_least, at_most or accuracy"
        raise MissingColumnError(f"targets: {what}. They have the columns {', '.join(_COLUMNS)}.")
    return [target for line, row in enumerate(table.to_dict("records"), start=2) for target in _read(row, line, problem)]


def _read(row: Mapping[Any, Any], line: int, problem: Problem) -> Iterator[Target]:
    topic, country = (_text(row.get(name)) for name in ("topic", "country"))
    name = ", ".join(filter(None, [topic, country])) or "everything"
    pairs = np.flatnonzero(
        _named(problem.topic, topic, line) & _named(_codes(problem), country and (country_code(country) or country), line)
    )
    if not len(pairs) or not problem.weight[pairs].any():
        raise BadRowError(f"targets, line {line}: no pair of {name} counts in this plan. Is it outside the region, or without images?")
    here = problem.own[pairs].sum()
    least, most, accuracy = (_number(row.get(column), column, line) for column in _COLUMNS[2:])
    if accuracy is not None and not 0 < accuracy <= 1:
        raise OutOfRangeError(f"targets, line {line}: accuracy {accuracy:g} must be in (0, 1]. A percentage? Divide by 100.")
    if least is not None:
        yield Target(f"{name}: at least {least:g} images", pairs, at_least=max(0.0, least - here))
    if most is not None:
        yield Target(f"{name}: at most {most:g} images", pairs, at_most=max(0.0, most - here))
    if accuracy is not None:
        yield Target(f"{name}: accuracy {accuracy:g}", pairs, accuracy=accuracy)


def _codes(problem: Problem) -> Any:
    codes = {name: country_code(name) or name for name in problem.names}
    return np.array([codes[name] for name in problem.country], object)


def _named(labels: Any, wanted: str, line: int) -> Any:
    if not wanted:
        return np.ones(len(labels), np.bool_)
    if wanted not in labels:
        raise BadRowError(f"targets, line {line}: nothing is known of {wanted!r}.{did_you_mean(wanted, sorted(set(labels)))}")
    return labels == wanted


def _text(cell: Any) -> str:
    return "" if cell is None or cell is pd.NA or cell != cell else str(cell).strip()


def _number(cell: Any, name: str, line: int) -> float | None:
    text = _text(cell)
    if not text:
        return None
    try:
        number = float(text)
    except ValueError as error:
        raise ConfigError(f"targets, line {line}: {name} is {cell!r}, not a number.", "targets") from error
    if not (np.isfinite(number) and number >= 0):
        raise OutOfRangeError(f"targets, line {line}: {name} is {number:g}; it must be 0 or more.")
    return number
