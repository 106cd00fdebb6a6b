"""Maps: the outlines that are shipped for filtering in; the shape of each country on an equal-area map of the world out.

A map of who is missing must not make Greenland as large as Africa: Equal Earth (Šavrič, Patterson and Jenny 2018) keeps areas.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from hf_regional.filtering.evidence.outlines import lines

Floats = npt.NDArray[np.float64]
_A: Final = (1.340264, -0.081106, 0.000893, 0.003796)  # the polynomial of Equal Earth
_M: Final = np.sqrt(3) / 2
_UNSEEN: Final = frozenset({"", "---", "ATA"})  # the sea, land that two claim, and Antarctica
_POINTS: Final = 1400  # of the width of a map: finer than a pixel of a page, and of 0.1 mm in print
WHOLE: Final = (-180.0, 180.0, -58.0, 84.0)  # west, east, south, north


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A country on the map: closed rings (k, 2), the middle of its largest, and the area of all, in units of the map squared."""

    rings: tuple[Floats, ...]
    middle: tuple[float, float]
    area: float


def projected(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> Floats:
    """Equal Earth: degrees to (n, 2) with the whole equator 2·2.70663 long.

    >>> projected([180, 0], [0, 90]).round(4).tolist()
    [[2.7066, 0.0], [0.0, 1.3174]]
    """
    theta = np.arcsin(_M * np.sin(np.radians(np.asarray(latitude, np.float64))))
    a1, a2, a3, a4 = _A
    t2, t6 = theta**2, theta**6
    x = np.radians(np.asarray(longitude, np.float64)) * np.cos(theta) / (_M * (a1 + 3 * a2 * t2 + t6 * (7 * a3 + 9 * a4 * t2)))
    return np.stack([x, theta * (a1 + a2 * t2 + t6 * (a3 + a4 * t2))], axis=-1)


def window(countries: Collection[str]) -> tuple[float, float, float, float]:
    """West, east, south and north of a map that shows some countries with room around them, and the world where they are far apart."""
    boxes = np.array([box for code in countries if (box := _box(code)) is not None])
    if not len(boxes):
        return WHOLE
    west, south = boxes[:, [0, 2]].min(axis=0)
    east, north = boxes[:, [1, 3]].max(axis=0)
    if east - west > 150 or north - south > 100:
        return WHOLE
    room = 0.06 * max(east - west, north - south) + 2
    south, north = max(WHOLE[2], south - room), min(WHOLE[3], north + room)
    # Half as wide again as high, which fills a page, and at least 16° wide: a map of one small country shows its neighbours.
    middle, half = (east + west) / 2, max((east - west) / 2 + room, 0.75 * (north - south), 8.0)
    return max(-180.0, middle - half), min(180.0, middle + half), south, north


@cache
def shapes(west: float = WHOLE[0], east: float = WHOLE[1], south: float = WHOLE[2], north: float = WHOLE[3]) -> dict[str, Shape]:
    """The shape of each country that reaches into a window, by alpha-3 code; coasts as fine as a picture of the window can show."""
    grid = max((east - west) / _POINTS, 0.004)
    found: dict[str, Shape] = {}
    for code, rings in _rings(grid).items():
        kept = [ring for ring in rings if _meets(ring, west, east, south, north)]
        if kept:
            drawn = [projected(*ring.T) for ring in kept]
            areas = [abs(_area(ring)) for ring in drawn]
            large = drawn[int(np.argmax(areas))]
            found[code] = Shape(tuple(drawn), _middle(large), float(sum(areas)))
    return found


def apart(middles: npt.ArrayLike, radii: npt.ArrayLike) -> Floats:
    """Places (n, 2) of circles near where they belong that do not lie on one another: Brunei's beside Malaysia's, not under it."""
    at, r = np.array(middles, np.float64).reshape(-1, 2), np.asarray(radii, np.float64)
    reach = r[:, None] + r
    number = np.arange(len(at))
    sideways = np.sign(number[:, None] - number)[..., None] * np.array([1.0, 0.0])  # where two lie on one spot
    for _ in range(200):
        between = at[:, None] - at
        distance = np.linalg.norm(between, axis=2) + np.eye(len(at)) * 1e9
        over = np.clip(reach - distance, 0, None)
        if not (over > 1e-3 * reach).any():
            break
        way = np.where(distance[..., None] > 1e-12, between / np.maximum(distance, 1e-12)[..., None], sideways)
        at += (way * over[..., None] * 0.4).sum(axis=1)
    return at


@cache
def _rings(grid: float) -> dict[str, list[Floats]]:
    """Closed rings of each country in degrees, on a grid: lines that meet stay together, and points that fall together are one."""
    stored = lines()
    bounds = np.append(0, np.cumsum(stored.length))
    snapped = np.rint(stored.points / grid).astype(np.int64)
    arcs: dict[str, list[np.ndarray]] = defaultdict(list)
    for number, (left, right) in enumerate(zip(stored.left, stored.right, strict=True)):
        own = slice(bounds[number], bounds[number + 1])
        for part in _unwrapped(stored.points[own], snapped[own]):
            part = part[np.append(True, (np.diff(part, axis=0) != 0).any(axis=1))]
            for code, arc in ((left, part), (right, part[::-1])):
                if code not in _UNSEEN and left != right:
                    arcs[code].append(arc)
    return {code: [ring * grid for ring in _joined(own)] for code, own in arcs.items()}


def _unwrapped(points: Floats, snapped: np.ndarray) -> list[np.ndarray]:
    """A line without the long level strokes by which those that cross 180° lead round the world."""
    if not (np.abs(points[:, 0]) > 179.999).any():
        return [snapped]
    east, north = np.diff(points, axis=0).T
    parts = np.split(snapped, np.flatnonzero((np.abs(east) > 5) & (np.abs(north) < 1)) + 1)
    return [part for part in parts if len(part) > 1]


def _joined(arcs: list[np.ndarray]) -> list[np.ndarray]:
    """Rings of arcs that begin where others end; an island too small for the grid stays as a tiny square."""
    starts: dict[tuple[int, ...], list[np.ndarray]] = defaultdict(list)
    for arc in arcs:
        starts[tuple(arc[0].tolist())].append(arc)
    ends = {tuple(arc[-1].tolist()) for arc in arcs}
    cut_open = [key for key in starts if key not in ends]  # at 180°: they close along it
    rings: list[np.ndarray] = []
    while starts:
        first = next((key for key in cut_open if key in starts), next(iter(starts)))
        ring = [_taken(starts, first)]
        while (end := tuple(ring[-1][-1].tolist())) != first and end in starts:
            ring.append(_taken(starts, end))
        points = np.concatenate(ring)
        rings.append(points if len(points) > 3 else points[0] + np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]))
    large = [ring for ring in rings if len(np.unique(ring, axis=0)) > 4]
    return large or rings


def _taken(starts: dict[tuple[int, ...], list[np.ndarray]], key: tuple[int, ...]) -> np.ndarray:
    arc = starts[key].pop()
    if not starts[key]:
        del starts[key]
    return arc


def _meets(ring: Floats, west: float, east: float, south: float, north: float) -> bool:
    (x0, y0), (x1, y1) = ring.min(axis=0), ring.max(axis=0)
    return bool(x1 >= west and x0 <= east and y1 >= south and y0 <= north)


@cache
def _box(code: str) -> tuple[float, float, float, float] | None:
    """West, east, south, north of a country's largest ring: France without its islands overseas."""
    rings = _rings(0.05).get(code)
    if not rings:
        return None
    large = max(rings, key=lambda ring: abs(_area(ring)))
    near = [ring for ring in rings if np.abs(ring.mean(axis=0) - large.mean(axis=0)).max() < 40]
    points = np.concatenate(near)
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    return float(west), float(east), float(south), float(north)


def _area(ring: Floats) -> float:
    x, y = ring.T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def _middle(ring: Floats) -> tuple[float, float]:
    """Centroid of a ring's area; of the points where it has none."""
    x, y = (ring - ring[0]).T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    if abs(cross.sum()) < 1e-12:
        return tuple(ring.mean(axis=0).tolist())
    middle = ring[0] + [((axis + np.roll(axis, -1)) * cross).sum() / (3 * cross.sum()) for axis in (x, y)]
    return float(middle[0]), float(middle[1])
