"""Phone numbers: a text in, where they stand in it out. Rather a number missed than a year, a price or a size taken for one.

A number counts when it is written as the numbers of some country are (`numbering.py`), or when a word beside it says so (`cues.py`).
"""

import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Final

from hf_regional.filtering.consent.contacts.cues import REACH, is_dialled, says_other, says_phone
from hf_regional.filtering.consent.contacts.numbering import LEAST, MOST, is_number

# Dashes, blanks, brackets and signs of other widths, and the ASCII that each is read as
_SIGNS: Final = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-"),
    **dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000", " "),
    **dict(zip("\uff08\uff09\uff0b\uff0e\uff0f", "()+./", strict=True)),
}
PREFILTER: Final = rf"(?:\p{{Nd}}[ ().\-/{''.join(_SIGNS)}]{{0,3}}){{{LEAST - 1}}}\p{{Nd}}"

_RUN: Final = re.compile(r"[+(]{0,2}[0-9](?:[ ().\-/]{0,3}[0-9])*")
_GAP: Final = re.compile(r" ?/ ?| {1,3}")
_MOST_PIECES: Final = 5  # "01 99 00 12 34"
_STRAY: Final = 4  # digits beside a number in one run with it: a year, a house
_LONGEST_ADDRESS: Final = 200
_SPOILS_LEFT: Final = re.compile(r"[A-Za-z0-9_#№$€£¥₩₱฿₫₹%=&?@~^*`\\−-]|[.,:](?<=[0-9][.,:])")
_SPOILS_RIGHT: Final = re.compile(
    r"[A-Za-z0-9_%°‰@₫₩]|[,:.×][0-9]|\.(?:jpe?g|png|gif|webp|tiff?|heic|mp4|pdf)\b|\s?(?:km|px|mm|kg|usd|idr|vnd|đ)\b"
)
_ADDRESS: Final = re.compile(r"://|www\.|\.[a-z]{2,}/")
_AND: Final = re.compile(r"[\s,;/&|()]*(?:or|and|atau|dan|hoặc|và|หรือ|และ|o|ou|或)?[\s()]*")
_LONGEST_AND: Final = 8
# A payment card, and pairs that do not make a number as a whole: a part of either is none
_NO_PARTS: Final = re.compile(r"\d{4}([- ])\d{4}\1\d{4}\1\d{4}|\d\d(?: {1,3}\d\d)+")


def find_phones(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each number, in the order of the text, `end` exclusive.

    Args:
        text: in any script; digits of every script count.

    >>> text = "WA 0812-3456-7890, foto 2019, 1920x1080"
    >>> [text[start:end] for start, end in find_phones(text)]
    ['0812-3456-7890']
    """
    plain = text if text.isascii() else text.translate(_plain_signs())
    last = -REACH
    for run in _RUN.finditer(plain):
        start, end = run.span()
        if end - start < LEAST or _SPOILS_RIGHT.match(plain, end):
            continue
        head = plain[max(0, start - REACH) : start]
        # "0812-3456-7890 / 0813-…": what was said of one number holds for the next
        follows = 0 <= start - last <= _LONGEST_AND and _AND.fullmatch(plain, last, start) is not None
        cued = follows or is_dialled(head) or says_phone(head)
        if (not cued and start and _SPOILS_LEFT.match(plain, start - 1)) or _in_address(plain, start, head):
            continue
        for found in _numbers(plain, *_unbracketed(plain, start, end), cued, not cued and says_other(head)):
            yield found
            last = found[1]


def _in_address(plain: str, start: int, head: str) -> bool:
    """Whether a run is part of an address, other than one that dials."""
    before = plain[max(0, start - _LONGEST_ADDRESS) : start]
    if "/" not in before and "www." not in before:
        return False
    return _ADDRESS.search(re.split(r"[\s<>\"']", before)[-1]) is not None and not is_dialled(head)


def _numbers(plain: str, start: int, end: int, cued: bool, refused: bool) -> list[tuple[int, int]]:
    """The numbers in a run: the whole of it, or parts between blanks where little is left beside them."""
    written = plain[start:end]
    if is_number(written, cued, refused):
        return [(start, end)]
    return [] if refused or _NO_PARTS.fullmatch(written) else _parts(plain, start, end, cued)


def _parts(plain: str, start: int, end: int, cued: bool) -> list[tuple[int, int]]:
    cuts = [(start, start), *(gap.span() for gap in _GAP.finditer(plain, start, end)), (end, end)]
    pieces = [(left[1], right[0]) for left, right in pairwise(cuts)]
    found: list[tuple[int, int]] = []
    place, stray = 0, 0
    while place < len(pieces) and (found or stray <= _STRAY):
        size = _size_of_number(plain, pieces[place : place + _MOST_PIECES], cued)
        if size:
            found.append((pieces[place][0], pieces[place + size - 1][1]))
        else:
            stray += sum(sign.isdigit() for sign in plain[slice(*pieces[place])])
        cued = size > 0
        place += size or 1
    return found


def _size_of_number(plain: str, pieces: Sequence[tuple[int, int]], cued: bool) -> int:
    """How many of the first pieces make a number, the most that do; 0 for none."""
    start = pieces[0][0]
    for size in range(len(pieces), 0, -1):
        end = pieces[size - 1][1]
        whole = end - start <= 2 * MOST and _unbracketed(plain, start, end) == (start, end)
        if whole and is_number(plain[start:end], cued, refused=False):
            return size
    return 0


def _unbracketed(plain: str, start: int, end: int) -> tuple[int, int]:
    """Leave out a bracket that the run opens and does not close."""
    while plain[start] == "(" and plain.count("(", start, end) > plain.count(")", start, end):
        start += 1
    return start, end


@cache
def _plain_signs() -> dict[int, str]:
    """Digits of every script, full-width signs, dashes and odd blanks as their ASCII cousins, one for one: places stay."""
    digits = {sign: str(unicodedata.digit(chr(sign))) for sign in range(128, sys.maxunicode + 1) if unicodedata.category(chr(sign)) == "Nd"}
    return digits | {ord(sign): plain for sign, plain in _SIGNS.items()}
