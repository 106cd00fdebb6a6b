"""Metrics of rows for `evaluate`: columns of any type in, by `compute`, `add` or `add_batch`; what a function of ours says of them out.

`evaluate` keeps rows as Arrow, whose columns have one type and no gaps; answers are strings in one task and numbers in the next, and groups
have the columns that a user has. So a row's entries are kept as JSON texts, exactly, and the function checks them. Errors name the row.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar, Final

import datasets

from hf_regional.errors import BadRowError, MissingColumnError, NonFiniteError, NoRowsError
from hf_regional.metrics import describing
from hf_regional.metrics.columns import lined_up, listed
from hf_regional.metrics.grouped import Slicing

_SLICING: Final = frozenset(field.name for field in fields(Slicing))
_GAPS: Final = frozenset({"groups", "clusters", "ratings"})  # columns where NaN, which pandas writes where there is nothing, is None

# What every metric of rows takes and returns besides its own, for its `inputs_description`.
GROUPING: Final = """\
    groups: labels of the rows: a list, or a dict of lists by column ({"country": [...], "language": [...]}); None for a row without.
    clusters: what rows share (the picture, the question): they are resampled together.
    min_n: fewest rows of a group; smaller ones are set aside and listed (default 1).
    reference: the group that others are compared with, a label or {column: label}.
    intersections: whether to add the groups of all columns combined (default False).
    level, resamples, seed: of the intervals (default 0.95, 2000, 0).
"""
RETURNED: Final = """\
    overall: by score: value, low, high, n.
    by: by column and score: by_group, macro, group_min, group_max, worst, best, difference, ratio, gaps, set_aside, unlabelled, few.
"""


def columns(*names: str) -> datasets.Features:
    """Features that hold anything JSON can: labels, lists, dicts, None."""
    return datasets.Features({name: datasets.Json(decode=False) for name in names})


class ByRow(describing.Described):
    """A function of columns as an `evaluate` module; subclasses name the function and which columns may be left out.

    `groups` may be a list of labels, a dict of lists by column, or a list of dicts; in `add` it is a label or a dict.
    """

    function: ClassVar[Callable[..., Any]]  # columns and settings to a record with `as_dict`
    optional: ClassVar[tuple[str, ...]] = ("groups", "clusters")

    def compute(self, *, predictions: Any = None, references: Any = None, **given: Any) -> dict[str, Any] | None:
        """Compute from the columns given, or from the rows added before when none are."""
        rows = {**given, "predictions": predictions, "references": references}
        columns = {name: rows.get(name) for name in self._feature_names()}
        if all(column is None for column in columns.values()) and not len(self) and self.num_process == 1:
            raise NoRowsError(f"{self.name} has no rows: give {' and '.join(self._needed())}, or add rows first.")
        settings = {name: value for name, value in given.items() if name not in columns}
        return super().compute(**{"predictions": None, "references": None} | columns, **settings)

    def add_batch(self, *, predictions: Any = None, references: Any = None, **given: Any) -> None:
        """Add rows: one list a column, all of one length."""
        rows = {**given, "predictions": predictions, "references": references}
        self._check_names({name for name, column in rows.items() if column is not None})
        columns = {name: _by_row(name, rows.get(name)) for name in self._feature_names()}
        there = {name: column for name, column in columns.items() if column is not None}
        lists = dict(zip(there, lined_up(there), strict=True))
        n = len(next(iter(lists.values())))
        super().add_batch(**{name: _texts(name, lists[name]) if name in lists else [None] * n for name in columns})

    def add(self, *, prediction: Any = None, reference: Any = None, **given: Any) -> None:
        """Add one row: one entry a column."""
        row = {"predictions": prediction, "references": reference, **given}
        self.add_batch(**{name: [value] for name, value in row.items() if name in self._feature_names() or value is not None})

    def _compute(self, *, predictions: Any = None, references: Any = None, **given: Any) -> dict[str, Any]:
        rows = {**given, "predictions": predictions, "references": references}
        columns = {name: _read(rows[name]) for name in self._feature_names()}
        empty = {name for name in self.optional if all(value is None for value in columns.get(name, ()))}
        columns = {name: _together(column) if name == "groups" else column for name, column in columns.items() if name not in empty}
        slicing = Slicing(**{name: value for name, value in given.items() if name in _SLICING})
        settings = {name: value for name, value in given.items() if name not in self._feature_names() and name not in _SLICING}
        return type(self).function(**columns, **settings, slicing=slicing).as_dict()

    def _needed(self) -> list[str]:
        return [name for name in self._feature_names() if name not in self.optional]

    def _check_names(self, given: set[str]) -> None:
        missing = frozenset(self._needed()) - given
        unknown = given - set(self._feature_names())
        if missing or unknown:
            said = [f"lacks {', '.join(sorted(missing))}"] if missing else []
            said += [f"does not know {', '.join(sorted(unknown))}"] if unknown else []
            raise MissingColumnError(f"{self.name} {' and '.join(said)}; its columns are {', '.join(self._feature_names())}.", missing)


def _by_row(name: str, column: Any) -> Any:
    """Turn a dict of lists by column into a list of dicts; leave anything else."""
    if name != "groups" or not isinstance(column, Mapping):
        return column
    lists = lined_up({str(key): values for key, values in column.items()})
    return [dict(zip(map(str, column), row, strict=True)) for row in zip(*lists, strict=True)]


def _together(rows: Sequence[Any]) -> Any:
    """Turn a list of dicts into a dict of lists by column, None where a row lacks the column; leave a list of labels."""
    named = [isinstance(row, Mapping) for row in rows if row is not None]
    if not any(named):
        return rows
    if not all(named):
        raise BadRowError("groups: some rows have labels and some have dicts of labels: give all in one way.")
    names = list(dict.fromkeys(name for row in rows if row is not None for name in row))
    return {name: [None if row is None else row.get(name) for row in rows] for name in names}


def _texts(name: str, column: Sequence[Any]) -> list[str | None]:
    return [None if value is None else _text(name, row, value) for row, value in enumerate(listed(column, name))]


def _text(name: str, row: int, value: Any) -> str:
    if name in _GAPS:
        value = {key: _gap(one) for key, one in value.items()} if isinstance(value, Mapping) else _gap(value)
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, default=_plain)
    except ValueError as error:
        raise NonFiniteError(f"{name}: row {row} is {value!r}: score it again or leave the row out.", name=str(row)) from error
    except TypeError as error:
        raise BadRowError(f"{name}: row {row} is {value!r} ({type(value).__name__}): give strings, numbers, lists or dicts.") from error


def _gap(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _plain(value: Any) -> Any:
    """What JSON has no word for: arrays, tensors, numpy numbers, sets."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def _read(texts: Sequence[str | None]) -> list[Any]:
    return [None if text is None else json.loads(text) for text in texts]
