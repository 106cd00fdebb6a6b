"""Columns of rows as people give them (lists, arrays, dicts) in; lists of one length and one kind out, or an error that names the row."""

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hf_regional.errors import BadRowError, MismatchedScoresError, NonFiniteError, NoRowsError

Column = Sequence[Any] | npt.NDArray[Any]
Groups = Mapping[str, Column] | Column
Label = str | float | tuple[Any, ...]
UNNAMED: Final = "group"  # the name of a column of groups that came without one


def listed(column: Any, what: str) -> list[Any]:
    """Bring an array, a tensor, a pandas series or a sequence to a list of Python values.

    Raises:
        BadRowError: it is a string, a number or a dict, which are no columns.

    >>> listed(np.array([1, 2]), "predictions")
    [1, 2]
    """
    if isinstance(column, str | bytes | Real | Mapping) or column is None:
        raise BadRowError(f"{what} is {column!r}: give a list with one entry for every row.")
    return column.tolist() if hasattr(column, "tolist") else list(column)


def lined_up(columns: Mapping[str, Any]) -> list[list[Any]]:
    """Bring columns that belong together to lists of one length.

    Args:
        columns: name -> column; the names are for the message.

    Raises:
        MismatchedScoresError: their lengths differ; the message has all of them.
        NoRowsError: there is no row.

    >>> lined_up({"predictions": ["a"], "references": ["b"]})
    [['a'], ['b']]
    """
    lists = {name: listed(column, name) for name, column in columns.items()}
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise MismatchedScoresError(f"the columns differ in their number of rows ({said}): give one entry of each for every row.")
    if not all(lengths.values()):
        raise NoRowsError(f"{' and '.join(lengths)} are empty: was everything filtered away?")
    return list(lists.values())


def labels(values: Sequence[Any], what: str, *, missing: bool = False) -> str | None:
    """Check that labels can be compared: all strings or all numbers (booleans among them).

    Args:
        values: one label a row.
        what: the column's name, for the message.
        missing: whether None is welcome, as "no answer" or "no group".

    Returns:
        "strings" or "numbers"; None where every row is missing.

    Raises:
        NonFiniteError: a label is NaN or infinite; the message names the row.
        BadRowError: a label is missing that must not be, is neither string nor number, or is of the other kind than those before it.

    >>> labels(["yes", None], "predictions", missing=True)
    'strings'
    """
    kind: str | None = None
    for row, value in enumerate(values):
        if value is None and missing:
            continue
        found = _kind(value, row, what)
        if kind not in (None, found):
            raise BadRowError(f"{what}: row {row} is {value!r}, and the rows before it are {kind}. Give all in one type.")
        kind = found
    return kind


def named_things(column: Any, what: str) -> list[str]:
    """Bring the names of things (clusters, items, raters), strings or numbers, to strings; none is missing.

    Raises:
        BadRowError, NonFiniteError: as in `labels`; a missing name would make one thing of all that lack one.

    >>> named_things([1, 2, 1], "clusters")
    ['1', '2', '1']
    """
    values = listed(column, what)
    labels(values, what)
    return [str(value) for value in values]


def comparable(predictions: Sequence[Any], references: Sequence[Any]) -> None:
    """Check predictions (None where no answer was found) against references (none missing): one kind of label on both sides.

    Raises:
        MismatchedScoresError: strings on one side and numbers on the other, which never are equal.
        NonFiniteError, BadRowError: as in `labels`.
    """
    guessed, wanted = labels(predictions, "predictions", missing=True), labels(references, "references")
    if guessed is not None and guessed != wanted:
        one = next(value for value in predictions if value is not None)
        raise MismatchedScoresError(
            f"predictions are {guessed} ({one!r}) and references {wanted} ({references[0]!r}): they would never be equal. Give one type."
        )


def group_columns(groups: Groups | None, n: int, *, intersections: bool = False) -> dict[str, list[Any]]:
    """Bring groups to name -> list with one label a row, None where a row has none (None or NaN, as pandas writes it).

    Args:
        groups: a dict of columns, or one column, which is then called "group"; None for no groups.
        n: number of rows.
        intersections: whether to add one column of all combined, its labels tuples; a row without one of them has none.

    Raises:
        MismatchedScoresError: a column has another length; the message names it.
        BadRowError: labels of a column are of two kinds.

    >>> group_columns({"country": ["IDN", None], "language": ["id", "th"]}, 2, intersections=True)["country & language"]
    [('IDN', 'id'), None]
    """
    if groups is None:
        return {}
    named = groups if isinstance(groups, Mapping) else {UNNAMED: groups}
    columns = {str(name): [None if _is_nan(value) else value for value in listed(column, str(name))] for name, column in named.items()}
    for name, values in columns.items():
        if len(values) != n:
            raise MismatchedScoresError(f"the column of groups {name!r} has {len(values)} rows, the scores have {n}: give one label a row.")
        labels(values, name, missing=True)
    if intersections and len(columns) > 1:
        crossed = [None if None in row else row for row in zip(*columns.values(), strict=True)]
        columns[" & ".join(columns)] = crossed
    return columns


def spelled(label: Label) -> str:
    """Write a label as the key of a JSON object.

    >>> spelled(("IDN", "id")), spelled(3)
    ('IDN & id', '3')
    """
    return " & ".join(map(str, label)) if isinstance(label, tuple) else str(label)


def _kind(value: Any, row: int, what: str) -> str:
    if isinstance(value, str):
        return "strings"
    if isinstance(value, Real | np.bool_):
        if not math.isfinite(value):
            raise NonFiniteError(f"{what}: row {row} is {value}. Score it again or leave the row out.", name=str(row))
        return "numbers"
    raise BadRowError(f"{what}: row {row} is {value!r} ({type(value).__name__}), and a label is a string or a number.")


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
