import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import NoRowsError
from hf_regional.metrics.fronts import pareto_front, pareto_points, switches, win_shares
from hf_regional.metrics.winners import winners_by_alpha

CURVE = {0.0: (60.0, 50.0), 0.3: (59.0, 49.0), 0.5: (58.0, 56.0), 1.0: (40.0, 57.0)}
curves = st.dictionaries(st.floats(0, 1), st.tuples(*[st.integers(0, 6).map(float)] * 2), min_size=1, max_size=7)


def steady(curve, resamples=8):
    return {beta: (np.full(resamples, world), np.full(resamples, region)) for beta, (world, region) in curve.items()}


@given(curve=curves, order=st.randoms())
def test_the_front_does_not_depend_on_the_order_and_is_what_a_double_loop_finds(curve, order):
    shuffled = list(curve.items())
    order.shuffle(shuffled)
    plain = {
        one
        for one, (world, region) in curve.items()
        if not any(w >= world and r >= region and (w > world or r > region) for w, r in curve.values())
    }
    assert pareto_front(dict(shuffled)) == pareto_front(curve) == tuple(sorted(plain))


@given(curve=curves)
def test_whoever_wins_at_some_alpha_inside_stands_on_the_front(curve):
    assert {won.beta for won in winners_by_alpha(curve)} <= set(pareto_front(curve)) | {
        beta for beta, point in curve.items() if any(point == curve[other] for other in pareto_front(curve))
    }


def test_points_say_who_beats_them_and_how_often():
    draws = steady(CURVE, resamples=20)
    draws[0.3][0][0] = 61  # in one resample of 20 it is the best for the world
    points = {point.beta: point for point in pareto_points(CURVE, draws)}
    assert [point.on_front for point in points.values()] == [True, False, True, True]
    assert points[0.3].share == pytest.approx(1 / 20)
    assert points[0.3].beaten_by == (0.0,)  # in 95 %
    assert points[0.5].share == 1
    assert pareto_points(CURVE, draws, level=0.96)[1].beaten_by == ()


def test_wins_are_counted_by_resample_and_ties_go_to_the_smaller_beta():
    draws = {0.0: (np.array([3.0, 1, 1, 2]), np.zeros(4)), 0.5: (np.array([2.0, 2, 2, 2]), np.zeros(4))}
    assert win_shares(draws, alpha=1) == {0.0: 0.5, 0.5: 0.5}
    assert win_shares(draws, alpha=0) == {0.0: 1, 0.5: 0}


def test_a_switch_lies_where_both_are_equal_and_its_interval_spans_the_draws():
    curve = {0.0: (60.0, 50.0), 1.0: (50.0, 60.0)}  # at 1/2
    draws = steady(curve, resamples=101)
    draws[1.0][1][:] = 50 + np.linspace(5, 15, 101)  # handed over at 1/3 ... 0.6
    (found,) = switches(curve, draws, level=1 - 1e-9)
    assert (found.before, found.after, found.alpha) == (1.0, 0.0, 0.5)
    assert (found.low, found.high) == pytest.approx((5 / 15, 15 / 25))


@pytest.mark.parametrize(
    ("world", "region", "expected"),
    [
        ((60, 50), (50, 60), 0.5),
        ((60, 61), (50, 60), 0.0),  # the one that takes over is better on both sides: at once
        ((40, 50), (50, 60), 1.0),  # it is worse on both: never
        ((40, 61), (50, 60), 1.0),  # both have changed roles; it is the better one below 1/11 only: never
        ((49, 70), (50, 60), 0.0),  # the same, below 10/11: at once
    ],
)
def test_a_draw_in_which_one_is_better_on_both_sides_hands_over_at_an_end(world, region, expected):
    curve = {0.0: (60.0, 50.0), 1.0: (50.0, 60.0)}
    draws = {0.0: tuple(np.full(4, float(value)) for value in world), 1.0: tuple(np.full(4, float(value)) for value in region)}
    (found,) = switches(curve, draws)
    assert found.low == found.high == pytest.approx(expected)


def test_an_empty_curve_is_refused():
    with pytest.raises(NoRowsError, match="the curve is empty"):
        pareto_front({})
