"""Two models item by item: differences against numbers done by hand and against scipy, what changed, and what does not fit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap
from two_models import evaluation, frame, quiz

from hf_regional.errors import ConfigError, MismatchedScoresError
from hf_regional.evaluating import Evaluation, compare_evaluations, join_evaluations, load_evaluation
from hf_regional.evaluating.headline import headline_of

QUICK = {"resamples": 200}


def test_difference_and_the_four_cells_are_those_one_counts_by_hand():
    base = evaluation(frame({"LAO": [1, 1, 0, 0, 0], "FRA": [1, 0]}))
    other = evaluation(frame({"LAO": [1, 0, 1, 1, 0], "FRA": [1, 0]}))
    task = compare_evaluations(base, other, **QUICK).tasks["quiz"]
    lao, changes = task.by["country"]["LAO"], task.by["country"]["LAO"].changes
    assert (lao.base.value, lao.other.value, lao.difference.value) == (0.4, 0.6, pytest.approx(0.2))
    assert (changes.right, changes.gained, changes.lost, changes.wrong) == (1, 2, 1, 1)
    assert (lao.side, lao.few, lao.is_sure) == ("regional", True, False)
    assert task.by["country"]["FRA"].difference.as_dict() == {"value": 0.0, "low": 0.0, "high": 0.0, "n": 2}
    assert task.is_binary


def test_a_side_is_the_mean_over_its_countries_and_a_label_over_its_rows():
    base = evaluation(frame({"LAO": [0, 0, 0, 0], "THA": [0, 0]}))
    other = evaluation(frame({"LAO": [1, 0, 0, 0], "THA": [1, 1]}))
    task = compare_evaluations(base, other, by=["country"], **QUICK).tasks["quiz"]
    assert task.sides["regional"].difference.value == pytest.approx((0.25 + 1) / 2)
    assert set(task.sides) == {"regional"}


def test_the_interval_is_that_of_a_paired_bootstrap():
    """Against scipy's BCa of the differences: one row a picture. Ours widens its percentiles for few pictures, by 1 % at 200."""
    rng = np.random.default_rng(0)
    before, after = rng.random(200), np.clip(rng.random(200) + 0.1, 0, 1)
    base, other = (evaluation(frame({"LAO": values.tolist()})) for values in (before, after))
    found = compare_evaluations(base, other, resamples=4000).tasks["quiz"].by["country"]["LAO"].difference
    expected = bootstrap((after - before,), np.mean, n_resamples=4000, method="BCa", random_state=1).confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.006)
    assert found.value == pytest.approx((after - before).mean())


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0])), min_size=1, max_size=12))
def test_to_swap_the_models_is_to_swap_gains_and_losses(pairs):
    one, two = (evaluation(frame({"LAO": [pair[place] for pair in pairs]})) for place in (0, 1))
    there, back = (compare_evaluations(*pair, resamples=50).tasks["quiz"].sides["regional"] for pair in ((one, two), (two, one)))
    assert there.difference.value == -back.difference.value
    assert (there.changes.gained, there.changes.lost) == (back.changes.lost, back.changes.gained)
    assert there.changes.gained + there.changes.lost + there.changes.right + there.changes.wrong == len(pairs)


def test_the_order_of_the_other_rows_does_not_matter():
    base, other = quiz(10, 20)
    shuffled = replace(other, rows=other.rows.sample(frac=1, random_state=0).reset_index(drop=True))
    assert compare_evaluations(base, shuffled, **QUICK).tasks == compare_evaluations(base, other, **QUICK).tasks


def test_answers_that_could_not_be_read_are_told_apart_from_wrong_ones():
    # before: item 0 right, 1 wrong, 2 and 3 unread; after: 0 unread, 1 wrong, 2 and 3 right
    base = evaluation(frame({"LAO": [1, 0, 0, 0]}, answer=["a", "b", "?", "?"], unparsed=[0.0, 0, 1, 1], unanswered=0.0))
    other = evaluation(frame({"LAO": [0, 0, 1, 1]}, answer=["?", "b", "a", "a"], unparsed=[1.0, 0, 0, 0], unanswered=0.0))
    found = compare_evaluations(base, other, **QUICK)
    part = found.tasks["quiz"].sides["regional"]
    assert (part.changes.gained, part.changes.gained_unread, part.changes.lost, part.changes.lost_unread) == (2, 2, 1, 1)
    assert part.unread == {"base": {"unparsed": 2, "unanswered": 0}, "other": {"unparsed": 1, "unanswered": 0}}
    assert (part.difference.value, part.both_read.value, part.both_read.n) == (0.25, 0.0, 1)
    assert found.rows["answer_after"].tolist() == ["?", "b", "a", "a"]


def test_scores_that_are_no_right_or_wrong_rise_and_fall():
    base, other = (evaluation(frame({"LAO": values})) for values in ([0.5, 0.2, 1.0], [0.25, 1.0, 1.0]))
    task = compare_evaluations(base, other, **QUICK).tasks["quiz"]
    changes = task.sides["regional"].changes
    assert (task.is_binary, changes.gained, changes.lost, changes.same, changes.right) == (False, 1, 1, 1, None)


def test_items_that_differ_are_counted_and_the_task_named():
    base, other = evaluation(frame({"LAO": [1, 0, 1]})), evaluation(frame({"LAO": [1, 0], "FRA": [1]}))
    told = r"task 'quiz': 3 items of the base and 3 of the other have 2 in common \(1 only in the base, 1 only in the other\)"
    with pytest.raises(MismatchedScoresError, match=told) as error:
        compare_evaluations(base, other)
    assert (error.value.missing, error.value.extra) == ({"LAO-002"}, {"FRA-000"})


def test_unlike_tasks_metrics_sides_and_slices_are_refused():
    base = evaluation(frame({"LAO": [1, 0]}))
    with pytest.raises(MismatchedScoresError, match="only the other has test"):
        compare_evaluations(base, evaluation(frame({"LAO": [1, 0]}), frame({"LAO": [1]}, task="test")))
    other = evaluation(frame({"LAO": [1, 0]}, metric="MRR"), metrics={"quiz": "MRR"})
    with pytest.raises(MismatchedScoresError, match="scored by accuracy in the base and by MRR in the other"):
        compare_evaluations(base, other)
    moved = replace(base, rows=base.rows.assign(side="global"))
    with pytest.raises(MismatchedScoresError, match="'quiz': 2 of 2 items are on another side"):
        compare_evaluations(base, moved)
    with pytest.raises(ConfigError, match="cannot be sliced by income; their slices: country, language"):
        compare_evaluations(base, base, by=["income"])
    with pytest.raises(ConfigError, match="did not keep what was asked"):
        compare_evaluations(base, replace(base, rows=base.rows.drop(columns="item")))


class TestHeadline:
    def test_gain_and_retention_are_those_one_counts_by_hand(self):
        # Laos 10 of 40 to 20 of 40; Thailand 20 of 40: the region 0.375 to 0.5. France 30 of 40, as before.
        found = headline_of(compare_evaluations(*quiz(10, 20), **QUICK))
        assert found.sides["regional"].difference.value == pytest.approx(0.125)
        assert found.gain["percent"] == pytest.approx(100 * 0.125 / 0.375)
        assert found.retention.value == 1.0
        assert found.sides["global"].difference.value == 0.0

    def test_without_a_region_the_mean_over_tasks_is_told_and_why_no_more(self):
        first = [frame({"FRA": values}) for values in ([1, 0], [1, 1])]
        second = [frame({"FRA": values}, task="test") for values in ([0, 0], [0, 0])]
        base, other = (evaluation(*pair) for pair in zip(first, second, strict=True))
        found = headline_of(compare_evaluations(base, other, **QUICK))
        assert found.sides["global"].difference.value == pytest.approx(0.25)
        assert (found.retention, found.gain) == (None, None)
        assert "no row is on the regional side" in found.reason

    def test_unlike_metrics_count_in_shares_of_the_base(self):
        both = {"quiz": "accuracy", "test": "MRR"}
        base, other = (
            evaluation(frame({"LAO": quiz_}), frame({"LAO": test_}, task="test", metric="MRR", chance=0.0), metrics=both)
            for quiz_, test_ in (([1, 0], [0.2, 0.2]), ([1, 1], [0.3, 0.3]))
        )
        found = headline_of(compare_evaluations(base, other, **QUICK))
        assert found.normalise == "relative"
        assert found.sides["regional"].other.value == pytest.approx((2.0 + 1.5) / 2)


class TestSaved:
    def test_an_evaluation_comes_back_with_what_it_tells_of_itself_and_its_thumbnails(self, tmp_path):
        base, _ = quiz(10, 20)
        again = load_evaluation(base.save(tmp_path / "kept"))
        assert again.about == base.about
        pd.testing.assert_frame_equal(again.rows, base.rows)
        (one,) = again.album.of("quiz", "LAO-000")
        assert (one.width, one.height, one.webp[8:12]) == (256, 171, b"WEBP")
        assert again.album.cells("quiz", "LAO-000") is None

    def test_two_models_keep_pictures_of_the_same_items_and_of_every_country(self, tmp_path, monkeypatch):
        monkeypatch.setattr("hf_regional.evaluating.runner.worth_keeping.__defaults__", (6,))
        kept = [set(load_evaluation(one.save(tmp_path / str(place))).album._kept) for place, one in enumerate(quiz(10, 20))]
        assert kept[0] == kept[1] == {("quiz", f"{country}-00{number}") for country in ("FRA", "LAO", "THA") for number in (0, 1)}

    def test_tasks_of_one_model_are_joined_and_sliced_anew(self):
        parts = [evaluation(frame({"LAO": [1, 0]})), evaluation(frame({"FRA": [1, 1, 0]}, task="test"))]
        joined = join_evaluations(parts)
        assert {name: entry["by"]["country"] for name, entry in joined.sliced(["country"], resamples=200).scores.items()} == {
            "quiz": parts[0].scores["quiz"]["by"]["country"],
            "test": parts[1].scores["test"]["by"]["country"],
        }
        with pytest.raises(ConfigError, match="task 'quiz' is in two"):
            join_evaluations([parts[0], parts[0]])
        with pytest.raises(ConfigError, match="of unlike models: one, two"):
            join_evaluations([parts[0], replace(parts[1], about={"model": "two"})])


def test_what_is_not_answered_in_words_has_no_answer():
    base = evaluation(frame({"LAO": [1.0, 0.0]}))
    assert isinstance(base, Evaluation)
    assert compare_evaluations(base, base, **QUICK).rows["answer_before"].tolist() == [None, None]
