"""Downloading: web addresses of pictures in; files named by their content out, and why there is none where there is none.

found = download_pictures(urls, Path("pictures"), Manners("Ani Wijaya, ani@example.org"))
found.paths["https://..."]     # pictures/3f/3f9a....jpg, byte for byte as it came, EXIF and all
found.dead                     # Counter({"HTTP 404": 12, "timed out": 3})

What is finished is written down beside the folder, in `pictures.journal`: a killed run goes on where it was, and what is lasting
(a picture that is there, an address that is gone) is never asked for again. What may pass (a timeout, a host that is busy) is.
"""

import hashlib
import logging
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from hf_regional.errors import ConfigError
from hf_regional.network.fetching import NO_ADDRESS, Fault, Fetcher, Got, Moved
from hf_regional.network.guard import Guard, Resolve, look_up
from hf_regional.network.manners import Manners
from hf_regional.network.shelf import Fetched, Shelf
from hf_regional.network.turns import Turns
from hf_regional.network.weblinks import Weblink, read_weblink

_log: Final = logging.getLogger(__name__)
_AHEAD: Final = 10_000  # addresses that wait for their turn, so that many hosts are served side by side
_RECHECK_S: Final = 60.0
NOT_PERMITTED: Final = "not permitted"
TOO_MANY_REDIRECTS: Final = "too many redirects"
LEFT_ALONE: Final = "left for another time: the host is busy or does not answer"

MayFetch = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Pictures:
    """What became of many: files by address, and addresses without one, counted by reason."""

    fetched: dict[str, Fetched]

    @property
    def paths(self) -> dict[str, Path]:
        """The files that are there."""
        return {url: each.path for url, each in self.fetched.items() if each.path}

    @property
    def dead(self) -> Counter[str]:
        """How many addresses have none, by reason."""
        return Counter(each.reason for each in self.fetched.values() if not each.path)


@dataclass(frozen=True, slots=True)
class _Task:
    url: str
    link: Weblink
    attempt: int = 0
    hops: int = 0


def download_pictures(urls: Iterable[str], folder: Path, manners: Manners) -> Pictures:
    """Fetch pictures into a folder, each address once, and wait for all of them.

    Raises:
        CannotWriteError: the folder is full or closed to us; what was fetched before is kept.
    """
    return Pictures({each.url: each for each in Downloader(folder, manners).fetch(urls)})


class Downloader:
    """Fetches pictures into a folder: in threads, in turns by host, with retries, and never again what is there."""

    def __init__(self, folder: Path | Shelf, manners: Manners, *, may_fetch: MayFetch | None = None, resolve: Resolve = look_up) -> None:
        """Ask for nothing yet.

        Args:
            folder: of pictures, see `Shelf`.
            manners: how it asks.
            may_fetch: called in a thread before each request, those that a redirect leads to included, with the address; False leaves
                the picture alone. Here a site's robots.txt comes in, where pictures are not named by a corpus but found.
            resolve: looks up the addresses of a host; what it gives is checked.
        """
        self.shelf, self.manners = folder if isinstance(folder, Shelf) else Shelf(folder), manners
        self._may_fetch, self._guard = may_fetch, Guard(manners.allowed, resolve)
        self._chance = random.Random(0)

    def fetch(self, urls: Iterable[str], *, gone_too: bool = False) -> Generator[Fetched]:
        """Yield what becomes of each address, those that are there already first; equal addresses are one.

        They are drawn as their turns come near, so they may be many; about 100 bytes a distinct address stay in memory.

        Args:
            urls: the addresses.
            gone_too: ask again for those that an earlier run found to be gone.

        Raises:
            CannotWriteError: as `download_pictures`.
        """
        fetcher = Fetcher(self._guard, self.manners.headers, self.manners.limits)
        with ThreadPoolExecutor(self.manners.workers, thread_name_prefix="fetch") as pool:
            try:
                yield from self._in_turns(_distinct(urls), fetcher, pool, gone_too=gone_too)
            finally:
                fetcher.close()

    def _in_turns(self, urls: Iterator[str], fetcher: Fetcher, pool: ThreadPoolExecutor, *, gone_too: bool) -> Generator[Fetched]:
        turns = Turns[_Task](self.manners.per_host, self.manners.interval_s)
        pending: dict[Future[Fetched | Moved | Fault], tuple[str, _Task]] = {}
        is_more = True
        while is_more or pending or turns.waiting:
            drawn = list(islice(urls, max(0, _AHEAD - turns.waiting)))
            is_more = bool(drawn)
            for url in drawn:
                yield from self._begin(url, turns, gone_too=gone_too)
            while len(pending) < self.manners.workers and (taken := turns.take(time.monotonic())):
                pending[pool.submit(self._attempt, taken[1], fetcher)] = taken
            for future in _done(pending, turns.wait_s(time.monotonic()), has_room=len(pending) < self.manners.workers):
                host, task = pending.pop(future)
                turns.done(host)
                yield from self._settle(host, task, future.result(), turns)

    def _begin(self, url: str, turns: Turns[_Task], *, gone_too: bool) -> Generator[Fetched]:
        if (known := self.shelf.find(url)) and (known.path or not gone_too):
            yield known
            return
        try:
            link = read_weblink(url)
        except ConfigError:
            yield Fetched(url, reason=NO_ADDRESS)
            return
        yield from self._queue(_Task(url, link), turns)

    def _queue(self, task: _Task, turns: Turns[_Task], pause_s: float = 0.0) -> Generator[Fetched]:
        if not turns.add(task.link.host, task, time.monotonic() + pause_s if pause_s else 0.0):
            yield _left(task)

    def _attempt(self, task: _Task, fetcher: Fetcher) -> Fetched | Moved | Fault:
        """In a thread: one request, and its picture onto the disk."""
        if self._may_fetch and not self._may_fetch(task.link.url):
            return Fault(NOT_PERMITTED)
        answer = fetcher.ask(task.link)
        return self.shelf.keep(task.url, answer.content, answer.kind, task.link.url) if isinstance(answer, Got) else answer

    def _settle(self, host: str, task: _Task, answer: Fetched | Moved | Fault, turns: Turns[_Task]) -> Generator[Fetched]:
        """An answer in; what it says of this picture, and of others of its host, out."""
        if not isinstance(answer, Fault):
            turns.succeeded(host)
        match answer:
            case Fetched():
                yield answer
            case Moved(link) if task.hops < self.manners.most_redirects:
                yield from self._queue(replace(task, link=link, hops=task.hops + 1, attempt=0), turns)
            case Moved():
                yield self._bury(task, Fault(TOO_MANY_REDIRECTS, is_lasting=True))
            case Fault() if (answer.wait_s or 0.0) > self.manners.retry.longest_wait_s:
                yield from map(_left, (task, *turns.give_up(host)))
            case Fault() if answer.is_temporary and task.attempt + 1 < self.manners.retry.attempts:
                turns.rest(host, time.monotonic() + (answer.wait_s or 0.0))
                pause_s = answer.wait_s or self.manners.retry.wait_s(task.attempt, self._chance.random())
                yield from self._queue(replace(task, attempt=task.attempt + 1), turns, pause_s)
            case Fault():
                yield self._bury(task, answer)
                if answer.has_answered:
                    turns.succeeded(host)
                elif turns.failed(host) >= self.manners.patience:
                    yield from map(_left, turns.give_up(host))

    def _bury(self, task: _Task, fault: Fault) -> Fetched:
        _log.info("%s: %s.", task.url, fault.reason)
        if fault.is_lasting:
            self.shelf.bury(task.url, fault.reason)
        return Fetched(task.url, reason=fault.reason, is_lasting=fault.is_lasting)


def _left(task: _Task) -> Fetched:
    return Fetched(task.url, reason=LEFT_ALONE, is_lasting=False)


def _distinct(urls: Iterable[str]) -> Iterator[str]:
    seen: set[bytes] = set()
    for url in urls:
        key = hashlib.blake2b(url.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if key not in seen:
            seen.add(key)
            yield url


def _done(pending: dict[Future[Any], Any], wait_s: float, *, has_room: bool) -> list[Future[Any]]:
    """Wait until a request has ended or another may begin; those that have ended, in the order in which they were begun."""
    limit_s = min(wait_s, _RECHECK_S) if has_room else _RECHECK_S
    if not pending:
        time.sleep(0.0 if math.isinf(wait_s) else limit_s)
        return []
    done, _ = wait(pending, timeout=limit_s, return_when=FIRST_COMPLETED)
    return [future for future in pending if future in done]
