"""Reading: a piece of text in; what the names in it are evidence of, cell by cell, out. Python runs only over the names."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from hf_regional.filtering.evidence.text.beside import Names, given_places, look_beside
from hf_regional.filtering.evidence.text.cells import Cell
from hf_regional.filtering.evidence.text.clauses import read_signs
from hf_regional.filtering.evidence.text.context import ENDS, WORDS, Name, Reading, role_ahead, role_behind
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
        columns = (names.start, names.end, names.tail[0], names.first, names.behind)
        self._places = tuple(column.tolist() for column in columns)
        self._written = [piece.given[first:behind] for first, behind in zip(*self._places[3:], strict=True)]

    def read(self) -> Evidence:
        keys, readings = self._keys(), self._matcher.readings
        known, place, scores = [readings[key] for key in keys], list[int](), list[tuple[int, float]]()
        for low, high in pairwise(self._names.cells.tolist()):
            reading = known[low]
            if high - low > 1 or (reading and not reading.explicit and (reading.doubtful or self._sells[low])):
                for one, some in self._settled(low, high, known):
                    place += [one] * len(some)
                    scores += some
            elif reading:
                place += [low] * len(reading.alone)
                scores += reading.alone
        return self._evidence(place, scores)

    def _keys(self) -> list[Key]:
        """Where each name stands, in so few words that many stand alike."""
        text, given, names, rules, keys = self._text, self._piece.given, self._names, self._matcher.rules, list[Key]()
        # Looked up once: the loop runs for every name of a corpus.
        function_words, homographs, put = rules.function_words, self._matcher.readings.homographs, keys.append
        (alone_before, most_before), (alone_after, most_after) = ((words.alone, words.most) for words in (rules.before, rules.after))
        capitals = [given[place].isupper() for place in (names.behind + 1).tolist()]
        columns = (names.name, *names.tail, *names.lead, names.tagged | ~names.has_capitals, names.has_capitals)
        for written, opens, closes, before_capital, name, opened, tail, lead, closed, capital, has_capitals in zip(
            self._written, names.opens, names.closes, capitals, *(column.tolist() for column in columns), strict=True
        ):
            before = after = ""
            noun = against = False
            if opened < tail:
                blank = text.rfind(" ", opened, tail)
                word = text[blank + 1 if blank >= 0 else opened : tail]
                if word in alone_before:
                    before = alone_before[word]
                elif word in most_before or word[-1] >= FIRST_UNSPACED:
                    before = role_behind(f" {text[opened:tail].strip()} ", rules.before)
            if lead < closed and closes not in ENDS:
                blank = text.find(" ", lead, closed)
                word = text[lead : blank if blank >= 0 else closed]
                if word in alone_after:
                    after = alone_after[word]
                elif word in most_after or word[0] >= FIRST_UNSPACED:
                    after = role_ahead(f" {text[lead:closed].strip()} ", rules.after)
                noun = closes in WORDS and after != AT and word not in function_words
            if name in homographs:
                against = self._cell(len(keys)).is_against(homographs[name])
            put((
                name, written, before, after, noun, opened < tail, lead < closed, opens, closes,
                capital or not written.islower(), before_capital, has_capitals, against,
            ))  # fmt: skip
        return keys

    def _cell(self, place: int) -> Cell:
        """The cell of a name."""
        names = self._names
        given = self._piece.given, int(names.given[0][place]), int(names.given[1][place])
        folded = self._text, int(names.folded[0][place]), int(names.folded[1][place])
        return Cell(given, folded, self._sells[place], self._matcher.rules)

    def _settled(self, low: int, high: int, known: list[Reading | None]) -> Iterator[tuple[int, list[tuple[int, float]]]]:
        """Each name of a cell that is one, with the scores that are left when all are weighed against one another."""
        start, end, opened, first, behind = self._places
        places, names, spans = list[int](), list[Name](), list[tuple[int, int]]()
        for place in range(low, high):
            if reading := known[place]:
                places.append(place)
                names.append(Name(reading, start[place], end[place], (self._text, opened[place])))
                spans.append((first[place], behind[place]))
        weigh(names, self._cell(low), spans)
        return ((place, name.scores) for place, name in zip(places, names, strict=True))

    def _evidence(self, place: list[int], scores: list[tuple[int, float]]) -> Evidence:
        row = self._names.row[place]
        begin = self._piece.starts[row]
        country, confidence = [country for country, _ in scores], [confidence for _, confidence in scores]
        return Evidence(
            row,
            [self._written[one] for one in place],
            country,
            confidence,
            self._names.first[place] - begin,
            self._names.behind[place] - begin,
        )
