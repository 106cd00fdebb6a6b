"""Write src/hf_regional/filtering/evidence/data/outlines.npz, the borders and coasts of all countries, from Natural Earth 1:10m.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python scripts/build_outlines.py package/countries-10m.json

Natural Earth is in the public domain; world-atlas (ISC licence) is its edition 4.1.0 as TopoJSON, where two countries share the line
between them. Lines are simplified, more where the region of interest is not. Run again on the same file it writes the same bytes.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from hf_regional.regions.tables import table

OUTPUT = Path(__file__).parents[1] / "src" / "hf_regional" / "filtering" / "evidence" / "data" / "outlines.npz"
SOURCE = {
    "name": "Natural Earth 1:10m Admin 0 countries, edition 4.1.0, naturalearthdata.com",
    "licence": "public domain",
    "by_way_of": "the package world-atlas 2.0.2 of npm, ISC licence, Copyright 2013-2019 Michael Bostock",
    "changes": "lines simplified and rounded, Vatican City drawn anew, parts of countries with a code of their own told apart",
}
UNIT = 0.0005  # degrees, 56 m; the file has 0.0017 by 0.0036
FINE, COARSE = 0.0015, 0.008  # degrees that a simplified line may be off: 170 m, 900 m
SMALL = 30  # a line may be off by as small a part of its extent: small islands and countries keep their shape
FINE_BOX = (90.0, 142.0, -12.0, 29.0)  # west, east, south, north: Southeast Asia with all its borders
# Natural Earth's own entities without a number in ISO 3166-1. Where two countries claim a place, and in Kosovo, no country is named.
UNNUMBERED = {
    "Akrotiri": "CYP",
    "Baikonur": "KAZ",
    "Clipperton I.": "FRA",
    "Coral Sea Is.": "AUS",
    "Cyprus U.N. Buffer Zone": "CYP",
    "Dhekelia": "CYP",
    "N. Cyprus": "CYP",
    "Somaliland": "SOM",
    "USNB Guantanamo Bay": "CUB",
}
NOBODYS = "---"
# Parts of a country that have a code of their own: whose, west, east, south, north, code.
PARTS = (
    ("FRA", -55, -51, 2, 6, "GUF"),
    ("FRA", -62, -60.9, 15.7, 16.6, "GLP"),
    ("FRA", -61.5, -60.5, 14, 15, "MTQ"),
    ("FRA", 55, 56, -22, -20, "REU"),
    ("FRA", 45, 46, -14, -12, "MYT"),
    ("NOR", 10, 35, 74, 81, "SJM"),
    ("NOR", -10, -7, 70, 72, "SJM"),
    ("NOR", 3, 4, -55, -54, "BVT"),
    ("NLD", -69, -62, 12, 18, "BES"),
    ("NZL", -173, -171, -10, -8, "TKL"),
    ("---", 96, 97, -13, -11, "CCK"),
    ("---", 105, 106, -11, -10, "CXR"),
)

# The file's own is a stroke without an area. Against the clock, so that the city is to the left.
ADDED = [(np.array([[12.4457, 41.9002], [12.4584, 41.9002], [12.4584, 41.9073], [12.4457, 41.9073], [12.4457, 41.9002]]), "VAT", "ITA")]


@dataclass
class Arc:
    """A line between two countries, or a country and the sea (""), which lie to its left and right."""

    points: np.ndarray  # (k, 2) float64, longitude and latitude
    left: str = ""
    right: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("topology", type=Path, help="countries-10m.json of world-atlas")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    build(arguments.topology, arguments.output)


def build(topology: Path, output: Path) -> None:
    """Read a TopoJSON file of countries and write their outlines."""
    data = json.loads(topology.read_text(encoding="utf-8"))
    arcs = [Arc(points) for points in decoded(data)]
    for code, ring, is_exterior in rings(data):
        claim(arcs, ring, code, is_exterior)
    lines = [(in_steps(simplified(arc.points, tolerance(arc.points))), arc.left, arc.right) for arc in arcs]
    lines = [line for line in lines if line[1] != line[2] and not is_closed_on_nothing(line[0])] + ADDED
    codes = sorted({code for _, left, right in lines for code in (left, right)})
    steps = [np.diff(np.rint(points / UNIT).astype(np.int64), axis=0, prepend=0) for points, _, _ in lines]
    joined = np.concatenate(steps)
    # A step within a line is short; the one to its beginning is not.
    starts = np.array([step[0] for step in steps], np.int32)
    joined[np.cumsum([0, *(len(step) for step in steps[:-1])])] = 0
    output.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        output,
        unit=np.array(UNIT),
        codes=np.array(codes),
        left=np.array([codes.index(left) for _, left, _ in lines], np.int16),
        right=np.array([codes.index(right) for _, _, right in lines], np.int16),
        length=np.array([len(step) for step in steps], np.int32),
        start=starts,
        east=joined[:, 0].astype(np.int16),
        north=joined[:, 1].astype(np.int16),
    )
    (output.parent / "outlines.json").write_text(json.dumps(SOURCE, indent=1) + "\n", encoding="utf-8")
    print(f"{output}: {len(lines)} lines, {len(joined)} points, {len(codes)} codes, {output.stat().st_size / 1000:.0f} kB")


def decoded(data: dict[str, Any]) -> Iterator[np.ndarray]:
    """The arcs in degrees; TopoJSON holds whole steps."""
    scale, shift = np.array(data["transform"]["scale"]), np.array(data["transform"]["translate"])
    for arc in data["arcs"]:
        yield np.cumsum(np.array(arc), axis=0) * scale + shift


def rings(data: dict[str, Any]) -> Iterator[tuple[str, list[int], bool]]:
    """Every ring of every country: alpha-3, places of its arcs (~place where it is run backwards), and whether it is an outer one."""
    numeric = {row["numeric"]: row["alpha3"] for row in table("countries.csv")}
    points = list(decoded(data))
    for geometry in data["objects"]["countries"]["geometries"]:
        code = numeric.get(geometry.get("id", ""), UNNUMBERED.get(geometry["properties"]["name"], NOBODYS))
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        for polygon in polygons:
            own = part_of(code, points, polygon[0])
            for place, ring in enumerate(polygon):
                yield own, ring, place == 0


def part_of(code: str, points: Sequence[np.ndarray], ring: list[int]) -> str:
    low, high = (edge(np.concatenate([points[place if place >= 0 else ~place] for place in ring]), axis=0) for edge in (np.min, np.max))
    for whole, west, east, south, north, part in PARTS:
        if code == whole and west <= low[0] and high[0] <= east and south <= low[1] and high[1] <= north:
            return part
    return code


def claim(arcs: list[Arc], ring: list[int], code: str, is_exterior: bool) -> None:
    """Write a country beside the arcs of a ring: on the left of an outer ring that runs against the clock, and of a hole that does not."""
    points = np.concatenate([arcs[place].points if place >= 0 else arcs[~place].points[::-1] for place in ring])
    following = np.roll(points, -1, axis=0)
    area = np.sum(points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1])
    is_left = (area > 0) == is_exterior
    for place in ring:
        arc = arcs[place if place >= 0 else ~place]
        if is_left == (place >= 0):
            arc.left = code
        else:
            arc.right = code


def tolerance(points: np.ndarray) -> float:
    """How far a line may be off, degrees."""
    west, east, south, north = FINE_BOX
    extent = np.ptp(points, axis=0).max()
    inside = (points[:, 0] >= west) & (points[:, 0] <= east) & (points[:, 1] >= south) & (points[:, 1] <= north)
    return min(FINE if inside.any() else COARSE, extent / SMALL)


def simplified(points: np.ndarray, off: float) -> np.ndarray:
    """Leave out points that lie within `off` degrees of the line without them (Ramer 1972, Douglas and Peucker 1973).

    Degrees of longitude count by the cosine of the latitude. A closed line keeps at least three corners.
    """
    flat = points * [np.cos(np.radians(np.clip(points[:, 1].mean(), -80, 80))), 1.0]
    keep = np.zeros(len(points), bool)
    keep[[0, -1]] = True
    spans = [(0, len(points) - 1)]
    if len(points) > 3 and (points[0] == points[-1]).all():
        far = int(np.hypot(*(flat - flat[0]).T).argmax())
        side = [int(distances(flat[a : b + 1]).argmax()) + a for a, b in ((0, far), (far, len(points) - 1))]
        corners = sorted({0, far, len(points) - 1, *side})
        keep[corners] = True
        spans = list(pairwise(corners))
    while spans:
        begin, end = spans.pop()
        if end - begin < 2:
            continue
        away = distances(flat[begin : end + 1])
        worst = int(away.argmax())
        if away[worst] > off:
            keep[begin + worst] = True
            spans += [(begin, begin + worst), (begin + worst, end)]
    return points[keep]


def is_closed_on_nothing(points: np.ndarray) -> bool:
    """Whether a line goes out and comes back on itself, so that nobody can tell what is to its left."""
    return bool((points[0] == points[-1]).all()) and len(np.unique(np.rint(points / UNIT), axis=0)) < 3


def in_steps(points: np.ndarray, longest: float = 10.0) -> np.ndarray:
    """Put points on pieces of more than `longest` degrees (the edge of the map, and of Antarctica), so that steps fit 16 bits."""
    pieces = np.maximum(1, np.ceil(abs(np.diff(points, axis=0)).max(1, initial=0) / longest)).astype(int)
    runs = [np.linspace(a, b, count, endpoint=False) for a, b, count in zip(points, points[1:], pieces, strict=False)]
    return np.concatenate([*runs, points[-1:]])


def distances(points: np.ndarray) -> np.ndarray:
    """Of each point to the straight piece between the first and the last."""
    first, along = points[0], points[-1] - points[0]
    length = float(along @ along)
    if length == 0:
        return np.hypot(*(points - first).T)
    share = np.clip((points - first) @ along / length, 0, 1)
    return np.hypot(*(points - first - share[:, None] * along).T)


if __name__ == "__main__":
    main()
