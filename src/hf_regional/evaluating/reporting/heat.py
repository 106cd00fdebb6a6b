"""Heat: a label's scores on a task in; the cell of a heat map, its colour, mark and words, out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hf_regional.cards.figures import count, mapping, number, percent, signed, with_interval
from hf_regional.evaluating.reporting.story import Grid, points

_LEAST: Final = 0.05  # 5 points: a table of small changes is not painted as if they were large
_MOST: Final = 0.62  # of the colour in a cell: beyond, its number would be hard to read


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: a number, the share of its colour, and whether it can be relied on.

    Attributes:
        text: what stands in it.
        kind: "gain", "loss", "level" (a score without a base) or "none".
        share: of the colour, in [0, 0.62].
        is_sure: its interval leaves 0 out, and 30 pictures or more stand behind it.
        few: fewer than 30 pictures.
        title: all that is known of it, in a sentence.
    """

    text: str
    kind: str
    share: float
    is_sure: bool
    few: bool
    title: str


def scale_of(grids: Iterable[Grid]) -> float:
    """The change that has the full colour: the largest that can be relied on, and 5 points at least."""
    known = [
        abs(value)
        for grid in grids
        for line in grid.lines
        for part in line.parts.values()
        if not part["few"] and (value := number(mapping(part["difference"]).get("value"))) is not None
    ]
    return max([_LEAST, *known])


def cell_of(part: Mapping[str, Any] | None, scale: float) -> Cell:
    """The cell of a part; an empty one where the task has no row of that label."""
    if part is None:
        return Cell("", "none", 0.0, False, False, "not asked")
    change = number(mapping(part["difference"]).get("value"))
    n = count(part["model"]["n"])
    if change is None:
        level = number(part["model"]["value"]) or 0.0
        title = f"{with_interval(part['model'])} %, {n} rows"
        return Cell(percent(level), "level", _MOST * min(max(level, 0.0), 1.0), True, bool(part["few"]), title)
    title = f"{points(part['difference'])} points: from {percent(part['base']['value'])} to {percent(part['model']['value'])} %, {n} rows"
    share = _MOST * min(abs(change) / scale, 1.0)
    return Cell(signed(change), "gain" if change >= 0 else "loss", share, bool(part["is_sure"]), bool(part["few"]), title)
