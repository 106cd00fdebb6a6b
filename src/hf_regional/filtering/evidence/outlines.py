"""Outlines: points on the earth in; the country each lies in or is near to, and how far off that and the next country are, out.

Borders and coasts are pieces of lines that know what lies to their left and right; a grid says which pieces are near a cell, and what its
centre is. Most cells have one country and nothing to look at. From a point in another the way to the cell's centre is followed: where it
crosses no piece the point is where the centre is, else the piece that it crosses first has the point on one of its sides.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from hf_regional.filtering.hits import NOWHERE, country_places

NEAR_KM: Final = 6.0  # other countries are looked for as far
REACH_KM: Final = 16.0  # a point at sea counts to a country as far off its coast, which is the diagonal of a cell
NOBODYS: Final = -2  # land that two countries claim, and Kosovo, which has no code in ISO 3166-1
_LOOK: Final = -3  # a cell where one must look closer
_KM: Final = 111.195  # a degree of latitude on a sphere of 6371 km
_CELL: Final = 0.1  # degrees
_WIDE, _HIGH = 3600, 1800  # cells
_COARSE: Final = 4  # cells along each side of those in which the nearest coast is looked for from the sea, where few points are
_PAIRS: Final = 1 << 18  # of a point and a piece at a time: what fits a processor's cache
_FLATTEST: Final = 0.2  # cosine of latitude: within 11° of the poles pieces are looked for in too few cells, and nobody lives there


class Located(NamedTuple):
    """Of m points.

    country: (m,) int16, places in `country_codes()`; -1 where none is within reach, and where two claim the land. off: (m,) float32, km to
    that country where the point is at sea and must be measured, else 0. rival: (m,) int16, the nearest other country within NEAR_KM, or
    -1. rival_off: (m,) float32, km to it, infinite where there is none.
    """

    country: np.ndarray
    off: np.ndarray
    rival: np.ndarray
    rival_off: np.ndarray


class _Pieces(NamedTuple):
    """s straight pieces of lines, degrees; `left` and `right` (s,) int16 are countries, -1 the sea, or NOBODYS."""

    x: np.ndarray
    y: np.ndarray
    dx: np.ndarray
    dy: np.ndarray
    left: np.ndarray
    right: np.ndarray


class _Lists(NamedTuple):
    """The pieces near each of some cells, which have `side` grid cells a side: those of `cell[i]` are `piece[first[i] : first[i + 1]]`."""

    side: int
    cell: np.ndarray  # ascending
    first: np.ndarray
    piece: np.ndarray


@dataclass(frozen=True, slots=True)
class _Map:
    """`sole` (cells,) int16 is the one country of a cell, -1 for the high sea, NOBODYS or _LOOK; `centre` what lies in the middle."""

    pieces: _Pieces
    near: _Lists
    far: _Lists
    sole: np.ndarray
    centre: np.ndarray


class _Pairs(NamedTuple):
    """Each of m points with each piece near it: the pieces, which point each pair has, and where the pairs of each point begin."""

    piece: np.ndarray
    owner: np.ndarray
    heads: np.ndarray


def locate(latitude: np.ndarray, longitude: np.ndarray) -> Located:
    """Find the countries of points.

    Args:
        latitude: (m,) float64, degrees in [-90, 90].
        longitude: (m,) float64, degrees in [-180, 180].
    """
    earth, cell = _earth(), _cell_of(longitude, latitude)
    country = earth.sole[cell]
    rows = len(country)
    found = Located(country, np.zeros(rows, np.float32), np.full(rows, NOWHERE, np.int16), np.full(rows, np.inf, np.float32))
    look = np.flatnonzero(country == _LOOK)
    country[look] = earth.centre[cell[look]]
    for some, pairs in _paired(earth.near, cell, look):
        _look(longitude[some], latitude[some], cell[some], some, pairs, earth.pieces, found)
    at_sea = look[country[look] == NOWHERE]
    for some, pairs in _paired(earth.far, cell, at_sea):
        _reach(longitude[some], latitude[some], some, pairs, earth.pieces, found)
    country[country == NOBODYS] = NOWHERE
    return found


def _paired(lists: _Lists, cell: np.ndarray, points: np.ndarray) -> list[tuple[np.ndarray, _Pairs]]:
    """The points whose cells have pieces, in portions, with their pairs."""
    wanted = _coarser(cell[points], lists.side)
    place = np.minimum(np.searchsorted(lists.cell, wanted), len(lists.cell) - 1)
    has = lists.cell[place] == wanted
    points, place = points[has], place[has]
    size = lists.first[place + 1] - lists.first[place]
    portion = np.cumsum(size) // _PAIRS
    return [_portion(lists, points[one], place[one], size[one]) for part in np.unique(portion) for one in [np.flatnonzero(portion == part)]]


def _portion(lists: _Lists, points: np.ndarray, place: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, _Pairs]:
    heads = np.cumsum(size) - size
    piece = lists.piece[np.arange(size.sum()) + np.repeat(lists.first[place] - heads, size)]
    return points, _Pairs(piece, np.repeat(np.arange(len(points)), size), heads)


def _look(x: np.ndarray, y: np.ndarray, cell: np.ndarray, some: np.ndarray, pairs: _Pairs, pieces: _Pieces, found: Located) -> None:
    """Put right, in `found`, the countries and rivals of the points `some`, which lie at x, y."""
    from_x, from_y = x[pairs.owner] - pieces.x[pairs.piece], y[pairs.owner] - pieces.y[pairs.piece]
    turn = pieces.dx[pairs.piece] * from_y - pieces.dy[pairs.piece] * from_x  # above 0 where the point lies to the left of the piece
    country = _crossed(x, y, cell, pairs, pieces, turn, found.country[some])
    away = _kilometres(from_x, from_y, y, pairs, pieces)
    found.country[some] = _settle(country, away, turn, some, pairs, pieces, found, NEAR_KM)


def _reach(x: np.ndarray, y: np.ndarray, some: np.ndarray, pairs: _Pairs, pieces: _Pieces, found: Located) -> None:
    """Give, in `found`, the points `some`, which are at sea, the nearest country within reach."""
    from_x, from_y = x[pairs.owner] - pieces.x[pairs.piece], y[pairs.owner] - pieces.y[pairs.piece]
    turn = pieces.dx[pairs.piece] * from_y - pieces.dy[pairs.piece] * from_x
    away = _kilometres(from_x, from_y, y, pairs, pieces)
    found.country[some] = _settle(found.country[some], away, turn, some, pairs, pieces, found, REACH_KM)


def _settle(
    country: np.ndarray, away: np.ndarray, turn: np.ndarray, some: np.ndarray, pairs: _Pairs, pieces: _Pieces, found: Located, reach: float
) -> np.ndarray:
    """Countries of points, those at sea given to the nearest within `reach`; writes distances and rivals into `found`."""
    nearest = _first_least(away, pairs)
    left, right = pieces.left[pairs.piece], pieces.right[pairs.piece]
    own = np.where(turn[nearest] > 0, left[nearest], right[nearest])
    own = np.where(own == NOWHERE, np.where(left[nearest] == NOWHERE, right[nearest], left[nearest]), own)
    reached = (country == NOWHERE) & (away[nearest] <= reach)
    country = np.where(reached, own, country).astype(np.int16)
    mine = country[pairs.owner]
    other = np.where((left >= 0) & (left != mine), left, np.where((right >= 0) & (right != mine), right, NOWHERE))
    away_other = np.where(other == NOWHERE, np.inf, away)
    rival = _first_least(away_other, pairs)
    is_rival = away_other[rival] <= reach
    found.off[some] = np.where(reached, away[nearest], 0.0)
    found.rival[some] = np.where(is_rival, other[rival], NOWHERE)
    found.rival_off[some] = np.where(is_rival, away_other[rival], np.inf)
    return country


def _crossed(
    x: np.ndarray, y: np.ndarray, cell: np.ndarray, pairs: _Pairs, pieces: _Pieces, turn: np.ndarray, country: np.ndarray
) -> np.ndarray:
    """The countries of points, from those of their cells' centres and of the piece that the way there crosses first."""
    centre_x, centre_y = _centre_of(cell)
    way_x, way_y = (centre_x - x)[pairs.owner], (centre_y - y)[pairs.owner]
    dx, dy = pieces.dx[pairs.piece], pieces.dy[pairs.piece]
    turn_of_centre = turn + dx * way_y - dy * way_x
    begins = way_x * (pieces.y[pairs.piece] - y[pairs.owner]) - way_y * (pieces.x[pairs.piece] - x[pairs.owner])
    ends = begins + way_x * dy - way_y * dx
    crosses = np.flatnonzero(((begins > 0) != (ends > 0)) & ((turn > 0) != (turn_of_centre > 0)))
    share = np.full(len(turn), np.inf)
    share[crosses] = turn[crosses] / (turn[crosses] - turn_of_centre[crosses])
    first = _first_least(share, pairs)
    side = np.where(turn[first] > 0, pieces.left[pairs.piece[first]], pieces.right[pairs.piece[first]])
    return np.where(np.isfinite(share[first]), side, country)


def _kilometres(from_x: np.ndarray, from_y: np.ndarray, y: np.ndarray, pairs: _Pairs, pieces: _Pieces) -> np.ndarray:
    """From points to pieces, on the plane that touches the earth at the point; within some 20 km that is right to metres."""
    flat = np.cos(np.radians(y))[pairs.owner]
    dx, dy, from_x = pieces.dx[pairs.piece] * flat, pieces.dy[pairs.piece], from_x * flat
    share = np.clip((from_x * dx + from_y * dy) / np.maximum(dx * dx + dy * dy, 1e-18), 0.0, 1.0)
    return np.hypot(from_x - share * dx, from_y - share * dy) * _KM


def _first_least(values: np.ndarray, pairs: _Pairs) -> np.ndarray:
    """Where the least value of each point's pairs stands; of equal ones the first."""
    least = np.minimum.reduceat(values, pairs.heads)
    is_least = np.flatnonzero(values == least[pairs.owner])
    owner = pairs.owner[is_least]
    return is_least[np.flatnonzero(np.diff(owner, prepend=-1))]


def _cell_of(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    column = np.clip(((x + 180) / _CELL).astype(np.int64), 0, _WIDE - 1)
    return np.clip(((y + 90) / _CELL).astype(np.int64), 0, _HIGH - 1) * _WIDE + column


def _centre_of(cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    row, column = np.divmod(cell, _WIDE)
    return (column + 0.5) * _CELL - 180, (row + 0.5) * _CELL - 90


@cache
def _earth() -> _Map:
    """Read the outlines and build the grid, once: half a second, 60 MB."""
    pieces = _read()
    near, far = _lists(pieces, NEAR_KM, 1), _lists(pieces, REACH_KM, _COARSE)
    centre = _centres(pieces)
    sole = centre.copy()
    at_sea = np.flatnonzero(centre == NOWHERE)
    has_coast = np.zeros(_WIDE * _HIGH, np.bool_)
    has_coast[far.cell] = True
    sole[at_sea[has_coast[_coarser(at_sea, _COARSE)]]] = _LOOK
    sole[near.cell[_are_several(pieces, near, centre)]] = _LOOK
    return _Map(pieces, near, far, sole, centre)


def _are_several(pieces: _Pieces, lists: _Lists, centre: np.ndarray) -> np.ndarray:
    """Which of the listed cells have anything but the sea and the country of their centre near them."""
    inner = np.repeat(centre[lists.cell], np.diff(lists.first))
    left, right = pieces.left[lists.piece], pieces.right[lists.piece]
    is_other = ((left != inner) & (left != NOWHERE)) | ((right != inner) & (right != NOWHERE))
    return np.logical_or.reduceat(is_other, lists.first[:-1])


def _read() -> _Pieces:
    from importlib.resources import files  # here, so that importing the module costs nothing

    with files("hf_regional.filtering.evidence").joinpath("data", "outlines.npz").open("rb") as file, np.load(file) as data:
        unit, length = float(data["unit"]), data["length"].astype(np.int64)
        steps = np.cumsum(np.column_stack([data["east"], data["north"]]), axis=0, dtype=np.int64)
        heads = np.cumsum(length) - length
        points = (steps + np.repeat(data["start"] - steps[heads], length, axis=0)) * unit
        names = dict.fromkeys(["---"], NOBODYS) | {"": NOWHERE} | country_places()
        places = np.array([names[code] for code in data["codes"].tolist()], np.int16)
        left, right = (np.repeat(places[data[side]], length) for side in ("left", "right"))
    leads = np.ones(len(points), np.bool_)
    leads[heads] = False  # no piece goes from one line to the next
    end = np.flatnonzero(leads)
    return _cut(points[end - 1], points[end], left[end], right[end])


def _cut(begin: np.ndarray, end: np.ndarray, left: np.ndarray, right: np.ndarray) -> _Pieces:
    """Cut what is longer than a cell: a piece then crosses the middle of one row at most, and is near few cells."""
    parts = np.maximum(1, np.ceil(abs(end - begin).max(1) / _CELL)).astype(np.int64)
    whole = np.repeat(np.arange(len(begin)), parts)
    place = np.arange(len(whole)) - np.repeat(np.cumsum(parts) - parts, parts)
    step = (end - begin)[whole] / parts[whole, None]
    x, y = (begin[whole] + step * place[:, None]).T.copy()
    return _Pieces(x, y, step[:, 0].copy(), step[:, 1].copy(), left[whole], right[whole])


def _lists(pieces: _Pieces, reach: float, side: int) -> _Lists:
    """List for each cell of `side` by `side` grid cells the pieces within `reach` km of it."""
    high = reach / _KM
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
    return _Lists(side, ordered[first].astype(np.int64), np.append(first, len(order)), piece[order])


def _index(degrees: np.ndarray, cells: int, side: int) -> np.ndarray:
    return np.clip(np.floor(degrees / (_CELL * side)).astype(np.int32), 0, cells // side - 1)


def _coarser(cell: np.ndarray, side: int) -> np.ndarray:
    row, column = np.divmod(cell, _WIDE)
    return row // side * (_WIDE // side) + column // side


def _centres(pieces: _Pieces) -> np.ndarray:
    """What lies in the middle of each cell, (cells,) int16: east of the last piece crossed on the way there from the west."""
    row = np.ceil((np.minimum(pieces.y, pieces.y + pieces.dy) + 90) / _CELL - 0.5).astype(np.int64)
    middle = (row + 0.5) * _CELL - 90
    crosses = np.flatnonzero((pieces.y <= middle) != (pieces.y + pieces.dy <= middle))
    at = _Pieces(*(column[crosses] for column in pieces))
    x = at.x + (middle[crosses] - at.y) / at.dy * at.dx
    key = row[crosses] * 1000.0 + x  # longitudes span 360
    order = np.argsort(key, kind="stable")
    east, row = np.where(at.dy > 0, at.right, at.left)[order], row[crosses][order]
    cells = np.arange(_WIDE * _HIGH)
    last = np.searchsorted(key[order], cells // _WIDE * 1000.0 + _centre_of(cells)[0], side="right") - 1
    return np.where((last >= 0) & (row[last] == cells // _WIDE), east[last], NOWHERE).astype(np.int16)
