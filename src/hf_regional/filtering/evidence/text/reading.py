"""Reading: a piece of text in; what the names in it are evidence of, cell by cell, out. Python runs only over cells that have names."""

import re
from typing import Any, Final, NamedTuple

import numpy as np

from hf_regional.filtering.evidence.text.clauses import Signs, read_signs
from hf_regional.filtering.evidence.text.context import Clause, Name
from hf_regional.filtering.evidence.text.folding import BREAK, SIGNS, Folded, code_points, fold
from hf_regional.filtering.evidence.text.matching import Found, Matcher
from hf_regional.filtering.evidence.text.pieces import Piece
from hf_regional.filtering.evidence.text.verdicts import weigh

_EDGE: Final = chr(BREAK)
_WINDOW: Final = 48  # characters of a clause that are read on either side of a name
_MOST: Final = 4096  # names of a cell that are read: more make a ten-megabyte cell slow and its answer no other
_BREAKS: Final = "".join(signs[0] for signs in SIGNS)
_WRITTEN: Final = re.compile("[A-ZÀ-ÖØ-Þ\u0391-\u03a9\u0410-\u042f][a-zß-öø-ÿ\u03b1-\u03c9\u0430-\u044f]")  # a word with a capital


class Evidence(NamedTuple):
    """Evidence in a piece, as parallel lists: places of the cells in the piece, and of the words in the cells."""

    row: list[int]
    value: list[str]
    country: list[int]
    confidence: list[float]
    start: list[int]
    end: list[int]


def read_piece(piece: Piece, matcher: Matcher) -> Evidence:
    """Find the names in a piece and weigh those of each cell."""
    codes = code_points(piece.text)
    folded = fold(codes)
    text = folded.text()
    found = matcher.search(folded, text)
    out = Evidence([], [], [], [], [], [])
    if len(found.start):
        _Reader(piece, folded, text, found, read_signs(codes, folded), matcher).read(out)
    return out


class _Reader:
    """The names of a piece, cell after cell."""

    def __init__(self, piece: Piece, folded: Folded, text: str, found: Found, signs: Signs, matcher: Matcher) -> None:
        self._piece, self._text, self._signs, self._matcher = piece, text, signs.text, matcher
        opened, closed = signs.edges[np.searchsorted(signs.edges, found.start) - 1] + 1, signs.edges[np.searchsorted(signs.edges, found.end)]
        first, last = folded.origin[found.start], folded.origin[found.end - 1]
        if piece.origin is not None:
            first, last = piece.origin[first], piece.origin[last]
        row = np.searchsorted(piece.starts, first, "right") - 1
        window = np.maximum(opened, found.start - _WINDOW), np.minimum(closed, found.end + _WINDOW)
        columns: Any = (row, found.name, found.start, found.end, *window, first, last + 1, piece.starts[row])
        self._names = list(zip(*(column.tolist() for column in columns), strict=True))

    def read(self, out: Evidence) -> None:
        low, names = 0, self._names
        for high in range(1, len(names) + 1):
            if high == len(names) or names[high][0] != names[low][0]:
                self._read_cell(names[low : min(high, low + _MOST)], out)
                low = high

    def _read_cell(self, found: list[tuple[int, ...]], out: Evidence) -> None:
        names, words, written = list[Name](), frozenset[str](), None
        row, text, signs, given, rules = found[0][0], self._text, self._signs, self._piece.given, self._matcher.rules
        places = list[tuple[int, int]]()
        for _, name, start, end, opened, closed, first, stop, base in found:
            entry, opens, closes, capital = self._matcher.entries[name], signs[start - 1], signs[end], True
            if not entry.meanings:
                continue
            if given[first].islower():
                if written is None:
                    written = _WRITTEN.search(given, base, self._piece.end(row)) is not None
                capital = not written or opens == "#"
            if entry.homograph is not None and not words:
                words = frozenset(text[text.rfind(_EDGE, 0, start) + 1 : text.find(_EDGE, end)].split())
            tail, lead = text[opened:start].strip(), text[end:closed].strip()
            clause = Clause(
                given[first:stop], f" {tail} " if tail else "", f" {lead} " if lead else "",
                "" if signs[start - 2] == _EDGE else opens, "" if signs[end + 1] == _EDGE else closes,
                capital, opens not in _BREAKS or closes not in _BREAKS,
                given[stop + 1 : stop + 2].isupper(), start, end,
            )  # fmt: skip
            names.append(Name(entry, clause, words, rules))
            places.append((first - base, stop - base))
        weigh(names)
        for name, (start, end) in zip(names, places, strict=True):
            for country, score in name.scores:
                out.row.append(row)
                out.value.append(name.clause.written)
                out.country.append(country)
                out.confidence.append(score)
                out.start.append(start)
                out.end.append(end)
