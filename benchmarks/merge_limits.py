"""Limits: files to read or bytes to write in, the seconds that nothing but this takes out. The road that no merge can beat.

    python benchmarks/merge_limits.py read FILE ... --streams 1
    python benchmarks/merge_limits.py write FOLDER --bytes 2000000000 --streams 1 --direct

Reading is what `cat FILE ... > /dev/null` does, writing what `dd` does, with `oflag=direct` or without: one buffer a stream, used
again and again. Prints one JSON object: seconds, and seconds until the bytes were on the disk (`fsync`). The start of the
interpreter is not in it.
"""

import argparse
import json
import mmap
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

_BLOCK: Final = 8 << 20  # bytes at a time; a multiple of every sector, as direct writes ask


def read(files: Sequence[Path], stream: int, streams: int) -> None:
    """Every `streams`-th block of the files, from number `stream` on."""
    buffer = memoryview(bytearray(_BLOCK))
    for file in files:
        handle = os.open(file, os.O_RDONLY)
        for start in range(stream * _BLOCK, os.fstat(handle).st_size, streams * _BLOCK):
            os.preadv(handle, [buffer], start)
        os.close(handle)


def write(folder: Path, size: int, stream: int, streams: int, flags: int) -> None:
    """A file of the share of this stream, whole blocks."""
    buffer = mmap.mmap(-1, _BLOCK)  # begins at a page, as direct writes ask
    buffer.write(os.urandom(_BLOCK))
    handle = os.open(folder / f"stream-{stream}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | flags, 0o600)
    for start in range(0, size // streams // _BLOCK * _BLOCK or _BLOCK, _BLOCK):
        os.pwrite(handle, buffer, start)
    os.close(handle)


def in_streams(work: Callable[[int], None], streams: int) -> float:
    """Seconds until all are done. An error in one of them is raised here."""
    failed: list[BaseException] = []

    def guarded(stream: int) -> None:
        try:
            work(stream)
        except OSError as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(stream,)) for stream in range(streams)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return time.perf_counter() - began


def timed_write(folder: Path, size: int, streams: int, flags: int) -> tuple[int, float, float]:
    """Bytes written, seconds, and seconds with `fsync`; the files are removed."""
    folder.mkdir(parents=True)
    seconds = in_streams(lambda stream: write(folder, size, stream, streams, flags), streams)
    began = time.perf_counter()
    for file in folder.iterdir():
        handle = os.open(file, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    synced = seconds + time.perf_counter() - began
    written = sum(file.stat().st_size for file in folder.iterdir())
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    return written, seconds, synced


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["read", "write"])
    parser.add_argument("paths", type=Path, nargs="+", help="files to read, or a folder to make, write into and remove")
    parser.add_argument("--bytes", type=int, default=0, help="how many to write, rounded down to blocks of 8 MiB")
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--direct", action="store_true", help="past the page cache (O_DIRECT)")
    given = parser.parse_args()
    if given.action == "read":
        seconds = in_streams(lambda stream: read(given.paths, stream, given.streams), given.streams)
        found = {"bytes": sum(file.stat().st_size for file in given.paths), "seconds": seconds, "synced": seconds}
    else:
        flags = getattr(os, "O_DIRECT", 0) if given.direct else 0
        written, seconds, synced = timed_write(given.paths[0], given.bytes, given.streams, flags)
        found = {"bytes": written, "seconds": seconds, "synced": synced}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
