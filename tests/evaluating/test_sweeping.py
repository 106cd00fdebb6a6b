"""The sweep behind `select_beta`: refinement, one tower, and what the choice tells of its own doubt."""

import pytest

from hf_regional.encoding import FeatureCache, load_encoder
from hf_regional.errors import OutOfRangeError, UnknownNameError
from hf_regional.evaluating import select_beta
from hf_regional.evaluating.mixes import Mixes, Recipe
from hf_regional.evaluating.runner import measure_rows
from hf_regional.merging import merge_checkpoints
from hf_regional.regions import Region

TEXT_TOWER = ("text_model.*", "text_projection.*")
OPTIONS = {"min_retention": 0, "resamples": 50, "device": "cpu", "progress": False}


def selected(base, regional, task, **options):
    return select_beta(base, regional, [0.5, 1], [task], Region("SEA"), 0.3, **(OPTIONS | options))


def best_grp(choice):
    return next(point.grp for point in choice.curve if point.beta == choice.beta)


@pytest.mark.parametrize("refine", [1, 3])
def test_refinement_adds_points_beside_the_best_and_never_returns_a_worse_one(base, regional, task, refine):
    plain, fine = selected(base, regional, task), selected(base, regional, task, refine=refine)
    assert best_grp(fine) >= best_grp(plain)
    here = {point.beta: point for point in fine.curve}
    assert {point.beta: point.grp for point in plain.curve}.items() <= {beta: point.grp for beta, point in here.items()}.items()
    new = sorted(here.keys() - {0, 0.5, 1})
    assert 1 <= len(new) <= 2 * refine
    assert set(new) <= {place / 2 ** (refine + 1) for place in range(2 ** (refine + 1))}


def test_a_negative_number_of_refinements_is_refused(base, regional, task):
    with pytest.raises(OutOfRangeError, match="refine must be 0 or more, got -1"):
        selected(base, regional, task, refine=-1)


def test_with_one_tower_mixed_the_other_is_encoded_once(base, regional, task, tmp_path):
    cache = FeatureCache()
    mixes = Mixes(base, regional, {"": [task]}, tmp_path, Recipe(only=TEXT_TOWER), "cpu", progress=False, cache=cache)
    measured = mixes.measure([0.0, 0.25, 0.5, 1.0])[""]
    assert (cache.misses, cache.hits) == (1 + 4, 3)  # the pictures once, the texts four times
    assert list(tmp_path.iterdir()) == []  # no checkpoint is left
    for beta in (0.25, 1.0):
        path = merge_checkpoints(base, regional, beta, tmp_path / f"{beta}", only=TEXT_TOWER).paths[0]
        alone = measure_rows(load_encoder(path, device="cpu"), [task])
        assert alone.equals(measured[beta])


def test_select_beta_mixes_the_parts_that_it_was_told_to(base, regional, task):
    whole, text, neither = (
        selected(base, regional, task, only=only, skip=skip).curve[-1]
        for only, skip in ((None, None), (TEXT_TOWER, None), (TEXT_TOWER, ["text_projection.*", "text_model.[ef]*"]))
    )
    assert len({(point.world.value, point.region.value) for point in (whole, text, neither)}) > 1
    with pytest.raises(UnknownNameError, match="takes no tensor"):
        selected(base, regional, task, only=["tower.*"])


def test_a_choice_tells_its_front_its_switches_and_how_often_each_wins(base, regional, task):
    choice = selected(base, regional, task, folds=2)
    step = choice.facts.of("choosing")
    assert [point["beta"] for point in step["front"]] == [0, 0.5, 1]
    assert any(point["on_front"] for point in step["front"])
    assert sum(won["share"] for won in step["wins"]) == pytest.approx(1)
    assert len(step["switches"]) == len(step["winners"]) - 1
    for found, before in zip(step["switches"], step["winners"], strict=False):
        assert found["alpha"] == before["alpha_to"]
        assert 0 <= found["low"] <= found["high"] <= 1
    assert len(step["out_of_fold"]["betas"]) == 2
    assert "Out of fold: " in choice.reason


def test_folds_that_the_rows_do_not_fill_are_refused_before_a_model_is_read(task, tmp_path):
    with pytest.raises(OutOfRangeError, match="9 folds, and the global rows lie in pictures of"):
        select_beta(tmp_path / "no", tmp_path / "model", [0.5], [task], Region("SEA"), 0.3, folds=9)


def test_an_unknown_task_is_answered_with_the_known_ones(tmp_path):
    with pytest.raises(UnknownNameError, match=r"no task 'emoji-word'\. Did you mean 'emoji-world'\?"):
        select_beta(tmp_path, tmp_path, [0.5], ["emoji-word"], Region("SEA"), 0.3)
