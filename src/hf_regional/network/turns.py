"""Turns: requests that wait in, the next one that may go out, host by host; none is hurried, and one that rests holds up no other."""

import heapq
import math
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

Task = TypeVar("Task")


@dataclass
class _Host(Generic[Task]):
    waiting: list[tuple[float, int, Task]] = field(default_factory=list[tuple[float, int, Task]])  # a heap by the time from which
    running: int = 0
    free_at: float = 0.0
    failures: int = 0  # in a row, of tasks that no attempt helped
    is_given_up: bool = False


class Turns(Generic[Task]):
    """Whose turn it is. Times are seconds on one clock; of one thread alone."""

    def __init__(self, per_host: int, interval_s: float) -> None:
        """Set how many requests a host gets at a time, and the seconds between the beginnings of two of them."""
        self.per_host, self.interval_s = per_host, interval_s
        self._hosts: dict[str, _Host[Task]] = {}
        # Every change of a host adds an entry; those that no longer hold are thrown away when they come up.
        self._ready: list[tuple[float, int, str]] = []
        self._numbers = count()
        self.waiting = 0

    def add(self, host: str, task: Task, not_before: float = 0.0) -> bool:
        """Let a task wait for its turn, from `not_before` on; false where its host was given up."""
        found = self._hosts.setdefault(host, _Host())
        if found.is_given_up:
            return False
        heapq.heappush(found.waiting, (not_before, next(self._numbers), task))
        self.waiting += 1
        self._announce(host)
        return True

    def take(self, now: float) -> tuple[str, Task] | None:
        """The next task that may begin now, with its host; None where there is none."""
        if self.wait_s(now) > 0:
            return None
        host = heapq.heappop(self._ready)[2]
        found = self._hosts[host]
        task = heapq.heappop(found.waiting)[2]
        found.running += 1
        found.free_at = now + self.interval_s
        self.waiting -= 1
        self._announce(host)
        return host, task

    def done(self, host: str) -> None:
        """A task of this host has ended."""
        self._hosts[host].running -= 1
        self._announce(host)

    def wait_s(self, now: float) -> float:
        """Seconds until some task may begin; infinite where none waits, or where only the end of another will let one begin."""
        while self._ready:
            at, _, host = self._ready[0]
            holds = self._from(host)
            if at == holds:
                return max(0.0, at - now)
            heapq.heappop(self._ready)
            if holds < math.inf:
                heapq.heappush(self._ready, (holds, next(self._numbers), host))
        return math.inf

    def rest(self, host: str, until: float) -> None:
        """Leave a host alone until then."""
        found = self._hosts[host]
        found.free_at = max(found.free_at, until)
        self._announce(host)

    def failed(self, host: str) -> int:
        """Count a task of this host that no attempt helped; how many it is in a row."""
        self._hosts[host].failures += 1
        return self._hosts[host].failures

    def succeeded(self, host: str) -> None:
        """The host is there."""
        self._hosts[host].failures = 0

    def give_up(self, host: str) -> list[Task]:
        """Take away all tasks that wait for a host, and take none for it from now on."""
        found = self._hosts[host]
        waiting, found.waiting, found.is_given_up = found.waiting, [], True
        self.waiting -= len(waiting)
        return [task for _, _, task in sorted(waiting)]

    def _from(self, host: str) -> float:
        found = self._hosts[host]
        if not found.waiting or found.running >= self.per_host:
            return math.inf
        return max(found.free_at, found.waiting[0][0])

    def _announce(self, host: str) -> None:
        if (at := self._from(host)) < math.inf:
            heapq.heappush(self._ready, (at, next(self._numbers), host))
