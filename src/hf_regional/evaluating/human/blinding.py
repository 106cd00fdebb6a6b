"""Blinding: items, models and raters in; who rates what, in which order, and which letter hides which model, out."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hf_regional.errors import ConfigError, OutOfRangeError


@dataclass(frozen=True, slots=True)
class Turn:
    """One item as one rater meets it: `models[0]` hides behind the letter A, `models[1]` behind B."""

    item: str
    models: tuple[str, ...]


def rater_names(language: str, raters: int | Mapping[str, int]) -> list[str]:
    """The sheets of a language.

    Raises:
        ConfigError: the language has no count in a mapping.
        OutOfRangeError: fewer than one rater.

    >>> rater_names("th", {"th": 2})
    ['th-1', 'th-2']
    """
    count = raters.get(language) if isinstance(raters, Mapping) else raters
    if count is None:
        raise ConfigError(f"raters= names no number for the language {language!r}; give one for each language of the items.", "raters")
    if count < 1:
        raise OutOfRangeError(f"raters must be at least 1, got {count} for {language!r}.")
    return [f"{language}-{number}" for number in range(1, count + 1)]


def share_out(items: Sequence[str], raters: Sequence[str], overlap: float, draw: random.Random) -> dict[str, list[str]]:
    """Items by rater, each rater's in an order of its own: ⌈overlap·n⌉ go to every rater, the rest to one rater each.

    Raises:
        OutOfRangeError: overlap outside [0, 1].
    """
    if not 0 <= overlap <= 1:
        raise OutOfRangeError(f"overlap must be in [0, 1], got {overlap}: it is the share of the items that every rater rates.")
    mixed = draw.sample(list(items), len(items))
    shared = math.ceil(round(overlap * len(mixed), 9))  # 0.07 of 100 is 7.000000000000001
    rest = mixed[shared:]
    dealt = {rater: [*mixed[:shared], *rest[place :: len(raters)]] for place, rater in enumerate(raters)}
    return {rater: draw.sample(own, len(own)) for rater, own in dealt.items()}


def blind(items: Sequence[str], models: Sequence[str], draw: random.Random) -> list[Turn]:
    """Hide the models behind letters anew at every item.

    Over a rater's n items each of m models stands behind each letter ⌊n/m⌋ or ⌈n/m⌉ times, so that nobody gains by a liking for
    what comes first: in every m items the orders are the m rotations of a random one, and all are shuffled at the end.
    """
    orders: list[tuple[str, ...]] = []
    while len(orders) < len(items):
        start = draw.sample(list(models), len(models))
        rotations = [(*start[turn:], *start[:turn]) for turn in range(len(start))]
        orders += draw.sample(rotations, len(rotations))
    orders = orders[: len(items)]
    draw.shuffle(orders)
    return [Turn(item, order) for item, order in zip(items, orders, strict=True)]


def opaque_name(draw: random.Random, taken: set[str]) -> str:
    """Twelve hexadecimal digits that say nothing and are not `taken`; they are afterwards."""
    while (name := f"{draw.getrandbits(48):012x}") in taken:
        pass
    taken.add(name)
    return name
