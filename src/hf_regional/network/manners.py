"""Manners: how strangers' servers are asked for pictures. The numbers are low on purpose: a corpus is fetched once, a site lives on."""

import math
from dataclasses import dataclass, field
from typing import Final

from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.network.fetching import Limits
from hf_regional.network.retrying import Retry
from hf_regional.version import __version__

# By which an owner says no to training on a picture, or to its being taken up anywhere (img2dataset heeds the same four).
REFUSED_TAGS: Final = frozenset({"noai", "noimageai", "noindex", "noimageindex"})


@dataclass(frozen=True)
class Manners:
    """How pictures are asked for.

    Attributes:
        operator: who asks, and how to reach them: "Ani Wijaya, ani@example.org". It is sent with each request; many sites refuse those
            who do not say it, and one who is disturbed can write instead of blocking.
        workers: requests at a time, all hosts together.
        per_host: requests at a time at one host.
        interval_s: seconds between the beginnings of two requests at one host.
        timeout_s: seconds from the beginning of a request to the last byte of its answer.
        most_bytes: of a picture; one that is larger is refused before it is read. `workers` of them may be in memory.
        most_redirects: that are followed for one picture.
        patience: pictures in a row for which a host gave no answer, after which the others of this host are left for another run.
        retry: how often, and with what waits; a `Retry-After` goes before it.
        allowed: "address:port" of servers outside of the public internet that may be asked all the same.
        refused_tags: words of `X-Robots-Tag` that are heeded.

    Raises:
        ConfigError: nobody, or no way to reach them, is named.
        OutOfRangeError: a number is below what has a meaning.
    """

    operator: str
    workers: int = 16
    per_host: int = 2
    interval_s: float = 0.1
    timeout_s: float = 60.0
    most_bytes: int = 32 << 20
    most_redirects: int = 5
    patience: int = 5
    retry: Retry = field(default_factory=lambda: Retry(attempts=4))
    allowed: frozenset[str] = frozenset()
    refused_tags: frozenset[str] = REFUSED_TAGS

    def __post_init__(self) -> None:
        """Check names and numbers."""
        if not self.operator.isprintable() or not self.operator.isascii() or not ("@" in self.operator or "://" in self.operator):
            raise ConfigError(
                f"operator={self.operator!r} does not say who asks for the pictures: give a name and an e-mail address or a web page, "
                "in plain letters, such as 'Ani Wijaya, ani@example.org'. It is sent to the sites that are asked.",
                "operator",
            )
        if min(self.workers, self.per_host, self.most_bytes, self.patience) < 1 or self.most_redirects < 0:
            raise OutOfRangeError(f"{self}: workers, per_host, most_bytes and patience must be 1 or more, most_redirects 0 or more.")
        if not (0 < self.timeout_s < math.inf and 0 <= self.interval_s < math.inf):
            raise OutOfRangeError(f"{self}: timeout_s must be above 0, interval_s 0 or more.")

    @property
    def headers(self) -> dict[str, str]:
        """What is sent with each request; bodies come as they are, so that a size that is announced is the size that comes."""
        return {
            "User-Agent": f"hf-regional/{__version__} ({self.operator})",
            "Accept": "image/*;q=1.0, */*;q=0.1",
            "Accept-Encoding": "identity",
        }

    @property
    def limits(self) -> Limits:
        """Of one answer."""
        return Limits(self.timeout_s, self.most_bytes, self.refused_tags)
