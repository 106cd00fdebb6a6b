"""Zawgyi: Burmese text in the old font encoding in; the same in Unicode, and where each character came from, out.

Zawgyi puts glyphs on Unicode's code points in the order in which they are drawn: the vowel e and the medial ra stand before their
consonant, and Mon, Shan and Karen letters hold stacked and narrow forms. The table `zawgyi.tsv` says what each glyph is.
"""

import re
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from hf_regional.filtering.evidence.text.tables import rows_of

_E, _ASAT, _STACK = "\u1031", "\u103a", "\u1039"
_KINZI: Final = "\u1004" + _ASAT + _STACK
FIRST_BYTES: Final = (b"\xe1\x80", b"\xe1\x81", b"\xe1\x82")  # of the Myanmar block in UTF-8: they are looked for the quickest
# What no Unicode text has: e or a medial that follows no consonant, a stacker with nothing to stack, glyphs of the font.
_ZAWGYI: Final = re.compile(
    "(?<![\u1000-\u1021\u1029\u103b-\u103f\u1075-\u1081])\u1031|(?<![\u1000-\u1021\u103a-\u103f\u1075-\u1081])[\u103b\u103c]"
    "|\u1039(?![\u1000-\u1021])|[\u1033\u1034\u105a\u1060-\u1069\u106c-\u106f\u107d-\u1097]"
)
# What no Zawgyi text has: e with no consonant behind it, the letters that the font lacks, the killer behind a vowel or a kinzi.
_UNICODE: Final = re.compile(
    "\u1031(?![\u1000-\u1021\u1031\u1029\u103b\u106a\u106b\u107e-\u1084\u108f\u1090])|\u103e|[\u102b\u102c\u102d-\u1030]\u103a|\u103a\u1039|\u103a[\u1037\u1038]|\u103d\u103a"
)


class Converted(NamedTuple):
    """Text in Unicode, and for each of its characters the place of the Zawgyi character it stems from."""

    text: str
    origin: list[int]


def is_burmese(codes: np.ndarray) -> np.ndarray:
    """Which code points, (n,) uint32, are of the Myanmar block, (n,) bool."""
    return (codes >= 0x1000) & (codes < 0x10A0)


def is_zawgyi(text: str) -> bool:
    """Whether more of a text is impossible in Unicode than is impossible in Zawgyi.

    >>> is_zawgyi("ျမန္မာႏိုင္ငံ"), is_zawgyi("မြန်မာနိုင်ငံ"), is_zawgyi("Myanmar")
    (True, False, False)
    """
    signs = sum(1 for _ in _ZAWGYI.finditer(text))
    return signs > 0 and signs > sum(1 for _ in _UNICODE.finditer(text))


def convert(text: str) -> Converted:
    """Write Zawgyi text in Unicode, syllable by syllable.

    >>> convert("ရန္ကုန္").text
    'ရန်ကုန်'
    """
    glyphs, chars, origin = _glyphs(), list[str](), list[int]()
    syllable = _Syllable()
    for place, char in enumerate(text):
        part, spelt = glyphs.get(char, ("", char))
        if not part or syllable.ends_before(part):
            syllable.move(chars, origin)
        if part:
            syllable.add(part, spelt, place)
        else:
            chars.append(char)
            origin.append(place)
    syllable.move(chars, origin)
    return Converted("".join(chars), origin)


class _Syllable:
    """The glyphs of one syllable as they are drawn, given back in the order of Unicode."""

    _ORDER: Final = ("kinzi", "base", "stacked", "ra", "sign", "e")  # signs among themselves are sorted by the folding

    def __init__(self) -> None:
        self._parts: dict[str, list[tuple[str, int]]] = {}

    def ends_before(self, part: str) -> bool:
        return part in ("e", "ra", "base") and "base" in self._parts

    def add(self, part: str, spelt: str, place: int) -> None:
        kinzi, spelt = spelt.startswith(_KINZI), spelt.removeprefix(_KINZI)
        if kinzi:
            self._parts.setdefault("kinzi", []).extend((char, place) for char in _KINZI)
        self._parts.setdefault(part, []).extend((char, place) for char in spelt)

    def move(self, chars: list[str], origin: list[int]) -> None:
        for part in self._ORDER:
            for char, place in self._parts.pop(part, ()):
                chars.append(char)
                origin.append(place)


@cache
def _glyphs() -> dict[str, tuple[str, str]]:
    """Code point -> the part of a syllable it is in Zawgyi, and its spelling in Unicode."""
    table = {chr(int(row["glyph"], 16)): (row["part"], _spelt(row["unicode"])) for row in rows_of("zawgyi.tsv")}
    plain = {chr(code): ("base", chr(code)) for code in (*range(0x1000, 0x1022), *range(0x1023, 0x102B), 0x103F)}
    signs = {chr(code): ("sign", chr(code)) for code in (*range(0x102B, 0x1031), 0x1032, *range(0x1036, 0x1039))}
    return plain | signs | table


def _spelt(codes: str) -> str:
    return "".join(chr(int(code, 16)) for code in codes.split())
