"""Folders: where a rating's files lie. What raters may have is in one folder, and the key is not in it.

out/key.json                   which letter is which model: for whoever evaluates, for nobody else
out/for-raters/sheet.json      the items by rater, the criteria, the words: what the page reads
out/for-raters/sheets/th-1.csv the same as a table to fill in
out/for-raters/pictures/       every picture under a name that says nothing
out/for-raters/instructions/   by language
out/for-raters/ratings/        ratings-th-1.jsonl, as the page writes them; filled-in tables may be put here too
"""

import json
from pathlib import Path
from typing import Any, Final

from hf_regional.errors import DamagedFileError, MissingFileError

FOR_RATERS: Final = "for-raters"
KEY: Final = "key.json"
SHEET: Final = "sheet.json"
SHEETS: Final = "sheets"
PICTURES: Final = "pictures"
INSTRUCTIONS: Final = "instructions"
RATINGS: Final = "ratings"
SCHEMA_VERSION: Final = 1


def raters_folder(folder: Path) -> Path:
    """The folder that raters may have: `folder` itself, or the one within it.

    Raises:
        MissingFileError: neither holds a sheet.
    """
    for place in (folder / FOR_RATERS, folder):
        if (place / SHEET).is_file():
            return place
    raise MissingFileError(f"no rating sheet in {folder}: there is no {FOR_RATERS}/{SHEET}. `write_rating_sheet` makes one.")


def read_json(file: Path) -> dict[str, Any]:
    """One JSON object of ours.

    Raises:
        MissingFileError: there is no such file.
        DamagedFileError: it is not JSON, or of another version.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MissingFileError(f"{file} is missing.") from error
    except ValueError as error:
        raise DamagedFileError(f"{file} is no JSON: {error}. Write the sheet again, or take it from a copy.") from error
    if not isinstance(found, dict) or found.get("schema_version") != SCHEMA_VERSION:
        raise DamagedFileError(f"{file} is not version {SCHEMA_VERSION} of a rating sheet; this version of hf-regional reads no other.")
    return found


def write_json(file: Path, content: dict[str, Any]) -> None:
    """Write one JSON object, to be read by people too."""
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
