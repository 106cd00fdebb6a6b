"""Reading: a piece of text in; what the names in it are evidence of, cell by cell, out. Python runs only over the names."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from hf_regional.filtering.evidence.text.beside import Names, given_places, look_beside
from hf_regional.filtering.evidence.text.cells import Cell
from hf_regional.filtering.evidence.text.clauses import read_signs
from hf_regional.filtering.evidence.text.context import ENDS, WORDS, Name, Reading, Setting, role_ahead, role_behind
from hf_regional.filtering.evidence.text.folding import code_points, fold
from hf_regional.filtering.evidence.text.matching import Matcher
from hf_regional.filtering.evidence.text.pieces import Piece
from hf_regional.filtering.evidence.text.plain import fold_plain
from hf_regional.filtering.evidence.text.readings import Key
from hf_regional.filtering.evidence.text.rules import AT
from hf_regional.filtering.evidence.text.scripts import FIRST_UNSPACED
from hf_regional.filtering.evidence.text.verdicts import weigh


class Evidence(NamedTuple):
    """Evidence in a piece, k entries: cells of the piece, (k,) int64; words; countries; confidences; places in the cells, (k,) int64."""

    row: np.ndarray
    value: list[str]
    country: list[int]
    confidence: list[float]
    start: np.ndarray
    end: np.ndarray


def read_piece(piece: Piece, matcher: Matcher) -> Evidence:
    """Find the names in a piece and weigh those of each cell."""
    if piece.plain is None:
        codes = code_points(piece.text)
        folded = fold(codes)
    else:
        codes, folded = np.frombuffer(piece.plain, np.uint8), fold_plain(piece.plain)
    text = folded.text()
    found = matcher.search(folded, text)
    if not len(found.start):
        return Evidence(found.start, [], [], [], found.start, found.end)
    names = look_beside(piece, folded, found, read_signs(codes, folded))
    selling, _ = given_places(piece, folded, found.goods, found.goods + 1)
    return _Reader(piece, text, names, np.searchsorted(piece.starts, selling, "right") - 1, matcher).read()


class _Reader:
    """The names of a piece: each by itself, then cell after cell."""

    def __init__(self, piece: Piece, text: str, names: Names, selling: np.ndarray, matcher: Matcher) -> None:
        self._piece, self._text, self._names, self._matcher = piece, text, names, matcher
        self._sells = np.isin(names.row, selling).tolist()
        self._written = [piece.given[first:behind] for first, behind in zip(names.first.tolist(), names.behind.tolist(), strict=True)]

    def read(self) -> Evidence:
        keys = [*self._keys()]
        readings = self._matcher.readings
        place, scores = list[int](), list[tuple[int, float]]()
        known = [readings[key] for key in keys]
        for low, high in pairwise(self._names.cells.tolist()):
            reading = known[low]
            if high - low > 1 or (reading and not reading.explicit and (reading.doubtful or self._sells[low])):
                for one, some in self._settled(low, high, known, keys):
                    place += [one] * len(some)
                    scores += some
            elif reading:
                place += [low] * len(reading.alone)
                scores += reading.alone
        return self._evidence(place, scores)

    def _keys(self) -> Iterator[Key]:
        """Where each name stands, in so few words that many stand alike."""
        text, given, names, rules = self._text, self._piece.given, self._names, self._matcher.rules
        before_words, after_words, function_words = rules.before.spaced, rules.after.spaced, rules.function_words
        homographs = self._matcher.readings.homographs
        columns = (names.name, *names.tail, *names.lead, names.tagged, names.has_capitals, names.behind)
        for place, (written, opens, closes, name, opened, tail, lead, closed, tagged, has_capitals, behind) in enumerate(
            zip(self._written, names.opens, names.closes, *(column.tolist() for column in columns), strict=True)
        ):
            before = after = ""
            noun = False
            if opened < tail:
                word = text[max(text.rfind(" ", opened, tail) + 1, opened) : tail]
                if word in before_words or word[-1] >= FIRST_UNSPACED:
                    before = role_behind(f" {text[opened:tail].strip()} ", rules.before)
            if lead < closed and closes not in ENDS:
                blank = text.find(" ", lead, closed)
                word = text[lead : blank if blank >= 0 else closed]
                if word in after_words or word[0] >= FIRST_UNSPACED:
                    after = role_ahead(f" {text[lead:closed].strip()} ", rules.after)
                noun = closes in WORDS and after != AT and word not in function_words
            capital = tagged or not has_capitals or not written.islower()
            against = name in homographs and self._cell(place).is_against(homographs[name])
            before_capital = given[behind + 1 : behind + 2].isupper()
            yield (
                name, written, before, after, noun, opened < tail, lead < closed, opens, closes, capital, before_capital, has_capitals,
                against,
            )  # fmt: skip

    def _cell(self, place: int) -> Cell:
        """The cell of a name."""
        names, starts = self._names, self._piece.starts
        row = names.row[place]
        given = self._piece.given, int(starts[row]), int(self._piece.ends[row])
        folded = self._text, int(names.begin[place]), int(names.stop[place])
        return Cell(given, folded, self._sells[place], self._matcher.rules)

    def _settled(self, low: int, high: int, known: list[Reading | None], keys: list[Key]) -> Iterator[tuple[int, list[tuple[int, float]]]]:
        """Each name of a cell that is one, with the scores that are left when all are weighed against one another."""
        there, names, spans = list[int](), list[Name](), list[tuple[int, int]]()
        for place in range(low, high):
            reading = known[place]
            if reading:
                there.append(place)
                names.append(self._name(place, reading, Setting(*keys[place][2:])))
                spans.append((int(self._names.first[place]), int(self._names.behind[place])))
        weigh(names, self._cell(low), spans)
        return ((place, name.scores) for place, name in zip(there, names, strict=True))

    def _name(self, place: int, reading: Reading, setting: Setting) -> Name:
        names, text = self._names, self._text
        tail, lead = (text[int(start[place]) : int(stop[place])].strip() for start, stop in (names.tail, names.lead))
        return Name(
            reading, setting, int(names.start[place]), int(names.end[place]), f" {tail} " if tail else "", f" {lead} " if lead else ""
        )

    def _evidence(self, place: list[int], scores: list[tuple[int, float]]) -> Evidence:
        row = self._names.row[place]
        begin = self._piece.starts[row]
        country, confidence = ([score[side] for score in scores] for side in (0, 1))
        return Evidence(
            row,
            [self._written[one] for one in place],
            country,
            confidence,
            self._names.first[place] - begin,
            self._names.behind[place] - begin,
        )
