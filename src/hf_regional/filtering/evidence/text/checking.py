"""Checking: tables of a user's own in; their rows out, or an error that names the table, the line and what is wrong there."""

from collections.abc import Collection, Mapping
from typing import Final

from hf_regional.errors import BadRowError, MissingColumnError, UnknownNameError
from hf_regional.filtering.evidence.text.tables import read_rows
from hf_regional.filtering.hits import country_places
from hf_regional.regions.folding import nearest

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "classes.tsv": ("class", "place", "demonym", "dish"),
    "elsewhere.tsv": ("texts", "country", "category", "weight"),
    "goods.tsv": ("words",),
    "heads.tsv": ("class", "side", "words"),
    "homographs.tsv": ("words", "prior", "given_name", "against"),
    "phrases.tsv": ("phrases", "country", "weight"),
    "places.tsv": ("role", "side", "words"),
}
_SHARES: Final = ("place", "demonym", "dish", "prior", "weight")
_OPTIONAL: Final = frozenset({"country", "weight"})
ROLES: Final = ("in", "at", "of", "skip", "plain", "join")
_PLACES: Final = ("country", "former", "state", "province", "capital", "city", "landmark")
_CATEGORIES: Final = (*_PLACES, "demonym", "language-name", "dish", "culture")


def check(tables: Mapping[str, str], classes: Collection[str]) -> dict[str, tuple[dict[str, str], ...]]:
    """Read tables, name -> tab-separated text; `classes` are the known ones of head nouns.

    Raises:
        UnknownNameError: there is no table of that name.
        MissingColumnError: a table lacks a column.
        BadRowError: a share outside [0, 1], an unknown country, side, role, class or category.
    """
    read = {name: _rows(name, text) for name, text in tables.items()}
    own = {row["class"] for row in read.get("classes.tsv", ())}
    allowed = {
        "side": ("before", "after"),
        "role": ROLES,
        "class": (*classes, *own, "skip", "plain"),
        "category": _CATEGORIES,
        "country": tuple(country_places()),
    }
    for name, rows in read.items():
        for line, row in enumerate(rows, 2):
            for column in COLUMNS[name]:
                _check_cell(f"{name}, line {line}", column, row[column], allowed.get(column))
    return read


def _rows(name: str, text: str) -> tuple[dict[str, str], ...]:
    if name not in COLUMNS:
        raise UnknownNameError(f"no table {name!r}.{nearest(name, COLUMNS)} Known: {', '.join(COLUMNS)}.")
    rows = read_rows(text)
    missing = frozenset(COLUMNS[name]) - frozenset(rows[0] if rows else COLUMNS[name])
    if missing:
        raise MissingColumnError(f"{name}: no column {', '.join(sorted(missing))}; expected are {', '.join(COLUMNS[name])}.", missing)
    return rows


def _check_cell(where: str, column: str, cell: str, allowed: Collection[str] | None) -> None:
    if not cell and column in _OPTIONAL:
        return
    if column in _SHARES and not _is_share(cell):
        raise BadRowError(f"{where}: {column} is {cell!r}; a number from 0 to 1 is expected.")
    if allowed is not None and cell not in allowed:
        raise BadRowError(f"{where}: {column} is {cell!r}, which is not known.{nearest(cell, allowed)}")


def _is_share(cell: str) -> bool:
    try:
        return 0 <= float(cell) <= 1
    except ValueError:
        return False
