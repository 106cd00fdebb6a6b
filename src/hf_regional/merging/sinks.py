"""Sinks: blocks in, one file out, past the page cache where the file system lets us.

Filling the page cache with what nobody will read costs more than mixing it does: writing 2 GB that way took 4-12 s where direct
writes took 1-2 (benchmarks/merge.py). HF_REGIONAL_DIRECT_IO=0 turns direct writes off.
"""

import errno
import mmap
import os
from pathlib import Path
from typing import Final

from hf_regional.merging.targets import ALIGNED

_DIRECT: Final[int] = getattr(os, "O_DIRECT", 0)  # Linux has it; elsewhere writes are buffered
_REFUSED: Final = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP}


def aligned_buffer(size: int) -> memoryview:
    """Zeroed memory that begins on a page, as direct writes need it, with room to round `size` up."""
    return memoryview(mmap.mmap(-1, rounded(max(size, 1))))


def rounded(size: int) -> int:
    """The next multiple of what direct I/O moves."""
    return -(-size // ALIGNED) * ALIGNED


class Sink:
    """One file to write, from any thread. Every block but the last begins and ends on a multiple of ALIGNED, or nothing is direct."""

    def __init__(self, path: Path, size: int, *, direct: bool) -> None:
        self._size, self._path = size, path
        self._direct = bool(direct and _DIRECT and os.environ.get("HF_REGIONAL_DIRECT_IO") != "0")
        self._file = self._open()

    def write(self, buffer: memoryview, start: int, size: int) -> None:
        """Write the first `size` bytes of an aligned buffer at `start`; what is in it behind them may be written and cut off later."""
        length = rounded(size) if self._direct else size
        written = 0
        while written < length:
            try:
                written += os.pwrite(self._file, buffer[written:length], start + written)
            except OSError as error:
                if not self._direct or error.errno not in _REFUSED:
                    raise
                self._fall_back()
                length = size

    def finish(self) -> None:
        """Cut the file to its size and wait until the disk has it."""
        os.ftruncate(self._file, self._size)
        os.fsync(self._file)
        self.close()

    def close(self) -> None:
        """Close the file as it is."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        if self._direct:
            try:
                return os.open(self._path, flags | _DIRECT, 0o666)
            except OSError as error:
                if error.errno not in _REFUSED:
                    raise
                self._direct = False
        return os.open(self._path, flags, 0o666)

    def _fall_back(self) -> None:
        # Some file systems take the flag at opening and refuse the write.
        self._direct = False
        buffered = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(buffered, self._file)  # in place, for other threads hold the number
        os.close(buffered)
