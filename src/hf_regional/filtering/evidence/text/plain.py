"""Plain: texts of ASCII alone in; the same folded as `folding` does it, byte by byte and in an eighth of the memory, out.

No character of these becomes none or several, and none is a mark: what is left are capitals, signs, and blanks in a row.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from hf_regional.filtering.evidence.text.folding import SIGN, SPACE, Folded, beginnings, capitals, kinds_of
from hf_regional.filtering.evidence.text.origins import Shifted

_ASCII: Final = 0x80


def fold_plain(text: bytes) -> Folded:
    """Fold ASCII text.

    >>> fold_plain(b"#VisitBali,  Phnom-Penh").text()
    ' visit bali phnom penh'
    """
    table = _table()
    kinds = np.frombuffer(text.translate(table.kinds), np.uint8)
    codes = np.frombuffer(text.translate(table.codes), np.uint8)
    words = beginnings(kinds)
    if len(words):
        codes = np.insert(codes, words, SPACE)
    spaces = codes == SPACE
    kept = np.ones(len(codes), bool)
    np.logical_not(spaces[1:] & spaces[:-1], out=kept[1:])
    gone = np.flatnonzero(~kept)
    return Folded(codes[kept], _origins(words + np.arange(len(words)), gone, len(codes)), kinds & SIGN, capitals(kinds))


def _origins(put: np.ndarray, gone: np.ndarray, size: int) -> Shifted:
    """Where the rest of `size` characters came from, of which those at `put` were not there before and those at `gone` are not left."""
    # Behind a blank put in, the text is one further than it was; a character that goes makes it one less.
    step = np.concatenate([put, gone]) + 1
    order = np.argsort(step, kind="stable")
    change = np.repeat((-1, 1), (len(put), len(gone)))[order]
    first = step[order] - np.searchsorted(gone, step[order])
    begins = np.append(first[1:] > first[:-1], True)[: len(first)]  # of several at one place the last counts: it has the sum of all
    return Shifted(np.append(0, first[begins]), np.append(0, np.cumsum(change)[begins]), size - len(gone))


@dataclass(frozen=True, slots=True)
class _Table:
    kinds: bytes
    codes: bytes


@cache
def _table() -> _Table:
    kinds, codes = kinds_of(_ASCII)
    rest = bytes(256 - _ASCII)
    return _Table(kinds.tobytes() + rest, codes.astype(np.uint8).tobytes() + rest)
