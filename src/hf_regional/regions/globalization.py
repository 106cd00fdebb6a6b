"""Globalization: the user's table of the KOF index in; the factor α of a region out, with the countries that have no data.

    α(R, y) = (1/100) · mean of the component over c ∈ R with data in year y          (arXiv 2604.11490, §5; Gygli et al. 2019)

No KOF table comes with this package, because its licence is not established; the ETH publishes the workbook.
"""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hf_regional.durable import file_sha256
from hf_regional.errors import BadRowError, DamagedFileError, MissingColumnError, MissingFileError, NoRowsError, OutOfRangeError
from hf_regional.regions.countries import code_only
from hf_regional.regions.folding import nearest
from hf_regional.regions.region import Region

_KEYS: Final = ("code", "year")
_NO_DATA: Final = {"", ".", "..", "NA", "N/A", "NAN", "-", "–"}

Row = tuple[int, Mapping[str, object]]  # line in the file, counted from 1, and column -> cell


@dataclass(frozen=True, slots=True)
class Alpha:
    """The globalization factor and where it comes from; `float(alpha)` is its value.

    Attributes:
        value: α in [0, 1].
        n: countries that had data, at least 1.
        missing: sorted alpha-3 codes of the region's countries without data.
        year: year of the index.
        component: column of the index.
        edition_sha256: digest of the file, since every yearly edition estimates the whole panel anew.
    """

    value: float
    n: int
    missing: tuple[str, ...]
    year: int
    component: str
    edition_sha256: str

    def __float__(self) -> float:
        return self.value


def alpha(kof_file: str | Path, region: Region | str, *, year: int, component: str = "KOFIpGIdf") -> Alpha:
    """Average a KOF component over a region's countries, unweighted, as a fraction: 0 is closed, 1 is global.

    Args:
        kof_file: the KOF workbook (.xlsx) or the same table as .csv, in long form: one row a country and year, with the columns
            `code` (ISO 3166-1 alpha-3), `year` and one column a component, in percent. Codes of aggregates are passed over.
        region: whose factor; a name will do.
        year: which year of the panel.
        component: which column; the paper's is "KOFIpGIdf" (interpersonal globalisation, de facto).

    Raises:
        MissingFileError, DamagedFileError: the file is not there, or is of another format.
        MissingColumnError: no such component; the message has the nearest.
        OutOfRangeError: the region has no rows for the year, or a value is not in [0, 100].
        BadRowError: a cell is no number, or a country has two rows for the year.
        NoRowsError: none of the region's countries has data.
    """
    path, region = Path(kof_file), region if isinstance(region, Region) else Region(region)
    if not path.is_file():
        raise MissingFileError(f"no KOF table at {path}. Download the workbook from the KOF Swiss Economic Institute and give its path.")
    values = _values(path, region, year, component)
    if not values:
        raise NoRowsError(f"{path}: {component} has no value in {year} for any country of {region.name}. Take another year or component.")
    mean = math.fsum(values.values()) / len(values)
    missing = tuple(sorted(region.countries - values.keys()))
    return Alpha(mean / 100, len(values), missing, year, component, file_sha256(path))


def _values(path: Path, region: Region, year: int, component: str) -> dict[str, float]:
    """Alpha-3 -> value in percent, of the region's countries that have one in this year."""
    values: dict[str, float] = {}
    years: dict[str, set[int]] = {}
    for line, row in _rows(path, component):
        code = code_only(str(row["code"] or ""))
        if code is None or code not in region:
            continue  # aggregates, notes below the table, the rest of the world
        row_year, seen = _year(path, line, row["year"]), years.setdefault(code, set())
        if row_year in seen:
            raise BadRowError(f"{path}, row {line}: a second row for {code} in {row_year}. One row a country and year is expected.")
        seen.add(row_year)
        value = _percent(path, line, component, row[component]) if row_year == year else None
        if value is not None:
            values[code] = value
    _require_year(path, region, year, frozenset[int]().union(*years.values()))
    return values


def _require_year(path: Path, region: Region, year: int, years: frozenset[int]) -> None:
    # Without any row of the region there is no year to name; that is told as missing data.
    if years and year not in years:
        raise OutOfRangeError(f"{path} has no rows for {region.name} in {year}; its years are {min(years)} to {max(years)}.")


def _rows(path: Path, component: str) -> Iterator[Row]:
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        kind = path.suffix or "no ending"
        raise DamagedFileError(f"{path}: a KOF table is read from {' or '.join(_READERS)}, not from {kind}. Save it as CSV.")
    lines = reader(path)
    header = [str(cell).strip() if cell is not None else "" for cell in next(lines, ())]
    _require_columns(path, header, component)
    for number, cells in enumerate(lines, start=2):
        if any(cell not in (None, "") for cell in cells):
            yield number, dict(zip(header, [*cells, *[None] * len(header)], strict=False))


def _require_columns(path: Path, header: Sequence[str], component: str) -> None:
    missing = [column for column in _KEYS if column not in header]
    if missing:
        raise MissingColumnError(
            f"{path}: no column {', '.join(missing)}; the KOF long form has `code`, `country`, `year`.", frozenset(missing)
        )
    if component not in header:
        hint = nearest(component, [column for column in header if column])
        known = ", ".join(column for column in header if column.startswith("KOF"))
        raise MissingColumnError(f"{path}: no component {component!r}.{hint} It has: {known or 'none'}.", frozenset({component}))


def _csv_lines(path: Path) -> Iterator[Sequence[Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            head = file.readline()
            file.seek(0)
            # The separator of European spreadsheets is the semicolon, with a comma in the numbers.
            yield from csv.reader(file, delimiter=max(",;\t", key=head.count))
        except (UnicodeDecodeError, csv.Error) as error:
            raise DamagedFileError(f"{path} is not a CSV file in UTF-8 ({error}). Save the table again as CSV UTF-8.") from error


def _xlsx_lines(path: Path) -> Iterator[Sequence[Any]]:
    import zipfile  # all needed for a workbook alone
    import zlib

    from openpyxl import load_workbook  # pyright: ignore[reportMissingModuleSource]
    from openpyxl.utils.exceptions import InvalidFileException  # pyright: ignore[reportMissingModuleSource]

    # A damaged archive shows as any of these; SyntaxError is what both XML parsers of openpyxl raise for broken XML.
    damage = (zipfile.BadZipFile, zlib.error, InvalidFileException, KeyError, EOFError, SyntaxError)
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            yield from _sheet_rows(book)
        finally:
            book.close()
    except damage as error:
        raise DamagedFileError(f"{path} is not a whole Excel workbook ({error}). Download it again.") from error


def _sheet_rows(book: Any) -> Iterator[Sequence[Any]]:
    """Rows of the first sheet whose first row has the key columns (a cover sheet may come before it), else of the first sheet."""
    sheets = book.worksheets
    for sheet in sheets:
        sheet.reset_dimensions()  # some writers declare a sheet of one cell
    fitting = [sheet for sheet in sheets if set(_KEYS) <= set(next(sheet.iter_rows(max_row=1, values_only=True), ()))]
    yield from (fitting or sheets)[0].iter_rows(values_only=True)


_READERS: Final = {".xlsx": _xlsx_lines, ".csv": _csv_lines}


def _year(path: Path, line: int, cell: object) -> int:
    try:
        return int(float(str(cell)))
    except (ValueError, OverflowError) as error:
        raise BadRowError(f"{path}, row {line}: the year is {cell!r}, a number is expected.") from error


def _percent(path: Path, line: int, component: str, cell: object) -> float | None:
    text = "" if cell is None else str(cell).strip()
    if text.upper() in _NO_DATA:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError as error:
        raise BadRowError(f"{path}, row {line}: {component} is {cell!r}, a number is expected.") from error
    if not 0 <= value <= 100:
        raise OutOfRangeError(f"{path}, row {line}: {component} is {value}, outside [0, 100]. The index is in percent.")
    return value
