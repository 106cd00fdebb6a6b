"""SVG: shapes and numbers in; the paths of pictures that stand in the page itself out, short enough to be many."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Frame:
    """A window of the map on a picture `width` wide; y runs down."""

    def __init__(self, low: Floats, high: Floats, width: float) -> None:
        self.low, self.scale, self.width = low, width / float(high[0] - low[0]), width
        self.height = float(high[1] - low[1]) * self.scale
        self.top = float(high[1])

    def place(self, points: npt.ArrayLike) -> Floats:
        """Points of the map on the picture, (n, 2)."""
        x, y = np.asarray(points, np.float64).reshape(-1, 2).T
        return np.column_stack([(x - self.low[0]) * self.scale, (self.top - y) * self.scale])

    def path(self, rings: Iterable[Floats]) -> str:
        """Closed rings as one path; what lies off the picture is held to a margin around it, and rings that vanish are left out."""
        margin = 40.0
        parts: list[str] = []
        for ring in rings:
            points = np.clip(self.place(ring), -margin, [self.width + margin, self.height + margin])
            if drawn := closed(points):
                parts.append(drawn)
        return "".join(parts)


def closed(points: Floats) -> str:
    """A closed ring in steps of half a unit, as relative moves; nothing where it encloses nothing.

    >>> closed(np.array([[0, 0], [4, 0], [4, 4], [0, 0]]))
    'M0 0l4 0 0 4z'
    """
    halves = np.rint(points * 2).astype(int)
    kept = halves[np.append(True, (np.diff(halves, axis=0) != 0).any(axis=1))]
    if len(kept) > 1 and (kept[0] == kept[-1]).all():
        kept = kept[:-1]
    if len(kept) < 3:
        return ""
    steps = " ".join(f"{_half(x)} {_half(y)}" for x, y in np.diff(kept, axis=0).tolist())
    return f"M{_half(kept[0][0])} {_half(kept[0][1])}l{steps}z"


def line(points: Sequence[tuple[float, float]]) -> str:
    """An open line through points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _half(number: int) -> str:
    whole, rest = divmod(abs(int(number)), 2)
    return f"{'-' if number < 0 else ''}{whole}{'.5' if rest else ''}"
