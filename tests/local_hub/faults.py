"""Which requests go wrong, and how. A rule's choices follow from its seed, the request and how often that was asked, not from the clock."""

import random
import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from types import TracebackType
from typing import Final, Literal, Self, get_args

from local_hub.exchange import Asked

Fault = Literal["429", "500", "502", "503", "504", "drop", "lost", "truncated", "slow", "stale_etag"]
FAULTS: Final[frozenset[str]] = frozenset(get_args(Fault))
# Ids of commits hold the time, addresses of the storage a secret: neither may change what goes wrong.
_BY_CHANCE: Final = re.compile(r"\b[0-9a-f]{40}\b")


@dataclass
class FaultRule:
    """One rule; `fired` is what it did, as (fault, endpoint, path). As a context manager it ends with the block."""

    rules: "Faults"
    share: float
    kinds: Sequence[Fault]
    seed: int
    path: str
    endpoint: str
    method: str
    times: int | None
    retry_after_s: int
    delay_s: float
    fired: list[tuple[Fault, str, str]] = field(default_factory=list[tuple[Fault, str, str]])
    asked: Counter[str] = field(default_factory=Counter[str])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Let nothing more go wrong by this rule."""
        if self in self.rules.rules:
            self.rules.rules.remove(self)

    def pick(self, asked: Asked, endpoint: str) -> Fault | None:
        """What goes wrong with this request, if anything."""
        fits = fnmatch(asked.path, self.path) and fnmatch(endpoint, self.endpoint) and fnmatch(asked.method, self.method)
        kinds: list[Fault] = [kind for kind in self.kinds if _can(kind, asked, endpoint)]
        if not fits or not kinds or (self.times is not None and len(self.fired) >= self.times):
            return None
        key = f"{asked.method} {_BY_CHANCE.sub('*', asked.path)}"
        self.asked[key] += 1
        chance = random.Random(f"{self.seed} {key} {self.asked[key]}")
        if chance.random() >= self.share:
            return None
        kind = chance.choice(kinds)
        self.fired.append((kind, endpoint, asked.path))
        return kind


def _can(kind: Fault, asked: Asked, endpoint: str) -> bool:
    if kind == "truncated":
        return asked.method != "HEAD"
    return kind != "stale_etag" or endpoint == "resolve"


class Faults:
    """The rules that hold now; the first that fires decides."""

    def __init__(self) -> None:
        self.rules: list[FaultRule] = []
        self._lock = threading.Lock()

    def pick(self, asked: Asked, endpoint: str) -> tuple[Fault, FaultRule] | None:
        """What goes wrong with this request, and by which rule."""
        with self._lock:
            for rule in self.rules:
                if kind := rule.pick(asked, endpoint):
                    return kind, rule
        return None
