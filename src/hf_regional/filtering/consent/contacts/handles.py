"""Handles: a text in, where "@name" stands in it out."""

import re
from collections.abc import Iterator
from typing import Final

PREFILTER: Final = r"[@＠]"
# Not within an address, a mailbox or a package ("npm i @scope/name"); names of 2 to 30 signs, no digit
# first: "@2x" is a resolution
_HANDLE: Final = re.compile(r"(?<![\w.@＠/+\-])[@＠](?=_*[A-Za-z])[A-Za-z_](?:[A-Za-z0-9_.]{0,28}[A-Za-z0-9_])(?![\w@/])")


def find_handles(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each handle, the "@" included.

    >>> list(find_handles("by @made_ubud, 2019"))
    [(3, 13)]
    """
    return (found.span() for found in _HANDLE.finditer(text))
