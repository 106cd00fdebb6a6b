"""Trying: what is to be done with a part in, the same with an end to it out.

Ray begins a part anew when its worker has ended, and Daft on Ray does so without end (0.7.26 takes the death of a worker's process for that
of its machine). A part that needs more memory than there is would be tried for ever. Each try leaves a note where all workers see it.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from hf_regional.errors import CannotWriteError
from hf_regional.filtering.parquet.parts import Part
from hf_regional.filtering.parquet.storage import File, inside, place_of, read_bytes, storage_of, write_bytes
from hf_regional.filtering.report import Counts

Work = Callable[[Part], Counts]
_MOST: Final = 3  # one death may be an accident, two as well where machines are lent by the hour


def limited(work: Work, notes: File) -> Work:
    """Let a part be begun three times, no more; `notes` is a folder of this run's own."""
    if isinstance(notes, Path):
        notes.mkdir(parents=True, exist_ok=True)
    return partial(_tried, work, notes)


def _tried(work: Work, notes: File, part: Part) -> Counts:
    if _noted(inside(notes, part.name)) > _MOST:
        raise CannotWriteError(
            f"{part.file}, row groups {part.first} to {part.last - 1}: {_MOST} workers ended while they judged it, most often for want "
            "of memory. Try fewer processes (num_proc=), or write the file in smaller row groups."
        )
    return work(part)


def _noted(note: File) -> int:
    """Note one more try, and count them; a worker that sees no notes counts none, and cannot see the output either."""
    if isinstance(note, Path):
        if not note.parent.is_dir():
            return 0
        with note.open("ab") as stream:
            stream.write(b".")
        return note.stat().st_size
    place = place_of(note)
    known = read_bytes(place) if storage_of(place).get_file_info(place.path).is_file else b""
    write_bytes(place, known + b".")
    return len(known) + 1
