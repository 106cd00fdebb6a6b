"""A folder with pictures and a CSV in; rows under the names of the `pairs` view out, each checked before anything is written."""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image, UnidentifiedImageError

from hf_regional import records
from hf_regional.durable import digest_of, file_sha256
from hf_regional.errors import BadRowError, ConfigError, DamagedFileError, MissingColumnError, MissingFileError, NoRowsError
from hf_regional.nearest import did_you_mean
from hf_regional.regions import country_code, language_code

SPLIT: Final = "split"
# What we call a column -> the names under which it is looked for, the first one there is taken.
_USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    records.IMAGE: ("file_name",),
    records.TEXT: ("text", "caption"),
    records.LANGUAGE: ("language",),
    records.COUNTRY: ("country_iso3", "country"),
    records.TOPIC: ("topic",),
    records.SOURCE: ("source",),
    records.LICENSE: ("license",),
    records.ID: ("id",),
    SPLIT: ("split",),
}
_NEEDED: Final = (records.IMAGE, records.TEXT)
_OTHER_WORDS: Final = {"file_name": records.IMAGE, "caption": records.TEXT, "country": records.COUNTRY}
_SPLITS: Final = {"val": "validation", "valid": "validation", "dev": "validation", "training": "train", "testing": "test"}
_NUMBER: Final = re.compile(r"(-?(0|[1-9]\d{0,14})(\.\d+)?)?", re.ASCII)  # not "007", nor what float64 would round: those are names
_SALT: Final = b"imagefolder+csv 1\n"
_VALIDATION, _TEST = 0.15, 0.15


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV as it was read: `columns` gives the header of each of our columns, `lines` where in the file each row of `cells` ends."""

    path: Path
    columns: Mapping[str, str]
    extras: Mapping[str, bool]  # header of every other column -> whether all of it is numbers
    cells: tuple[Mapping[str, str], ...]
    lines: tuple[int, ...]

    @property
    def folder(self) -> Path:
        """Where the pictures are."""
        return self.path.parent

    def picture_of(self, row: int) -> Path:
        """Find the picture that a row names."""
        return self.folder / self.cells[row][self.columns[records.IMAGE]]

    def fingerprint(self) -> str:
        """Digest the CSV and every picture's size and time; the cache of `datasets` is named by it."""
        stats = [self.picture_of(row).stat() for row in range(len(self.cells))]
        return digest_of([file_sha256(self.path), [[stat.st_size, stat.st_mtime_ns] for stat in stats]])


def read_sheet(path: Path, columns: Mapping[str, str] | None = None) -> Sheet:
    """Read a CSV and find the needed columns in it.

    Args:
        path: the CSV, in the folder of its pictures; UTF-8, the first line holds the headers.
        columns: our name -> header, as {"text": "caption"}; what is left out is looked for under its usual names.

    Raises:
        MissingFileError: no such file, or a picture that a row names is not there.
        MissingColumnError: a column of `columns`, or one for the picture or the text, is not there.
        ConfigError: `columns` names a column that the view does not have.
        BadRowError: a row without a picture, without a text, or with more or fewer cells than there are headers.
        NoRowsError: no row. DamagedFileError: no CSV in UTF-8, or a header that stands twice.
    """
    if not path.is_file():
        raise MissingFileError(f"there is no file {path}. It should be a CSV with a header, file_name and text among its columns.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            headers = tuple(reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DamagedFileError(f"{path} is no CSV in UTF-8: {error}. Save it anew, with commas and double quotes.") from error
    if twice := frozenset(header for header, count in Counter(headers).items() if header and count > 1):
        raise DamagedFileError(f"{path} has two columns of one name: {_list(twice)}. Rename one of them.")
    found = _columns(path, headers, columns or {})
    if not rows:
        raise NoRowsError(f"{path} has a header and no row.")
    cells = tuple(_checked(path, line, row, found) for line, row in rows)
    # No header: an index that some program wrote. A name of the view: it gives way to the column that was chosen for it.
    others = {header for header in headers if header} - set(found.values()) - set(_USUAL)
    extras = {header: all(_NUMBER.fullmatch(row[header]) for row in cells) for header in sorted(others)}
    return Sheet(path, found, extras, cells, tuple(line for line, _ in rows))


def to_pair(sheet: Sheet, row: int, identifier: str) -> dict[str, object]:
    """One row under the names of the `pairs` view, countries as alpha-3 and languages as CLDR writes them, extra columns after.

    Raises:
        BadRowError: an unknown country or language, or a picture that cannot be opened.
    """
    cell, at = sheet.cells[row], f"{sheet.path}, line {sheet.lines[row]}"
    values = {name: cell[header] or None for name, header in sheet.columns.items() if name != SPLIT}
    picture = sheet.picture_of(row)
    _require_picture(picture, at)
    codes = {records.COUNTRY: country_code, records.LANGUAGE: language_code}
    for name, to_code in codes.items():
        if text := values.get(name):
            values[name] = to_code(text)
            if values[name] is None:
                kind = "country" if name == records.COUNTRY else "language"
                raise BadRowError(f"{at}: {text!r} in column {sheet.columns[name]!r} names no {kind}. Write its name or its ISO code.")
    pair: dict[str, object] = {name: values.get(name) for name in records.PAIRS}
    extras = {
        name: (float(cell[name]) if cell[name] else None) if numbers else cell[name] or None for name, numbers in sheet.extras.items()
    }
    return pair | extras | {records.IMAGE: str(picture), records.ID: identifier}


def ids(sheet: Sheet) -> list[str]:
    """Give each row its id: that of the id column, or the file name, the second row of a picture as "a.jpg#2".

    Raises:
        BadRowError: an id of the column is empty or stands twice.
    """
    header = sheet.columns.get(records.ID)
    names = [cell[header or sheet.columns[records.IMAGE]] for cell in sheet.cells]
    seen: Counter[str] = Counter()
    result: list[str] = []
    for line, name in zip(sheet.lines, names, strict=True):
        seen[name] += 1
        if header and (not name or seen[name] > 1):
            raise BadRowError(
                f"{sheet.path}, line {line}: the id {name!r} is {'empty' if not name else 'there already'}. Give each row its own."
            )
        result.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return result


def splits(sheet: Sheet) -> dict[str, list[int]]:
    """Assign rows to splits, in the order of the CSV. By the split column, or by a hash of each picture's bytes where there is none.

    Raises:
        BadRowError: a row's split is empty or no name.
    """
    assigned: dict[str, list[int]] = {}
    for row, cell in enumerate(sheet.cells):
        header = sheet.columns.get(SPLIT)
        name = _named_split(sheet, row, cell[header]) if header else split_of_content(sheet.picture_of(row))
        assigned.setdefault(name, []).append(row)
    order = {"train": 0, "validation": 1, "test": 2}
    return dict(sorted(assigned.items(), key=lambda item: (order.get(item[0], 3), item[0])))


def split_of_content(picture: Path) -> str:
    """70 % train, 15 % validation, 15 % test, by SHA-256 of the file's bytes: fixed for ever, wherever the file lies."""
    draw = int.from_bytes(hashlib.sha256(_SALT + file_sha256(picture).encode()).digest()[:8]) / 2**64
    return "test" if draw < _TEST else "validation" if draw < _TEST + _VALIDATION else "train"


def _columns(path: Path, headers: tuple[str, ...], asked: Mapping[str, str]) -> dict[str, str]:
    named = {_our_name(name): header for name, header in asked.items()}
    lacking = frozenset(named.values()) - set(headers)
    if lacking:
        raise MissingColumnError(f"{path} has no column {_list(lacking)}; it has: {_list(headers)}. Correct columns=.", lacking)
    usual = {name: header for name, usual in _USUAL.items() if (header := next((each for each in usual if each in headers), None))}
    found = usual | named
    missing = frozenset(name for name in _NEEDED if name not in found)
    if missing:
        wanted = "; ".join(f"{name} ({' or '.join(_USUAL[name])})" for name in sorted(missing))
        raise MissingColumnError(f'{path} lacks a column for {wanted}; it has: {_list(headers)}. Say columns={{"text": "..."}}.', missing)
    return found


def _our_name(name: str) -> str:
    ours = _OTHER_WORDS.get(name, name)
    if ours not in _USUAL:
        hint = did_you_mean(name, _USUAL)
        raise ConfigError(f"columns: no column {name!r} in the view.{hint} Known: {', '.join(_USUAL)}.", f"columns.{name}")
    return ours


def _checked(path: Path, line: int, row: Mapping[Any, Any], columns: Mapping[str, str]) -> dict[str, str]:
    if None in row or None in row.values():  # how DictReader marks cells too many and too few
        raise BadRowError(f"{path}, line {line}: {'more' if None in row else 'fewer'} cells than headers. Quote texts that hold commas.")
    cells = {header: text.strip() for header, text in row.items()}
    for name in _NEEDED:
        if not cells[columns[name]]:
            raise BadRowError(f"{path}, line {line}: column {columns[name]!r} is empty. Fill it or remove the row.")
    name = cells[columns[records.IMAGE]]
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise BadRowError(f"{path}, line {line}: {name!r} leads out of the folder. Name pictures from the folder of the CSV.")
    if not (path.parent / name).is_file():
        raise MissingFileError(f"{path}, line {line}: there is no picture {path.parent / name}.")
    return cells


def _require_picture(picture: Path, at: str) -> None:
    try:
        with Image.open(picture):  # reads the header only
            return
    except (UnidentifiedImageError, OSError) as error:
        raise BadRowError(f"{at}: {picture} is no picture that can be opened ({error}). Repair it or remove the row.") from error


def _named_split(sheet: Sheet, row: int, text: str) -> str:
    name = _SPLITS.get(text.lower(), text)
    if not name.isidentifier():
        raise BadRowError(f"{sheet.path}, line {sheet.lines[row]}: {text!r} is no name of a split. Write train, validation or test.")
    return name


def _list(names: frozenset[str] | tuple[str, ...]) -> str:
    return ", ".join(sorted(names) if isinstance(names, frozenset) else names)
