"""Retrying: what became of an attempt in, how many seconds to wait before the next one out."""

import email.utils
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from hf_regional.errors import OutOfRangeError

# Too early, too many or too slow, and errors of the server or of what stands before it; 529 is "overloaded" of some providers.
TEMPORARY: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True, slots=True)
class Retry:
    """How often something is tried, and how long one waits in between.

    The n-th wait lies between half and the whole of min(longest_wait_s, first_wait_s * 2^n): by chance, because clients that were
    turned away together would otherwise come back together. A server's own `Retry-After` goes before it.
    """

    attempts: int = 6
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            OutOfRangeError: less than one attempt, or a negative wait.
        """
        if self.attempts < 1 or self.first_wait_s < 0 or self.longest_wait_s < 0:
            raise OutOfRangeError(f"{self}: give one attempt or more, and waits of 0 s or more.")

    def wait_s(self, attempt: int, chance: float) -> float:
        """Seconds to wait after the attempt numbered `attempt` (the first is 0), for a `chance` in [0, 1).

        >>> [Retry(first_wait_s=1, longest_wait_s=5).wait_s(attempt, chance=0.5) for attempt in range(4)]
        [0.75, 1.5, 3.0, 3.75]
        """
        # 2^60 waits are longer than any limit; larger powers are no floats.
        return min(self.longest_wait_s, self.first_wait_s * 2 ** min(attempt, 60)) * (0.5 + chance / 2)


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a server asks to wait, or None where it does not say, or says what cannot be read.

    Args:
        headers: of its answer, names in lower case. `Retry-After` holds seconds or a date (RFC 9110, 10.2.3); a date is compared with
            the answer's own `Date` where there is one, since the two machines' clocks may differ.
        now: the time here, with a time zone.

    >>> now = datetime(2026, 1, 31, tzinfo=UTC)
    >>> retry_after_s({"retry-after": "7"}, now), retry_after_s({"retry-after": "Sat, 31 Jan 2026 00:01:00 GMT"}, now)
    (7.0, 60.0)
    """
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said)
    until = _date(said)
    return None if until is None else max(0.0, (until - (_date(headers.get("date", "")) or now)).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
