"""Scripts: texts in; out, the language whose script a text is written in, and how much of it is.

Thai, Lao, Khmer and Burmese have a script each, so that counting letters tells them apart, in Zawgyi as in Unicode, faster and more surely
than any model. Latin, Cyrillic, Arabic, Devanagari and Han are many languages' and say nothing here.
"""

from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute

from hf_regional.filtering.evidence.flat import as_text, bytes_of
from hf_regional.filtering.evidence.tables import table

pc: Any = compute  # its functions are made at import, out of a type checker's sight

LEAST: Final = 4  # letters: the sign of the baht and a digit or two are no text
SPAN: Final = 192  # bytes of a text that are looked at, 64 letters of Thai: a text of 10 MB costs no more than a caption
_BLOCK: Final = 1 << 15  # texts at a time
_OTHER: Final = 254  # a letter of a script that many languages share
_NO_LETTER: Final = 255
# First bytes of characters beyond ASCII that are mostly no letters: signs of Latin-1, punctuation and symbols, emoji.
_SIGNS: Final = (0xC2, 0xE2, *range(0xF0, 0x100))


class Written(NamedTuple):
    """Of k texts: `language` (k,) int16, places in `script_languages()`, -1 for none; `share` (k,) float32 of its letters."""

    language: np.ndarray
    share: np.ndarray


def written_in(texts: pa.Array) -> Written:
    """Find the script that most letters of each text are in, if it is one language's.

    Args:
        texts: (k,) large_binary, UTF-8; what is none counts as letters of no script.
    """
    blocks = [_written(texts.slice(start, _BLOCK)) for start in range(0, len(texts), _BLOCK)]
    if not blocks:
        return Written(np.zeros(0, np.int16), np.zeros(0, np.float32))
    return Written(np.concatenate([block.language for block in blocks]), np.concatenate([block.share for block in blocks]))


@cache
def script_languages() -> tuple[str, ...]:
    """The languages that have a script of their own, in the order of `scripts.csv`."""
    return tuple(dict.fromkeys(row["language"] for row in table("scripts.csv")))


def _written(texts: pa.Array) -> Written:
    language, share = np.full(len(texts), -1, np.int16), np.zeros(len(texts), np.float32)
    beyond = np.flatnonzero(~pc.string_is_ascii(as_text(texts)).to_numpy(zero_copy_only=False))
    kinds, offsets = _letters(pc.binary_slice(texts.take(pa.array(beyond)), 0, SPAN))
    all_letters, most = _count(kinds != _NO_LETTER, offsets), np.zeros(len(beyond), np.uint16)
    for place in range(len(script_languages())):
        begins = kinds == place
        if not begins.any():  # a batch has few scripts, and looking is cheaper than counting
            continue
        letters = _count(begins, offsets)
        more = (letters > most) & (letters >= LEAST)
        language[beyond[more]], most[more] = place, letters[more]
    share[beyond] = most / np.maximum(all_letters, 1)
    return Written(language, share)


def _letters(texts: Any) -> tuple[np.ndarray, np.ndarray]:
    """Of every byte, by `_kinds()`, the letter that begins there; and where each text begins and the last ends."""
    data, offsets = bytes_of(texts)
    following = np.append(data[1:], np.uint8(0))
    return _kinds()[data.astype(np.uint16) << 8 | following], offsets


def _count(begins: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    # Texts beyond ASCII are not empty, which `reduceat` would take amiss, and at most SPAN long.
    return np.add.reduceat(begins.view(np.uint8), offsets[:-1], dtype=np.uint16) if len(begins) else np.zeros(0, np.uint16)


@cache
def _kinds() -> np.ndarray:
    """What begins at a byte, by it and the next, (65536,) uint8: the place of a language in `script_languages()`, another letter, or none.

    Two bytes tell 64 code points of three bytes apart from the next 64, and scripts begin and end at such borders.
    """
    kinds = np.full((256, 256), _OTHER, np.uint8)
    kinds[[byte for byte in range(0xC0) if not chr(byte).isalpha() or byte >= 0x80]] = _NO_LETTER
    kinds[[*_SIGNS]] = _NO_LETTER
    for row in table("scripts.csv"):
        for point in range(int(row["first"], 16), int(row["last"], 16) + 1):
            first, second = chr(point).encode()[:2]
            kinds[first, second] = script_languages().index(row["language"])
    return kinds.reshape(-1)
