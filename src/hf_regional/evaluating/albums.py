"""Albums: the pictures of a task's items in; thumbnails of those that somebody will look at, made once and kept, out."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from hf_regional.errors import DamagedFileError
from hf_regional.filtering.report.pictures import shrunk

SIDE: Final = 256  # pixels, of the longer side
KEPT: Final = 240  # items of a task whose thumbnails are saved with an evaluation: about 2 MB
_QUALITY: Final = 80
_FILE: Final = "pictures.parquet"
_COLUMNS: Final = ("task", "item", "place", "webp", "width", "height", "note")


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture as WebP, without metadata, and its size in pixels; or a note where there is none."""

    webp: bytes | None = None
    width: int = 0
    height: int = 0
    note: str = ""


def thumbnail(cell: object) -> Thumbnail:
    """Shrink a picture to 256 pixels a side at most; see `hf_regional.filtering.report.pictures.shrunk` for what a cell may be.

    >>> thumbnail(b"no picture").note
    'unreadable picture'
    """
    small = shrunk(str(cell) if isinstance(cell, Path) else cell, SIDE)
    if isinstance(small, str):
        return Thumbnail(note=small)
    out = io.BytesIO()
    small.save(out, "WEBP", quality=_QUALITY)
    return Thumbnail(out.getvalue(), *small.size)


@dataclass(frozen=True, slots=True)
class Source:
    """The pictures of one task, as it was asked: item -> its row, and the pictures of each row."""

    rows: Mapping[str, int]
    pictures: Sequence[tuple[Any, ...]]


class Album:
    """Pictures by task and item: from a task that is loaded, or thumbnails that were saved.

    Args:
        kept: (task, item) -> thumbnails.
        sources: task -> where its pictures are read.
    """

    def __init__(self, kept: Mapping[tuple[str, str], tuple[Thumbnail, ...]] = {}, sources: Mapping[str, Source] = {}) -> None:
        self._kept = dict(kept)
        self._sources = dict(sources)

    def of(self, task: str, item: str) -> tuple[Thumbnail, ...] | None:
        """The thumbnails of an item, empty where it is of words alone; None where nothing is known of it any more."""
        if (task, item) not in self._kept:
            cells = self.cells(task, item)
            if cells is None:
                return None
            self._kept[task, item] = tuple(map(thumbnail, cells))
        return self._kept[task, item]

    def cells(self, task: str, item: str) -> tuple[Any, ...] | None:
        """The pictures of an item as they are; None where the task is not loaded."""
        source = self._sources.get(task)
        row = None if source is None else source.rows.get(item)
        return None if source is None or row is None else source.pictures[row]

    def joined(self, other: "Album") -> "Album":
        """Both; the first goes before."""
        return Album({**other._kept, **self._kept}, {**other._sources, **self._sources})

    def save(self, folder: Path, wanted: Iterable[tuple[str, str]]) -> None:
        """Write the thumbnails of these items, and of all that were looked at."""
        chosen = {**dict.fromkeys(self._kept), **dict.fromkeys(wanted)}
        rows = [
            (task, item, place, one.webp, one.width, one.height, one.note)
            for task, item in chosen
            for place, one in enumerate(self.of(task, item) or ())
        ]
        pd.DataFrame(rows, columns=list(_COLUMNS)).to_parquet(folder / _FILE, index=False)


def load_album(folder: Path) -> Album:
    """Read what `Album.save` wrote; an empty album where nothing was.

    Raises:
        DamagedFileError: it cannot be read.
    """
    file = folder / _FILE
    if not file.is_file():
        return Album()
    try:
        table = pd.read_parquet(file, columns=list(_COLUMNS)).sort_values(["task", "item", "place"])
    except (ValueError, KeyError, OSError) as error:
        raise DamagedFileError(f"{file} cannot be read: {error}. Evaluate again; answers that are kept cost nothing.") from error
    kept: dict[tuple[str, str], tuple[Thumbnail, ...]] = {}
    for row in table.to_dict("records"):
        one = Thumbnail(row["webp"], int(row["width"]), int(row["height"]), str(row["note"]))
        kept[row["task"], row["item"]] = (*kept.get((row["task"], row["item"]), ()), one)
    return Album(kept)


def worth_keeping(rows: pd.DataFrame, most: int = KEPT) -> list[tuple[str, str]]:
    """Items whose pictures a later report may show: of each task the same for every model, spread over its groups by their digests."""
    if "item" not in rows:
        return []
    found: list[tuple[str, str]] = []
    for task, own in rows.groupby("task", sort=False):
        each = int(np.ceil(most / own["group"].nunique()))
        chosen = own.sort_values("item").groupby("group", sort=False).head(each)
        found += [(str(task), str(item)) for item in chosen["item"]]
    return found
