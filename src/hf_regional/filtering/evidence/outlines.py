"""Outlines: `data/outlines.npz` in; the borders and coasts of all countries as straight pieces, and a grid that knows what is near, out.

Pieces know what lies to their left and right. Of every cell of the grid the country of its centre is known, and most have no other.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from hf_regional.filtering.hits import NOWHERE, country_places

NEAR_KM: Final = 6.0  # other countries are looked for as far
REACH_KM: Final = 16.0  # a point at sea counts to a country as far off its coast, which is the diagonal of a cell
NOBODYS: Final = -2  # land that two countries claim, and Kosovo, which has no code in ISO 3166-1
LOOK: Final = -3  # a cell where one must look closer
KM: Final = 111.195  # a degree of latitude on a sphere of 6371 km
_CELL: Final = 0.1  # degrees
_WIDE, _HIGH = 3600, 1800  # cells
_COARSE: Final = 4  # cells along each side of those in which the nearest coast is looked for from the sea, where few points are
_FLATTEST: Final = 0.2  # cosine of latitude: within 11° of the poles pieces are looked for in too few cells, and nobody lives there


class Pieces(NamedTuple):
    """s straight pieces of lines, degrees; `left` and `right` (s,) int16 are countries, -1 the sea, or NOBODYS."""

    x: np.ndarray
    y: np.ndarray
    dx: np.ndarray
    dy: np.ndarray
    left: np.ndarray
    right: np.ndarray


class Lists(NamedTuple):
    """The pieces near each of some cells, which have `side` grid cells a side: those of `cell[i]` are `piece[first[i] : first[i + 1]]`."""

    side: int
    cell: np.ndarray  # ascending
    first: np.ndarray
    piece: np.ndarray


@dataclass(frozen=True, slots=True)
class Earth:
    """`sole` (cells,) int16 is the one country of a cell, -1 for the high sea, NOBODYS or LOOK; `centre` what lies in the middle."""

    pieces: Pieces
    near: Lists
    far: Lists
    sole: np.ndarray
    centre: np.ndarray


@cache
def earth() -> Earth:
    """Read the outlines and build the grid, once: half a second, 60 MB."""
    pieces = read()
    near, far = _lists(pieces, NEAR_KM, 1), _lists(pieces, REACH_KM, _COARSE)
    centre = _centres(pieces)
    sole = centre.copy()
    at_sea = np.flatnonzero(centre == NOWHERE)
    has_coast = np.zeros(_WIDE * _HIGH, np.bool_)
    has_coast[far.cell] = True
    sole[at_sea[has_coast[coarser(at_sea, _COARSE)]]] = LOOK
    sole[near.cell[_are_several(pieces, near, centre)]] = LOOK
    return Earth(pieces, near, far, sole, centre)


def _are_several(pieces: Pieces, lists: Lists, centre: np.ndarray) -> np.ndarray:
    """Which of the listed cells have anything but the sea and the country of their centre near them."""
    inner = np.repeat(centre[lists.cell], np.diff(lists.first))
    left, right = pieces.left[lists.piece], pieces.right[lists.piece]
    is_other = ((left != inner) & (left != NOWHERE)) | ((right != inner) & (right != NOWHERE))
    return np.logical_or.reduceat(is_other, lists.first[:-1])


class Lines(NamedTuple):
    """All borders and coasts as stored: points (m, 2) in degrees, line after line; of each of l lines its length and its two sides."""

    points: np.ndarray
    length: np.ndarray
    left: list[str]  # alpha-3 codes, "" for the sea, "---" for NOBODYS
    right: list[str]


def lines() -> Lines:
    """Read the lines; two that meet have the very same point there."""
    from importlib.resources import files  # here, so that importing the module costs nothing

    with files("hf_regional.filtering.evidence").joinpath("data", "outlines.npz").open("rb") as file, np.load(file) as data:
        unit, length, codes = float(data["unit"]), data["length"].astype(np.int64), data["codes"]
        steps = np.cumsum(np.column_stack([data["east"], data["north"]]), axis=0, dtype=np.int64)
        heads = np.cumsum(length) - length
        points = (steps + np.repeat(data["start"] - steps[heads], length, axis=0)) * unit
        return Lines(points, length, codes[data["left"]].tolist(), codes[data["right"]].tolist())


def read() -> Pieces:
    """All pieces of all borders and coasts, none longer than a cell."""
    found = lines()
    points, length = found.points, found.length
    names = dict.fromkeys(["---"], NOBODYS) | {"": NOWHERE} | country_places()
    left, right = (np.repeat(np.array([names[code] for code in side], np.int16), length) for side in (found.left, found.right))
    leads = np.ones(len(points), np.bool_)
    leads[np.cumsum(length) - length] = False  # no piece goes from one line to the next
    end = np.flatnonzero(leads)
    return _cut(points[end - 1], points[end], left[end], right[end])


def _cut(begin: np.ndarray, end: np.ndarray, left: np.ndarray, right: np.ndarray) -> Pieces:
    """Cut what is longer than a cell: a piece then crosses the middle of one row at most, and is near few cells."""
    parts = np.maximum(1, np.ceil(abs(end - begin).max(1) / _CELL)).astype(np.int64)
    whole = np.repeat(np.arange(len(begin)), parts)
    place = np.arange(len(whole)) - np.repeat(np.cumsum(parts) - parts, parts)
    step = (end - begin)[whole] / parts[whole, None]
    x, y = (begin[whole] + step * place[:, None]).T.copy()
    return Pieces(x, y, step[:, 0].copy(), step[:, 1].copy(), left[whole], right[whole])


def _lists(pieces: Pieces, reach: float, side: int) -> Lists:
    """List for each cell of `side` by `side` grid cells the pieces within `reach` km of it."""
    high = reach / KM
    wide = high / np.maximum(np.cos(np.radians(abs(pieces.y) + _CELL)), _FLATTEST)
    west = _index(np.minimum(pieces.x, pieces.x + pieces.dx) - wide + 180, _WIDE, side)
    columns = _index(np.maximum(pieces.x, pieces.x + pieces.dx) + wide + 180, _WIDE, side) - west + 1
    south = _index(np.minimum(pieces.y, pieces.y + pieces.dy) - high + 90, _HIGH, side)
    count = columns * (_index(np.maximum(pieces.y, pieces.y + pieces.dy) + high + 90, _HIGH, side) - south + 1)
    piece = np.repeat(np.arange(len(count), dtype=np.int32), count)
    place = np.arange(len(piece), dtype=np.int32) - np.repeat((np.cumsum(count) - count).astype(np.int32), count)
    row, column = np.divmod(place, columns[piece])
    cell = (south[piece] + row) * (_WIDE // side) + west[piece] + column
    order = np.argsort(cell, kind="stable")
    ordered = cell[order]
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    return Lists(side, ordered[first].astype(np.int64), np.append(first, len(order)), piece[order])


def _index(degrees: np.ndarray, cells: int, side: int) -> np.ndarray:
    return np.clip(np.floor(degrees / (_CELL * side)).astype(np.int32), 0, cells // side - 1)


def coarser(cell: np.ndarray, side: int) -> np.ndarray:
    """The cells of `side` by `side` grid cells that cells lie in."""
    row, column = np.divmod(cell, _WIDE)
    return row // side * (_WIDE // side) + column // side


def _centres(pieces: Pieces) -> np.ndarray:
    """What lies in the middle of each cell, (cells,) int16: east of the last piece crossed on the way there from the west."""
    row = np.ceil((np.minimum(pieces.y, pieces.y + pieces.dy) + 90) / _CELL - 0.5).astype(np.int64)
    middle = (row + 0.5) * _CELL - 90
    crosses = np.flatnonzero((pieces.y <= middle) != (pieces.y + pieces.dy <= middle))
    at = Pieces(*(column[crosses] for column in pieces))
    x = at.x + (middle[crosses] - at.y) / at.dy * at.dx
    key = row[crosses] * 1000.0 + x  # longitudes span 360
    order = np.argsort(key, kind="stable")
    east, row = np.where(at.dy > 0, at.right, at.left)[order], row[crosses][order]
    cells = np.arange(_WIDE * _HIGH)
    last = np.searchsorted(key[order], cells // _WIDE * 1000.0 + centre_of(cells)[0], side="right") - 1
    return np.where((last >= 0) & (row[last] == cells // _WIDE), east[last], NOWHERE).astype(np.int16)


def cell_of(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The cells of points, (m,) int64."""
    column = np.clip(((x + 180) / _CELL).astype(np.int64), 0, _WIDE - 1)
    return np.clip(((y + 90) / _CELL).astype(np.int64), 0, _HIGH - 1) * _WIDE + column


def centre_of(cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes and latitudes of the centres of cells, (m,) float64 each."""
    row, column = np.divmod(cell, _WIDE)
    return (column + 0.5) * _CELL - 180, (row + 0.5) * _CELL - 90
