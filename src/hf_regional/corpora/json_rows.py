"""JSON rows: a file that holds an array of objects, or one object a line, in; the objects, and where each stands, out.

An array is read as it comes: the rows of MAmmoTH-VL are one of 22 GB.
"""

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, NamedTuple

_CHUNK: Final = 1 << 20  # bytes
_BETWEEN: Final = " \t\r\n"
_BOM: Final = "\ufeff"


class Found(NamedTuple):
    """One object, and the bytes of the file that it was read from."""

    start: int
    length: int
    row: Any


def in_lines(file: BinaryIO) -> Iterator[Found]:
    """Yield the objects of a file with one a line; empty lines are passed over. Raises json.JSONDecodeError."""
    start = 0
    for line in file:
        if line.strip():
            yield Found(start, len(line), json.loads(line))
        start += len(line)


def in_array(file: BinaryIO) -> Iterator[Found]:
    """Yield the objects of one array, with no more of the file in memory than the longest of them and a MiB.

    Raises:
        json.JSONDecodeError: the file holds no array, or ends within it.

    >>> import io
    >>> [found.row for found in in_array(io.BytesIO(b'[{"a": 1}, {"a": 2}]'))]
    [{'a': 1}, {'a': 2}]
    """
    text = _Text(file)
    text.expect("[", "an array of rows")
    if text.peek() == "]":
        return
    while True:
        text.peek()
        start, row = text.at, text.take()
        yield Found(start, text.at - start, row)
        if text.expect(",]", "a comma or the end of the array") == "]":
            return


class _Text:
    """A file as text: what is not yet taken, and how many bytes were."""

    def __init__(self, file: BinaryIO) -> None:
        self.at = 0
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._held = ""
        self._next = 0  # the place in `_held` of what is not yet taken

    def peek(self) -> str:
        """The next character that is no blank; "" at the end."""
        while True:
            while self._next < len(self._held):
                if (char := self._held[self._next]) not in _BETWEEN and char != _BOM:
                    return char
                self._pass(self._next + 1)
            if not self._more():
                return ""

    def expect(self, chars: str, what: str) -> str:
        """Take the next character, which must be one of these."""
        char = self.peek()
        if not char or char not in chars:
            raise json.JSONDecodeError(f"{what} expected at byte {self.at}, found {char or 'the end of the file'!r}", "", 0)
        self._pass(self._next + 1)
        return char

    def take(self) -> Any:
        """Take the next object; where it is cut off by the end of what was read, read on, ever more."""
        size = _CHUNK
        while True:
            try:
                row, end = _DECODER.raw_decode(self._held, self._next)
            except json.JSONDecodeError:
                if not self._more(size):
                    raise
                size *= 2  # else an object of n chunks would be parsed n times
                continue
            self._pass(end)
            return row

    def _pass(self, end: int) -> None:
        self.at += len(self._held[self._next : end].encode())
        self._next = end

    def _more(self, size: int = _CHUNK) -> bool:
        data = self._file.read(size)
        self._held, self._next = self._held[self._next :] + self._decode(data, final=not data), 0
        return bool(data)


_DECODER: Final = json.JSONDecoder()
