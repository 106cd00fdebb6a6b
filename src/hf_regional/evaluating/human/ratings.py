"""Ratings: what raters wrote, in files of both kinds, in; ratings by model, language and country, each refused row named, out.

ratings = read_ratings(Path("rating"))
ratings.table                                       # one row a rating
summarise_ratings(ratings, reference="base").as_dict()
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd

from hf_regional.errors import BadRowError, DamagedFileError, NoRowsError, OutOfRangeError
from hf_regional.evaluating.human import folders
from hf_regional.evaluating.human.desk import saved_lines
from hf_regional.evaluating.human.key import Key, read_key
from hf_regional.evaluating.human.marks import read_mark
from hf_regional.evaluating.human.tables import read_table

COLUMNS: Final = ("rater", "item", "language", "country", "model", "position", "criterion", "rating")
_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row that does not count: where it stands, and why."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Ratings:
    """Ratings, un-blinded.

    Attributes:
        table: one row a rating: rater, item, language, country, model, position (0 is A), criterion, and rating, float64, 1 to 3 or
            NaN where the rater could not judge.
        criteria: in the order of the sheet.
        models: in the order they were given to the sheet.
        key: what un-blinded them.
        refused: rows that do not count.
        counts: "rated", "cannot_judge", "not_rated", "changed" (marks that a later one replaced), "cut_short" (lines that a kill
            left), "refused".
    """

    table: pd.DataFrame
    criteria: tuple[str, ...]
    models: tuple[str, ...]
    key: Key
    refused: tuple[Refusal, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Mark:
    """One filled cell or saved line, as it was found."""

    file: Path
    line: int
    row: str
    criterion: str
    written: object

    def refused(self, reason: str) -> Refusal:
        return Refusal(self.file.name, self.line, reason)


def read_ratings(folder: Path, *, bad_rows: Literal["raise", "count"] = "raise") -> Ratings:
    """Read what raters wrote into a sheet's folder, check each row, and un-blind it.

    Read are `ratings/*.jsonl` as the page writes them, and tables: filled in where they lie (`sheets/`) or put into `ratings/`. Of one
    rater's marks on the page the last counts. Two tables, or a table and the page, may say the same of an answer and not two things.

    Args:
        folder: what `write_rating_sheet` wrote, with its key.
        bad_rows: "raise", or "count": leave out what is refused, and list it.

    Raises:
        MissingFileError, DamagedFileError: the sheet, its key or a table is not there, or broken; or the key is another sheet's.
        BadRowError: an unknown row, a mark off the scale, or an answer rated twice and not alike; the first five are named.
        NoRowsError: nobody has rated yet.
    """
    place = folders.raters_folder(folder)
    sheet, key = folders.read_json(place / folders.SHEET), read_key(folder)
    if sheet["sheet"] != key.sheet:
        raise DamagedFileError(
            f"{folder / folders.KEY} is the key to the sheet {key.sheet}, and the sheet there is {sheet['sheet']}. "
            "Put the right key beside it."
        )
    criteria, counts = tuple(sheet["criteria"]), Counter[str]()
    levels, refused = _checked(_latest(place, criteria, counts), key, criteria)
    if refused and bad_rows == "raise":
        raise BadRowError(_told(refused))
    if not levels:
        raise NoRowsError(f"no ratings in {place} yet. Serve it with `hf-regional rate {folder}`, or have the tables filled in.")
    table = _table(levels, key)
    counts["refused"] = len(refused)
    counts["cannot_judge"] = int(table["rating"].isna().sum())
    counts["rated"] = len(table) - counts["cannot_judge"]
    counts["not_rated"] = len(key.rows) * len(criteria) - len(table)
    return Ratings(table, criteria, tuple(key.models), key, tuple(refused), dict(counts))


def _latest(place: Path, criteria: Sequence[str], counts: Counter[str]) -> Iterator[_Mark]:
    """Every mark of the tables, and of each page file the last of each answer and criterion."""
    counts.update({"changed": 0, "cut_short": 0})
    ratings = place / folders.RATINGS
    for file in sorted(ratings.glob("*.jsonl")):
        last: dict[tuple[str, str], _Mark] = {}
        for line, record in saved_lines(file):
            if record is None:
                counts["cut_short"] += 1
                continue
            mark = _Mark(file, line, record["row"], record["criterion"], record["mark"])
            counts["changed"] += (mark.row, mark.criterion) in last
            last[mark.row, mark.criterion] = mark
        yield from last.values()
    for file in [*sorted((place / folders.SHEETS).glob("*.csv")), *sorted(ratings.glob("*.csv"))]:
        yield from (_Mark(file, line, row, criterion, cell) for line, row, criterion, cell in read_table(file, criteria) if cell)


def _checked(marks: Iterator[_Mark], key: Key, criteria: Sequence[str]) -> tuple[dict[tuple[str, str], float], list[Refusal]]:
    """The level of each row and criterion, and what is refused."""
    first: dict[tuple[str, str], tuple[_Mark, float]] = {}
    refused: list[Refusal] = []
    for mark in marks:
        found = _level(mark, key, criteria)
        if isinstance(found, Refusal):
            refused.append(found)
            continue
        earlier, level = first.setdefault((mark.row, mark.criterion), (mark, found))
        if earlier is not mark and str(level) != str(found):
            before = f"{earlier.written!r} in {earlier.file.name}, line {earlier.line}"
            told = f"rated twice: {mark.criterion} of row {mark.row} is {mark.written!r}, and {before}. Leave one of the two"
            refused.append(mark.refused(told))
    return {place: level for place, (_, level) in first.items()}, refused


def _level(mark: _Mark, key: Key, criteria: Sequence[str]) -> float | Refusal:
    if mark.row not in key.rows:
        return mark.refused(f"no row {mark.row!r} on this sheet; is the file another sheet's?")
    if mark.criterion not in criteria:
        return mark.refused(f"no criterion {mark.criterion!r} on this sheet")
    try:
        return read_mark(mark.written)
    except OutOfRangeError as error:
        return mark.refused(f"{mark.criterion}: {error}")


def _told(refused: Sequence[Refusal]) -> str:
    more = f"\n  and {len(refused) - _MOST_NAMED} more" if refused[_MOST_NAMED:] else ""
    listed = "".join(f"\n  {one}" for one in refused[:_MOST_NAMED])
    return f'{len(refused)} ratings cannot be read:{listed}{more}\nPut them right, or pass bad_rows="count" to leave them out.'


def _table(levels: Mapping[tuple[str, str], float], key: Key) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for (name, criterion), level in levels.items():
        row = key.rows[name]
        rows.append({column: getattr(row, column) for column in COLUMNS[:6]} | {"criterion": criterion, "rating": level})
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values(["criterion", "rater", "item", "position"], ignore_index=True)
