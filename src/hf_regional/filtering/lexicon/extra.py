"""Extra terms: a mapping or a CSV file of the user's in; checked rows, as the lexicon has them, out."""

import csv
import math
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hf_regional.errors import BadRowError, MissingColumnError, MissingFileError
from hf_regional.regions.countries import countries, country_code
from hf_regional.regions.folding import nearest
from hf_regional.regions.languages import language_code

CATEGORIES: Final = ("country", "demonym", "language-name", "capital", "city", "province", "landmark", "dish", "culture", "former")
_REQUIRED: Final = ("text", "country")
# Where the user says no more than "this word, this country".
_DEFAULTS: Final = {"category": "culture", "language": "", "weight": "1"}

Row = tuple[str, str, str, str, float]  # text, country, category, language, weight


def read_extra(extra: Mapping[str, str] | str | Path | tuple[Row, ...]) -> list[Row]:
    """Read term -> country, or a CSV file with the columns text, country and, where wanted, category, language, weight.

    Rows that were read before pass as they are.

    Raises:
        MissingFileError, MissingColumnError: the file is not there, or has no column text or country.
        BadRowError: a term of less than two characters, an unknown country, category or language, a weight outside (0, 1].
    """
    if isinstance(extra, tuple):
        return [*extra]
    if isinstance(extra, Mapping):
        return [_row({"text": text, "country": country}, f"extra, term {text!r}") for text, country in extra.items()]
    return _from_file(Path(extra))


def _from_file(path: Path) -> list[Row]:
    if not path.is_file():
        raise MissingFileError(f"no file of terms at {path}. Give a CSV file with the columns {' and '.join(_REQUIRED)}.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restval="")
        missing = frozenset(_REQUIRED) - frozenset(reader.fieldnames or ())
        if missing:
            found = ", ".join(reader.fieldnames or ()) or "none"
            raise MissingColumnError(f"{path}: no column {', '.join(sorted(missing))}; its columns are {found}.", missing)
        return [_row(cells, f"{path}, line {reader.line_num}") for cells in reader]


def _row(cells: Mapping[str, str], where: str) -> Row:
    filled = _DEFAULTS | {column: cells[column].strip() for column in (*_REQUIRED, *_DEFAULTS) if cells.get(column)}
    text = unicodedata.normalize("NFC", filled.get("text", ""))
    if len(text) < 2 or "\t" in text or "\n" in text:
        raise BadRowError(f"{where}: {text!r} is no term. At least two characters on one line are expected.")
    return (
        text,
        _country(filled.get("country", ""), where),
        _category(filled["category"], where),
        _language(filled["language"], where),
        _weight(filled["weight"], where),
    )


def _country(cell: str, where: str) -> str:
    code = country_code(cell)
    if code is None:
        raise BadRowError(f"{where}: no country {cell!r}.{nearest(cell, countries())} One country a row, a code or a name, is expected.")
    return code


def _category(cell: str, where: str) -> str:
    if cell not in CATEGORIES:
        raise BadRowError(f"{where}: no category {cell!r}.{nearest(cell, CATEGORIES)} Known: {', '.join(CATEGORIES)}.")
    return cell


def _language(cell: str, where: str) -> str:
    code = language_code(cell) if cell else ""
    if code is None:
        raise BadRowError(f"{where}: no language {cell!r}. An ISO 639 code, an English name or nothing is expected.")
    return code


def _weight(cell: str, where: str) -> float:
    try:
        weight = float(cell)
    except ValueError:
        weight = math.nan
    if not 0 < weight <= 1:
        raise BadRowError(f"{where}: the weight is {cell!r}; a probability above 0 and at most 1 is expected.")
    return weight
