"""What is measured over whole tensors and models: exact where it says so, bounded where not, whatever the order."""

import math
import random
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.merging.statistics import CELL
from hf_regional.merging.statistics.dot_products import DotProducts, cosine
from hf_regional.merging.statistics.magnitudes import Band, Magnitudes
from hf_regional.merging.task_vectors import task_vectors

both = DotProducts(lambda world, regions: [world, *regions])


def bands(statistic: Magnitudes, parts: list[np.ndarray], order: int | None = None) -> tuple[Band, ...]:
    """The bands of one regional model whose task vector comes in parts."""
    measured = [statistic.measure(np.zeros_like(part), [part]) for part in parts]
    while len(measured) > 1:
        if order is not None:
            random.Random(order).shuffle(measured)
        measured.append(statistic.join(measured.pop(), measured.pop()))
    return statistic.finish(measured[0])


magnitudes = st.lists(st.floats(-1e6, 1e6, width=32) | st.sampled_from([0.0, 1.0, -1.0]), min_size=1, max_size=60)


@given(magnitudes, st.floats(0.001, 1))
def test_a_few_values_are_ranked_exactly(found: list[float], density: float) -> None:
    (band,) = bands(Magnitudes(density), [np.array(found)])
    kept = max(1, round(density * len(found)))
    assert band == Band(sorted(map(abs, found), reverse=True)[kept - 1])


@given(magnitudes, st.floats(0.001, 1), st.floats(0, 0.5))
def test_many_values_are_ranked_to_a_4096th_of_their_size(found: list[float], density: float, outliers: float) -> None:
    vector = np.array(found)
    (band,) = bands(Magnitudes(density, outliers, exact=0), [vector])
    above, kept = round(outliers * len(found)), max(1, round(density * len(found)))
    falling = sorted(map(abs, found), reverse=True)
    low, high = falling[min(above + kept, len(found)) - 1], falling[above] if above else math.inf
    inside = band.holds(vector)
    assert all(inside[place] for place, value in enumerate(map(abs, found)) if low <= value <= high)
    assert all(low * (1 - 1 / 4096) - 2.0**-138 <= abs(value) <= high * (1 + 1 / 4096) + 2.0**-138 for value in vector[inside])


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.sampled_from([0, 5, 30, 1000]))
def test_order_and_mixed_widths_make_no_difference(found: list[float], exact: int) -> None:
    parts = [np.array([value], np.float32 if place % 2 else np.float64) for place, value in enumerate(found)]
    statistic = Magnitudes(0.3, 0.1, scope="model", exact=exact)
    assert len({bands(statistic, parts, order) for order in (None, 1, 2, 3)}) == 1


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40), st.floats(0.001, 1))
def test_a_bin_holds_what_was_counted_in_it_whatever_float32_makes_of_it(found: list[float], density: float) -> None:
    # float64 values beside the edges of bins, too small for float32, or too large for it
    (band,) = bands(Magnitudes(density, exact=0), [np.array(found)])
    assert band.holds(np.array(found)).sum() >= max(1, round(density * len(found)))


@pytest.mark.parametrize("wide", [np.float32, np.float64])
def test_the_edge_of_a_bin_is_where_float32_rounds_into_it(wide: type) -> None:
    # 1 - 2**-25 lies halfway between the float32 below 1 and 1, and rounds to 1, where a bin begins
    edge = 1 - 2.0**-25
    (band,) = bands(Magnitudes(0.5, exact=0), [np.array([1.5, edge, 0.25, 0.25])])
    assert band.low == edge
    below = np.nextafter(np.array([edge]).astype(wide), wide(0))
    assert band.holds(np.array([1.0, -1.0], wide)).tolist() == [True, True]
    assert band.holds(below if wide is np.float64 else np.nextafter(np.float32([1]), np.float32(0))).tolist() == [False]


@pytest.mark.parametrize("like", [np.array, lambda values: torch.tensor(values, dtype=torch.float64)])
def test_bounds_that_float32_cannot_hold_are_not_widened(like) -> None:
    inner = like([0.1, 0.2])
    band = Band(0.1, 0.2)  # in float32 0.1 and 0.2 lie a little above
    assert band.holds(inner).tolist() == [True, True]
    single = inner.astype(np.float32) if isinstance(inner, np.ndarray) else inner.float()
    assert band.holds(single).tolist() == [True, False]
    edge = like([0.7])  # in float32 a little below
    assert Band(0.7).holds(edge).tolist() == [True]
    assert Band(0.7).holds(edge.astype(np.float32) if isinstance(edge, np.ndarray) else edge.float()).tolist() == [False]


def test_one_large_stretch_is_counted_as_its_pieces_are() -> None:
    vector = np.random.default_rng(3).standard_normal(1000)
    statistic = Magnitudes(0.3, exact=100)
    assert bands(statistic, [vector]) == bands(statistic, np.split(vector, 10)) != bands(Magnitudes(0.3), [vector])


def test_numbers_that_float32_rounds_to_infinity_share_a_bin() -> None:
    least = 2.0**128 - 2.0**103  # halfway between the largest float32 and where the next would be
    (band,) = bands(Magnitudes(0.75, exact=0), [np.array([least, 1e300, 1e39, 1.0])])
    assert band.low == least
    assert band.holds(np.array([least, np.nextafter(least, 0), 1e300])).tolist() == [True, False, True]
    assert band.holds(np.array([3.4e38, np.inf], np.float32)).tolist() == [False, True]


def test_normally_distributed_numbers_keep_at_most_0_012_percent_more() -> None:
    vector = np.random.default_rng(1).standard_normal(1_000_000)
    for density in (0.05, 0.2, 0.5, 0.9):
        (band,) = bands(Magnitudes(density, exact=0), [vector])
        assert 0 <= band.holds(vector).sum() - round(density * len(vector)) <= 0.00012 * len(vector)


def test_ties_with_the_last_one_kept_stay_and_zeros_are_counted() -> None:
    (band,) = bands(Magnitudes(0.4), [np.array([3.0, 2.0, -2.0, 2.0, 0.0])])
    assert band == Band(2.0)
    (band,) = bands(Magnitudes(0.4), [np.array([3.0, 0.0, 0.0, 0.0, 0.0])])
    assert band == Band(0.0)


def test_each_regional_model_has_its_own_band() -> None:
    statistic = Magnitudes(0.5)
    found = statistic.finish(statistic.measure(np.ones(2), [np.array([2.0, 4.0]), np.array([-9.0, 1.0])]))
    assert found == (Band(3.0), Band(10.0))


@pytest.mark.parametrize("regions", [1, 4])
def test_memory_stays_below_64_mb_and_8_a_regional_model_whatever_the_size(regions: int) -> None:
    statistic, part = Magnitudes(0.2, scope="model"), np.linspace(-1, 1, CELL)
    tracemalloc.start()
    joined = statistic.measure(np.zeros(CELL), [part] * regions)
    for _ in range(100):  # 6.6 million values a model, 50 MB a model in float64
        joined = statistic.join(joined, statistic.measure(np.zeros(CELL), [part] * regions))
    statistic.finish(joined)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < (64 + 8 * regions + 16) << 20  # and 16 MB of the work itself


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=1, max_size=50))
def test_dot_products_are_those_of_exact_arithmetic(pairs: list[tuple[float, float]]) -> None:
    world, region = (np.array(side) for side in zip(*pairs, strict=True))
    found = both.finish(both.measure(world, [region]))
    for i, a in enumerate((world, region)):
        for j, b in enumerate((world, region)):
            terms = [Fraction(x) * Fraction(y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
            assert abs(Fraction(found[i][j]) - sum(terms)) <= Fraction(1e-14) * sum(map(abs, terms)) + Fraction(1, 10**300)
    assert found[0][1] == found[1][0]


@pytest.mark.parametrize("make", [np.asarray, torch.tensor])
def test_float32_is_multiplied_and_summed_in_float64(make) -> None:
    world, region = (np.random.default_rng(seed).standard_normal(1000).astype(np.float32) for seed in (4, 5))
    single = both.finish(both.measure(make(world), [make(region)]))
    assert single == both.finish(both.measure(make(world.astype(np.float64)), [make(region.astype(np.float64))]))


@pytest.mark.parametrize("make", [np.asarray, torch.tensor])
def test_dot_products_of_cells_are_the_same_to_the_bit_in_any_order(make) -> None:
    rng = np.random.default_rng(2)
    world, region = (make(rng.standard_normal(5 * CELL + 3).astype(np.float32)) for _ in range(2))
    whole = both.finish(both.measure(world, [region]))
    parts = [both.measure(world[mine], [region[mine]]) for mine in (slice(n, n + CELL) for n in range(0, len(world), CELL))]
    random.Random(0).shuffle(parts)
    joined = parts.pop()
    while parts:
        joined = both.join(joined, parts.pop())
    assert both.finish(joined) == whole


def test_products_beyond_float64_have_no_angle() -> None:
    squares = np.zeros(CELL + 1)
    squares[0] = squares[-1] = 1.3e154  # the square of each fits float64, their sum does not
    for odd in (np.array([1e200, 1.0]), np.array([np.inf, -1.0]), np.array([np.nan]), squares):
        found = both.finish(both.measure(odd, [np.ones(len(odd))]))
        assert math.isnan(found[0][0])
        assert math.isnan(cosine(found, 0, 1))


def test_vectors_of_length_0_have_no_angle_and_three_vectors_have_six_products() -> None:
    three = DotProducts(task_vectors)
    world = np.array([1.0, 1.0])
    found = three.finish(three.measure(world, [world, np.array([2.0, 1.0]), np.array([1.0, 3.0])]))
    assert found == ((0.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 4.0))
    assert math.isnan(cosine(found, 0, 1))
    assert cosine(found, 1, 2) == 0
