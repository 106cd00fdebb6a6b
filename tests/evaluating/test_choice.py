import numpy as np
import pytest
from hand_task import HandTask
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.cards import CardFacts
from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.evaluating.beta import Demand, checked_grid, choose
from hf_regional.evaluating.sides import Scorer
from hf_regional.regions import Region

PICTURES = 40
TASK = HandTask([("en", "global", i) for i in range(PICTURES)] + [("id", "regional", i) for i in range(PICTURES)])
SCORER = Scorer([TASK], resamples=500)
SWING = np.tile([0.3, -0.3], PICTURES // 2)  # half of the pictures gain what the other half loses


def rows(world, region, swing=0.0):
    return TASK.measured(np.concatenate([world * (1 + swing * SWING), np.full(PICTURES, region)]))


def chosen(measured, alpha=0.4, **demand):
    return choose(measured, SCORER, alpha, Demand(**demand), facts=CardFacts(), region=Region("SEA"))


# β: world, region. GRP at α = 0.4: 0.4·0.5 + 0.6·0.2 = 0.320; then 0.3792, 0.402, 0.46
CURVE = {0.0: rows(0.5, 0.2), 0.3: rows(0.498, 0.3), 0.5: rows(0.495, 0.34), 1.0: rows(0.4, 0.5)}


def test_the_highest_grp_among_those_that_kept_enough_is_chosen():
    choice = chosen(CURVE)
    assert choice.beta == 0.5
    assert [point.grp for point in choice.curve] == pytest.approx([0.32, 0.3792, 0.402, 0.46])
    assert [point.retention.value for point in choice.curve] == pytest.approx([1, 0.996, 0.99, 0.8])
    assert [point.passes for point in choice.curve] == [True, True, True, False]
    assert choice.reason == (
        "β = 0.5 has the highest GRP (40.2 at α = 0.4) among those with their lower bound of retention at or above 98.0 %: 0.3, 0.5."
    )


def test_the_margin_is_added_to_the_floor():
    assert chosen(CURVE, margin=0.005).beta == 0.5  # 0.990 against 0.985
    assert chosen(CURVE, margin=0.012).beta == 0.3  # 0.990 against 0.992


def test_where_none_kept_enough_the_global_model_stays_and_the_reason_names_the_closest():
    choice = chosen(CURVE, floor=0.999)
    assert choice.beta == 0
    assert choice.reason == (
        "No β > 0 has its lower bound of retention at or above 99.9 %; the closest is β = 0.3 (99.6 %). The global model is kept."
    )


def test_where_the_region_gains_nothing_the_global_model_stays():
    choice = chosen({0.0: rows(0.5, 0.2), 0.5: rows(0.499, 0.19)})
    assert choice.beta == 0
    assert choice.reason == "β = 0 has the highest GRP at α = 0.4: no mix serves the region better at this weight of the world."


def test_a_mix_that_keeps_enough_on_the_mean_of_unlike_pictures_passes_by_point_and_not_by_bound():
    """Kept: 99 % on the mean, 129 % of one half of the pictures and 69 % of the other; the bound is near 99 - 1.645·30/√40 = 91 %."""
    uneven = {0.0: rows(0.5, 0.2), 0.5: TASK.measured(np.concatenate([0.5 * (0.99 + SWING), np.full(PICTURES, 0.4)]))}
    assert chosen(uneven, policy="point").beta == 0.5
    choice = chosen(uneven, policy="lower")
    assert choice.beta == 0
    assert choice.curve[1].retention.low == pytest.approx(0.912, abs=0.02)


def test_a_tie_goes_to_the_smaller_beta():
    assert chosen({0.0: rows(0.5, 0.2), 0.3: rows(0.5, 0.3), 0.6: rows(0.5, 0.3)}).beta == 0.3


@pytest.mark.parametrize("alpha", [0.0, 0.25, 0.8, 1.0])
def test_the_choice_is_the_winner_at_its_alpha(alpha):
    choice = chosen(CURVE, alpha=alpha)
    winners = choice.facts.of("choosing")["winners"]
    assert choice.beta in [won["beta"] for won in winners if won["alpha_from"] <= alpha <= won["alpha_to"]]


def test_the_winners_cover_every_alpha_without_a_gap_and_name_only_those_that_kept_enough():
    winners = chosen(CURVE).facts.of("choosing")["winners"]
    assert winners[0]["alpha_from"] == 0
    assert winners[-1]["alpha_to"] == 1
    assert [won["alpha_to"] for won in winners[:-1]] == [won["alpha_from"] for won in winners[1:]]
    assert 1.0 not in [won["beta"] for won in winners]  # it would win at α = 0


def test_the_facts_say_how_it_was_chosen():
    step = chosen(CURVE, margin=0.005).facts.of("choosing")
    assert (step["region"], step["alpha"], step["min_retention"], step["margin"]) == ("SEA", 0.4, 0.98, 0.005)
    assert step["betas"] == [0, 0.3, 0.5, 1]
    assert step["curve"][1]["global"]["n"] == PICTURES


@given(betas=st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_a_grid_is_sorted_without_repeats_and_begins_at_0(betas):
    grid = checked_grid(betas)
    assert grid[0] == 0
    assert list(grid) == sorted({0.0, *betas})


@pytest.mark.parametrize("beta", [-0.1, 1.5, float("nan")])
def test_a_beta_outside_0_to_1_is_refused(beta):
    with pytest.raises(OutOfRangeError, match=r"β must be in \[0, 1\], got"):
        checked_grid([0.5, beta])


def test_an_empty_grid_is_refused():
    with pytest.raises(ConfigError, match="the grid of β is empty"):
        checked_grid([])


def test_a_demand_above_all_there_is_is_refused():
    with pytest.raises(OutOfRangeError, match=r"must lie in \[0, 1\], got 0.98 \+ 0.03; 0.98 means 98 %"):
        Demand(0.98, 0.03)
    with pytest.raises(ConfigError, match="must be one of lower, point, got 'upper'"):
        Demand(policy="upper")
