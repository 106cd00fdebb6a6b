"""Caption index: a file of captions and addresses, a tab between them and no header, in; the addresses that a caption stands beside, out.

Three million lines are held as 20 bytes each; a line is read again when its caption is asked for.
"""

from array import array
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class Beside(NamedTuple):
    """A line of the file: its place, from 0, and its address."""

    place: int
    url: str


class CaptionIndex:
    """Addresses by caption. One caption may stand beside several pictures."""

    def __init__(self, path: Path) -> None:
        """Read the file once; it is kept open to read lines again."""
        keys, starts, at = array("Q"), array("Q"), 0
        self._file = path.open("rb")
        for line in self._file:
            keys.append(_key(line.partition(b"\t")[0]))
            starts.append(at)
            at += len(line)
        found: Any = np.frombuffer(keys, np.uint64) if keys else np.empty(0, np.uint64)
        self._order: Any = np.argsort(found, kind="stable").astype(np.uint32)
        self._keys: Any = found[self._order]
        self._starts = starts

    def find(self, caption: str) -> Iterator[Beside]:
        """Yield the lines with exactly this caption, in the order of the file."""
        wanted = caption.encode()
        first, last = (int(np.searchsorted(self._keys, np.uint64(_key(wanted)), side)) for side in ("left", "right"))
        for place in map(int, self._order[first:last]):
            self._file.seek(self._starts[place])
            found, _, url = self._file.readline().partition(b"\t")
            if found == wanted:  # a key of 64 bits may be another's
                yield Beside(place, url.decode("utf-8", "replace").strip())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _key(caption: bytes) -> int:
    return int.from_bytes(blake2b(caption, digest_size=8).digest())
