"""Matching: a lexicon in; for folded text, the names that stand in it as words, longest first, out.

One automaton holds all spellings and runs once over many cells (daachorse, double-array Aho-Corasick over characters). A spaced
script's name begins and ends at a blank, or takes one of the endings in `affixes.tsv`; a name in Thai, Lao, Khmer, Burmese, Han or
kana stands anywhere, but never in the middle of a character with its marks, and never inside a longer name.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, Final, NamedTuple, Self

import numpy as np

from hf_regional.filtering.evidence.text import scripts
from hf_regional.filtering.evidence.text.entries import Entry, Terms, entries_of
from hf_regional.filtering.evidence.text.folding import SPACE, Folded, marks
from hf_regional.filtering.evidence.text.hashtags import Hashtags
from hf_regional.filtering.evidence.text.readings import Readings
from hf_regional.filtering.evidence.text.rules import Rules, default_rules

_GOODS = -1
_MADE: Final = ("automaton", "plain", "hashtags", "readings")  # when first needed; other processes make their own


class Found(NamedTuple):
    """m names in folded text, in order of place: (m,) int64 places of the first character and behind the last, and which entry.

    goods: (k,) int64, where words stand that say that a text lists goods.
    """

    start: np.ndarray
    end: np.ndarray
    name: np.ndarray
    goods: np.ndarray


@dataclass(frozen=True, eq=False)
class Matcher:
    """Names and the rules of their context, ready to search; pickles, and is shared between batches.

    Attributes:
        entries: the names.
        rules: the tables of context.
        spellings: patterns of the automaton, blanks at the ends where a word must begin or end.
        named: (patterns,) int64, the entry that each spells, -1 for words of goods.
        open_end: (patterns,) whether a pattern has no closing blank though its script has blanks: an ending may follow.
    """

    entries: list[Entry]
    rules: Rules
    spellings: list[str]
    named: np.ndarray
    open_end: np.ndarray

    @classmethod
    def build(cls, terms: Terms, rules: Rules | None = None) -> Self:
        """Prepare a lexicon for searching; terms that fold to one spelling become readings of one name."""
        rules = rules or default_rules()
        entries = entries_of(terms, rules)
        patterns = {spelling: place for place, entry in enumerate(entries) for spelling in scripts.spellings(entry.text)}
        patterns |= {spelling: _GOODS for word in rules.goods for spelling in scripts.spellings(word) if spelling not in patterns}
        spellings = list(patterns)
        opened = [spelling[-1] != " " and scripts.is_spaced(spelling[-1]) for spelling in spellings]
        return cls(entries, rules, spellings, np.fromiter(patterns.values(), np.int64, len(patterns)), np.array(opened, bool))

    @cached_property
    def automaton(self) -> Any:
        """The automaton over all spellings, made when it is first needed."""
        import daachorse  # here: only text needs it

        return daachorse.CharwiseDoubleArrayAhoCorasick(self.spellings)

    @cached_property
    def readings(self) -> Readings:
        """What names were read as so far, by the setting they stood in."""
        return Readings(self.entries, self.rules)

    @cached_property
    def hashtags(self) -> Hashtags:
        """The reader of tags without blanks."""
        return Hashtags([entry.text for entry in self.entries])

    @cached_property
    def plain(self) -> tuple[Any, np.ndarray]:
        """The same over bytes, of the spellings in ASCII alone, and which those are: it takes two thirds of the time."""
        import daachorse  # here: only text needs it

        places = [place for place, spelling in enumerate(self.spellings) if spelling.isascii()]
        patterns = [self.spellings[place].encode() for place in places]
        return daachorse.DoubleArrayAhoCorasick(patterns) if patterns else None, np.array(places, np.int64)

    def search(self, folded: Folded, text: str) -> Found:
        """Find the names in folded text (`text` is the same as a string); where two overlap, the longer or else the first."""
        table = self._matches(folded, text)
        table = table[_stands(table, folded, text, self.open_end)]
        start, end, pattern = table.T
        start, end, name = start + (folded.codes[start] == SPACE), end - (folded.codes[end - 1] == SPACE), self.named[pattern]
        goods, names = start[name == _GOODS], name != _GOODS
        start, end, name = start[names], end[names], name[names]
        if tags := self.hashtags.find(folded, text):
            start, end, name = (np.concatenate([old, new]) for old, new in zip((start, end, name), np.array(tags).T, strict=True))
        order = np.lexsort((-end, start))
        return _parted(Found(start[order], end[order], name[order], goods))

    def _matches(self, folded: Folded, text: str) -> np.ndarray:
        """Where spellings stand, (m, 3) int64: the first character, the one behind the last, which."""
        if not self.spellings:
            return np.zeros((0, 3), np.int64)
        if folded.codes.itemsize > 1:
            return _as_table(self.automaton.find_overlapping(text))
        automaton, places = self.plain
        table = _as_table(automaton.find_overlapping(folded.codes.tobytes()) if automaton else [])
        table[:, 2] = places[table[:, 2]]
        return table

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in _MADE}


def _as_table(found: list[tuple[int, int, int]]) -> np.ndarray:
    return np.fromiter(chain.from_iterable(found), np.int64, 3 * len(found)).reshape(-1, 3)


def _parted(found: Found) -> Found:
    """Leave out what lies within another name, and of two that overlap the shorter, or else the latter."""
    outermost = np.ones(len(found.start), bool)
    outermost[1:] = found.end[1:] > np.maximum.accumulate(found.end)[:-1]
    start, end, name = (column[outermost] for column in found[:3])
    if not (start[1:] < end[:-1]).any():
        return Found(start, end, name, found.goods)
    kept = list[int]()
    first, stop = start.tolist(), end.tolist()
    for place in range(len(first)):
        if kept and first[place] < stop[kept[-1]]:
            if stop[place] - first[place] > stop[kept[-1]] - first[kept[-1]]:
                kept[-1] = place
        else:
            kept.append(place)
    return Found(start[kept], end[kept], name[kept], found.goods)


def _stands(table: np.ndarray, folded: Folded, text: str, opened: np.ndarray) -> np.ndarray:
    """Which matches are words: not cut out of a character with its marks, and followed by nothing but an ending, which becomes theirs."""
    (start, end, pattern), origins = table.T, folded.origins
    after = np.minimum(end, len(folded.codes) - 1)
    before, first, last, following = (folded.codes[places].astype(np.int64) for places in (start - 1, start, end - 1, after))
    ending = opened[pattern] & (following != SPACE)
    cut = ending & ~scripts.may_go_on(last, following)
    cut |= (origins.given(start) == origins.given(start - 1)) & (first != SPACE)
    cut |= ~ending & (origins.given(after) == origins.given(end - 1)) & (following != SPACE)
    if folded.codes.itemsize > 1:
        cut |= _is_mark(first) | scripts.opens_syllable(before) | (~ending & _is_mark(following))
        cut |= scripts.closes_syllable(folded.codes, after) | scripts.inside_katakana(before, first, last, following)
    for place in np.flatnonzero(ending & ~cut).tolist():
        stop = int(end[place])
        blank = text.find(" ", stop)
        allowed = scripts.endings_of(text[stop - 1])
        cut[place] = blank - stop > scripts.LONGEST_ENDING if allowed is None else text[stop:blank] not in allowed
        table[place, 1] = blank
    return ~cut


def _is_mark(codes: np.ndarray) -> np.ndarray:
    return marks()[np.minimum(codes, len(marks()) - 1)]
