import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import MismatchedScoresError, NonFiniteError, NoRowsError, OutOfRangeError
from hf_regional.metrics import grp, relevance_gain, retention

# arXiv 2604.11490, Table 1: GRP, Global Avg, (WC, CVQA), SEA Avg, (SEAVQA, WC, CVQA)
TABLE_1 = {
    "Gemma-3": (59.4, 63.5, (59.8, 67.2), 56.3, (41.0, 60.1, 67.8)),
    "SEA 5%": (64.0, 64.3, (60.0, 68.7), 63.7, (61.2, 60.3, 69.5)),
    "SEA 10%": (64.1, 64.4, (60.0, 68.8), 63.8, (61.7, 60.2, 69.5)),
    "SEA 50%": (57.3, 56.7, (51.6, 61.8), 57.8, (59.5, 51.4, 62.6)),
    "SEA 70%": (56.1, 56.3, (51.9, 60.6), 56.0, (54.0, 52.6, 61.3)),
    "w/o merge": (42.2, 42.1, (48.5, 35.6), 42.2, (41.9, 48.6, 36.2)),
}
score = st.floats(0, 100, allow_nan=False)
scores = st.dictionaries(st.text(min_size=1, max_size=3), st.floats(1, 100), min_size=1, max_size=5)
alphas = st.floats(0, 1)


@pytest.mark.parametrize("row", TABLE_1)
def test_grp_gives_table_1_from_the_printed_averages(row):
    printed, world, _, region, _ = TABLE_1[row]
    assert round(grp(world, region, alpha=0.43), 1) == printed


@pytest.mark.parametrize("row", TABLE_1)
def test_grp_gives_table_1_from_single_benchmarks_up_to_their_rounding(row):
    printed, _, world, _, region = TABLE_1[row]
    # inputs rounded to 0.05 move GRP by at most 0.05, and the printed GRP is itself rounded by 0.05
    assert grp(world, region, alpha=0.43) == pytest.approx(printed, abs=0.1 + 1e-9)


def test_the_swapped_roles_of_section_4_2_are_not_what_the_tables_print():
    assert round(grp(63.5, 56.3, alpha=0.43), 1) == 59.4
    assert round(grp(56.3, 63.5, alpha=0.43), 1) == 60.4


def test_grp_reads_numbers_lists_dicts_and_arrays_alike():
    want = 0.25 * 60 + 0.75 * 40
    for world, region in (
        (60, 40),
        ([50, 70], [30, 40, 50]),
        ({"a": 50.0, "b": 70.0}, {"c": 40.0}),
        (np.array([50.0, 70.0]), np.float32(40)),
    ):
        assert grp(world, region, alpha=0.25) == pytest.approx(want)


@given(world=scores, region=scores)
def test_alpha_one_is_the_world_and_alpha_zero_the_region(world, region):
    assert grp(world, region, 1) == pytest.approx(sum(world.values()) / len(world))
    assert grp(world, region, 0) == pytest.approx(sum(region.values()) / len(region))


@given(world=score, region=score, alpha=alphas)
def test_grp_lies_between_world_and_region(world, region, alpha):
    assert min(world, region) - 1e-9 <= grp(world, region, alpha) <= max(world, region) + 1e-9


@given(world=score, region=score, alpha=alphas, more=st.floats(0, 50))
def test_grp_never_falls_when_a_score_rises(world, region, alpha, more):
    assert grp(world + more, region, alpha) >= grp(world, region, alpha)
    assert grp(world, region + more, alpha) >= grp(world, region, alpha)


@pytest.mark.parametrize("alpha", [-0.01, 1.01, 43.4, float("nan")])
def test_alpha_outside_its_range_is_refused_with_the_way_out(alpha):
    with pytest.raises(OutOfRangeError, match="divide by 100"):
        grp(60, 50, alpha)


def test_a_nan_score_is_named():
    with pytest.raises(NonFiniteError, match=r"regional_scores: cvqa is nan") as caught:
        grp({"cvqa": 60.0}, {"wc": 50.0, "cvqa": float("nan")}, 0.5)
    assert caught.value.name == "cvqa"
    with pytest.raises(NonFiniteError, match=r"base: \[1\] is inf"):
        retention([1.0, 2.0], [1.0, float("inf")])
    with pytest.raises(NonFiniteError, match="global_scores: cvqa is None"):
        grp({"cvqa": None}, 1.0, 0.5)


@pytest.mark.parametrize("call", [lambda: grp([], [1.0], 0.5), lambda: retention({}, {}), lambda: relevance_gain([], [])])
def test_no_scores_are_refused(call):
    with pytest.raises(NoRowsError, match="is empty"):
        call()


@given(base=scores)
def test_a_model_keeps_all_of_itself_and_gains_nothing(base):
    assert retention(base, base) == 1
    assert relevance_gain(base, base).points == relevance_gain(base, base).percent == 0


@given(base=st.floats(30, 100), merged=st.floats(0, 100), more=st.floats(0, 50), chance=st.floats(0, 25))
def test_retention_never_falls_when_the_merged_model_rises(base, merged, more, chance):
    assert retention(merged + more, base, chance) >= retention(merged, base, chance)


def test_retention_is_the_mean_of_ratios_above_chance():
    # (40-20)/(60-20) = 0.5 and (45-5)/(55-5) = 0.8
    merged, base = {"mcq": 40.0, "ocr": 45.0}, {"ocr": 55.0, "mcq": 60.0}
    assert retention(merged, base, chance={"mcq": 20.0, "ocr": 5.0}) == pytest.approx(0.65)
    assert retention([40, 45], [60, 55], chance=[20, 5]) == pytest.approx(0.65)
    assert retention(iter([40, 45]), iter([60, 55]), chance=np.float32(5)) == pytest.approx((35 / 55 + 40 / 50) / 2)


def test_retention_of_the_paper():
    assert round(retention(64.4, 63.5), 3) == 1.014


@pytest.mark.parametrize("before", [25.0, 18.9, 0.0])
def test_a_base_at_chance_or_below_is_refused_by_name(before):
    with pytest.raises(OutOfRangeError, match="base: laos scores"):
        retention({"viet": 60.0, "laos": 30.0}, {"viet": 60.0, "laos": before}, chance=25.0)


def test_benchmarks_on_one_side_only_are_named_on_both_sides():
    with pytest.raises(MismatchedScoresError, match="base lacks wc; merged lacks cvqa") as caught:
        retention({"wc": 1.0, "x": 1.0}, {"cvqa": 1.0, "x": 1.0})
    assert (caught.value.missing, caught.value.extra) == ({"wc"}, {"cvqa"})
    with pytest.raises(MismatchedScoresError, match=r"merged lacks \[1\]"):
        relevance_gain([1.0], [1.0, 2.0])
    with pytest.raises(MismatchedScoresError, match="chance lacks b"):
        retention({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0}, chance={"a": 0.1})


def test_the_gain_of_the_paper_is_a_percentage_of_averages():
    gain = relevance_gain([61.7, 60.2, 69.5], [41.0, 60.1, 67.8])
    assert (round(gain.points, 1), round(gain.percent, 1)) == (7.5, 13.3)


def test_a_percentage_of_nothing_is_refused():
    with pytest.raises(OutOfRangeError, match=r"mean score is 0\.0"):
        relevance_gain([0.5], [0.0])
