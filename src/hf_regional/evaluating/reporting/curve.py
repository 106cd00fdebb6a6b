"""The curve: a choice of β in; the lines, bands and points of its two drawings, in SVG's units, out."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hf_regional.cards.figures import mapping, number

WIDTH: Final = 440
HEIGHT: Final = 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 16, 16, 46
_STEPS: Final = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Axis:
    """From values to places."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value lies, at the rim if it lies beyond."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, most: int = 5) -> list[tuple[float, str]]:
        """Places and their numbers, round ones."""
        power = 10 ** math.floor(math.log10((self.high - self.low) / most))
        step = next(power * one for one in _STEPS if (self.high - self.low) / (power * one) <= most)
        first = math.ceil(self.low / step - 1e-9)
        values = [place * step for place in range(first, math.floor(self.high / step + 1e-9) + 1)]
        return [(self.at(value), f"{value:.6g}".replace("-", "−")) for value in values]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One line with its band."""

    kind: str
    line: str
    band: str
    points: tuple[tuple[float, float, bool], ...]  # x, y, whether it is the chosen one
    end: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """One β on the plane of kept and gained."""

    x: float
    y: float
    low: float | None
    label: str
    passes: bool
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Scores:
    """Both sides by β."""

    x: Axis
    y: Axis
    drawn: tuple[Drawn, ...]
    chosen: float


@dataclass(frozen=True, slots=True)
class Plane:
    """What is kept of the world against what the region gains."""

    x: Axis
    y: Axis
    floor: float
    marks: tuple[Mark, ...]
    path: str


def scores_by_beta(choice: Mapping[str, Any]) -> Scores | None:
    """Both sides' scores, in percent, with their intervals; None where there is no curve."""
    curve = [mapping(point) for point in choice.get("curve") or ()]
    if len(curve) < 2:
        return None
    ends = [100 * point[side][end] for point in curve for side in ("global", "regional") for end in ("low", "high")]
    x, y = _across(0, 1), _up(ends)
    beta = float(choice["beta"])
    return Scores(x, y, tuple(_drawn(side, curve, x, y, beta) for side in ("global", "regional")), x.at(beta))


def kept_and_gained(choice: Mapping[str, Any]) -> Plane | None:
    """Every β by the share of the world it keeps and what the region gains; None where retention cannot be judged."""
    curve = [mapping(point) for point in choice.get("curve") or ()]
    base = next((point["regional"]["value"] for point in curve if point["beta"] == 0), 0.0)
    known = [point for point in curve if number(point["retention"]["value"]) is not None]
    if len(known) < 2 or base <= 0:
        return None
    floor = 100 * (float(choice.get("min_retention") or 0) + float(choice.get("margin") or 0))
    kept = [100 * point["retention"]["value"] for point in known]
    gains = [100 * (point["regional"]["value"] / base - 1) for point in known]
    low = [low for point in known if (low := number(point["retention"]["low"])) is not None]
    # A base near chance has retentions in the thousands, which would hide the rest.
    x = _across(*_span([*(min(max(value, 0), 150) for value in [*kept, *(100 * one for one in low)]), floor, 100]))
    y = _up([*gains, 0])
    marks = [
        Mark(x.at(share), y.at(gain), None if (end := number(point["retention"]["low"])) is None else x.at(100 * end),
             f"{point['beta']:g}", bool(point["passes"]), point["beta"] == choice["beta"])
        for point, share, gain in zip(known, kept, gains, strict=True)
    ]  # fmt: skip
    return Plane(x, y, x.at(floor), tuple(_legible(marks)), _path((mark.x, mark.y) for mark in marks))


def _drawn(side: str, curve: Sequence[Mapping[str, Any]], x: Axis, y: Axis, beta: float) -> Drawn:
    along = [x.at(point["beta"]) for point in curve]
    value, low, high = ([y.at(100 * point[side][key]) for point in curve] for key in ("value", "low", "high"))
    band = _path([*zip(along, high, strict=True), *reversed([*zip(along, low, strict=True)])]) + "Z"
    points = tuple((place, height, point["beta"] == beta) for place, height, point in zip(along, value, curve, strict=True))
    return Drawn(side, _path(zip(along, value, strict=True)), band, points, (along[-1], value[-1]))


def _legible(marks: Sequence[Mark]) -> list[Mark]:
    """The same, without the labels of those that would be printed over another's; the chosen one and the ends keep theirs."""
    order = sorted(range(len(marks)), key=lambda place: (not marks[place].is_chosen, place not in {0, len(marks) - 1}, place))
    taken: list[Mark] = []
    out = list(marks)
    for place in order:
        one = marks[place]
        if any(abs(one.x - other.x) < 40 and abs(one.y - other.y) < 15 for other in taken):
            out[place] = Mark(one.x, one.y, one.low, "", one.passes, one.is_chosen)
        else:
            taken.append(one)
    return out


def _across(low: float, high: float) -> Axis:
    return Axis(low, high, _LEFT, WIDTH - _RIGHT)


def _up(values: Sequence[float]) -> Axis:
    return Axis(*_span(values), HEIGHT - _BOTTOM, _TOP)


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = 0.06 * max(high - low, 0.5)
    return low - room, high + room


def _path(places: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in places)
