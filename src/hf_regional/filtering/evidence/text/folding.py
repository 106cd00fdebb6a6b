"""Folding: the characters of many cells in; one spelling for all of a name's, and where each character came from, out.

Everything is a table lookup on an array of code points: a batch is folded in a few passes of numpy, whatever the script. A code
point becomes zero, one or several others (`ß` is "ss", a Thai sara am its two halves), so names are compared decomposed and without
case; marks of Latin, Greek, Cyrillic, Arabic and Hebrew letters go, those of Thai, Khmer or Burmese are vowels and stay.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import numpy as np

from hf_regional.filtering.evidence.text.origins import Listed, Origins
from hf_regional.filtering.evidence.text.tables import rows_of

SPACE: Final = 0x20
BREAK: Final = 0x1E  # between two cells: no name reaches across it
_KNOWN: Final = 0x20000  # code points below it have an entry; above lie rare Han letters and unassigned planes
# Punctuation between words, by what it says; each row begins with its own mark. Weakest first: of several between two words the
# strongest counts.
SIGNS: Final = (
    " ",
    "''’ʼ`´",
    "--‐‑",
    "##＃@＠",
    "&&＆/+",
    ",,،、，・·",
    "::：|–—―~→•*=;；",
    '(([{（【「『《“"«',
    "))]}）】」』》”»",
    "..!?。！？।။၊…\n\r",
)
SIGN: Final = 0x0F  # bits of the kind of a code point, see `_Table.kinds`
_LOWER, _UPPER, _ODD, _ORDERED = 0x10, 0x20, 0x40, 0x80
_CASED: Final = 0x590  # Latin, Greek, Cyrillic and Armenian letters lie below, and from U+1E00 those with two accents
# Letters that belong to the letter before them: Hangul vowels and final consonants, once decomposed, and Thai and Lao vowels behind one.
_VOWELS: Final = frozenset((*range(0x1160, 0x1200), 0xE30, 0xE32, 0xE33, 0xE45, 0xEB0, 0xEB2, 0xEB3))
_FLAGS: Final = range(0x1F1E6, 0x1F200)  # regional indicators: two of them are a flag
_VARIATIONS: Final = range(0xFE00, 0xFE10)  # choose a glyph, say nothing
_SYLLABLES: Final = range(0xAC00, 0xD7A4)  # Hangul, which decomposes by arithmetic
_SILENT: Final = frozenset(
    (
        *range(0x0300, 0x0370),  # Latin, Greek, Cyrillic
        *range(0x0591, 0x05C8),  # Hebrew points
        *range(0x0610, 0x061B),
        *range(0x064B, 0x0660),  # Arabic vowels and hamzas
        *range(0x06D6, 0x06EE),
        *range(0x17B4, 0x17B6),  # Khmer inherent vowels, never seen
    )
)
# What sits on or under a letter, by the place it is written in; runs of such marks are sorted so that typing order does not matter.
# Burmese: Unicode Technical Note 11, medials y r w h, then vowels, then dot below and visarga.
_BURMESE_ORDER: Final = (
    *(0x103B, 0x103C, 0x103D, 0x103E, 0x1031, 0x102D, 0x102E, 0x1032),
    *(0x102F, 0x1030, 0x102B, 0x102C, 0x103A, 0x1036, 0x1037, 0x1038),
)
_PASSES: Final = 6  # no syllable has more marks; keeps a megabyte of marks linear
_COENG, _KHMER_DA, _KHMER_TA = 0x17D2, 0x178A, 0x178F  # under a letter both look alike and are typed for each other


@dataclass(frozen=True, slots=True)
class Folded:
    """n folded characters.

    codes: (n,) code points, uint32, or uint8 where all are ASCII; words are parted by single spaces. origins: of these, (n,), among the
    (m,) characters of the input. signs: (m,) uint8, for each character of the input the number of the sign it is, a place in `SIGNS`, or
    0. capitals: (k,) int64, the characters of the input that begin a word with a capital and go on small.
    """

    codes: np.ndarray
    origins: Origins
    signs: np.ndarray
    capitals: np.ndarray

    def text(self) -> str:
        """The folded characters as a string."""
        return as_text(self.codes)


def fold(codes: np.ndarray) -> Folded:
    """Fold (m,) uint32 code points; case, marks, compatibility forms and typing order no longer tell names apart.

    >>> fold(code_points("#VisitĐàNẵng,  Phnom-Penh")).text()
    ' visit da nang phnom penh'
    """
    table = _table()
    rare = codes >= _KNOWN if codes.max(initial=0) >= _KNOWN else None
    places = codes.astype(np.intp) if rare is None else np.minimum(codes, _KNOWN - 1).astype(np.intp)
    kinds = table.kinds.take(places)
    origin, folded = _expand(places, np.flatnonzero((kinds & _ODD) != 0), beginnings(kinds), table)
    if rare is not None:
        folded = np.where(rare[origin], _rare(codes[origin]), folded)
    if (kinds & _ORDERED).any():
        _respell(folded)
    spaces = folded == SPACE
    single = np.ones(len(folded), bool)
    single[1:] = ~(spaces[1:] & spaces[:-1])
    keep = np.flatnonzero(single)
    return Folded(folded.take(keep), Listed(origin.take(keep)), kinds & SIGN, capitals(kinds))


def fold_text(text: str) -> str:
    """Fold one text.

    >>> fold_text("Đà Nẵng"), fold_text("Ｋｕａｌａ　Ｌｕｍｐｕｒ")
    ('da nang', 'kuala lumpur')
    """
    return fold(code_points(text)).text().strip()


def as_text(codes: np.ndarray) -> str:
    """Code points as a string; uint8 are ASCII."""
    return codes.tobytes().decode("ascii" if codes.itemsize == 1 else "utf-32-le")


def code_points(text: str) -> np.ndarray:
    """The code points of a text, (n,) uint32; lone surrogates pass."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def beginnings(kinds: np.ndarray) -> np.ndarray:
    """Where a word begins that no blank parts from the one before, (k,): "BangkokStreet" has a capital between small letters."""
    return np.flatnonzero((kinds[:-2] & (kinds[1:-1] >> 1) & kinds[2:] & _LOWER) != 0) + 1


def capitals(kinds: np.ndarray) -> np.ndarray:
    """Where capitals stand before small letters, (k,)."""
    return np.flatnonzero(((kinds[:-1] >> 1) & kinds[1:] & _LOWER) != 0)


@lru_cache(1 << 15)  # a corpus writes its names in few ways
def accented(text: str) -> str:
    """The letters of a Latin spelling with accents, in no order that typing could change; "" without accents or in other scripts.

    >>> accented("Hoà") == accented("hòa"), accented("Hoa")
    (True, '')
    """
    if text.isascii() or text[0] >= "ɐ":
        return ""
    return "".join(sorted(unicodedata.normalize("NFD", text.casefold())))


def marks() -> np.ndarray:
    """For each code point below 0x20000, whether it belongs to the letter before it: no name begins with it or ends before it."""
    return _table().mark


def kinds_of(size: int) -> tuple[np.ndarray, np.ndarray]:
    """The kinds of the first code points, (size,) uint8, and what each becomes, (size,) uint32."""
    return _table().kinds[:size], _table().first[:size]


@dataclass(frozen=True, slots=True)
class _Table:
    kinds: np.ndarray  # (k,) uint8, bits: the number of a sign, small letter, capital, becomes none or several, has an order
    first: np.ndarray  # (k,) uint32, what a code point becomes, the first of several, or a space
    length: np.ndarray  # (k,) uint8, how many it becomes
    offset: np.ndarray  # (k,) int32, where all of them stand in `spellings`
    spellings: np.ndarray  # uint32
    order: np.ndarray  # (k,) uint8, 0 for letters
    mark: np.ndarray  # (k,) bool


@cache
def _table() -> _Table:
    own = {ord(row["from"]): row["to"] for row in rows_of("folds.tsv")}
    spelt = [_spelling(code, own) for code in range(_KNOWN)]
    length = np.array([len(text) for text in spelt])
    categories = [unicodedata.category(chr(code)) for code in range(_KNOWN)]
    order = np.array([_order(code) for code in range(_KNOWN)], np.uint8)
    kinds = np.where(length != 1, _ODD, 0) | np.where(order > 0, _ORDERED, 0)
    for code in (*range(_CASED), *range(0x1E00, 0x2000)):
        kinds[code] |= {"Ll": _LOWER, "Lu": _UPPER}.get(categories[code], 0) if length[code] == 1 else 0
    for number, signs in enumerate(SIGNS):
        kinds[[ord(sign) for sign in signs[1:]]] |= number
    return _Table(
        kinds.astype(np.uint8),
        np.array([ord(text[0]) if text else SPACE for text in spelt], np.uint32),
        length.astype(np.uint8),
        np.concatenate([[0], np.cumsum(length)[:-1]]).astype(np.int32),
        np.array([ord(char) for text in spelt for char in text], np.uint32),
        order,
        np.array([category in ("Mn", "Mc", "Me") or code in _VOWELS for code, category in enumerate(categories)]),
    )


def _spelling(code: int, own: dict[int, str]) -> str:
    """What one character becomes; nothing for marks and invisible ones, a space for what is no letter, digit or flag."""
    char = chr(code)
    if code == BREAK or code in _FLAGS:
        return char
    category = unicodedata.category(char)
    if category == "Cf" or code in _VARIATIONS:
        return ""
    if not unicodedata.decomposition(char) and code not in _SYLLABLES:  # most of them, in a quarter of the time
        if category[0] not in "LMN":
            return " "
        if category == "Lo":
            return own.get(code, char)
    # Twice: compatibility forms hide capitals from casefold, and casefold makes forms that decompose again.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    return "".join(_plain(part, own) for part in plain)


def _plain(char: str, own: dict[int, str]) -> str:
    code = ord(char)
    if code in _SILENT:
        return ""
    if code in own:
        return own[code]
    return char if unicodedata.category(char)[0] in "LMN" else " "


def _order(code: int) -> int:
    if code in _BURMESE_ORDER:
        return 1 + _BURMESE_ORDER.index(code)
    burmese = 0x1000 <= code < 0x10A0
    return 0 if burmese else unicodedata.combining(chr(code))


def _expand(known: np.ndarray, odd: np.ndarray, words: np.ndarray, table: _Table) -> tuple[np.ndarray, np.ndarray]:
    """Write the spellings of all characters after one another, a blank before those at `words`; (n,) origins and (n,) code points."""
    origin, folded = np.arange(len(known), dtype=np.int32), table.first.take(known)
    if not len(odd) and not len(words):
        return origin, folded
    places = np.sort(np.concatenate([odd, words]))  # an odd capital begins no word
    blank = np.zeros(len(known), np.uint8)
    blank[words] = 1
    blank = blank.take(places)
    lengths = table.length.take(known.take(places)).astype(np.intp)
    counts = np.ones(len(known), np.intp)
    counts[places] = lengths + blank
    origin, folded = origin.repeat(counts), folded.repeat(counts)
    begin = places + np.concatenate([[0], np.cumsum(lengths + blank - 1)[:-1]])
    folded[begin[blank > 0]] = SPACE
    begin += blank
    for step in range(int(lengths.max())):
        longer = lengths > step
        folded[begin[longer] + step] = table.spellings[table.offset[known[places[longer]]] + step]
    return origin, folded


def _rare(codes: np.ndarray) -> np.ndarray:
    """Beyond the table: rare Han letters stay, everything else is a space."""
    han = (codes >= 0x20000) & (codes < 0x33480)
    return np.where(han, codes, SPACE).astype(np.uint32)


def _respell(folded: np.ndarray) -> None:
    """Put marks into one order and Khmer subscripts into one spelling, in place."""
    order = _table().order.take(np.minimum(folded, _KNOWN - 1))
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
