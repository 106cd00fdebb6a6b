"""Matching: a lexicon in; for folded text, the names that stand in it as words, longest first, out.

One automaton holds all spellings and runs once over many cells (daachorse, double-array Aho-Corasick over characters). A spaced
script's name begins and ends at a blank, or takes one of the endings in `affixes.tsv`; a name in Thai, Lao, Khmer, Burmese, Han or
kana stands anywhere, but never in the middle of a character with its marks, and never inside a longer name.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, Final, NamedTuple, Protocol, Self

import numpy as np

from hf_regional.filtering.evidence.text import scripts
from hf_regional.filtering.evidence.text.folding import BREAK, SPACE, Folded, code_points, fold, marks
from hf_regional.filtering.evidence.text.rules import PHRASE, Homograph, Rules, default_rules
from hf_regional.filtering.hits import NOWHERE, country_places
PLACES: Final = frozenset({"country", "former", "capital", "city", "province", "landmark", PHRASE})
_SHORT: Final = 4  # so many characters in a script without blanks may be part of a longer word


class Terms(Protocol):
    """A lexicon as equally long columns; text in any script, country as alpha-3 or "", weight in (0, 1]."""

    @property
    def text(self) -> Sequence[str]: ...
    @property
    def country(self) -> Sequence[str]: ...
    @property
    def category(self) -> Sequence[str]: ...
    @property
    def weight(self) -> Sequence[float]: ...


class Meaning(NamedTuple):
    """One reading of a spelling: country as a place in `country_codes()`, -1 for a thing without one."""

    country: int
    category: str
    weight: float


class Entry(NamedTuple):
    """A name as the lexicon has it: folded, with its readings, the likeliest first.

    short: a few characters of a script without blanks.
    """

    text: str
    meanings: tuple[Meaning, ...]
    is_place: bool
    short: bool
    homograph: Homograph | None


class Found(NamedTuple):
    """m names in folded text, in order of place: (m,) int64 places of the first character and behind the last, and which name."""

    start: np.ndarray
    end: np.ndarray
    name: np.ndarray


@dataclass(frozen=True, eq=False)
class Matcher:
    """Names and the rules of their context, ready to search; pickles, and is shared between batches.

    Attributes:
        spellings: patterns of the automaton, blanks at the ends where a word must begin or end.
        entries: the names; a pattern of place p spells `entries[named[p]]`.
        open_end: (patterns,) whether a pattern has no closing blank though its script has blanks: an ending may follow.
    """

    spellings: list[str]
    entries: list[Entry]
    named: np.ndarray
    open_end: np.ndarray
    rules: Rules

    @classmethod
    def build(cls, terms: Terms, rules: Rules | None = None) -> Self:
        """Prepare a lexicon for searching; terms that fold to one spelling become readings of one name."""
        rules = rules or default_rules()
        readings: dict[str, dict[tuple[int, str], float]] = {}
        for name, meaning in chain(_readings(terms), _things(rules)):
            known = readings.setdefault(name, {})
            key = meaning[:2]
            known[key] = max(known.get(key, 0.0), meaning.weight)
        readings.pop("", None)
        entries = [_entry(name, readings[name], rules) for name in sorted(readings)]
        patterns = {spelling: place for place, entry in enumerate(entries) for spelling in scripts.spellings(entry.text)}
        spellings = list(patterns)
        opened = [spelling[-1] != " " and scripts.is_spaced(spelling[-1]) for spelling in spellings]
        return cls(spellings, entries, np.fromiter(patterns.values(), np.int64, len(patterns)), np.array(opened), rules)

    @cached_property
    def automaton(self) -> Any:
        import daachorse  # 3 ms, and only text needs it

        return daachorse.CharwiseDoubleArrayAhoCorasick(self.spellings)

    def search(self, folded: Folded, text: str) -> Found:
        """Find the names in folded text (`text` is the same as a string), none inside another."""
        found = self.automaton.find_overlapping(text)
        if not found:
            return Found(*np.zeros((3, 0), np.int64))
        table = np.fromiter(chain.from_iterable(found), np.int64, 3 * len(found)).reshape(-1, 3)
        start, end, pattern = table[_stands(table, folded, text, self.open_end)].T
        start, end = start + (folded.codes[start] == SPACE), end - (folded.codes[end - 1] == SPACE)
        order = np.lexsort((-end, start))
        start, end, pattern = start[order], end[order], pattern[order]
        outermost = np.ones(len(start), bool)
        outermost[1:] = end[1:] > np.maximum.accumulate(end)[:-1]
        return Found(start[outermost], end[outermost], self.named[pattern[outermost]])

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "automaton"}


def _entry(name: str, readings: dict[tuple[int, str], float], rules: Rules) -> Entry:
    meanings = sorted((Meaning(*key, weight) for key, weight in readings.items()), key=lambda meaning: (-meaning.weight, meaning))
    best = {meaning.country: meaning for meaning in reversed(meanings)}  # of a country's readings the likeliest
    kept = tuple(sorted(best.values(), key=lambda meaning: (-meaning.weight, meaning)))
    short = len(name) <= _SHORT and not scripts.is_spaced(name[0])
    return Entry(name, kept, kept[0].category in PLACES, short, rules.homographs.get(name))


def _readings(terms: Terms) -> Iterator[tuple[str, Meaning]]:
    places = country_places()
    folded = fold(code_points(f"{chr(BREAK)}".join(terms.text))).text().split(chr(BREAK))
    for name, country, category, weight in zip(folded, terms.country, terms.category, terms.weight, strict=True):
        yield name.strip(), Meaning(places.get(country, NOWHERE), category, weight)


def _stands(table: np.ndarray, folded: Folded, text: str, opened: np.ndarray) -> np.ndarray:
    """Which matches are words: not cut out of a character with its marks, and followed by nothing but an ending."""
    (start, end, pattern), origin = table.T, folded.origin
    after = np.minimum(end, len(origin) - 1)
    codes = np.minimum(folded.codes, len(marks()) - 1)
    ending = opened[pattern] & (codes[after] != SPACE)
    cut = marks()[codes[start]] | (origin[start] == origin[start - 1]) & (codes[start] != SPACE)
    cut |= ~ending & (marks()[codes[after]] | (origin[after] == origin[end - 1]) & (codes[after] != SPACE))
    cut |= scripts.inside_katakana(codes, start, end)
    for place in np.flatnonzero(ending & ~cut).tolist():
        stop = int(end[place])
        cut[place] = not scripts.ends_word(text[stop - 1], text[stop : text.find(" ", stop)])
    return ~cut


def _things(rules: Rules) -> Iterator[tuple[str, Meaning]]:
    for name, country, weight in rules.things:
        yield name, Meaning(country, PHRASE, weight)
