"""Workers: parts in, each judged by one of several processes, their counts out as they are finished.

The processes are interpreters of their own that are told what to do through a pipe: nothing of the caller's script runs in them,
so that it needs no `if __name__ == "__main__"`, and none inherits the threads of another.
"""

import gc
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import Any, cast

import pyarrow as pa

from hf_regional.errors import CannotWriteError, RegionalError
from hf_regional.filtering.parquet.judging import Job, judge_part
from hf_regional.filtering.parquet.parts import Part
from hf_regional.filtering.report import Counts

Done = tuple[Part, Counts]


def judged(job: Job, parts: Sequence[Part], processes: int) -> Iterator[Done]:
    """Judge parts, in this process or in several; the first error ends all.

    Raises:
        CannotWriteError: a process was killed, most often for want of memory.
        RegionalError: what `judge_part` raises.
    """
    if processes <= 1 or len(parts) <= 1:
        yield from ((part, judge_part(job, part)) for part in parts)
        return
    supply, results = iter(parts), SimpleQueue[Any]()
    lock, stop, running = threading.Lock(), threading.Event(), list[subprocess.Popen[bytes]]()

    def take() -> Part | None:
        with lock:
            return None if stop.is_set() else next(supply, None)

    threads = [
        threading.Thread(target=_run, args=(job, take, results, running), name=f"filter-{number}", daemon=True)
        for number in range(min(processes, len(parts)))
    ]
    for thread in threads:
        thread.start()
    try:
        yield from _collected(results, len(threads))
    except BaseException:  # an error, or we were stopped: what is in hand is wanted no more
        for process in running:
            process.kill()
        raise
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _collected(results: SimpleQueue[Any], running: int) -> Iterator[Done]:
    while running:
        result = results.get()
        if result is None:
            running -= 1
        elif isinstance(result, BaseException):
            raise result
        else:
            yield result


def _run(job: Job, take: Callable[[], Part | None], results: SimpleQueue[Any], running: list[subprocess.Popen[bytes]]) -> None:
    """Feed one process until there is no part left, or it fails."""
    with subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import serve; serve()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        running.append(process)
        inward, outward = cast("Any", process.stdin), cast("Any", process.stdout)
        try:
            _tell(inward, job)
            while (part := take()) is not None:
                _tell(inward, part)
                answer = pickle.load(outward)
                results.put(answer if isinstance(answer, BaseException) else (part, answer))
                if isinstance(answer, BaseException):
                    break
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            results.put(CannotWriteError(_died(process)))
        except BaseException as error:  # carried to the caller's thread
            results.put(error)
        finally:
            inward.close()
            results.put(None)


def _tell(stream: Any, message: object) -> None:
    pickle.dump(message, stream)
    stream.flush()


def _died(process: subprocess.Popen[bytes]) -> str:
    code = process.wait()
    return f"a process that judged rows ended with code {code}; -9 is most often a lack of memory. Run again with fewer processes."


def serve() -> None:
    """Be one of the processes: read the job, then part after part, from standard input, and answer on standard output."""
    # Ctrl-C reaches all processes of a terminal: the first of them decides what becomes of the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What libraries print must not come between the answers.
    inward, outward = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    # It gives memory back between batches, at no cost in time; Arrow's own keeps a seventh more than a batch ever needs.
    pa.set_memory_pool(pa.system_memory_pool())
    job = pickle.load(inward)
    while True:
        try:
            part = pickle.load(inward)
        except EOFError:
            return
        try:
            answer: object = judge_part(job, part)
        except RegionalError as error:
            answer = error
        _tell(outward, answer)
        if not gc.get_freeze_count():
            # The lexicon and the libraries stay to the end: looked through again and again, they take the collector 3 % of the time.
            gc.collect()
            gc.freeze()
