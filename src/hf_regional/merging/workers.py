"""Workers: blocks in, each given to one of a few threads, in their order. The first error stops all and is raised."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Block = TypeVar("_Block")
_Scratch = TypeVar("_Scratch")


def worker_count() -> int:
    """One thread more than there are cores to run on, so that a core has work while a thread waits for the disk; at most 8."""
    return min(_cores() + 1, 8)


def mixing_count() -> int:
    """How many threads mix at a time where mixing costs about what moving the bytes does: as many as half the cores.

    On all of them it takes more of each, for they push each other's blocks out of a cache that they share, and the disk is the limit.
    """
    return max(1, _cores() // 2)


def run_blocks(
    blocks: Iterable[_Block], prepare: Callable[[], _Scratch], work: Callable[[_Scratch, _Block], None], stop: threading.Event
) -> None:
    """Call `work(scratch, block)` for every block; each thread has a scratch of its own from `prepare`."""
    supply, lock, errors = iter(blocks), threading.Lock(), list[BaseException]()

    def run() -> None:
        try:
            scratch = prepare()
            for block in _taken(supply, lock, stop):
                work(scratch, block)
        except BaseException as error:  # carried to the caller's thread
            errors.append(error)
            stop.set()

    threads = [threading.Thread(target=run, name=f"merge-{number}", daemon=True) for number in range(worker_count())]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException:  # Ctrl-C reaches the main thread only
        stop.set()
        for thread in threads:
            thread.join()
        raise
    if errors:
        raise errors[0]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _taken(supply: Iterator[_Block], lock: threading.Lock, stop: threading.Event) -> Iterator[_Block]:
    while not stop.is_set():
        with lock:
            block = next(supply, None)
        if block is None:
            return
        yield block
