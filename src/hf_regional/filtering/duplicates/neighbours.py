"""Neighbours: hashes in, all pairs that differ in at most d of their 64 bits out. Exact: nothing is sampled, nothing is lost unnamed.

Equal hashes are one class, whose rows are never paired with each other: ten thousand blank pictures would be fifty million pairs.
Pairs are listed between classes. Where very many unequal hashes crowd in one bucket, theirs are not listed either; the classes
concerned are named in `crowd`, and whoever needs their pairs compares these directly.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from hf_regional.errors import OutOfRangeError
from hf_regional.filtering.duplicates.bands import MOST_BITS, Band, Found, cuts, make_band, probe, probe_own, steps

DISTANCE: Final = 8  # bits; what the deduplication of SEA-VL calls a copy (arXiv 2503.07920), of 32 that two pictures differ in
_CROWD: Final = 4096  # hashes in a bucket; a uniform million has buckets of 8 at the most
_MOST_PAIRS: Final = 1 << 27  # listed at 17 bytes each, 2.3 GB

Search = Callable[[], Iterable[Found]]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Near pairs of hashes.

    hashes: (k,) uint64, distinct, ascending. classes: (n,) int64, which of them each row has. first, second: (p,) int64, places in
    `hashes`, first < second, in ascending order, each pair once. apart: (p,) uint8, bits that differ. crowd: (c,) int64, ascending,
    places in `hashes`: of the pairs with both ends in the crowd some may not be listed; all others are.
    """

    hashes: np.ndarray
    classes: np.ndarray
    first: np.ndarray
    second: np.ndarray
    apart: np.ndarray
    crowd: np.ndarray


class _TooManyPairsError(Exception):
    """More pairs than memory should hold."""


def find_neighbours(
    hashes: np.ndarray, distance: int = DISTANCE, *, crowd: int = _CROWD, most_pairs: int = _MOST_PAIRS, threads: int = 2
) -> Neighbours:
    """Find all pairs of hashes that differ in at most `distance` bits.

    Args:
        hashes: (n,) uint64.
        distance: bits, 0 to 11.
        crowd: buckets of more unequal hashes than this are not listed pair by pair.
        most_pairs: pairs listed at the most; where there are more, smaller buckets count as crowds.
        threads: how many searches run at a time.

    Raises:
        OutOfRangeError: the distance is outside 0 to 11.

    >>> found = find_neighbours(np.array([0b0111, 0b0000, 0b0111, 0xFFFF], np.uint64), distance=3)
    >>> found.hashes.tolist(), found.classes.tolist()
    ([0, 7, 65535], [1, 0, 1, 2])
    >>> list(zip(found.first.tolist(), found.second.tolist(), found.apart.tolist()))
    [(0, 1, 3)]
    """
    _require_distance(distance)
    distinct, classes = np.unique(hashes, return_inverse=True)
    while True:
        try:
            found, crowded = _all_pairs(distinct, distance, crowd, most_pairs, threads)
        except _TooManyPairsError:
            crowd //= 8  # at 0 every hash is in the crowd and no pair is listed, so this ends
        else:
            first, second = np.minimum(found.left, found.right), np.maximum(found.left, found.right)
            order = np.lexsort((second, first))
            return Neighbours(distinct, classes, first[order], second[order], found.apart[order], crowded)


def match_hashes(left: np.ndarray, right: np.ndarray, distance: int = DISTANCE, *, threads: int = 2) -> Found:
    """Find all pairs of a hash on the left and a hash on the right that differ in at most `distance` bits.

    Args:
        left: (n,) uint64.
        right: (m,) uint64; the search is quickest with the smaller set here. Repeated hashes give repeated pairs: make them distinct.
        distance: bits, 0 to 11.
        threads: how many searches run at a time.

    Returns:
        Places on both sides and the bits that differ, in ascending order of the places.

    Raises:
        OutOfRangeError: the distance is outside 0 to 11.
    """
    _require_distance(distance)

    def searches() -> Iterator[Search]:
        for cut in cuts(distance):
            ours, theirs = make_band(left, cut), make_band(right, cut)
            for top in range(-1, cut.width):
                yield partial(_match, ours, theirs, top, distance)

    found = _gather(searches(), _MOST_PAIRS, threads)
    order = np.lexsort((found.right, found.left))
    return Found(*(column[order] for column in found))


def _all_pairs(hashes: np.ndarray, distance: int, crowd: int, most_pairs: int, threads: int) -> tuple[Found, np.ndarray]:
    crowded = np.zeros(len(hashes), bool)

    def searches() -> Iterator[Search]:
        for cut in cuts(distance):
            band = make_band(hashes, cut)
            crowds = np.unique(band.keys[band.sizes.take(band.keys) > crowd])
            if len(crowds):
                crowded[band.rows[_near(band, crowds)]] = True
                band.sizes[crowds] = 0
            for top in range(-1, cut.width if cut.radius else 0):
                yield partial(_match_own, band, top, distance)

    return _gather(searches(), most_pairs, threads), np.flatnonzero(crowded)


def _match(left: Band, right: Band, top: int, distance: int) -> Iterator[Found]:
    for places in steps(np.arange(len(left.keys))):
        yield from probe(left, right, places, left.cut.masks(top), distance)


def _match_own(band: Band, top: int, distance: int) -> Iterator[Found]:
    listed = np.flatnonzero(band.sizes.take(band.keys))
    if top < 0:
        for places in steps(listed):
            yield from probe_own(band, places, distance)
        return
    # Half the work: of two keys that differ by a mask, one has a 0 where the mask has its highest bit.
    for places in steps(listed[band.keys[listed] & (1 << top) == 0]):
        yield from probe(band, band, places, band.cut.masks(top), distance)


def _near(band: Band, crowds: np.ndarray) -> np.ndarray:
    """Whether each hash of a band, in its order, lies in one of some buckets or within the radius of one."""
    near = np.zeros(1 << band.cut.width, bool)
    for top in range(-1, band.cut.width):
        for mask in band.cut.masks(top):
            near[crowds ^ mask] = True
    return near[band.keys]


def _gather(searches: Iterable[Search], most_pairs: int, threads: int) -> Found:
    """Run searches side by side and join what they found."""
    found: list[Found] = []
    total = 0

    def run(search: Search) -> None:
        nonlocal total
        for pairs in search():
            total += len(pairs.left)  # two threads may lose a count to each other; the limit need not be exact
            if total > most_pairs:
                raise _TooManyPairsError
            found.append(pairs)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, searches))
    empty = np.zeros(0, np.int64)
    return Found(*(np.concatenate(columns) for columns in zip(Found(empty, empty, empty.astype(np.uint8)), *found, strict=True)))


def _require_distance(distance: int) -> None:
    if not 0 <= distance <= MOST_BITS:
        raise OutOfRangeError(f"the distance must be 0 to {MOST_BITS} of 64 bits, got {distance}; copies differ in few, 8 is usual.")
