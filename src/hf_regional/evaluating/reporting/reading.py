"""Reading: files that go into a report in; a choice of β and people's ratings out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hf_regional.cards.figures import items, mapping
from hf_regional.errors import DamagedFileError, MissingFileError
from hf_regional.evaluating.human import RatingSummary, read_ratings, summarise_ratings


def read_choice(file: Path | None) -> Mapping[str, Any] | None:
    """Read what `hf-regional choose --json` printed; None of no file.

    Raises:
        MissingFileError: it is not there. DamagedFileError: it is no such file.
    """
    if file is None:
        return None
    try:
        found = mapping(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise MissingFileError(f"{file} does not exist. Write it by `hf-regional choose ... --json > {file}`.") from error
    except (ValueError, OSError) as error:
        raise DamagedFileError(f"{file} is no readable JSON: {error}. Write it by `hf-regional choose ... --json`.") from error
    if "beta" not in found or not items(found.get("curve")) or "by_region" in found:
        raise DamagedFileError(
            f"{file} holds no choice of one β with its curve. Write it by `hf-regional choose ... --json` for one region."
        )
    return found


def read_human(folder: Path | None, *, seed: int = 0) -> RatingSummary | None:
    """Read and sum up the ratings of a sheet; None of no folder. Rows that cannot be read are left out and counted."""
    return None if folder is None else summarise_ratings(read_ratings(folder, bad_rows="count"), seed=seed)
