"""Bands: 64-bit hashes in, a part of their bits as a key into sorted buckets out; a probe finds what lies near in a few buckets.

A hash is cut into three bands. If two hashes differ in at most d bits, the differences cannot exceed the radius of every band, since
the radii are chosen so that (r1 + 1) + (r2 + 1) + (r3 + 1) = d + 1: for d = 8 one band of the three differs in at most two bits. So
the buckets whose key lies within that radius hold every neighbour, and most of a million hashes have a bucket of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np

_WIDTHS: Final = (21, 21, 22)  # bits, lowest band first
MOST_BITS: Final = 11  # radius 3 in each band; each bit more makes the search about four times as long
_STEP: Final = 1 << 16  # rows probed at a time: 0.5 MB an array stays in a core's cache


class Cut(NamedTuple):
    """The bits of a hash that make a key, and in how many of them a neighbour may differ (-1: the band is not needed)."""

    shift: int
    width: int
    radius: int

    def keys(self, hashes: np.ndarray) -> np.ndarray:
        """(n,) uint64 to (n,) int64 keys below 2^width."""
        return ((hashes >> np.uint64(self.shift)) & np.uint64((1 << self.width) - 1)).astype(np.int64)

    def masks(self, top: int) -> Iterator[int]:
        """All differences of a key within the radius whose highest bit is `top`; of no bit (-1) only 0."""
        for below in range(self.radius if top >= 0 else 1):
            for bits in combinations(range(max(top, 0)), below):
                yield sum(1 << bit for bit in bits) | (1 << top if top >= 0 else 0)


@dataclass(frozen=True, slots=True)
class Band:
    """Hashes in the order of their keys. `starts`, `sizes`: (2^width,) int32, where those of a key begin, and how many to compare."""

    cut: Cut
    rows: np.ndarray
    keys: np.ndarray
    hashes: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray


class Found(NamedTuple):
    """Pairs: rows on the left, rows on the right, and the number of bits in which they differ, (p,) each."""

    left: np.ndarray
    right: np.ndarray
    apart: np.ndarray


def cuts(distance: int) -> tuple[Cut, ...]:
    """The bands that find every pair within a distance.

    >>> [cut.radius for cut in cuts(8)], [cut.radius for cut in cuts(4)], [cut.radius for cut in cuts(0)]
    ([2, 2, 2], [1, 1, 0], [0])
    """
    share, more = divmod(distance + 1, len(_WIDTHS))
    radii = [share - 1 + (place < more) for place in range(len(_WIDTHS))]
    return tuple(Cut(sum(_WIDTHS[:place]), _WIDTHS[place], radius) for place, radius in enumerate(radii) if radius >= 0)


def make_band(hashes: np.ndarray, cut: Cut) -> Band:
    """Sort hashes by a band's key."""
    keys = cut.keys(hashes)
    rows = np.argsort(keys)
    keys = keys[rows]
    begins = np.flatnonzero(np.diff(keys, prepend=-1))
    # 32 bits: both tables are read at random places, and the smaller they are, the more of them the caches hold. Zeroed and sparsely
    # filled, they cost a few hashes no memory.
    starts, sizes = np.zeros(1 << cut.width, np.int32), np.zeros(1 << cut.width, np.int32)
    starts[keys[begins]], sizes[keys[begins]] = begins, np.diff(begins, append=len(keys))
    return Band(cut, rows, keys, hashes[rows], starts, sizes)


def probe(left: Band, right: Band, places: np.ndarray, masks: Iterator[int], distance: int) -> Iterator[Found]:
    """Compare the hashes at `places` of the left band with those of the right one whose key differs by a mask.

    A pair that an earlier band finds as well is left to that one, so that each is found once.
    """
    keys, hashes = left.keys.take(places), left.hashes.take(places)
    for mask in masks:
        partners = keys ^ mask
        sizes = right.sizes.take(partners)
        own = np.flatnonzero(sizes > 0)
        at = right.starts.take(partners.take(own))
        for mine, there in _within(hashes.take(own), at, sizes.take(own), right.hashes, distance):
            yield from _pairs(left, right, places.take(own.take(mine)), there, distance)


def probe_own(band: Band, places: np.ndarray, distance: int) -> Iterator[Found]:
    """Compare the hashes at `places` with those after them in the same bucket."""
    ends = band.starts.take(band.keys.take(places)) + band.sizes.take(band.keys.take(places))
    own = places[places + 1 < ends]
    sizes = ends[places + 1 < ends] - own - 1
    for mine, there in _within(band.hashes.take(own), own + 1, sizes, band.hashes, distance):
        yield from _pairs(band, band, own.take(mine), there, distance)


def steps(places: np.ndarray) -> Iterator[np.ndarray]:
    """Cut places into pieces that fit into a processor's cache."""
    for begin in range(0, len(places), _STEP):
        yield places[begin : begin + _STEP]


def _within(
    hashes: np.ndarray, at: np.ndarray, sizes: np.ndarray, others: np.ndarray, distance: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Walk the buckets that begin `at`, one hash of each at a time: (which of `hashes`, where in `others`) of those that are near."""
    which = np.arange(len(hashes))
    while len(which):
        near = np.flatnonzero(np.bitwise_count(hashes ^ others.take(at)) <= distance)
        if len(near):
            yield which.take(near), at.take(near)
        more = np.flatnonzero(sizes > 1)
        which, hashes, at, sizes = which.take(more), hashes.take(more), at.take(more) + 1, sizes.take(more) - 1


def _pairs(left: Band, right: Band, mine: np.ndarray, there: np.ndarray, distance: int) -> Iterator[Found]:
    differing = left.hashes.take(mine) ^ right.hashes.take(there)
    first = np.ones(len(differing), bool)
    for cut in cuts(distance):
        if cut.shift < left.cut.shift:
            first &= np.bitwise_count(cut.keys(differing)) > cut.radius
    if first.any():
        yield Found(left.rows.take(mine[first]), right.rows.take(there[first]), np.bitwise_count(differing[first]))
