"""Verdicts: all names of one row, each read by itself, in; those that are evidence, with their confidence, out.

Where a row names a real place, that place is the answer: what is cooked, sold or called after another one does not count beside it.
"""

from typing import Final

from hf_regional.filtering.evidence.text.context import CONTAINERS, PLACES, Name

SURE: Final = 0.5
_FAINT: Final = 0.1  # below it a reading is no evidence
_SUPPORTED: Final = 0.6
_SUPPORTS: Final = 0.3
_ALIKE: Final = frozenset({"breed", "thing", "namesake"})  # what they are called after supports nothing


def weigh(names: list[Name]) -> None:
    """Settle the scores of a row's names against one another, in place."""
    _contain(names)
    _outrank(names)
    _support(names)
    for name in names:
        name.scores = [(country, score) for country, score in name.scores if score >= _FAINT and country >= 0]


def _contain(names: list[Name]) -> None:
    """ "City, Country": the country settles which city it is; "Manila, Arkansas" is in the latter."""
    for inner, outer in zip(names, names[1:], strict=False):
        if outer.start - inner.end != 1 or not outer.is_place or not inner.is_place or inner.role or outer.role:
            continue
        shared = {country for country, _ in inner.scores} & {country for country, _ in outer.scores}
        if shared:
            for name in (inner, outer):
                name.scores = [(country, max(score, 0.9)) for country, score in name.scores if country in shared]
                name.explicit = True
        elif outer.meanings[0].category in CONTAINERS and inner.meanings[0].category not in ("country", "former"):
            inner.scores = []


def _outrank(names: list[Name]) -> None:
    explicit = {country for name in names if name.explicit for country, score in name.scores if score >= SURE}
    places = explicit or {country for name in names if name.is_place and not name.role for country, score in name.scores if score >= SURE}
    if not places:
        return
    for name in names:
        if name.explicit or (name.is_place and not name.role and not (explicit and name.attributive)):
            if len(name.scores) > 1 and any(country in places for country, _ in name.scores):
                name.scores = [(country, score) for country, score in name.scores if country in places]
            continue
        name.scores = [(country, score) for country, score in name.scores if country in places]


def _support(names: list[Name]) -> None:
    if len(names) < 2:  # noqa: PLR2004
        return
    for name in names:
        if name.role in _ALIKE:
            continue
        others = {
            country
            for other in names
            if other.text != name.text and other.role not in _ALIKE
            for country, score in other.scores
            if score >= _SUPPORTS
        }
        name.scores = [(country, max(score, _SUPPORTED) if country in others and score >= 0.15 else score) for country, score in name.scores]


__all__ = ["PLACES", "SURE", "weigh"]
