"""Verdicts: all names of one row, each read by itself, in; those that are evidence, with their confidence, out.

Where a row names a real place, that place is the answer: what is cooked, sold or called after another one does not count beside it.
"""

from itertools import pairwise
from typing import Final

from hf_regional.filtering.evidence.text.context import Name
from hf_regional.filtering.evidence.text.rules import PHRASE

SURE: Final = 0.5
_FAINT: Final = 0.1  # below it a reading is no evidence
_SUPPORTED: Final = 0.6
_SUPPORTS: Final = 0.3
_DOUBTFUL: Final = 0.15
_SETTLED: Final = 0.9
_CONTAINERS: Final = frozenset({"country", "former", "province", PHRASE})
_ALIKE: Final = frozenset({"breed", "thing", "namesake"})  # what they are called after supports nothing


def weigh(names: list[Name]) -> None:
    """Settle the scores of a row's names against one another, in place."""
    if len(names) > 1:
        _contain(names)
        _outrank(names)
        _support(names)
    for name in names:
        name.scores = [(country, score) for country, score in name.scores if score >= _FAINT and country >= 0]


def _contain(names: list[Name]) -> None:
    """Settle "City, Country": the country says which city it is; "Manila, Arkansas" is in the latter."""
    for inner, outer in pairwise(names):
        if not _within(inner, outer):
            continue
        shared = {country for country, _ in inner.scores} & {country for country, _ in outer.scores}
        if shared:
            for name in (inner, outer):
                name.scores = [(country, max(score, _SETTLED)) for country, score in name.scores if country in shared]
                name.explicit = True
        elif outer.entry.meanings[0].category in _CONTAINERS and inner.entry.meanings[0].category not in ("country", "former"):
            inner.scores = []


def _within(inner: Name, outer: Name) -> bool:
    next_to = inner.clause.closes == "," and outer.clause.opens == "," and not inner.clause.lead and not outer.clause.tail
    return next_to and inner.entry.is_place and outer.entry.is_place and not inner.role and not outer.role


def _outrank(names: list[Name]) -> None:
    """Where something is said to be somewhere, or a place stands by itself, keep of what is called after other places nothing."""
    said = {country for name in names if name.explicit for country, score in name.scores if score >= SURE}
    places = said or {country for name in names if name.entry.is_place and not name.role for country, score in name.scores if score >= SURE}
    if not places:
        return
    for name in names:
        called_after = name.role or not name.entry.is_place or (said and (name.attributive or name.entry.homograph is not None))
        if (called_after and not name.explicit) or (len(name.scores) > 1 and not places.isdisjoint(country for country, _ in name.scores)):
            name.scores = [(country, score) for country, score in name.scores if country in places]


def _support(names: list[Name]) -> None:
    """Believe a doubtful reading where another name speaks for the same country."""
    for name in names:
        if name.role in _ALIKE:
            continue
        others = {
            country
            for other in names
            if other.entry is not name.entry and other.role not in _ALIKE
            for country, score in other.scores
            if score >= _SUPPORTS
        }
        name.scores = [(country, max(score, _SUPPORTED) if country in others and score >= _DOUBTFUL else score) for country, score in name.scores]
