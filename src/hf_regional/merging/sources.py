"""Sources: where the bytes of one tensor come from: a place in a file, rows picked out of one, or a base and its adapter."""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hf_regional.errors import DamagedFileError
from hf_regional.merging.codecs import width_of
from hf_regional.merging.header import Stored


class Files:
    """The input files of a merge, opened once, read from any thread. A context manager."""

    def __init__(self) -> None:
        self._open: dict[Path, int] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "Files":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, file: Path) -> None:
        """Open a file that will be read; call it before the threads start."""
        if file not in self._open:
            self._open[file] = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
            self._stack.callback(os.close, self._open[file])

    def read(self, file: Path, start: int, into: memoryview) -> None:
        """Fill `into` from byte `start` on.

        Raises:
            DamagedFileError: the file ended before its header said.
        """
        filled = 0
        while filled < len(into):
            got = os.preadv(self._open[file], [into[filled:]], start + filled)
            if not got:
                raise DamagedFileError(f"{file} ended while it was read. Download or save it again.")
            filled += got


class Source(Protocol):
    """One tensor, as bytes of one dtype in the order of its elements."""

    @property
    def dtype(self) -> str:
        """The name that safetensors has for it: "BF16", "F32", ..."""
        ...

    @property
    def files(self) -> frozenset[Path]:
        """The files that it reads."""
        ...

    def read(self, files: Files, first: int, into: memoryview) -> None:
        """Fill `into` with the elements from `first` on; its length is a whole number of elements."""
        ...


@dataclass(frozen=True, slots=True)
class Plain:
    """A tensor as it lies in a file."""

    stored: Stored

    @property
    def dtype(self) -> str:
        """As its header says."""
        return self.stored.dtype

    @property
    def files(self) -> frozenset[Path]:
        """The one that holds it."""
        return frozenset([self.stored.file])

    def read(self, files: Files, first: int, into: memoryview) -> None:
        """Fill `into` with the elements from `first` on."""
        files.read(self.stored.file, self.stored.start + first * width_of(self.dtype), into)
