from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import NonFiniteError, NoRowsError
from hf_regional.metrics import AlphaRange, grp, winners_by_alpha


def test_three_lines_by_hand():
    # GRP: β=0 is 50+10α, β=0.5 is 56+2α, β=1 is 57-17α; they cross at 1/19 (1 and 0.5) and 6/8 (0.5 and 0)
    curve = {0.0: (60.0, 50.0), 0.5: (58.0, 56.0), 1.0: (40.0, 57.0)}
    assert winners_by_alpha(curve) == (AlphaRange(0.0, 1 / 19, 1.0), AlphaRange(1 / 19, 0.75, 0.5), AlphaRange(0.75, 1.0, 0.0))


def test_a_beta_best_everywhere_is_the_only_winner():
    assert winners_by_alpha({0.0: (60.0, 50.0), 0.1: (61.0, 55.0), 1.0: (40.0, 54.0)}) == (AlphaRange(0.0, 1.0, 0.1),)


def test_equal_betas_go_to_the_smaller_whatever_the_order():
    assert winners_by_alpha({0.5: (2.0, 3.0), 0.25: (2.0, 3.0)}) == (AlphaRange(0.0, 1.0, 0.25),)


def test_three_lines_through_one_point_skip_the_one_that_wins_there_only():
    # 1-α, 1/2 and α meet at α = 1/2
    assert winners_by_alpha({1.0: (0.0, 1.0), 0.5: (0.5, 0.5), 0.0: (1.0, 0.0)}) == (AlphaRange(0.0, 0.5, 1.0), AlphaRange(0.5, 1.0, 0.0))


def test_a_tie_at_the_end_alone_gives_no_interval():
    # at α = 0 both score 1; behind it β = 0.9 leads. At α = 1 β = 0.3 draws level and gets nothing
    assert winners_by_alpha({0.3: (1.0, 1.0), 0.9: (2.0, 1.0)}) == (AlphaRange(0.0, 1.0, 0.9),)
    assert winners_by_alpha({0.3: (2.0, 0.0), 0.9: (2.0, 1.0)}) == (AlphaRange(0.0, 1.0, 0.9),)


def test_an_empty_curve_and_a_nan_score_are_refused():
    with pytest.raises(NoRowsError, match="curve is empty"):
        winners_by_alpha({})
    with pytest.raises(NonFiniteError, match=r"beta 0.5: Q_regional is nan"):
        winners_by_alpha({0.0: (1.0, 1.0), 0.5: (1.0, float("nan"))})


tenths = st.integers(0, 10).map(lambda tenth: tenth / 10)
curves = st.dictionaries(tenths, st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1)  # small integers: ties abound


@given(curve=curves)
def test_the_intervals_tile_zero_to_one(curve):
    found = winners_by_alpha(curve)
    assert (found[0].alpha_from, found[-1].alpha_to) == (0.0, 1.0)
    assert all(a.alpha_to == b.alpha_from and a.beta != b.beta for a, b in pairwise(found))
    assert all(one.alpha_from < one.alpha_to for one in found)


@given(curve=curves, alpha=st.floats(0, 1))
def test_brute_force_finds_the_same_winner_at_any_alpha(curve, alpha):
    by_force = {beta: grp(world, region, alpha) for beta, (world, region) in curve.items()}
    won = next(one.beta for one in winners_by_alpha(curve) if one.alpha_from <= alpha <= one.alpha_to)
    assert by_force[won] == pytest.approx(max(by_force.values()), abs=1e-9)


@given(curve=curves)
def test_inside_an_interval_a_tie_goes_to_the_smaller_beta(curve):
    for one in winners_by_alpha(curve):
        middle = (one.alpha_from + one.alpha_to) / 2
        by_force = {beta: grp(world, region, middle) for beta, (world, region) in curve.items()}
        assert one.beta == min(beta for beta, value in by_force.items() if value > max(by_force.values()) - 1e-9)
