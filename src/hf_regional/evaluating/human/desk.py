"""The desk: what a rater does in; each rating on the disk before the next, and what was rated so far, out. It knows no key.

desk = RatingDesk(Path("rating"))
desk.rate("th-1", row="5f0c2e9b7a41", criterion="quality", mark=3)
"""

import errno
import fcntl
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hf_regional.errors import BadRowError, CannotWriteError, UnknownNameError
from hf_regional.evaluating.human import folders
from hf_regional.evaluating.human.marks import read_mark
from hf_regional.nearest import did_you_mean


def _utc_now() -> datetime:
    return datetime.now(UTC)


class RatingDesk:
    """A sheet that several raters work on at once, in one process or several.

    Args:
        folder: what `write_rating_sheet` wrote, or its `for-raters` alone.
        now: the time that is written beside each rating.

    Raises:
        MissingFileError, DamagedFileError: the folder holds no sheet, or a broken one.
    """

    def __init__(self, folder: Path, *, now: Callable[[], datetime] = _utc_now) -> None:
        self.folder = folders.raters_folder(folder)
        self._now = now
        self._sheet = folders.read_json(self.folder / folders.SHEET)
        self._rows = {rater: _rows_of(own) for rater, own in self._sheet["raters"].items()}
        self._pictures = frozenset(_pictures_of(self._sheet["raters"]))

    @property
    def raters(self) -> tuple[str, ...]:
        """The names of the sheets."""
        return tuple(self._sheet["raters"])

    def welcome(self) -> dict[str, Any]:
        """What the first screen shows: the words by language, and the sheets with how far each is."""
        sheets = [
            {"rater": rater, "language": own["language"], "total": len(own["turns"]), "done": self._done(rater)}
            for rater, own in self._sheet["raters"].items()
        ]
        told = {name: self._sheet[name] for name in ("sheet", "words", "criteria", "countries")}
        return {**told, "sheets": sheets}

    def open(self, rater: str) -> dict[str, Any]:
        """A rater's turns in order, and the marks given so far, so that it goes on where it stopped.

        Raises:
            UnknownNameError: there is no such rater.
        """
        self._require(rater)
        own = self._sheet["raters"][rater]
        return {"rater": rater, "language": own["language"], "turns": own["turns"], "marks": self.marks(rater)}

    def marks(self, rater: str) -> dict[str, dict[str, int | str]]:
        """Row -> criterion -> the last mark: 1 to 3, or "?"."""
        given: dict[str, dict[str, int | str]] = {}
        for _, record in saved_lines(self._file(rater)):
            if record is not None:
                given.setdefault(record["row"], {})[record["criterion"]] = record["mark"]
        return given

    def rate(self, rater: str, row: str, criterion: str, mark: int | str) -> dict[str, Any]:
        """Save one rating; when this returns it is on the disk. Rating again is a change of mind: the last one counts.

        Args:
            rater: the name of a sheet.
            row: the name of an answer on that sheet.
            criterion: the name of a criterion.
            mark: 1 to 3, or "?" for "cannot judge".

        Raises:
            UnknownNameError: no such rater or criterion.
            BadRowError: the row is not on that rater's sheet.
            OutOfRangeError: the mark is off the scale.
            CannotWriteError: the disk is full or closed; nothing was saved.
        """
        self._require(rater)
        if criterion not in self._sheet["criteria"]:
            known = self._sheet["criteria"]
            raise UnknownNameError(f"no criterion {criterion!r}.{did_you_mean(criterion, known)} This sheet has: {', '.join(known)}.")
        if row not in self._rows[rater]:
            raise BadRowError(f"row {row!r} is not on the sheet of {rater!r}. Open that sheet again.")
        level = read_mark(mark)
        kept: int | str = int(level) if level == level else "?"
        record = {"row": row, "criterion": criterion, "mark": kept, "at": self._now().isoformat(timespec="seconds")}
        _append(self._file(rater), record)
        return {"saved": True, "done": self._done(rater)}

    def picture(self, name: str) -> bytes:
        """The JPEG of a picture on some sheet; nothing else in the folder can be asked for.

        Raises:
            UnknownNameError: it is on no sheet.
        """
        if name not in self._pictures:
            raise UnknownNameError(f"no picture {name!r} on this sheet.")
        return (self.folder / folders.PICTURES / name).read_bytes()

    def _require(self, rater: str) -> None:
        if rater not in self._rows:
            raise UnknownNameError(f"no rater {rater!r}.{did_you_mean(rater, self.raters)} This sheet has: {', '.join(self.raters)}.")

    def _file(self, rater: str) -> Path:
        return self.folder / folders.RATINGS / f"ratings-{rater}.jsonl"

    def _done(self, rater: str) -> int:
        """How many turns are rated by every criterion for every answer."""
        marks, criteria = self.marks(rater), set(self._sheet["criteria"])
        turns = self._sheet["raters"][rater]["turns"]
        return sum(all(criteria <= marks.get(shown["row"], {}).keys() for shown in turn["outputs"]) for turn in turns)


def saved_lines(file: Path) -> list[tuple[int, dict[str, Any] | None]]:
    """(line number, record) of a file of ratings; None for a line that a kill or a full disk cut short."""
    if not file.is_file():
        return []
    lines = enumerate(file.read_bytes().split(b"\n"), start=1)
    return [(number, _record(line)) for number, line in lines if line.strip()]


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        match json.loads(line):
            case {"row": str(), "criterion": str(), "mark": int() | str()} as record:
                return record
            case _:
                return None
    except ValueError:
        return None


def _append(file: Path, record: Mapping[str, Any]) -> None:
    """Put a line on the disk, whole or not at all, whoever else appends to the same file."""
    line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
    file.parent.mkdir(exist_ok=True)
    try:
        with file.open("a+b", buffering=0) as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)  # let go when the file is closed
            before = stream.seek(0, os.SEEK_END)
            try:
                _write_whole(stream.fileno(), (b"" if _ends_a_line(stream.fileno(), before) else b"\n") + line)
            except OSError:
                with suppress(OSError):  # else half a line stays, which counts as none
                    stream.truncate(before)
                raise
    except OSError as error:
        raise CannotWriteError(
            f"the rating was not saved: {error.strerror} ({file}). Make room, or let this process write there."
        ) from error


def _write_whole(descriptor: int, content: bytes) -> None:
    if os.write(descriptor, content) != len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(descriptor)


def _ends_a_line(descriptor: int, size: int) -> bool:
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def _rows_of(own: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(shown["row"] for turn in own["turns"] for shown in turn["outputs"])


def _pictures_of(raters: Mapping[str, Any]) -> list[str]:
    turns = [turn for own in raters.values() for turn in own["turns"]]
    return [name for turn in turns for of in (turn, *turn["outputs"]) for name in of["pictures"]]
