"""Clauses: a text and its folding in; the folding with a mark wherever punctuation stood between two words out."""

from functools import cache
from typing import Final

import numpy as np

from hf_regional.filtering.evidence.text.folding import SPACE, Folded

# Weakest first: of several signs between two words the strongest counts.
_SIGNS: Final = (
    ("'", "'’ʼ`´"),
    ("-", "-‐‑"),
    ("#", "#＃@＠"),
    ("&", "&＆/+"),
    (",", ",،、，・·"),
    (":", ":：|–—―~→•*=;；"),
    ("(", "([{（【「『《“\"«"),
    (")", ")]}）】」』》”»"),
    (".", ".!?。！？।။၊…\n\r។"),
)
_BLANKS: Final = " \t\n\r\u00a0\u3000"
_DASH, _STOP = ":", "."


def marked(codes: np.ndarray, folded: Folded) -> str:
    """Write the folded characters with `'-#&,:().` for a blank that stood for such signs; as long as `folded`.

    A hyphen among blanks is a dash, a stop inside a word ("bit.la") is nothing.

    >>> from hf_regional.filtering.evidence.text.folding import code_points, fold
    >>> text = code_points(" Bali-style bed - made in Leeds, UK (new)")
    >>> marked(text, fold(text))
    ' bali-style bed:made in leeds,uk(new)'
    """
    classes, chars, blank = _tables()
    short = np.minimum(codes, len(classes) - 1)
    places = np.flatnonzero(classes[short])
    out = folded.codes.copy()
    if len(places):
        sign = classes[short[places]].astype(np.int64)
        before, after = blank[short[np.maximum(places - 1, 0)]], blank[short[np.minimum(places + 1, len(codes) - 1)]]
        sign = np.where((sign == _number("-")) & (before | after), _number(_DASH), sign)
        sign = np.where((codes[places] == ord(_STOP)) & ~after, 0, sign)
        target = np.searchsorted(folded.origin, places, "right") - 1
        kept = (sign > 0) & (out[np.maximum(target, 0)] == SPACE) & (target >= 0)
        sign, target = sign[kept], target[kept]
        order = np.argsort(sign, kind="stable")
        out[target[order]] = chars[sign[order]]
    return out.tobytes().decode("utf-32-le")


def _number(mark: str) -> int:
    return next(number for number, (known, _) in enumerate(_SIGNS, 1) if known == mark)


@cache
def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    classes = np.zeros(0x10000, np.uint8)
    for number, (_, signs) in enumerate(_SIGNS, 1):
        classes[[ord(sign) for sign in signs]] = number
    blank = np.zeros(0x10000, bool)
    blank[[ord(char) for char in _BLANKS]] = True
    return classes, np.array([SPACE, *(ord(mark) for mark, _ in _SIGNS)], np.uint32), blank
