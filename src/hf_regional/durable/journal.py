"""Journal: what is finished in a folder comes in line by line, what a killed process had finished there comes out."""

import errno
import json
import os
import threading
from collections.abc import Generator, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hf_regional.durable.appearing import sync


class Journal:
    """What is finished in a resumable folder: a line of JSON a name, each on the disk before the next step.

    It lies beside the folder, not in it: it is never a part of the result, and outlives no folder it speaks of. Several threads
    may use it. A line that a kill or a full disk cut short counts as not written.
    """

    def __init__(self, folder: Path) -> None:
        """Read what earlier processes finished in `folder`, which `resumable_folder` gave."""
        self._file = journal_of(folder)
        self._lock = threading.Lock()
        self._records = dict(_lines(self._file))

    def done(self, name: str) -> dict[str, Any] | None:
        """The record that `name` was finished with, or None where it was not."""
        return self._records.get(name)

    def finish(self, name: str, record: dict[str, Any], files: Iterable[Path] = ()) -> None:
        """Note that `name` is finished, with a JSON-able record.

        Args:
            name: any name; finishing it again replaces the record.
            record: what the next process needs to know: sizes, digests.
            files: what `name` consists of; put on the disk first, so that no power cut leaves a line about bytes that are not there.
        """
        for file in files:
            sync(file)
            sync(file.parent)
        # A line feed before it too: after a line cut short it begins its own.
        line = b"\n" + json.dumps({"name": name, "record": record}, allow_nan=False).encode() + b"\n"
        with self._lock:
            _append(self._file, line)
            self._records[name] = record


def journal_of(folder: Path) -> Path:
    """The file of a folder's journal, beside it."""
    return folder.with_name(f"{folder.name}.journal")


def _lines(file: Path) -> Generator[tuple[str, dict[str, Any]]]:
    if not file.exists():
        return
    for line in file.read_bytes().splitlines():
        with suppress(ValueError):  # cut short
            match json.loads(line):
                case {"name": str(name), "record": dict(record)}:
                    yield name, record
                case _:
                    pass


def _append(file: Path, line: bytes) -> None:
    is_new = not file.exists()
    with file.open("ab", buffering=0) as stream:
        written = stream.write(line)
        if written != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
        os.fsync(stream.fileno())
    if is_new:
        sync(file.parent)
