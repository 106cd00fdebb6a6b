"""Folding: the characters of many cells in; one spelling for all of a name's, and where each character came from, out.

Everything is a table lookup on an array of code points: a batch is folded in a few passes of numpy, whatever the script. A code
point becomes zero, one or several others (`ß` is "ss", a Thai sara am its two halves), so names are compared decomposed and without
case; marks of Latin, Greek, Cyrillic, Arabic and Hebrew letters go, those of Thai, Khmer or Burmese are vowels and stay.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from hf_regional.filtering.evidence.text.tables import rows_of

SPACE: Final = 0x20
BREAK: Final = 0x1E  # between two cells: no name reaches across it
_KNOWN: Final = 0x20000  # code points below it have an entry; above lie rare Han letters and unassigned planes
_VOWELS: Final = range(0x1160, 0x1200)  # Hangul vowels and final consonants, parts of a syllable once it is decomposed
_FLAGS: Final = range(0x1F1E6, 0x1F200)  # regional indicators: two of them are a flag
_VARIATIONS: Final = range(0xFE00, 0xFE10)  # choose a glyph, say nothing
_SILENT: Final = (
    range(0x0300, 0x0370),  # Latin, Greek, Cyrillic
    range(0x0591, 0x05C8),  # Hebrew points
    range(0x0610, 0x061B),
    range(0x064B, 0x0660),  # Arabic vowels and hamzas
    range(0x06D6, 0x06EE),
    range(0x17B4, 0x17B6),  # Khmer inherent vowels, never seen
)
# What sits on or under a letter, by the place it is written in; runs of such marks are sorted so that typing order does not matter.
# Burmese: Unicode Technical Note 11, medials y r w h, then vowels, then dot below and visarga.
_BURMESE_ORDER: Final = (0x103B, 0x103C, 0x103D, 0x103E, 0x1031, 0x102D, 0x102E, 0x1032, 0x102F, 0x1030, 0x102B, 0x102C, 0x103A, 0x1036, 0x1037, 0x1038)
_PASSES: Final = 6  # no syllable has more marks; keeps a megabyte of marks linear
_COENG, _KHMER_DA, _KHMER_TA = 0x17D2, 0x178A, 0x178F  # under a letter both look alike and are typed for each other


@dataclass(frozen=True, slots=True)
class Folded:
    """n folded characters.

    codes: (n,) uint32 code points; words are parted by single spaces. origin: (n,) int64, the character of the input each stems from.
    """

    codes: np.ndarray
    origin: np.ndarray

    def text(self) -> str:
        """The folded characters as a string."""
        return self.codes.tobytes().decode("utf-32-le")


def fold(codes: np.ndarray) -> Folded:
    """Fold (m,) uint32 code points; case, marks, compatibility forms and typing order no longer tell names apart.

    >>> fold(code_points("#VisitĐàNẵng,  Phnom-Penh")).text()
    ' visit da nang phnom penh'
    """
    table = _table()
    known = np.minimum(codes, _KNOWN - 1)
    lengths = table.length[known] + _starts_word(codes, known, table)
    if lengths.min(initial=1) == 1 and lengths.max(initial=1) == 1:
        origin, folded = np.arange(len(codes)), table.first[known]
    else:
        origin = np.repeat(np.arange(len(codes)), lengths)
        folded = _expanded(known, lengths, origin, table)
    rare = codes >= _KNOWN
    if rare.any():
        folded = np.where(rare[origin], _rare(codes[origin]), folded)
    _respell(folded)
    spaces = folded == SPACE
    keep = ~(spaces[1:] & spaces[:-1])
    if not keep.all():
        keep = np.concatenate([[True], keep])
        folded, origin = folded[keep], origin[keep]
    return Folded(folded, origin)


def fold_text(text: str) -> str:
    """Fold one text.

    >>> fold_text("Đà Nẵng"), fold_text("Ｋｕａｌａ　Ｌｕｍｐｕｒ")
    ('da nang', 'kuala lumpur')
    """
    return fold(code_points(text)).text().strip()


def code_points(text: str) -> np.ndarray:
    """The code points of a text, (n,) uint32; lone surrogates pass."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def marks() -> np.ndarray:
    """For each code point below 0x20000, whether it belongs to the letter before it: no name begins with it or ends before it."""
    return _table().mark


@dataclass(frozen=True, slots=True)
class _Table:
    length: np.ndarray  # (k,) int64, how many characters a code point becomes
    first: np.ndarray  # (k,) uint32, the first of them, or a space
    offset: np.ndarray  # (k,) int64, where all of them stand in `spellings`
    spellings: np.ndarray  # uint32
    order: np.ndarray  # (k,) uint8, 0 for letters
    mark: np.ndarray  # (k,) bool
    lower: np.ndarray  # (k,) bool
    upper: np.ndarray  # (k,) bool


@cache
def _table() -> _Table:
    own = {ord(row["from"]): row["to"] for row in rows_of("folds.tsv")}
    spelt = [_spelling(code, own) for code in range(_KNOWN)]
    length = np.array([len(text) for text in spelt])
    categories = [unicodedata.category(chr(code)) for code in range(_KNOWN)]
    cased = np.array([code < 0x590 for code in range(_KNOWN)])  # Latin, Greek, Cyrillic, Armenian
    order = np.array([_order(code) for code in range(_KNOWN)], np.uint8)
    return _Table(
        length,
        np.array([ord(text[0]) if text else SPACE for text in spelt], np.uint32),
        np.concatenate([[0], np.cumsum(length)[:-1]]),
        np.array([ord(char) for text in spelt for char in text], np.uint32),
        order,
        np.array([category in ("Mn", "Mc", "Me") or code in _VOWELS for code, category in enumerate(categories)]),
        cased & np.array([category == "Ll" for category in categories]),
        cased & np.array([category == "Lu" for category in categories]),
    )


def _spelling(code: int, own: dict[int, str]) -> str:
    """What one character becomes; nothing for marks and invisible ones, a space for what is no letter, digit or flag."""
    char = chr(code)
    if code == BREAK or code in _FLAGS:
        return char
    if unicodedata.category(char) == "Cf" or code in _VARIATIONS:
        return ""
    # Twice: compatibility forms hide capitals from casefold, and casefold makes forms that decompose again.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    return "".join(_plain(part, own) for part in plain)


def _plain(char: str, own: dict[int, str]) -> str:
    code = ord(char)
    if any(code in silent for silent in _SILENT):
        return ""
    if code in own:
        return own[code]
    return char if unicodedata.category(char)[0] in "LMN" else " "


def _order(code: int) -> int:
    if code in _BURMESE_ORDER:
        return 1 + _BURMESE_ORDER.index(code)
    burmese = 0x1000 <= code < 0x10A0
    return 0 if burmese else unicodedata.combining(chr(code))


def _starts_word(codes: np.ndarray, known: np.ndarray, table: _Table) -> np.ndarray:
    """One for a capital behind a small letter: "BangkokStreetFood" is three words."""
    starts = np.zeros(len(codes), np.int64)
    starts[1:] = table.lower[known[:-1]] & table.upper[known[1:]]
    return starts


def _expanded(known: np.ndarray, lengths: np.ndarray, origin: np.ndarray, table: _Table) -> np.ndarray:
    """The spellings of all characters after one another, a space before each that starts a word inside a word."""
    source = known[origin]
    begin = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    place = np.arange(len(origin)) - begin[origin] - (lengths - table.length[known])[origin]
    spelt = table.spellings[np.minimum(table.offset[source] + np.maximum(place, 0), len(table.spellings) - 1)]
    return np.where(place < 0, SPACE, spelt)


def _rare(codes: np.ndarray) -> np.ndarray:
    """Beyond the table: rare Han letters stay, everything else is a space."""
    han = (codes >= 0x20000) & (codes < 0x33480)
    return np.where(han, codes, SPACE).astype(np.uint32)


def _respell(folded: np.ndarray) -> None:
    """Put marks into one order and Khmer subscripts into one spelling, in place."""
    known = np.minimum(folded, _KNOWN - 1)
    order = _table().order[known]
    if not order.any():
        return
    below = np.flatnonzero((folded[:-1] == _COENG) & (folded[1:] == _KHMER_DA)) + 1
    folded[below] = _KHMER_TA
    for _ in range(_PASSES):
        late = np.flatnonzero((order[:-1] > order[1:]) & (order[1:] > 0))
        if not len(late):
            return
        late = late[np.diff(late, prepend=-2) > 1]  # pairs that do not overlap
        folded[late], folded[late + 1] = folded[late + 1], folded[late]
        order[late], order[late + 1] = order[late + 1], order[late]
