"""The key: what the blinding drew in; which model each row of a sheet hides, written and read back, out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hf_regional.errors import DamagedFileError, MissingFileError
from hf_regional.evaluating.human.folders import KEY, SCHEMA_VERSION, read_json, write_json


@dataclass(frozen=True, slots=True)
class Row:
    """One answer on one rater's sheet, un-blinded. `position` counts the letters: 0 is A."""

    rater: str
    item: str
    language: str
    country: str | None
    position: int
    model: str


@dataclass(frozen=True, slots=True)
class Key:
    """What un-blinds a sheet.

    Attributes:
        sheet: which sheet it is the key to.
        seed: what the draws came from.
        overlap: the share of items that every rater of a language rates.
        models: in the order they were given.
        rows: the name of a row on a sheet -> what it is.
    """

    sheet: str
    seed: int
    overlap: float
    models: Sequence[str]
    rows: Mapping[str, Row]

    def write(self, folder: Path) -> None:
        """Write `key.json` so that its owner alone may read it."""
        file = folder / KEY
        file.touch(mode=0o600)
        rows = {name: asdict(row) for name, row in self.rows.items()}
        head = {"schema_version": SCHEMA_VERSION, "sheet": self.sheet, "seed": self.seed, "overlap": self.overlap}
        write_json(file, {**head, "models": list(self.models), "rows": rows})


def read_key(folder: Path) -> Key:
    """The key in a folder.

    Raises:
        MissingFileError: there is none, as where raters rate.
        DamagedFileError: it is not what `write` wrote.
    """
    if not (folder / KEY).is_file():
        raise MissingFileError(
            f"no {KEY} in {folder}: it stays with whoever wrote the sheet. Put the ratings beside it, and name that folder."
        )
    found = read_json(folder / KEY)
    try:
        rows: dict[str, Any] = found["rows"]
        return Key(
            sheet=found["sheet"],
            seed=found["seed"],
            overlap=found["overlap"],
            models=tuple(found["models"]),
            rows={name: Row(**row) for name, row in rows.items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DamagedFileError(
            f"{folder / KEY} lacks something of a key: {error}. Take it from a copy, or write the sheet again."
        ) from error
