"""Published tables: a CSV of similarities by somebody else in; our table of pairs, checked, out. No image is needed.

Two forms are read: one pair of countries a row, and one (topic, country) a row with a list of the others in its second column.
"""

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from pandas.errors import EmptyDataError, ParserError

from hf_regional.errors import (
    BadRowError,
    ConfigError,
    DamagedFileError,
    MissingColumnError,
    MissingFileError,
    NoRowsError,
    OutOfRangeError,
)
from hf_regional.planning.groups import left_out, require_one_name
from hf_regional.planning.record import PAIR, PUBLISHED
from hf_regional.regions import country_code

# Spellings that a table may use; others are named with columns=.
_SPELLINGS: Final = {
    "topic": ("topic", "object", "category"),
    "country_a": ("country_a", "country_1", "country1", "country"),
    "country_b": ("country_b", "country_2", "country2", "other_country", "other"),
    "similarity": ("similarity", "score", "cosine", "similarity_score"),
    "n_a": ("n_a",),
    "n_b": ("n_b",),
}
_NEEDED: Final = ("topic", "country_a", "country_b", "similarity")
_KEPT: Final = ("low", "high", "energy", "frechet")
_AGREE: Final = 1e-4  # how far the two directions of one pair may be apart: rounding, and no more


class Published(NamedTuple):
    """The table of pairs from either side, what was set aside, the rule, and the encoder ("" where the file names none)."""

    table: pd.DataFrame
    left_out: pd.DataFrame
    rule: str
    encoder: str


def read_table(path: Path, columns: Mapping[str, str]) -> Published:
    """Read a CSV file of similarities. What it says of a country and itself is set aside: nobody knows which images were paired.

    Raises:
        As `Similarity.from_csv`.
    """
    raw = _read(path)
    unknown = sorted(set(columns) - set(_SPELLINGS))
    if unknown:
        raise ConfigError(f"columns: {unknown[0]!r} is no column of ours. Known: {', '.join(_SPELLINGS)}.", "columns")
    is_listed = not columns and raw.shape[1] == 2 and str(raw.iloc[0, 1]).lstrip().startswith("[")
    pairs = _from_lists(raw, path) if is_listed else _from_pairs(raw, columns, path)
    require_one_name(sorted({*pairs["country_a"], *pairs["country_b"]}))
    rule, encoder = (_constant(raw, name, path) for name in ("rule", "encoder"))
    itself = pairs["country_a"] == pairs["country_b"]
    if itself.all():
        raise NoRowsError(f"{path} compares no two countries.")
    own = pairs[itself]
    set_aside = left_out(own["topic"].tolist(), own["country_a"].tolist(), None, "compared with itself")
    return Published(_mirrored(pairs[~itself].copy(), path), set_aside, rule or PUBLISHED, encoder)


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise MissingFileError(f"{path} is no file. Give a CSV file of similarities.")
    try:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False)  # "NA" is Namibia's code
    except (ParserError, EmptyDataError, UnicodeDecodeError) as error:
        raise DamagedFileError(f"{path} is no CSV file: {str(error).strip()}") from error
    if raw.empty:
        raise NoRowsError(f"{path} has no rows.")
    return raw


def _constant(raw: pd.DataFrame, name: str, path: Path) -> str:
    found = sorted(set(raw[name])) if name in raw else [""]
    if len(found) > 1:
        raise BadRowError(f"{path}: column {name!r} holds {found[0]!r} and {found[1]!r}. One table is of one {name}: split the file.")
    return found[0]


def _from_pairs(raw: pd.DataFrame, columns: Mapping[str, str], path: Path) -> pd.DataFrame:
    names = {ours: next((name for name in _asked(ours, columns) if name in raw), None) for ours in _SPELLINGS}
    missing = [columns.get(ours, ours) for ours in (*_NEEDED, *columns) if names[ours] is None]
    if missing:
        raise MissingColumnError(
            f"{path} lacks the column {missing[0]!r}; it has {', '.join(map(repr, raw.columns))}. Say what it is called with columns=.",
            frozenset(missing),
        )
    pairs = raw[[name for name in names.values() if name]].set_axis([ours for ours in names if names[ours]], axis=1)
    pairs = pairs.join(raw[[name for name in _KEPT if name in raw]])
    for name in ("topic", "country_a", "country_b"):
        pairs[name] = pairs[name].str.strip()
        _refuse(pairs[name] == "", path, f"has no {name}")
    for name in pairs.columns.difference(["topic", "country_a", "country_b"]):
        pairs[name] = _numbers(pairs[name], name, path)
    return pairs


def _asked(ours: str, columns: Mapping[str, str]) -> tuple[str, ...]:
    return (columns[ours],) if ours in columns else _SPELLINGS[ours]


def _numbers(cells: pd.Series, name: str, path: Path) -> pd.Series:
    numbers = pd.to_numeric(cells.replace("", None), errors="coerce").astype(float)
    is_optional = name in ("n_a", "n_b")
    _refuse(numbers.isna() & ~((cells == "") & is_optional), path, f"has no number in {name!r}")
    if name == "similarity":
        _require_cosines(numbers, path, range(2, 2 + len(numbers)))
    return numbers.astype("Int64") if is_optional else numbers


def _require_cosines(numbers: pd.Series, path: Path, lines: Sequence[int]) -> None:
    outside = np.flatnonzero(~(numbers.abs() <= 1 + _AGREE))
    if len(outside):
        found = numbers.iloc[outside[0]]
        raise OutOfRangeError(f"{path}, line {lines[outside[0]]}: similarity {found:g} is outside [-1, 1]. A percentage? Divide by 100.")


def _refuse(bad: pd.Series, path: Path, what: str) -> None:
    if bad.any():
        raise BadRowError(f"{path}, line {int(np.flatnonzero(bad)[0]) + 2} {what} ({int(bad.sum())} such rows). Repair or remove it.")


def _from_lists(raw: pd.DataFrame, path: Path) -> pd.DataFrame:
    """One row "topic_country", "[(country, similarity), ...]": topics and countries may hold underscores, so known countries tell."""
    lists = [_parsed(cell, path, line) for line, cell in enumerate(raw.iloc[:, 1], start=2)]
    known = {country for entries in lists for country, _ in entries}
    keys = [_split(key, known, path, line) for line, key in enumerate(raw.iloc[:, 0], start=2)]
    rows = [(*key, other, value) for key, entries in zip(keys, lists, strict=True) for other, value in entries]
    if not rows:
        raise NoRowsError(f"{path}: every list is empty.")
    table = pd.DataFrame(rows, columns=list(PAIR[:4])).astype(str)
    return _from_pairs(table, {}, path)


def _parsed(cell: str, path: Path, line: int) -> list[tuple[str, float]]:
    try:
        entries = [(str(country), float(value)) for country, value in ast.literal_eval(cell)]
    except (ValueError, SyntaxError, TypeError) as error:
        raise BadRowError(f"{path}, line {line}: {cell[:60]!r} is no list of (country, similarity).") from error
    _require_cosines(pd.Series([value for _, value in entries], dtype=float), path, [line] * len(entries))
    return entries


def _split(key: str, known: set[str], path: Path, line: int) -> tuple[str, str]:
    places = [place for place, sign in enumerate(key) if sign == "_" and 0 < place < len(key) - 1]
    for is_country in (known.__contains__, country_code):
        for place in places:  # from the left: the longest name, "United_States" before "States"
            if is_country(key[place + 1 :]):
                return key[:place], key[place + 1 :]
    raise BadRowError(f"{path}, line {line}: {key!r} is no topic_country: no country that the lists name stands behind an underscore.")


def _mirrored(pairs: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Each pair from either side; what stands there in both directions must agree."""
    swapped = {"country_a": "country_b", "country_b": "country_a", "n_a": "n_b", "n_b": "n_a"}
    keys = ["topic", "country_a", "country_b"]
    for name in ("n_a", "n_b"):
        pairs[name] = pairs[name] if name in pairs else pd.array([None] * len(pairs), "Int64")
    both = pd.concat([pairs, pairs.rename(columns=swapped)], ignore_index=True)
    spread = both.groupby(keys)["similarity"].agg(["min", "max", "size"])
    apart = spread[spread["max"] - spread["min"] > _AGREE]
    if len(apart):
        topic, a, b = apart.index[0]
        least, most = apart.iloc[0][["min", "max"]]
        found = f"{path}: {topic}, {a} and {b} have the similarities {least:g} and {most:g}"
        raise BadRowError(f"{found} ({len(apart) // 2} such pairs). A pair has one similarity: repair the file.")
    joined = both.groupby(keys, sort=True).first().reset_index()
    joined["similarity"] = ((spread["min"] + spread["max"]) / 2).to_numpy().clip(-1, 1)
    for name in ("n_a", "n_b"):
        joined[name] = joined[name] if joined[name].isna().any() else joined[name].astype(np.int64)
    rest = [name for name in joined.columns if name not in PAIR]
    return joined[[*PAIR, *rest]]
