"""Settling: words of all sources in; one row a spelling, country and language out, with the weight that is to be believed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from lexicon_sources.words import ORDER, Word, key, lighter

LEAST_WEIGHT = 0.1  # a word that says less only costs time


def settle(vouched: Sequence[Word], found: Iterable[Word], hand_kept: Sequence[Mapping[str, str]]) -> list[Word]:
    """Merge words, sorted by text: what is vouched for silences cities of the same name in other countries.

    Args:
        vouched: names of countries, hand-kept words; of two categories of one word the first in `ORDER` is kept.
        found: names of cities.
        hand_kept: rows of `words.csv`, weights that have the last say; one of 0 leaves the word out.
    """
    places: dict[str, set[str]] = defaultdict(set)
    for one in vouched:
        places[key(one.text)].add(one.country)
    best: dict[tuple[str, str, str], Word] = {}
    for one in chain(vouched, (one for one in found if one.country in places.get(key(one.text), {one.country}))):
        place = (key(one.text), one.country, one.language)
        if place not in best or ORDER.index(one.category) < ORDER.index(best[place].category):
            best[place] = one
    return sorted(_normalised(_weighed(best.values(), hand_kept)), key=lambda one: (one.text, one.country, one.language))


def _weighed(words: Iterable[Word], hand_kept: Sequence[Mapping[str, str]]) -> Iterator[Word]:
    weights = {(row["text"].casefold(), row["country"]): float(row["weight"]) for row in hand_kept}
    for one in words:
        # A plain spelling there stands for those with diacritics too, since a text may lack them: "Georgia" for "Geórgia".
        asked = ((spelling, country) for spelling in (one.text.casefold(), key(one.text)) for country in (one.country, ""))
        weight = next((weights[place] for place in asked if place in weights), one.weight)
        if weight >= LEAST_WEIGHT and len(one.text) > 1:
            yield Word(one.text, one.country, one.category, one.language, weight)


def _normalised(words: Iterable[Word]) -> Iterator[Word]:
    """Probabilities of one spelling in one language sum to at most 1."""
    groups: dict[tuple[str, str], list[Word]] = defaultdict(list)
    for one in words:
        groups[key(one.text), one.language].append(one)
    for group in groups.values():
        total = sum(one.weight for one in group)
        yield from (lighter(one, 1 / max(total, 1.0)) for one in group)
