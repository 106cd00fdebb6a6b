"""Verdicts: all names of one row, each read by itself, in; those that are evidence, with their confidence, out.

Where a row names a real place, that place is the answer: what is cooked, sold or called after another one does not count beside it.
"""

from itertools import pairwise
from typing import Final

from hf_regional.filtering.evidence.text.cells import Cell
from hf_regional.filtering.evidence.text.context import Name, evident
from hf_regional.filtering.evidence.text.rules import PHRASE

SURE: Final = 0.5
_SUPPORTED: Final = 0.6
_SUPPORTS: Final = 0.3
_DOUBT: Final = 0.5
_DOUBTFUL: Final = 0.15
_SETTLED: Final = 0.9
_WHOLE: Final = frozenset({"country", "former"})
_CONTAINERS: Final = frozenset({"country", "former", "state", "province", PHRASE})
_ALIKE: Final = frozenset({"breed", "thing", "namesake"})  # what they are called after supports nothing


def weigh(names: list[Name], cell: Cell, spans: list[tuple[int, int]]) -> None:
    """Settle the scores of a cell's names, which stand at `spans`, against one another and the rest of it, in place."""
    if len(names) > 1:
        _contain(names)
        _list(names)
        _outrank(names)
        _support(names)
    _doubt(names, cell, spans)
    for name in names:
        name.scores = evident(name.scores)


def _contain(names: list[Name]) -> None:
    """Settle "City, Country": the country says which city it is; "Manila, Arkansas" is in the latter."""
    for first, second in pairwise(names):
        if not (first.entry.is_place and second.entry.is_place) or first.role or second.role:
            continue
        comma = first.setting.closes == "," and second.setting.opens == "," and not first.setting.lead and not second.setting.tail
        adjacent = second.start == first.end
        if not (comma or adjacent or second.start - first.end == 1):
            continue
        shared = {country for country, _ in first.scores} & {country for country, _ in second.scores}
        if shared:
            for name in (first, second):
                name.scores = [(country, max(score, _SETTLED)) for country, score in name.scores if country in shared]
                name.explicit = True
        elif comma and _holds(second, first):
            first.scores = []
        elif adjacent and (_holds(first, second) or _holds(second, first)):
            (second if _holds(first, second) else first).scores = []


def _holds(outer: Name, inner: Name) -> bool:
    """Whether the first may be where the second lies: a country holds all but countries, a town holds quarters and lesser towns."""
    if max((score for _, score in outer.scores), default=0) < SURE:
        return False
    outside, inside = outer.entry.meanings[0].category, inner.entry.meanings[0].category
    if outside == "state":  # "Lebanon, Ohio": of all that is inside a country only these are added to every town
        return True
    if inside in _WHOLE or inside == "capital":
        return inside == "capital" and outside in _CONTAINERS
    return outside in _CONTAINERS or inside != "province" or outer.setting.closes in ("", ".")


def _list(names: list[Name]) -> None:
    """Carry "in" along a list: in "in Laos, Cambodia and Vietnam" something is said to be in all three."""
    for first, second in pairwise(names):
        if not first.explicit or second.explicit or second.role or not second.entry.is_place:
            continue
        between = second.tail.removeprefix(f" {first.entry.text}")
        second.explicit = second.joins and (not between.strip() or len(between.split()) == 1)


def _outrank(names: list[Name]) -> None:
    """Where something is said to be somewhere, or a place stands by itself, keep of what is called after other places nothing."""
    said = {country for name in names if name.explicit for country, score in name.scores if score >= SURE}
    places = said or {country for name in names if name.entry.is_place and not name.role for country, score in name.scores if score >= SURE}
    if not places:
        return
    for name in names:
        called_after = name.role or not name.entry.is_place or (said and (name.qualifies or name.entry.homograph is not None))
        if (called_after and not name.explicit) or (len(name.scores) > 1 and not places.isdisjoint(country for country, _ in name.scores)):
            name.scores = [(country, score) for country, score in name.scores if country in places]


def _support(names: list[Name]) -> None:
    """Believe a doubtful reading where another name speaks for the same country."""
    some = [name for name in names if name.role not in _ALIKE]
    speakers = dict[int, str]()  # country -> the name that speaks for it, "" for several
    for name in some:
        text = name.entry.text
        for country, score in name.scores:
            if score >= _SUPPORTS and speakers.setdefault(country, text) != text:
                speakers[country] = ""
    for name in some:
        text = name.entry.text
        backed = [country for country, _ in name.scores if speakers.get(country, text) != text]
        if backed:
            name.scores = [
                (country, max(score, _SUPPORTED) if score >= _DOUBTFUL else score) for country, score in name.scores if country in backed
            ]


def _doubt(names: list[Name], cell: Cell, spans: list[tuple[int, int]]) -> None:
    """What is no place of which the text says so is doubtful in a list of goods, and as part of a name where another place is named."""
    for name in names:
        if name.explicit:
            continue
        if cell.sells or (name.doubtful and not any(other.explicit for other in names) and cell.is_elsewhere(spans)):
            name.scores = [(country, score * _DOUBT) for country, score in name.scores]
