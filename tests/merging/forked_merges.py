"""Merges forked from a warm process, where a merge can be killed, stopped or robbed before the n-th thing that it does to a folder.

    with Merges(tmp_path / "place") as merges:
        merges.merge("base", "regional", [0.5], "place/out", at=7, act="kill")

Python tells of every open, rename, mkdir, lock and removal before it does it (PEP 578); those below `place` are counted.
"""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

TOLD = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "fcntl.flock", "os.listdir", "os.scandir"}
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "HF_HUB_DISABLE_PROGRESS_BARS": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class End:
    """How a merge ended: `signal` that killed it, or the error's name and words, or neither; and how many things it did to the place."""

    signal: int
    error: str
    done: int
    other: "End | None" = None  # of the merge that ran while this one stood still

    @property
    def is_well(self) -> bool:
        """Whether it came to its end without an error."""
        return not self.signal and not self.error


class Merges:
    """A process that has imported everything and forks one merge after the other."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def __enter__(self) -> "Merges":
        command = [sys.executable, __file__, str(self._place)]
        self._process = subprocess.Popen(command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.communicate(timeout=60)

    def merge(self, base: Path, regional: Path, betas: list[float], out: Path, *, at: int = 0, act: str = "", other: Any = None) -> End:
        """Merge to `out`; before the `at`-th thing done to the place kill, remove, fill, crowd, or stop and merge `other` β meanwhile."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        wish = {"base": str(base), "regional": str(regional), "betas": betas, "out": str(out), "at": at, "act": act, "other": other}
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        return End(**told | {"other": End(**told["other"]) if told["other"] else None})


def serve(place: str) -> None:
    """Fork a merge for each wish that comes in."""
    from hf_regional.merging import merge, record  # noqa: F401 - what a merge imports only when it runs

    for line in sys.stdin:
        sys.stdout.write(json.dumps(forked(json.loads(line), place)) + "\n")
        sys.stdout.flush()


def forked(wish: dict[str, Any], place: str) -> dict[str, Any]:
    """Run one merge in a process of its own."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        merged(wish, place, writing)
    os.close(writing)
    other = None
    _, status = os.waitpid(pid, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        other = forked(wish | {"betas": wish["other"], "at": 0, "act": ""}, place)
        os.kill(pid, signal.SIGCONT)
        _, status = os.waitpid(pid, 0)
    with os.fdopen(reading) as told:
        error, done = json.loads(told.read() or '["", 0]')
    return {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, "error": error, "done": done, "other": other}


def merged(wish: dict[str, Any], place: str, writing: int) -> None:
    """Merge, tell what became of it, and end."""
    from hf_regional.merging import merge_checkpoints

    count = itertools.count(1)  # from several threads
    acts = {"kill": lambda: os.kill(os.getpid(), signal.SIGKILL), "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP)}
    acts |= {"remove": lambda: vanish(place), "fill": lambda: fill(place), "crowd": lambda: crowd(place)}
    acting = False

    def notice(event: str, args: tuple[Any, ...]) -> None:
        nonlocal acting
        if acting or event not in TOLD or not is_below(args[0], place, event) or next(count) != wish["at"]:
            return
        acting = True
        acts[wish["act"]]()
        acting = False

    sys.addaudithook(notice)
    error = ""
    try:
        merge_checkpoints(wish["base"], wish["regional"], wish["betas"], wish["out"])
    except BaseException as caught:
        error = f"{type(caught).__name__}: {caught}"
    os.write(writing, json.dumps([error, next(count) - 1]).encode())
    os._exit(0)


def is_below(what: object, place: str, event: str) -> bool:
    """Whether an event is about the place; of descriptors it is not told, and only locks and lengths are asked for by them."""
    if isinstance(what, int):
        return event != "open"
    return isinstance(what, str | os.PathLike) and os.fspath(what).startswith(place)


def vanish(place: str) -> None:
    """Remove the place, though other threads still write to it."""
    while os.path.exists(place):
        shutil.rmtree(place, ignore_errors=True)


def fill(place: str) -> None:
    """Take all the room that is left."""
    with open(f"{place}/filler", "wb", buffering=0) as filler:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while filler.write(bytes(size)) == size:
                    pass
            except OSError:
                continue


def crowd(place: str) -> None:
    """Take all the names that are left."""
    os.mkdir(f"{place}/filler")
    with suppress(OSError):
        for number in itertools.count():
            open(f"{place}/filler/{number}", "xb").close()


def places(done: int, most: int) -> Iterator[int]:
    """At most so many numbers from 1 to `done`, the first and the last among them."""
    return iter(range(1, done + 1) if done <= most else sorted({1 + (done - 1) * step // (most - 1) for step in range(most)}))


if __name__ == "__main__":
    serve(sys.argv[1])
