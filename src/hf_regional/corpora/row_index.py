"""Row index: a JSON file of rows on this disk in; the rows that name a picture, read again from where they stand, out.

Rows and pictures that lie apart, a table here and archives there, are joined from the side of the archives, which can only be read
from front to back. The index holds 24 bytes a row: 10 million rows are a quarter of a gigabyte, and not the 22 of their file.
"""

import json
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import numpy as np

from hf_regional.corpora.json_rows import Found, in_array, in_lines
from hf_regional.corpora.tabular import named

_MASK: Final = 2**64 - 1


class RowIndex:
    """Where the rows of a file stand, by the one picture that each names.

    Attributes:
        counts: how many rows name no picture, one, or several; only those that name one can be found.
    """

    def __init__(self, path: Path, name: str, pictures_of: Callable[[dict[str, Any]], Sequence[str]]) -> None:
        """Read the file once.

        Args:
            path: the file, which is kept open to read rows again.
            name: its name, for messages; one that ends in .json holds an array, any other a row a line.
            pictures_of: the pictures that a row names, as they are to be asked for.

        Raises:
            DamagedFileError: the file is no JSON, or cut off.
        """
        self._name, self._pictures_of = name, pictures_of
        self._file = path.open("rb")
        self.counts = {"none": 0, "one": 0, "several": 0}
        keys, starts, lengths, places = array("Q"), array("Q"), array("I"), array("I")
        with ExitStack() as opened:
            opened.callback(self.close)  # where the file turns out to be damaged
            opened.enter_context(named(name))
            for place, found in enumerate(self._found()):
                pictures = pictures_of(found.row)
                self.counts["one" if len(pictures) == 1 else "several" if pictures else "none"] += 1
                if len(pictures) == 1:
                    keys.append(_key(pictures[0]))
                    starts.append(found.start)
                    lengths.append(found.length)
                    places.append(place)
            opened.pop_all()
        order = np.argsort(_numbers(keys, np.uint64), kind="stable")  # stable: rows of one picture stay in the order of the file
        self._keys = _numbers(keys, np.uint64)[order]
        self._starts, self._lengths = _numbers(starts, np.uint64)[order], _numbers(lengths, np.uint32)[order]
        self._places = _numbers(places, np.uint32)[order]
        self._read = np.zeros(len(places), bool)

    @property
    def unread(self) -> int:
        """How many rows name a picture that nobody asked for."""
        return int(len(self._read) - self._read.sum())

    def names(self, picture: str) -> bool:
        """Whether a row seems to name the picture; a key of 64 bits may be another's."""
        key = np.uint64(_key(picture))
        at = int(np.searchsorted(self._keys, key))
        return at < len(self._keys) and self._keys[at] == key

    def read(self, picture: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the rows that name a picture, each once, with their places in the file."""
        key = np.uint64(_key(picture))
        first, last = (int(np.searchsorted(self._keys, key, side)) for side in ("left", "right"))
        for at in range(first, last):
            if not self._read[at] and self._pictures_of(row := self._row(at))[0] == picture:
                self._read[at] = True
                yield int(self._places[at]), row

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _found(self) -> Iterator[Found]:
        return in_array(self._file) if self._name.lower().endswith(".json") else in_lines(self._file)

    def _row(self, at: int) -> dict[str, Any]:
        self._file.seek(int(self._starts[at]))
        return json.loads(self._file.read(int(self._lengths[at])))


def _numbers(values: "array[int]", kind: Any) -> np.ndarray:
    return np.frombuffer(values, kind) if values else np.zeros(0, kind)


def _key(picture: str) -> int:
    return hash(picture) & _MASK  # that of this process, whose index it is
