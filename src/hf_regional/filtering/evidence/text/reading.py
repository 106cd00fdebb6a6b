"""Reading: a piece of text in; what the names in it are evidence of, cell by cell, out. Python runs only over cells that have names."""

from typing import Any, Final, NamedTuple

import numpy as np

from hf_regional.filtering.evidence.text.cells import Cell
from hf_regional.filtering.evidence.text.clauses import Signs, read_signs
from hf_regional.filtering.evidence.text.context import Clause, Name
from hf_regional.filtering.evidence.text.entries import as_written
from hf_regional.filtering.evidence.text.folding import BREAK, SIGNS, Folded, code_points, fold
from hf_regional.filtering.evidence.text.matching import Found, Matcher
from hf_regional.filtering.evidence.text.pieces import Piece
from hf_regional.filtering.evidence.text.verdicts import weigh

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
        columns: Any = (row, found.name, found.start, found.end, *window, first, last + 1)
        self._names = list(zip(*(column.tolist() for column in columns), strict=True))
        selling, _ = _given(piece, folded, found.goods, found.goods + 1)
        self._selling = frozenset((np.searchsorted(piece.starts, selling, "right") - 1).tolist())
        breaks = np.flatnonzero(folded.codes == BREAK)
        after = np.searchsorted(breaks, found.start)
        # Of each name's cell: where it begins and ends as it was given, and in the folded text; whether it has words with a capital.
        capitals = folded.capitals if piece.origin is None else piece.origin[folded.capitals]
        begin, end = piece.starts[row], piece.ends[row]
        written = np.searchsorted(capitals, end) > np.searchsorted(capitals, begin)
        bounds: Any = (begin, end, breaks[after - 1] + 1, breaks[after], written)
        self._bounds = list(zip(*(column.tolist() for column in bounds), strict=True))

    def read(self, out: Evidence) -> None:
        low, names = 0, self._names
        for high in range(1, len(names) + 1):
            if high == len(names) or names[high][0] != names[low][0]:
                self._read_cell(names[low : min(high, low + _MOST)], self._bounds[low], out)
                low = high

    def _read_cell(self, found: list[tuple[int, ...]], bounds: tuple[int, ...], out: Evidence) -> None:
        text, signs, given, matcher = self._text, self._signs, self._piece.given, self._matcher
        begin, end, folded_begin, folded_end, has_capitals = bounds
        names, spans, sells = list[Name](), list[tuple[int, int]](), found[0][0] in self._selling
        cell = Cell((given, begin, end), (text, folded_begin, folded_end), bool(has_capitals), sells, matcher.rules)
        for _, name, start, stop, opened, closed, first, behind in found:
            written, opens, closes = given[first:behind], signs[start - 1], signs[stop]
            entry = as_written(matcher.entries[name], written)
            if not entry.meanings:
                continue
            tail, lead = text[opened:start].strip(), text[stop:closed].strip()
            clause = Clause(
                written, start, stop, f" {tail} " if tail else "", f" {lead} " if lead else "",
                "" if start == folded_begin + 1 else opens, "" if stop + 1 == folded_end else closes,
                opens == "#" or not written.islower() or not cell.has_capitals, given[behind + 1 : behind + 2].isupper(),
                opens not in _BREAKS or closes not in _BREAKS,
            )  # fmt: skip
            names.append(Name(entry, clause, cell, matcher.rules))
            spans.append((first, behind))
        weigh(names, cell, spans)
        for name, (first, behind) in zip(names, spans, strict=True):
            for country, score in name.scores:
                out.row.append(found[0][0])
                out.value.append(name.clause.written)
                out.country.append(country)
                out.confidence.append(score)
                out.start.append(first - begin)
                out.end.append(behind - begin)


def _given(piece: Piece, folded: Folded, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last character as they were given of stretches of the folded text."""
    if piece.origin is None or not len(start):
        return folded.origin[start], folded.origin[end - 1]
    origin, edges = piece.origin[folded.origin], np.stack([start, end], axis=1).ravel()
    # Zawgyi writes some signs before their letter: the first character is not the origin of the first.
    return np.minimum.reduceat(origin, edges)[::2], np.maximum.reduceat(origin, edges)[::2]
