"""Beside: the names found in a piece in; where each stands, and what stands beside it, out, as columns."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from hf_regional.filtering.evidence.text.clauses import Signs
from hf_regional.filtering.evidence.text.context import LETTER
from hf_regional.filtering.evidence.text.folding import BREAK, SIGNS, SPACE, Folded
from hf_regional.filtering.evidence.text.matching import Found
from hf_regional.filtering.evidence.text.pieces import Piece

_WINDOW: Final = 48  # characters of a clause that are read on either side of a name
_MOST: Final = 4096  # names of a cell that are read: more make a ten-megabyte cell slow and its answer no other
_BESIDE: Final = ("", LETTER, *(signs[0] for signs in SIGNS))  # what may stand beside a name
_PLACES: Final = np.array([_BESIDE.index(chr(code)) if chr(code) in _BESIDE[2:] else 1 for code in range(128)], np.uint8)


@dataclass(frozen=True, slots=True)
class Names:
    """m names in a piece, those of one cell after one another.

    cells: (c + 1,) int64, the first name of each cell that has any, and m. row: (m,) int64, its cell. name: which entry. first, behind:
    where it stands in the text as it was given; start, end: in the folded one. given, folded: from where to where its cell is in either;
    tail, lead: the rest of its clause before and behind it, in the folded one. opens, closes: the signs beside it. tagged: it opens a tag.
    has_capitals: words of its cell have.
    """

    cells: np.ndarray
    row: np.ndarray
    name: np.ndarray
    first: np.ndarray
    behind: np.ndarray
    start: np.ndarray
    end: np.ndarray
    given: tuple[np.ndarray, np.ndarray]
    folded: tuple[np.ndarray, np.ndarray]
    tail: tuple[np.ndarray, np.ndarray]
    lead: tuple[np.ndarray, np.ndarray]
    opens: list[str]
    closes: list[str]
    tagged: np.ndarray
    has_capitals: np.ndarray


def look_beside(piece: Piece, folded: Folded, found: Found, signs: Signs) -> Names:
    """Find where names, one at least, stand, and what is there."""
    first, last = given_places(piece, folded, found.start, found.end)
    row = np.searchsorted(piece.starts, first, "right") - 1
    lowest = np.searchsorted(row, row)  # the first name of the same cell
    few = np.flatnonzero(np.arange(len(row)) - lowest < _MOST)
    row, first, behind, start, end = (column[few] for column in (row, first, last + 1, found.start, found.end))
    cells = np.flatnonzero(np.diff(row, prepend=-1, append=-1))
    # In a cell with breaks of its own, its first name says where it begins.
    breaks = np.flatnonzero(folded.codes == BREAK)
    after = np.searchsorted(breaks, found.start[lowest[few]])
    begin, stop = breaks[after - 1] + 1, breaks[after]
    opened = signs.edges[np.searchsorted(signs.edges, start) - 1] + 1
    closed = signs.edges[np.searchsorted(signs.edges, end)]
    tail = np.maximum(opened, start - _WINDOW), start - (folded.codes[start - 1] == SPACE)
    lead = end + (folded.codes[end] == SPACE), np.minimum(closed, end + _WINDOW)
    opens, closes = (_PLACES[np.minimum(signs.codes[places], len(_PLACES) - 1)] for places in (start - 1, end))
    tagged = opens == _BESIDE.index("#")
    opens[start == begin + 1], closes[end + 1 == stop] = 0, 0
    given = piece.starts[row], piece.ends[row]
    capitals = folded.capitals if piece.origin is None else piece.origin[folded.capitals]
    has_capitals = np.searchsorted(capitals, given[1]) > np.searchsorted(capitals, given[0])
    opens, closes = ([_BESIDE[place] for place in places.tolist()] for places in (opens, closes))
    return Names(
        cells, row, found.name[few], first, behind, start, end, given, (begin, stop), tail, lead, opens, closes, tagged, has_capitals
    )


def given_places(piece: Piece, folded: Folded, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last character as they were given of stretches of the folded text."""
    if piece.origin is None or not len(start):
        return folded.origins.given(start), folded.origins.given(end - 1)
    size = len(folded.codes)
    origin, edges = piece.origin[folded.origins.given(np.arange(size))], np.stack([start, end], axis=1).ravel()
    # Zawgyi writes some signs before their letter: the first character is not the origin of the first.
    return np.minimum.reduceat(origin, edges)[::2], np.maximum.reduceat(origin, edges)[::2]
