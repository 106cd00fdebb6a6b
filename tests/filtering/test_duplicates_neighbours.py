import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import OutOfRangeError
from hf_regional.filtering.duplicates import find_neighbours, match_hashes


def all_pairs(hashes, distance):
    """Compare all with all: what the index must find."""
    distinct = sorted(set(hashes.tolist()))
    pairs = ((i, j, (a ^ b).bit_count()) for i, a in enumerate(distinct) for j, b in enumerate(distinct[i + 1 :], i + 1))
    return [pair for pair in pairs if pair[2] <= distance]


def listed(found):
    return list(zip(found.first.tolist(), found.second.tolist(), found.apart.tolist(), strict=True))


def flipped(hashes, random, bits):
    """Each hash with some of its bits flipped."""
    places = np.argsort(random.random((len(hashes), 64)), axis=1)[:, :bits].astype(np.uint64)
    return hashes ^ np.bitwise_or.reduce(np.uint64(1) << places, axis=1, initial=0).astype(np.uint64)


def uniform(random, n):
    return random.integers(0, 1 << 64, n, dtype=np.uint64)


def skewed(random, n):
    """Bits that are 1 in nine hashes of ten, as where most pictures are light above and dark below."""
    return np.packbits(random.random((n, 64)) < 0.9, axis=1).view(">u8").ravel().astype(np.uint64)


def balls(random, n):
    """Three pictures of which there are many copies, up to eight bits away."""
    centres = uniform(random, 3)[random.integers(0, 3, n)]
    return np.concatenate([flipped(centres[k::9], random, k) for k in range(9)])


def blanks(random, n):
    return np.where(random.random(n) < 0.4, np.uint64(1 << 63), uniform(random, n))


@pytest.mark.parametrize("make", [uniform, skewed, balls, blanks])
@pytest.mark.parametrize("distance", [0, 1, 2, 5, 8, 11])
def test_every_pair_is_found_once_whatever_the_hashes_are_like(make, distance):
    random = np.random.default_rng(distance)
    hashes = make(random, 400)
    hashes = np.concatenate([hashes, flipped(hashes[:100], random, distance), flipped(hashes[:100], random, distance + 1)])
    found = find_neighbours(hashes, distance)
    assert listed(found) == all_pairs(hashes, distance)
    assert found.crowd.size == 0


@given(st.lists(st.integers(0, 2**64 - 1), max_size=30), st.lists(st.lists(st.integers(0, 63), max_size=9), max_size=30), st.integers(0, 8))
def test_every_pair_is_found_once_by_hypothesis(hashes, flips, distance):
    """Differences of any shape: all in one band, on the borders of bands, spread over all."""
    near = [hash ^ sum(1 << bit for bit in set(bits)) for hash, bits in zip(hashes, flips, strict=False)]
    both = np.array(hashes + near, np.uint64)
    assert listed(find_neighbours(both, distance)) == all_pairs(both, distance)


@given(st.lists(st.integers(0, 40), max_size=60))
def test_equal_hashes_are_one_class(numbers):
    hashes = np.array(numbers, np.uint64) * np.uint64(0x0101010101010101)
    found = find_neighbours(hashes)
    assert (found.hashes[found.classes] == hashes).all()
    assert found.hashes.tolist() == sorted(set(hashes.tolist()))


def test_ten_thousand_blanks_are_one_class_and_no_pairs():
    hashes = np.concatenate([np.full(10_000, 1 << 63, np.uint64), np.array([(1 << 63) | 1], np.uint64)])
    found = find_neighbours(hashes)
    assert listed(found) == [(0, 1, 1)]
    assert np.bincount(found.classes).tolist() == [10_000, 1]


def test_a_sorted_scan_misses_what_the_index_finds():
    # The scan of the paper's own deduplication: sort the hashes, and compare each with the next as long as they are near.
    random = np.random.default_rng(5)
    originals = uniform(random, 2000)
    copies = flipped(originals[:500], random, 4)
    hashes = np.concatenate([originals, copies])
    ordered = np.sort(hashes)
    scanned = int((np.bitwise_count(ordered[1:] ^ ordered[:-1]) <= 8).sum())
    assert len(find_neighbours(hashes).first) == 500
    assert scanned < 350


@pytest.mark.parametrize(("crowd", "most_pairs"), [(1, 1 << 27), (20, 1 << 27), (4096, 1000), (4096, 0)])
def test_pairs_are_listed_or_have_both_ends_in_the_crowd(crowd, most_pairs):
    random = np.random.default_rng(2)
    hashes = np.concatenate([balls(random, 600), uniform(random, 300)])
    found = find_neighbours(hashes, crowd=crowd, most_pairs=most_pairs)
    here, expected, crowded = set(listed(found)), set(all_pairs(hashes, 8)), set(found.crowd.tolist())
    assert len(here) == len(found.first) <= most_pairs
    assert here <= expected
    assert expected - here  # else there would be nothing to see
    assert all(first in crowded and second in crowded for first, second, _ in expected - here)


def test_a_crowd_does_not_hide_pairs_elsewhere():
    random = np.random.default_rng(3)
    dense = np.uint64(1 << 63) | random.choice(1 << 40, 3000, replace=False).astype(np.uint64)  # one bucket in the highest band
    pair = np.array([0x0FFFFF0000000000, 0x0FFFFF00000000FF], np.uint64)
    found = find_neighbours(np.concatenate([dense, pair]), crowd=1000)
    assert found.crowd.size >= 3000
    assert (0x0FFFFF0000000000, 0x0FFFFF00000000FF) in set(
        zip(found.hashes[found.first].tolist(), found.hashes[found.second].tolist(), strict=True)
    )


def test_the_order_of_the_rows_and_the_number_of_threads_change_nothing():
    hashes = balls(np.random.default_rng(4), 500)
    found, other = find_neighbours(hashes, threads=1), find_neighbours(hashes[::-1].copy(), threads=3)
    assert listed(found) == listed(other)
    assert (found.classes == other.classes[::-1]).all()


@pytest.mark.parametrize("count", [0, 1])
def test_few_hashes_have_no_pairs(count):
    assert listed(find_neighbours(np.zeros(count, np.uint64))) == []


@pytest.mark.parametrize("distance", [-1, 12, 64])
def test_a_distance_that_the_bands_do_not_cover_is_refused(distance):
    with pytest.raises(OutOfRangeError, match="0 to 11"):
        find_neighbours(np.zeros(2, np.uint64), distance)
    with pytest.raises(OutOfRangeError, match="0 to 11"):
        match_hashes(np.zeros(2, np.uint64), np.zeros(2, np.uint64), distance)


@pytest.mark.parametrize("make", [uniform, skewed, balls])
@pytest.mark.parametrize("distance", [0, 3, 8])
def test_two_sets_are_matched_as_if_all_were_compared(make, distance):
    random = np.random.default_rng(6)
    left = make(random, 150)
    right = np.concatenate([flipped(left[:60], random, distance), make(random, 100), left[:3]])
    found = match_hashes(left, right, distance)
    expected = [
        (i, j, (a ^ b).bit_count())
        for i, a in enumerate(left.tolist())
        for j, b in enumerate(right.tolist())
        if (a ^ b).bit_count() <= distance
    ]
    assert list(zip(found.left.tolist(), found.right.tolist(), found.apart.tolist(), strict=True)) == expected


def test_nothing_matches_nothing():
    none, some = np.zeros(0, np.uint64), np.ones(3, np.uint64)
    assert len(match_hashes(none, some).left) == len(match_hashes(some, none).left) == 0
