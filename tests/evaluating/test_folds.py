"""Cross-fitting: folds part the pictures, no row is judged by a β that it chose, and luck does not survive."""

import numpy as np
import pandas as pd
import pytest
from hand_task import HandTask
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.cards import CardFacts
from hf_regional.errors import OutOfRangeError
from hf_regional.evaluating.choosing import Demand, choose
from hf_regional.evaluating.folds import PartOfTask, assign_folds, cross_fit
from hf_regional.evaluating.sides import Scorer
from hf_regional.regions import Region

PICTURES = 40
TASK = HandTask([("en", "global", i) for i in range(PICTURES)] + [("id", "regional", i) for i in range(PICTURES)])
SCORER = Scorer([TASK], resamples=100)
ANY = Demand(0.0, policy="point")


def rows(world, region):
    return TASK.measured(np.concatenate([np.broadcast_to(world, PICTURES), np.broadcast_to(region, PICTURES)]))


tables = st.lists(
    st.tuples(st.sampled_from(["en", "id"]), st.sampled_from(["global", "regional"]), st.integers(0, 30)), min_size=8, max_size=60
)


@given(table=tables, folds=st.integers(2, 4), seed=st.integers(0, 5))
def test_folds_part_the_pictures_and_no_picture_lies_in_two(table, folds, seed):
    task = HandTask([*table, *((side, side, 100 + place) for side in ("global", "regional") for place in range(4))])
    fold = assign_folds([task], folds, seed=seed)["hand"]
    assert set(fold) == set(range(folds))
    for picture in set(task.rows.clusters):
        assert len(set(fold[task.rows.clusters == picture])) == 1
    for side in ("global", "regional"):
        own = [fold[task.rows.clusters == picture][0] for picture in set(task.rows.clusters[task.rows.of(side)])]
        assert set(own) == set(range(folds))


def test_folds_are_of_equal_size_and_the_seed_deals_anew():
    fold = assign_folds([TASK], 5, seed=0)["hand"]
    assert np.bincount(fold).tolist() == [16] * 5  # 8 pictures, two rows each
    assert (fold == assign_folds([TASK], 5, seed=0)["hand"]).all()
    assert (fold != assign_folds([TASK], 5, seed=1)["hand"]).any()


def test_tasks_over_the_same_pictures_share_the_folds():
    other = HandTask([("en", "global", i) for i in range(PICTURES)] + [("id", "regional", PICTURES - 1)], name="other")
    fold = assign_folds([TASK, other], 5)
    assert (fold["other"][:PICTURES] == fold["hand"][:PICTURES]).all()


@pytest.mark.parametrize(("folds", "message"), [(1, "folds must be at least 2, got 1"), (41, "lie in pictures of 40 only")])
def test_too_few_and_too_many_folds_are_refused(folds, message):
    with pytest.raises(OutOfRangeError, match=message):
        assign_folds([TASK], folds)


def test_where_one_beta_is_better_everywhere_all_folds_choose_it_and_nothing_is_lost():
    measured = {0.0: rows(0.5, 0.2), 0.5: rows(0.5, 0.3), 1.0: rows(0.4, 0.25)}
    found = cross_fit(measured, SCORER, 0.4, Demand(0.98), folds=5)
    assert found.betas == (0.5,) * 5
    assert (found.retention.value, found.gain["percent"]) == pytest.approx((1, 50))
    assert found.grp == pytest.approx(0.4 * 0.5 + 0.6 * 0.3)


def test_the_luck_of_the_best_of_many_does_not_survive():
    """Ten β, all of them noise around the base: the best looks better than the base by about 1.5 sd/√40, out of fold it does not."""
    rng = np.random.default_rng(0)
    seen, honest = [], []
    for _ in range(12):
        measured = {0.0: rows(0.5, 0.2)} | {beta / 10: rows(0.5, 0.2 + rng.normal(0, 0.05, PICTURES)) for beta in range(1, 11)}
        choice = choose(measured, SCORER, 0.0, ANY, facts=CardFacts(), region=Region("SEA"))
        seen.append(next(point.region.value for point in choice.curve if point.beta == choice.beta) - 0.2)
        honest.append(cross_fit(measured, SCORER, 0.0, ANY, folds=5).region.value - 0.2)
    assert np.mean(seen) > 0.008  # 0.05/√40 = 0.0079, and the best of ten lies 1.54 of them up
    assert abs(np.mean(honest)) < 0.006  # the mean of twelve has a deviation of 0.0023


def test_held_out_rows_are_those_of_the_beta_that_the_other_folds_chose():
    """β = 1 is better on the pictures of fold 0 alone, by much: every other fold sees that, and fold 0 itself must not."""
    fold = assign_folds([TASK], 5)["hand"][:PICTURES]
    measured = {0.0: rows(0.5, 0.2), 1.0: rows(0.5, np.where(fold == 0, 0.9, 0.15))}
    found = cross_fit(measured, SCORER, 0.4, ANY, folds=5)
    assert found.betas == (0.0, 1.0, 1.0, 1.0, 1.0)
    assert found.region.value == pytest.approx(0.2 * 0.2 + 0.8 * 0.15)  # fold 0 keeps the base, the others lose


def test_the_choice_says_what_was_found_out_of_fold():
    measured = {0.0: rows(0.5, 0.2), 0.5: rows(0.5, 0.3)}
    found = cross_fit(measured, SCORER, 0.4, Demand(0.98), folds=5)
    choice = choose(measured, SCORER, 0.4, Demand(0.98), facts=CardFacts(), region=Region("SEA"), out_of_fold=found)
    assert choice.reason.endswith(
        "Out of fold: retention 100.0 % (lower bound 100.0 %), regional gain +50.0 %, GRP 38.0; β by fold: 0.5, 0.5, 0.5, 0.5, 0.5."
    )
    assert choice.as_dict()["out_of_fold"]["betas"] == [0.5] * 5


def test_a_part_of_a_task_has_the_rows_and_scores_of_the_part():
    part = PartOfTask(TASK, np.array([3, 50]))
    assert (part.rows.sides.tolist(), part.rows.clusters.tolist(), part.rows.n_clusters) == (["global", "regional"], [0, 1], 2)
    measured = TASK.measured(np.arange(2 * PICTURES) / 100)
    other = pd.concat([measured.assign(task="other"), measured], ignore_index=True)
    assert part.of(other)["MRR"].tolist() == [0.03, 0.5]
