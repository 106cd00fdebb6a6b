"""A file of rows or columns in (JSON, JSON lines, CSV, TSV, Parquet, npz); its columns by name out.

CSV has no types: a column is numbers where every entry is one, JSON where every entry is a list or an object, else strings; a blank
is None. Columns that name things (groups, items, raters) are left as strings. Nothing else means "missing": NA is Namibia.
"""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hf_regional.errors import DamagedFileError, MissingColumnError, MissingFileError
from hf_regional.nearest import did_you_mean

NAMES: Final = frozenset({"groups", "clusters", "items", "raters", "questions"})  # columns of metrics that name things
_TOGETHER: Final = ("predictions", "references")  # compared, so of one type


def read_columns(path: Path) -> dict[str, Any]:
    """Read a file; entries of CSV are strings, None where blank.

    Args:
        path: .json (an object of columns, or a list of rows), .jsonl, .csv, .tsv, .parquet or .npz.

    Raises:
        MissingFileError: there is no such file.
        DamagedFileError: the file is not what its name says, or the name says nothing; the message names the line where it can.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DamagedFileError(f"{path}: {path.suffix or 'no ending'} says nothing about the form. Known: {', '.join(_READERS)}.")
    if not path.is_file():
        raise MissingFileError(f"{path}: there is no such file.")
    try:
        return reader(path)
    except (ValueError, OSError) as error:  # json, csv, Arrow and numpy all raise one of them
        raise DamagedFileError(f"{path}: cannot be read as {path.suffix[1:]}: {error}") from error


def chosen_columns(
    found: Mapping[str, Any], wanted: Sequence[str], *, names: Mapping[str, str] | None = None, by: Sequence[str] = ()
) -> dict[str, Any]:
    """Choose a metric's columns among those of a file.

    Args:
        found: what `read_columns` has read.
        wanted: columns of the metric; in the file they may be singular ("prediction"); those that the file lacks are left out.
        names: metric's column -> file's column, where they differ.
        by: columns of the file that become groups.

    Returns:
        name -> list; `groups` as a dict of lists by column.

    Raises:
        MissingColumnError: a column that was named is not in the file, or none of the metric's is.

    >>> chosen_columns({"prediction": ["1", ""], "gold": ["1", "2"]}, ["predictions", "references"], names={"references": "gold"})
    {'predictions': [1, None], 'references': [1, 2]}
    """
    asked = {
        name: (names or {}).get(name) or next((one for one in (name, name.removesuffix("s")) if one in found), None) for name in wanted
    }
    asked |= names or {}
    for column in (*(names or {}).values(), *by):
        if column not in found:
            raise MissingColumnError(
                f"no column {column!r}.{did_you_mean(column, found)} There are: {', '.join(found)}.", missing=frozenset({column})
            )
    chosen = {name: found[column] for name, column in asked.items() if column is not None}
    if not chosen:
        known = f"{', '.join(found)}; the metric takes {', '.join(wanted)}"
        raise MissingColumnError(f"the file has the columns {known}. Say which is which with --columns {wanted[0]}=COLUMN.")
    texts = [entry for name in _TOGETHER for entry in chosen.get(name, ()) if isinstance(entry, str)]
    typed = {name: column if name in NAMES else _typed(column, texts if name in _TOGETHER else column) for name, column in chosen.items()}
    return {**typed, **({"groups": {column: _gaps(found[column]) for column in by}} if by else {})}


def _gaps(column: Any) -> Any:
    return [None if entry == "" else entry for entry in column] if isinstance(column, list) else column


def _typed(column: Any, texts: Any) -> Any:
    """Read the strings of a column as what all of `texts` can be read as."""
    if not isinstance(column, list) or not any(isinstance(entry, str) for entry in column):
        return column
    present = [text for text in texts if isinstance(text, str) and text != ""]
    read = next((one for one in (int, float, _nested) if _fits(one, present)), str)
    return [None if entry == "" else read(entry) if isinstance(entry, str) else entry for entry in column]


def _fits(read: Callable[[str], Any], texts: list[str]) -> bool:
    try:
        return all(read(text) is not None for text in texts)
    except ValueError:
        return False


def _nested(text: str) -> Any:
    found = json.loads(text)
    if not isinstance(found, list | dict):
        raise ValueError(text)
    return found


def _json(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(found, dict):
        return found
    if isinstance(found, list) and all(isinstance(row, dict) for row in found):
        return _by_column(found)
    raise DamagedFileError(f"{path}: neither an object of columns nor a list of rows (objects).")


def _json_lines(path: Path) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        row = json.loads(line) if line.strip() else {}
        if not isinstance(row, dict):
            raise DamagedFileError(f"{path}: line {number} is no object.")
        rows += [row] if row else []
    return _by_column(rows)


def _by_column(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: [row.get(name) for row in rows] for name in names}


def _separated(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
        try:
            header = next(reader, [])
            rows = [(reader.line_num, row) for row in reader if row]
        except csv.Error as error:
            raise DamagedFileError(f"{path}: line {reader.line_num}: {error}") from error
    for number, row in rows:
        if len(row) != len(header):
            raise DamagedFileError(f"{path}: line {number} has {len(row)} entries, the header {len(header)}.")
    return {name: [row[place] for _, row in rows] for place, name in enumerate(header)}


def _parquet(path: Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    return pq.read_table(path).to_pydict()


def _npz(path: Path) -> dict[str, Any]:
    import numpy as np

    with np.load(path, allow_pickle=False) as found:
        return {name: found[name] for name in found.files}


_READERS: Final[dict[str, Callable[[Path], dict[str, Any]]]] = {
    ".json": _json,
    ".jsonl": _json_lines,
    ".csv": _separated,
    ".tsv": _separated,
    ".parquet": _parquet,
    ".npz": _npz,
}
