"""Scripts: a character in; the script it belongs to, whether that one puts blanks between words, and the endings names take, out."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from hf_regional.filtering.evidence.text.tables import rows_of

# First code point of a block of one script; what lies between is "other", spaced. After folding, so Hangul is decomposed.
_STARTS: Final = (
    (0x0000, "latin"), (0x0250, "other"), (0x0370, "greek"), (0x0400, "cyrillic"), (0x0530, "armenian"), (0x0590, "hebrew"),
    (0x0600, "arabic"), (0x0700, "other"), (0x0750, "arabic"), (0x0780, "other"), (0x0900, "devanagari"), (0x0980, "bengali"),
    (0x0A00, "gurmukhi"), (0x0A80, "gujarati"), (0x0B00, "other"), (0x0B80, "tamil"), (0x0C00, "telugu"), (0x0C80, "kannada"),
    (0x0D00, "malayalam"), (0x0D80, "sinhala"), (0x0E00, "thai"), (0x0E80, "lao"), (0x0F00, "other"), (0x1000, "burmese"),
    (0x10A0, "georgian"), (0x1100, "hangul"), (0x1200, "other"), (0x1780, "khmer"), (0x1800, "other"), (0x1980, "tailue"),
    (0x19E0, "other"), (0x1E00, "latin"), (0x1F00, "greek"), (0x2000, "other"), (0x2E80, "han"), (0x3041, "hiragana"),
    (0x30A0, "katakana"), (0x3100, "han"), (0xA000, "other"), (0xA9E0, "burmese"), (0xAA00, "other"), (0xAA60, "burmese"),
    (0xAA80, "other"), (0xF900, "han"), (0xFB00, "other"), (0x1F1E6, "flag"), (0x1F200, "other"), (0x20000, "han"), (0x33480, "other"),
)  # fmt: skip
_FIRST: Final = tuple(start for start, _ in _STARTS)
_UNSPACED: Final = frozenset({"thai", "lao", "khmer", "burmese", "tailue", "han", "hiragana", "katakana", "flag"})
FIRST_UNSPACED: Final = "\u0e00"
_KILLER: Final = 0x103A
_ASCII: Final = 0x80  # the end of it
LONGEST_ENDING: Final = 12


@dataclass(frozen=True, slots=True)
class Affixes:
    """What a script's names may take on: `least` letters before any, `dropped` last letters that the endings replace."""

    least: int
    dropped: str
    endings: frozenset[str] | None  # None: anything
    prefixes: tuple[str, ...]


def script_of(char: str) -> str:
    """The script of a folded character.

    >>> script_of("ก"), script_of("a"), script_of("タ")
    ('thai', 'latin', 'katakana')
    """
    return _STARTS[bisect_right(_FIRST, ord(char)) - 1][1]


def is_spaced(char: str) -> bool:
    """Whether the script of a character parts words by blanks."""
    return char < FIRST_UNSPACED or script_of(char) not in _UNSPACED


def spellings(name: str) -> list[str]:
    """The patterns by which a folded name is found: a blank where a word must begin or end, none where affixes may stand.

    >>> spellings("bali"), spellings("singapore"), spellings("ไทย")
    ([' bali '], [' singapore'], ['ไทย'])
    """
    left, right = (" " if is_spaced(name[place]) else "" for place in (0, -1))
    if not right:
        joined = {name, name.replace(" ", "")} if not left else {name}
        return [left + spelling for spelling in sorted(joined)]
    affixes = _affixes().get(script_of(name[-1]))
    if affixes is None or len(name) < affixes.least:
        return [f"{left}{name} "]
    stems = [prefix + name for prefix in ("", *affixes.prefixes)]
    if affixes.endings == frozenset():
        return [f"{left}{stem} " for stem in stems]
    return [left + (name[:-1] if name[-1] in affixes.dropped and len(name) > affixes.least else name)]


@cache
def endings_of(last: str) -> frozenset[str] | None:
    """What may follow a name up to the next blank, if its last character is `last`; `None` is anything of up to `LONGEST_ENDING`.

    >>> sorted(endings_of("ท")), "s" in endings_of("a")
    ([''], True)
    """
    affixes = _affixes().get(script_of(last))
    if affixes is None or affixes.endings == frozenset():
        return frozenset({""})
    if affixes.endings is None:
        return None
    return affixes.endings | {ending.removeprefix(f"{last}-") for ending in affixes.endings if ending.startswith(f"{last}-")}


def may_go_on(last: np.ndarray, following: np.ndarray) -> np.ndarray:
    """Whether names with these last characters, (m,), may go on with these, (m,) bool: of most in ASCII that is known without a look."""
    first = _first_of_endings()
    return (last >= _ASCII) | first[np.minimum(following, _ASCII)]


def opens_syllable(codes: np.ndarray) -> np.ndarray:
    """Which characters are vowels that Thai and Lao write before their consonant, (m,) bool: no name begins behind one."""
    return ((codes >= 0x0E40) & (codes <= 0x0E44)) | ((codes >= 0x0EC0) & (codes <= 0x0EC4))


def closes_syllable(codes: np.ndarray, places: np.ndarray) -> np.ndarray:
    """At which places a Burmese consonant is killed, (m,) bool: it ends the syllable before, and no name ends in front of it."""
    burmese = (codes[places] >= 0x1000) & (codes[places] <= 0x1021)
    return burmese & (codes[np.minimum(places + 1, len(codes) - 1)] == _KILLER)


def inside_katakana(before: np.ndarray, first: np.ndarray, last: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Which stretches, (m,), of which the first and last characters are known and those beside them, begin or end within a run of katakana.

    A loan word is written in one, so タイ in タイヤ is no Thailand.
    """
    return (_is_katakana(first) & _is_katakana(before)) | (_is_katakana(last) & _is_katakana(after))


def _is_katakana(codes: np.ndarray) -> np.ndarray:
    return (codes >= 0x30A1) & (codes < 0x3100)


@cache
def _affixes() -> dict[str, Affixes]:
    rows = rows_of("affixes.tsv")
    return {
        row["script"]: Affixes(int(row["least"]), row["dropped"], _endings(row["endings"]), tuple(row["prefixes"].split())) for row in rows
    }


@cache
def _first_of_endings() -> np.ndarray:
    """(129,) bool: for each character of ASCII, and for all others, whether an ending of a name in ASCII begins with it."""
    allowed = np.zeros(_ASCII + 1, bool)
    for last in map(chr, range(_ASCII)):
        allowed[[min(ord(ending[0]), _ASCII) for ending in endings_of(last) or () if ending]] = True
    return allowed


def _endings(cell: str) -> frozenset[str] | None:
    return None if cell == "*" else frozenset(("", *cell.split())) if cell else frozenset()
