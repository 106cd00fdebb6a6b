"""Phone numbers: a text in, where they stand in it out. Rather a number missed than a year, a price or a size taken for one.

A number counts when it is written as numbers of some country are (`calling_codes.csv` after "+", `phone_forms.csv` without), or
when a word beside it says so ("Tel.", "โทร", `phone_cues.csv`). Words such as "ISBN" or "order" beside it say the opposite.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

from hf_regional.filtering.consent.tables import table

# Dashes, blanks, brackets and signs of other widths, and the ASCII that each is read as
_SIGNS: Final = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-"),
    **dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000", " "),
    **dict(zip("\uff08\uff09\uff0b\uff0e\uff0f", "()+./", strict=True)),
}
PREFILTER: Final = rf"(?:\p{{Nd}}[ ().\-/{''.join(_SIGNS)}]{{0,3}}){{6}}\p{{Nd}}"

_RUN: Final = re.compile(r"[+(]{0,2}[0-9](?:[ ().\-/]{0,3}[0-9])*")
_GAP: Final = re.compile(r" ?/ ?| {1,3}")
_LEAST, _MOST = 7, 15  # digits: ITU-T E.164 allows 15, and nobody reaches a person with fewer than 7
_AROUND: Final = 48  # characters before a number in which a cue is looked for
_STRAY: Final = 4  # digits beside a number in one run with it: a year, a house
_SPOILS_LEFT: Final = re.compile(r"[A-Za-z0-9_#№$€£¥₩₱฿₫₹%=&?@~^*`\\−-]\Z|[0-9.,:]\Z")
_SPOILS_RIGHT: Final = re.compile(
    r"[A-Za-z0-9_%°‰@₫₩]|[,:.×][0-9]|\.(?:jpe?g|png|gif|webp|tiff?|heic|mp4|pdf)\b|\s?(?:km|px|mm|kg|usd|idr|vnd|đ)\b"
)
_ADDRESS: Final = re.compile(r"://|www\.|\.[a-z]{2,}/")
_DIALS: Final = re.compile(r"(?:wa\.me/|tel:|sms:|callto:|[?&]phone=)\+?\Z")
_YEAR: Final = r"(?:1[5-9]|20|2[45])\d\d"  # of the Christian and the Buddhist era
_DATE: Final = re.compile(rf"{_YEAR}([-./ ])[01]?\d\1[0-3]?\d|[0-3]?\d([-./ ])[0-3]?\d\2{_YEAR}")
_DECIMAL: Final = re.compile(r"\+?\d{1,3}\.\d{4,}")
_HOURS: Final = re.compile(r"([01]\d|2[0-4])[0-5][05] ?[- ] ?([01]\d|2[0-4])[0-5][05]")
_YEARS: Final = re.compile(rf"{_YEAR}(?:[-./ ]{_YEAR})+")
_ROW_OF_DIGITS: Final = "012345678901234567890 9876543210"
_NO_DIGITS: Final = re.compile(r"[^0-9]")
_PAIRS: Final = re.compile(r"\d\d(?: \d\d)+")
_CARD: Final = re.compile(r"\d{4}([- ])\d{4}\1\d{4}\1\d{4}")


class _Form(NamedTuple):
    form: re.Pattern[str]
    least: int
    most: int


class _Cues(NamedTuple):
    says: re.Pattern[str]
    refuses: re.Pattern[str]


def find_phones(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each number, in the order of the text, `end` exclusive.

    Args:
        text: in any script; digits of every script count.

    >>> text = "WA 0812-3456-7890, foto 2019, 1920x1080"
    >>> [text[start:end] for start, end in find_phones(text)]
    ['0812-3456-7890']
    """
    plain = text if text.isascii() else text.translate(_plain_signs())
    last = -_AROUND
    for run in _RUN.finditer(plain):
        if run.end() - run.start() < _LEAST or not _may_be(plain, run.start(), run.end()):
            continue
        for start, end in _numbers(plain, run.start(), run.end(), last):
            yield start, end
            last = end


def _may_be(plain: str, start: int, end: int) -> bool:
    """Whether what touches a run leaves it a number of its own: no letters, money, units, decimals; no part of an address."""
    if _SPOILS_RIGHT.match(plain, end):
        return False
    head = plain[max(0, start - _AROUND) : start]
    if _DIALS.search(head):
        return True
    token = re.split(r"[\s<>\"']", plain[max(0, start - 200) : start])[-1]
    if _ADDRESS.search(token):
        return False
    return not _SPOILS_LEFT.search(head) or _cues().says.search(head) is not None


def _numbers(plain: str, start: int, end: int, last: int) -> list[tuple[int, int]]:
    """The numbers in a run: the whole of it, or parts between blanks where little is left beside them."""
    head = plain[max(0, start - _AROUND) : start]
    follows = 0 <= start - last <= 8 and re.fullmatch(r"[\s,;/&|()]*(?:or|and|atau|dan|hoặc|và|หรือ|และ|o|ou|或)?[\s()]*", plain[last:start])
    cued = bool(follows or _DIALS.search(head) or _cues().says.search(head))
    refused = not cued and _cues().refuses.search(head) is not None
    start, end = _unbracketed(plain, start, end)
    if _is_number(plain[start:end], cued, refused):
        return [(start, end)]
    if _CARD.fullmatch(plain[start:end]) or _PAIRS.fullmatch(plain[start:end]):
        return []
    return [] if refused else _parts(plain, start, end, cued)


def _parts(plain: str, start: int, end: int, cued: bool) -> list[tuple[int, int]]:
    cuts = [(start, start), *(gap.span() for gap in _GAP.finditer(plain, start, end)), (end, end)]
    pieces = [(left[1], right[0]) for left, right in pairwise(cuts)]
    found: list[tuple[int, int]] = []
    place, stray = 0, 0
    while place < len(pieces):
        size = next((size for size in range(min(5, len(pieces) - place), 0, -1) if _is_part(plain, pieces[place : place + size], cued)), 0)
        if size:
            found.append((pieces[place][0], pieces[place + size - 1][1]))
            stray, cued = 0, True
        else:
            stray += _digits(plain[slice(*pieces[place])])
            cued = False
        if stray > _STRAY and not found:
            return []
        place += size or 1
    return found


def _is_part(plain: str, pieces: Sequence[tuple[int, int]], cued: bool) -> bool:
    start, end = pieces[0][0], pieces[-1][1]
    return end - start <= 2 * _MOST and _unbracketed(plain, start, end) == (start, end) and _is_number(plain[start:end], cued, False)


def _is_number(written: str, cued: bool, refused: bool) -> bool:
    """Whether a stretch of digits and separators is a phone number. `cued`: a word beside it says so; `refused`: says no."""
    number = _NO_DIGITS.sub("", written)
    if not _LEAST <= len(number) <= _MOST or _DECIMAL.fullmatch(written):
        return False
    if written.lstrip("(").startswith("+"):
        return _is_international(written) or (cued and _may_be_dialled(written, number))
    if refused or _DATE.fullmatch(written) or _HOURS.fullmatch(written):
        return False
    if written.startswith("00") and len(number) > 10 and _is_international(written[2:]):
        return True
    spelled = _spelled(written)
    if any(one.least <= len(number) <= one.most and one.form.fullmatch(spelled) for one in _forms()):
        return cued or not (_counts_up(written) or written in _ROW_OF_DIGITS)
    return cued and _may_be_dialled(written, number)


def _is_international(written: str) -> bool:
    number = _NO_DIGITS.sub("", written.replace("(0)", ""))
    for size in (3, 2, 1):
        if national := _calling_codes().get(number[:size]):
            return national.fullmatch(number[size:].removeprefix("0") if number[:size] != "39" else number[size:]) is not None
    return False


def _may_be_dialled(written: str, number: str) -> bool:
    """Digits behind a cue: grouped as people dictate them, and not a date, a list of years or the like."""
    groups = re.findall(r"\d+", written)
    short = [group for group in groups if len(group) < 2]
    return len(number) <= 13 and len(groups) <= 6 and len(short) <= 1 and not _YEARS.fullmatch(written) and not _counts_up(written)


def _counts_up(written: str) -> bool:
    """Pairs that only rise, all below 60: a draw of numbers or a list, not "01 99 00 12 34"."""
    pairs = re.findall(r"\d+", written)
    return len(pairs) > 3 and all(len(pair) == 2 for pair in pairs) and pairs == sorted(set(pairs)) and pairs[-1] < "60"


def _spelled(written: str) -> str:
    """One spelling of the separators: " - " is "-", brackets stand without blanks."""
    return re.sub(r" ?([-./]) ?", r"\1", re.sub(r"[ .\-]?([()])[ .\-]?", r"\1", re.sub(" +", " ", written)))


def _unbracketed(plain: str, start: int, end: int) -> tuple[int, int]:
    """Leave out a bracket that the run opens and does not close."""
    while plain[start] == "(" and plain.count("(", start, end) > plain.count(")", start, end):
        start += 1
    return start, end


def _digits(written: str) -> int:
    return sum(sign.isdigit() for sign in written)


@cache
def _plain_signs() -> dict[int, str]:
    """Digits of every script, full-width signs, dashes and odd blanks as their ASCII cousins, one for one: places stay."""
    digits = {sign: str(unicodedata.digit(chr(sign))) for sign in range(128, sys.maxunicode + 1) if unicodedata.category(chr(sign)) == "Nd"}
    return digits | {ord(sign): plain for sign, plain in _SIGNS.items()}


@cache
def _calling_codes() -> dict[str, re.Pattern[str]]:
    return {row["code"]: re.compile(row["national"]) for row in table("calling_codes.csv")}


@cache
def _forms() -> tuple[_Form, ...]:
    return tuple(_Form(re.compile(row["form"]), int(row["least"]), int(row["most"])) for row in table("phone_forms.csv"))


@cache
def _cues() -> _Cues:
    words = {
        kind: [word for row in table("phone_cues.csv") if row["kind"] == kind for word in row["words"].split()]
        for kind in ("yes", "unspaced", "between", "refuses")
    }
    spelled = {
        kind: "|".join(re.escape(word).replace("_", r"\s") for word in sorted(several, key=len, reverse=True))
        for kind, several in words.items()
    }
    between = rf"(?:[\s.,:;=/*()\[\]\-–—_'\"’៖：。]|(?:{spelled['between']})\b){{0,10}}\Z"
    says = rf"(?:(?<![^\W\d_])(?:{spelled['yes']}|ph(?=[.:]))(?![^\W\d_])|(?:{spelled['unspaced']})){between}"
    refuses = rf"(?<![^\W\d_])(?:{spelled['refuses']})(?![^\W\d_])[\s.:;=#\-(]{{0,4}}\Z"
    return _Cues(re.compile(says, re.IGNORECASE), re.compile(refuses, re.IGNORECASE))
