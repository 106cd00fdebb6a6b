"""Locating: points on the earth in; the country each lies in or is near to, and how far off that and the next country are, out.

Most cells of the grid have one country and nothing to look at. From a point in another the way to the cell's centre is followed: where it
crosses no piece the point is where the centre is, else the piece that it crosses first has the point on one of its sides.
"""

from typing import Final, NamedTuple

import numpy as np

from hf_regional.filtering.evidence.outlines import KM, LOOK, NEAR_KM, NOBODYS, REACH_KM, Lists, Pieces, cell_of, centre_of, coarser, earth
from hf_regional.filtering.hits import NOWHERE

_PAIRS: Final = 1 << 18  # of a point and a piece at a time: what fits a processor's cache


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
    world, cell = earth(), cell_of(longitude, latitude)
    country = world.sole[cell]
    rows = len(country)
    found = Located(country, np.zeros(rows, np.float32), np.full(rows, NOWHERE, np.int16), np.full(rows, np.inf, np.float32))
    look = np.flatnonzero(country == LOOK)
    country[look] = world.centre[cell[look]]
    for some, pairs in _paired(world.near, cell, look):
        _look(longitude[some], latitude[some], cell[some], some, pairs, world.pieces, found)
    at_sea = look[country[look] == NOWHERE]
    for some, pairs in _paired(world.far, cell, at_sea):
        _reach(longitude[some], latitude[some], some, pairs, world.pieces, found)
    country[country == NOBODYS] = NOWHERE
    return found


def _paired(lists: Lists, cell: np.ndarray, points: np.ndarray) -> list[tuple[np.ndarray, _Pairs]]:
    """The points whose cells have pieces, in portions, with their pairs."""
    wanted = coarser(cell[points], lists.side)
    place = np.minimum(np.searchsorted(lists.cell, wanted), len(lists.cell) - 1)
    has = lists.cell[place] == wanted
    points, place = points[has], place[has]
    size = lists.first[place + 1] - lists.first[place]
    portion = np.cumsum(size) // _PAIRS
    return [_portion(lists, points[one], place[one], size[one]) for part in np.unique(portion) for one in [np.flatnonzero(portion == part)]]


def _portion(lists: Lists, points: np.ndarray, place: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, _Pairs]:
    heads = np.cumsum(size) - size
    piece = lists.piece[np.arange(size.sum()) + np.repeat(lists.first[place] - heads, size)]
    return points, _Pairs(piece, np.repeat(np.arange(len(points)), size), heads)


def _look(x: np.ndarray, y: np.ndarray, cell: np.ndarray, some: np.ndarray, pairs: _Pairs, pieces: Pieces, found: Located) -> None:
    """Put right, in `found`, the countries and rivals of the points `some`, which lie at x, y."""
    from_x, from_y = x[pairs.owner] - pieces.x[pairs.piece], y[pairs.owner] - pieces.y[pairs.piece]
    turn = pieces.dx[pairs.piece] * from_y - pieces.dy[pairs.piece] * from_x  # above 0 where the point lies to the left of the piece
    country = _crossed(x, y, cell, pairs, pieces, turn, found.country[some])
    away = _kilometres(from_x, from_y, y, pairs, pieces)
    found.country[some] = _settle(country, away, turn, some, pairs, pieces, found, NEAR_KM)


def _reach(x: np.ndarray, y: np.ndarray, some: np.ndarray, pairs: _Pairs, pieces: Pieces, found: Located) -> None:
    """Give, in `found`, the points `some`, which are at sea, the nearest country within reach."""
    from_x, from_y = x[pairs.owner] - pieces.x[pairs.piece], y[pairs.owner] - pieces.y[pairs.piece]
    turn = pieces.dx[pairs.piece] * from_y - pieces.dy[pairs.piece] * from_x
    away = _kilometres(from_x, from_y, y, pairs, pieces)
    found.country[some] = _settle(found.country[some], away, turn, some, pairs, pieces, found, REACH_KM)


def _settle(
    country: np.ndarray, away: np.ndarray, turn: np.ndarray, some: np.ndarray, pairs: _Pairs, pieces: Pieces, found: Located, reach: float
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
    x: np.ndarray, y: np.ndarray, cell: np.ndarray, pairs: _Pairs, pieces: Pieces, turn: np.ndarray, country: np.ndarray
) -> np.ndarray:
    """The countries of points, from those of their cells' centres and of the piece that the way there crosses first."""
    centre_x, centre_y = centre_of(cell)
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


def _kilometres(from_x: np.ndarray, from_y: np.ndarray, y: np.ndarray, pairs: _Pairs, pieces: Pieces) -> np.ndarray:
    """From points to pieces, on the plane that touches the earth at the point; within some 20 km that is right to metres."""
    flat = np.cos(np.radians(y))[pairs.owner]
    dx, dy, from_x = pieces.dx[pairs.piece] * flat, pieces.dy[pairs.piece], from_x * flat
    share = np.clip((from_x * dx + from_y * dy) / np.maximum(dx * dx + dy * dy, 1e-18), 0.0, 1.0)
    return np.hypot(from_x - share * dx, from_y - share * dy) * KM


def _first_least(values: np.ndarray, pairs: _Pairs) -> np.ndarray:
    """Where the least value of each point's pairs stands; of equal ones the first."""
    least = np.minimum.reduceat(values, pairs.heads)
    is_least = np.flatnonzero(values == least[pairs.owner])
    owner = pairs.owner[is_least]
    return is_least[np.flatnonzero(np.diff(owner, prepend=-1))]
