"""`select_beta` and `evaluate_model` with two random CLIP models of width 16."""

import pytest

from hf_regional.encoding import load_encoder
from hf_regional.errors import ConfigError, MissingFileError, OutOfRangeError
from hf_regional.evaluating import evaluate_model, select_beta
from hf_regional.evaluating.runner import measure_rows
from hf_regional.merging import merge_checkpoints
from hf_regional.regions import Region


@pytest.fixture(scope="module")
def choice(base, regional, task):
    return select_beta(base, regional, [0.5, 1], [task], Region("SEA"), 0.5, min_retention=0, resamples=50, device="cpu")


def test_the_curve_is_what_merging_and_measuring_by_hand_gives(choice, base, regional, task, tmp_path):
    mixed = merge_checkpoints(base, regional, 0.5, tmp_path / "mixed").paths[0]
    for point, folder in zip(choice.curve, (base, mixed, regional), strict=True):
        rows = measure_rows(load_encoder(folder, device="cpu"), [task])
        for side, estimate in (("global", point.world), ("regional", point.region)):
            mine = rows[rows["side"] == side].groupby("group")["MRR"].mean().mean()
            assert estimate.value == pytest.approx(mine)
            assert estimate.n == 4
        assert point.grp == pytest.approx(0.5 * point.world.value + 0.5 * point.region.value)


def test_beta_zero_is_scored_though_it_was_not_asked_for(choice):
    assert [point.beta for point in choice.curve] == [0, 0.5, 1]
    assert choice.curve[0].retention.value in {1.0, None}  # None where four texts put the random base at chance


def test_the_models_are_left_as_they_were(choice, base, regional):
    assert {path.name for path in base.iterdir()} == {path.name for path in regional.iterdir()}


def test_measured_rows_have_a_line_a_query(base, task):
    rows = measure_rows(load_encoder(base, device="cpu"), [task])
    assert list(rows.columns) == ["task", "group", "side", "cluster", "chance", "MRR", "R@1", "R@5", "by:language"]
    assert (len(rows), set(rows["task"])) == (8, {"retrieval:test"})
    assert rows["MRR"].between(1 / 4, 1).all()


def test_an_evaluation_has_both_sides_the_slices_and_the_facts(base, task):
    found = evaluate_model(base, [task], by=("language",), resamples=50, device="cpu")
    scores = found.scores["retrieval:test"]
    assert (scores["metric"], scores["global"]["n"], scores["regional"]["n"]) == ("MRR", 4, 4)
    assert list(scores["by"]["language"]) == ["en", "es", "id", "ms"]
    english, spanish = (scores["by"]["language"][code]["value"] for code in ("en", "es"))
    assert scores["global"]["value"] == pytest.approx((english + spanish) / 2)
    one_right, two_right = (1 + 1 / 2 + 1 / 3 + 1 / 4) / 4, 3 / 6 + 2 / 6 / 2 + 1 / 6 / 3
    assert scores["chance"]["global"] == pytest.approx(((2 * one_right + two_right) / 3 + one_right) / 2)  # en: Cat dog radio; es: gato
    assert found.facts.of("scores")["tasks"] == found.scores


def test_a_loaded_encoder_scores_as_its_folder(base, task):
    again = evaluate_model(load_encoder(base, device="cpu"), [task], by=(), resamples=50)
    assert again.scores == evaluate_model(base, [task], by=(), resamples=50, device="cpu").scores


def test_an_unknown_slice_is_answered_with_the_known_ones(base, task):
    with pytest.raises(ConfigError, match="the tasks cannot be sliced by continent; their slices: language"):
        evaluate_model(base, [task], by=("language", "continent"))


def test_no_task_is_refused(base, regional):
    with pytest.raises(ConfigError, match="needs at least one task"):
        evaluate_model(base, [])
    with pytest.raises(ConfigError, match="needs at least one task"):
        select_beta(base, regional, [0.5], [], Region("SEA"), 0.5)


def test_bad_words_are_refused_before_a_model_is_read(task, tmp_path):
    with pytest.raises(OutOfRangeError, match=r"got 1\.5"):
        select_beta(tmp_path / "no", tmp_path / "model", [1.5], [task], Region("SEA"), 0.5)
    with pytest.raises(MissingFileError):
        evaluate_model(tmp_path / "no", [task], by=())
