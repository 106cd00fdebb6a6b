"""Processes: a command in, what its whole process cost out. Linux only: memory and bytes are read from the kernel.

Nothing large is imported here. A process begins its life with the peak memory of the one that started it (Linux counts it on
`exec`), so that a benchmark of 200 MB would find 200 MB in everything.
"""

import errno
import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BLOCK: Final = 8 << 20
_SAMPLE: Final = 1 << 20  # one byte of so many is looked for in the page cache
# Caps on threads that a shell may hold for other reasons; a user of either tool has none.
_NOT_PASSED_ON: Final = {"OMP_NUM_THREADS", "MKL_NUM_THREADS"}
_SETTINGS: Final = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one whole process, start of the interpreter included."""

    wall: float  # seconds
    user: float
    system: float
    peak_mb: float  # resident, mapped files included; 10**6 bytes
    read_mb: float  # by read calls; what is read through mapped files is not in it
    written_mb: float
    printed: str


class FailedRunError(Exception):
    """A program under measurement did not end well."""


def run(command: Sequence[str], *, log: Path, settings: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end.

    Raises:
        FailedRunError: its exit code is not 0; the end of what it wrote is in the message.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON} | _SETTINGS | dict(settings or {})
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as errors, log.with_suffix(".out").open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=errors)
        # Ended and not yet buried: the kernel still tells what all its threads read and wrote.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        wall = time.perf_counter() - began
        counted = dict(line.split(": ") for line in Path(f"/proc/{process.pid}/io").read_text(encoding="ascii").splitlines())
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    printed = log.with_suffix(".out").read_text(encoding="utf-8", errors="replace")
    if process.returncode:
        said = (printed + log.read_text(encoding="utf-8", errors="replace"))[-3000:]
        raise FailedRunError(f"exit code {process.returncode} of {' '.join(command)}\n{said}")
    read, written = int(counted["rchar"]) / 1e6, int(counted["wchar"]) / 1e6
    return Cost(wall, used.ru_utime, used.ru_stime, used.ru_maxrss * 1024 / 1e6, read, written, printed)


def warm(files: Iterable[Path]) -> None:
    """Read files, so that the page cache holds them."""
    buffer = bytearray(_BLOCK)
    for file in files:
        with file.open("rb", buffering=0) as stream:
            while stream.readinto(buffer):
                continue


def settle(folder: Path) -> None:
    """Remove an output, half-done ones too, and wait until the disk is quiet: no run pays for what another left to be written."""
    for left in [folder, *folder.parent.glob(f".{folder.name}.*")]:
        shutil.rmtree(left, ignore_errors=True)
    os.sync()


def cached_share(files: Iterable[Path]) -> float | None:
    """Share of the bytes of files that lie in the page cache: 1 after buffered writes, 0 after direct ones; None if it cannot be told."""
    found: list[bool] = []
    for file in files:
        handle = os.open(file, os.O_RDONLY)
        try:
            found += [_is_cached(handle, place) for place in range(0, os.fstat(handle).st_size, _SAMPLE)]
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise
            return None  # a file system in memory, which has nothing but
        finally:
            os.close(handle)
    return sum(found) / max(len(found), 1)


def _is_cached(handle: int, place: int) -> bool:
    try:
        return os.preadv(handle, [bytearray(1)], place, os.RWF_NOWAIT) == 1
    except BlockingIOError:  # it would have to wait for the disk
        return False
