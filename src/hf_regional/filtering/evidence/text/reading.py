"""Reading: a piece of text in; what the names in it are evidence of, cell by cell, out. Python runs only over cells that have names."""

from typing import Any, Final, NamedTuple

import numpy as np

from hf_regional.filtering.evidence.text.cells import Cell
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
        opened, closed = (
            signs.edges[np.searchsorted(signs.edges, found.start) - 1] + 1,
            signs.edges[np.searchsorted(signs.edges, found.end)],
        )
        first, last = _given(piece, folded, found.start, found.end)
        row = np.searchsorted(piece.starts, first, "right") - 1
        window = np.maximum(opened, found.start - _WINDOW), np.minimum(closed, found.end + _WINDOW)
        columns: Any = (row, found.name, found.start, found.end, *window, first, last + 1, piece.starts[row])
        selling, _ = _given(piece, folded, found.goods, found.goods + 1)
        self._selling = frozenset((np.searchsorted(piece.starts, selling, "right") - 1).tolist())
        self._names = list(zip(*(column.tolist() for column in columns), strict=True))

    def read(self, out: Evidence) -> None:
        low, names = 0, self._names
        for high in range(1, len(names) + 1):
            if high == len(names) or names[high][0] != names[low][0]:
                self._read_cell(names[low : min(high, low + _MOST)], out)
                low = high

    def _read_cell(self, found: list[tuple[int, ...]], out: Evidence) -> None:
        row, text, signs, rules = found[0][0], self._text, self._signs, self._matcher.rules
        names, spans, base = list[Name](), list[tuple[int, int]](), found[0][-1]
        begin, end = text.rfind(_EDGE, 0, found[0][2]) + 1, text.find(_EDGE, found[-1][3])
        cell = Cell(self._piece.given[base : self._piece.end(row)], text[begin:end], row in self._selling, rules)
        for _, name, start, end, opened, closed, first, stop, _ in found:
            entry, opens, closes = self._matcher.entries[name], signs[start - 1], signs[end]
            if not entry.meanings:
                continue
            written, next_letter = cell.given[first - base : stop - base], cell.given[stop - base + 1 : stop - base + 2]
            tail, lead = text[opened:start].strip(), text[end:closed].strip()
            clause = Clause(
                written, start, end, f" {tail} " if tail else "", f" {lead} " if lead else "",
                "" if signs[start - 2] == _EDGE else opens, "" if signs[end + 1] == _EDGE else closes,
                not (written.islower() and opens != "#" and cell.has_capitals), next_letter.isupper(),
                opens not in _BREAKS or closes not in _BREAKS,
            )  # fmt: skip
            names.append(Name(entry, clause, cell, rules))
            spans.append((first - base, stop - base))
        weigh(names, cell, spans)
        for name, (start, end) in zip(names, spans, strict=True):
            for country, score in name.scores:
                out.row.append(row)
                out.value.append(name.clause.written)
                out.country.append(country)
                out.confidence.append(score)
                out.start.append(start)
                out.end.append(end)


def _given(piece: Piece, folded: Folded, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last character as they were given of stretches of the folded text."""
    if piece.origin is None or not len(start):
        return folded.origin[start], folded.origin[end - 1]
    origin, edges = piece.origin[folded.origin], np.stack([start, end], axis=1).ravel()
    # Zawgyi writes some signs before their letter: the first character is not the origin of the first.
    return np.minimum.reduceat(origin, edges)[::2], np.maximum.reduceat(origin, edges)[::2]
