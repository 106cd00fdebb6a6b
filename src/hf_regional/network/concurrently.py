"""Concurrently: calls in, their results out as they come in, a bounded number of them at a time."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(
    call: Callable[[Item], Result], items: Iterable[Item], *, workers: int, interrupt: Callable[[], None] | None = None
) -> Generator[tuple[int, Result]]:
    """Call a function on every item in threads; yield (place of the item, result) in the order in which they are done.

    Items are drawn as threads become free, so an endless or a heavy iterable is no trouble. Where a call raises, no further item is begun;
    those under way are awaited and their results yielded, since what they asked for may be paid already, and then the error is raised.

    Args:
        call: what to do with one item.
        items: what to do it with.
        workers: threads, and so calls at a time.
        interrupt: called on Ctrl-C, to end the calls under way.
    """
    numbered = enumerate(items)
    with ThreadPoolExecutor(workers, thread_name_prefix="each") as pool:
        pending: dict[Future[Result], int] = {}
        failure: Exception | None = None
        try:
            while True:
                if failure is None:
                    pending |= {pool.submit(call, item): place for place, item in islice(numbered, workers - len(pending))}
                if not pending:
                    break
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in sorted(done, key=pending.__getitem__):
                    place = pending.pop(future)
                    try:
                        result = future.result()
                    except Exception as error:  # whatever it is, it is raised in the end
                        failure = failure or error
                    else:
                        yield place, result
        except KeyboardInterrupt:
            if interrupt:
                interrupt()
            raise
    if failure is not None:
        raise failure
