"""Tables: a rater's turns in, a CSV that any spreadsheet opens out; and a filled-in one in, its cells with their lines out."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hf_regional.errors import DamagedFileError

ROW: Final = "row"
HEAD: Final = (ROW, "number", "country", "question", "question_pictures", "label", "answer", "answer_pictures")
_FORMULA: Final = tuple("=+-@\t\r")


def write_table(file: Path, turns: Sequence[Mapping[str, Any]], criteria: Sequence[str], countries: Mapping[str, str]) -> None:
    """Write one line an answer, with an empty cell for each criterion at the end.

    In UTF-8 with a byte order mark: without it spreadsheets read Thai as Latin. A cell that would be a formula begins with an
    apostrophe, since answers are not ours to run.
    """
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*HEAD, *criteria])
        for turn in turns:
            for shown in turn["outputs"]:
                cells = _cells(turn, shown, countries)
                writer.writerow([*map(_harmless, cells), *("" for _ in criteria)])


def read_table(file: Path, criteria: Sequence[str]) -> Iterator[tuple[int, str, str, str]]:
    """(line, row, criterion, cell) of a filled-in table; empty cells too.

    Raises:
        DamagedFileError: it is not UTF-8, or a column is missing.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DamagedFileError(f"{file} is not UTF-8. Save it again as “CSV UTF-8”.") from error
    lines = text.splitlines(keepends=True)
    # Where a comma is the decimal sign, spreadsheets part cells by semicolons.
    separator = max(",;\t", key=(lines[0] if lines else "").count)
    reader = csv.DictReader(lines, delimiter=separator)
    lost = [name for name in (ROW, *criteria) if name not in (reader.fieldnames or ())]
    if lost:
        raise DamagedFileError(
            f"{file}: no column {', '.join(lost)} in its first line. Take the sheet as it was written, and fill in its last columns."
        )
    for record in reader:
        for name in criteria:
            yield reader.line_num, (record[ROW] or "").strip(), name, (record[name] or "").strip()


def _cells(turn: Mapping[str, Any], shown: Mapping[str, Any], countries: Mapping[str, str]) -> list[str]:
    pictures, own = (" ".join(f"../pictures/{name}" for name in of["pictures"]) for of in (turn, shown))
    number, country = str(turn["number"]), countries.get(turn["country"], "")
    return [shown["row"], number, country, turn["prompt"], pictures, shown["label"], shown["text"] or "", own]


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
