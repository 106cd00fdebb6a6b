"""Intervals from draws and influences: against scipy where it is there, by hand, and by how often they hold the truth."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hf_regional.errors import OutOfRangeError
from hf_regional.metrics import ClusterBootstrap, mean_of, ratio_of
from hf_regional.metrics.bounds import acceleration, student

scores = arrays(float, 12, elements=st.floats(0.125, 1, width=32))
CLUSTERS = np.arange(12) // 2
GROUPS = np.array(["id", "th", "id"] * 4)
BOOT = ClusterBootstrap(CLUSTERS, resamples=40, seed=0)


@given(values=scores)
def test_a_cluster_s_influence_is_what_its_leaving_takes_away(values):
    """To first order: exactly so when a little of its weight leaves."""
    scored, little = BOOT.resample(values, GROUPS), 1e-6
    for cluster in range(6):
        weights = np.where(cluster == CLUSTERS, 1 - little, 1.0)
        less = np.mean([np.average(values[group == GROUPS], weights=weights[group == GROUPS]) for group in ("id", "th")])
        assert (scored.value - less) / little == pytest.approx(scored.influence[(6, 0)][cluster], abs=1e-4)
    assert scored.influence[(6, 0)].sum() == pytest.approx(0, abs=1e-9)


@given(one=scores, other=scores)
def test_a_difference_of_scores_is_the_score_of_the_differences(one, other):
    apart, together = BOOT.resample(one, GROUPS) - BOOT.resample(other, GROUPS), BOOT.resample(one - other, GROUPS)
    assert apart.value == pytest.approx(together.value)
    np.testing.assert_allclose(apart.draws, together.draws, atol=1e-6)
    np.testing.assert_allclose(apart.influence[(6, 0)], together.influence[(6, 0)], atol=1e-12)


@given(values=scores, level=st.floats(0.5, 0.99))
def test_bounds_lie_in_order_and_a_score_of_itself_is_certain(values, level):
    scored = BOOT.resample(values, GROUPS)
    found = scored.estimate(12, level)
    assert found.low <= found.high
    nothing = (scored - scored).estimate(12, level)
    assert (nothing.value, nothing.low, nothing.high) == (0, 0, 0)


def test_the_interval_of_a_symmetric_score_is_the_t_interval():
    values = np.random.default_rng(0).normal(5, 2, 400)
    found = ClusterBootstrap(np.arange(400), resamples=8000, seed=3).estimate(values, np.zeros(400))
    half = 1.966 * values.std(ddof=1) / 20  # t of 399 degrees
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.05 * half)


def test_a_skewed_score_has_its_interval_pulled_to_the_long_side():
    values = np.zeros(200)
    values[:10] = 1  # 5 %: Wilson's interval, which knows of the skewness, is 2.7 to 9.0 %
    found = ClusterBootstrap(np.arange(200), resamples=8000, seed=0).estimate(values, np.zeros(200))
    assert found.high - 0.05 > 1.25 * (0.05 - found.low)
    assert (found.low, found.high) == pytest.approx((0.027, 0.090), abs=0.006)


def test_acceleration_is_a_sixth_of_the_skewness_of_the_mean():
    influence = np.array([2.0, -1.0, -1.0])
    assert acceleration([influence]) == pytest.approx((8 - 1 - 1) / (6 * 6**1.5))
    assert acceleration([np.zeros(3)]) == 0


@pytest.mark.parametrize(("freedom", "expected"), [(10, 2.2281), (30, 2.0423), (199, 1.9720)])  # printed tables
def test_quantiles_of_student_are_those_of_the_tables(freedom, expected):
    assert student(0.975, freedom) == pytest.approx(expected, abs=0.01)
    assert student(0.025, freedom) == pytest.approx(-student(0.975, freedom))


def test_a_share_of_nothing_is_refused():
    one, none = BOOT.resample(np.ones(12), GROUPS), BOOT.resample(np.zeros(12), GROUPS)
    with pytest.raises(OutOfRangeError, match="the base scores 0"):
        one.over(none)


def test_a_ratio_by_hand():
    """Four clusters of one row. Tops 1 2 3 2 (mean 2), bottoms 4 4 4 4: R = 1/2, and only the tops vary: t·s/√n, by 4."""
    boot = ClusterBootstrap(np.arange(4), resamples=10, seed=0)
    top, bottom = (boot.resample(values, np.zeros(4)) for values in ([1.0, 2.0, 3.0, 2.0], [4.0] * 4))
    found = ratio_of([top], [bottom])
    deviation = math.sqrt(2 / 3) / 2 / 4  # s = √((1 + 0 + 1 + 0)/3), over √4, over 4
    assert found.value == 0.5
    assert found.lower_bound() == pytest.approx(0.5 - student(0.95, 3) * deviation)
    assert found.interval() == pytest.approx((0.5 - student(0.975, 3) * deviation, 0.5 + student(0.975, 3) * deviation))


@given(one=scores, other=scores)
def test_at_the_bounds_of_a_ratio_the_test_of_no_difference_just_rejects(one, other):
    """Fieller's definition: mean(y - r·x) is t standard errors from 0, by the plain formulas over clusters of one row."""
    boot = ClusterBootstrap(np.arange(12), resamples=5, seed=0)
    y, x = one.astype(float), 1 + other.astype(float)
    bounds = ratio_of([boot.resample(y, np.zeros(12))], [boot.resample(x, np.zeros(12))]).interval()
    assert bounds is not None
    for r in bounds:
        rest = y - r * x
        assert abs(rest.mean()) == pytest.approx(student(0.975, 11) * rest.std(ddof=1) / math.sqrt(12), rel=1e-6, abs=1e-9)


def test_a_ratio_to_what_may_be_nothing_has_no_bounds_and_a_ratio_to_itself_is_certain():
    boot = ClusterBootstrap(np.arange(6), resamples=10, seed=0)
    doubtful = boot.resample([3.0, -2.0, 1.0, -1.0, 2.0, -2.0], np.zeros(6))
    other = boot.resample([1.0, 1.0, 0.0, 1.0, 1.0, 1.0], np.zeros(6))
    assert ratio_of([other], [doubtful]).lower_bound() is None
    assert ratio_of([doubtful], [doubtful]).interval() == (1, 1)


def test_over_several_tasks_it_is_the_mean_of_the_ratios():
    boot = ClusterBootstrap(np.arange(50), resamples=10, seed=0)
    rng = np.random.default_rng(0)
    tops, bottoms = ([boot.resample(rng.uniform(low, 1, 50), np.zeros(50)) for _ in range(2)] for low in (0.2, 0.5))
    both = ratio_of(tops, bottoms)
    alone = [ratio_of([top], [bottom]) for top, bottom in zip(tops, bottoms, strict=True)]
    assert both.value == pytest.approx((alone[0].value + alone[1].value) / 2)
    assert both.value - (both.lower_bound() or 0) < max(one.value - (one.lower_bound() or 0) for one in alone)
    assert mean_of(tops).value == pytest.approx((tops[0].value + tops[1].value) / 2)
