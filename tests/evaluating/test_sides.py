import numpy as np
import pytest
from hand_task import SMALL, HandTask
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hf_regional.errors import ConfigError
from hf_regional.evaluating.sides import Scorer
from hf_regional.evaluating.slices import Resampler

BASE = np.array([1.0, 0.5, 0.25, 0.2, 0.4, 0.1])
MIX = np.array([0.9, 0.5, 0.2, 0.4, 0.6, 0.2])
scores = arrays(float, 6, elements=st.floats(0.15, 1))


def test_a_sides_score_is_the_mean_over_languages_of_each_languages_mean():
    resampler = Resampler(SMALL.rows, resamples=100)
    assert resampler.point(BASE, "global") == pytest.approx(((1.0 + 0.5) / 2 + 0.25) / 2)  # 0.5
    assert resampler.point(BASE, "regional") == pytest.approx(((0.2 + 0.4) / 2 + 0.1) / 2)  # 0.2


def test_a_slice_has_the_mean_and_the_number_of_its_rows():
    found = Resampler(SMALL.rows, resamples=100).by_slice(BASE, "language")
    assert list(found) == ["en", "es", "id", "ms"]
    assert {label: (round(cell["value"], 9), cell["n"]) for label, cell in found.items()} == {
        "en": (0.75, 2),
        "es": (0.25, 1),
        "id": (0.3, 2),
        "ms": (0.1, 1),
    }


def test_a_label_in_fewer_than_30_pictures_is_marked():
    many = HandTask([("en", "global", picture) for picture in range(30)] + [("es", "global", picture % 29) for picture in range(90)])
    assert Resampler(many.rows, resamples=10).few("language") == {"es"}


def test_rows_without_a_label_belong_to_no_slice():
    rows = SMALL.rows
    rows.slices["language"][5] = None
    resampler = Resampler(rows, resamples=10)
    assert list(resampler.by_slice(BASE, "language")) == ["en", "es", "id"]
    assert resampler.few("language") == {"en", "es", "id"}


@given(one=scores, other=scores)
def test_two_models_meet_the_same_draws_so_their_difference_has_the_draws_of_the_differences(one, other):
    first, second = (Resampler(SMALL.rows, resamples=50, seed=7) for _ in range(2))
    apart = first.draws(one, "global") - second.draws(other, "global")
    assert apart == pytest.approx(first.draws(one - other, "global"), abs=1e-6, nan_ok=True)


def test_another_seed_draws_other_pictures():
    drawn = [Resampler(SMALL.rows, resamples=50, seed=seed).draws(BASE, "global") for seed in (0, 1)]
    assert not np.allclose(*drawn, equal_nan=True)


def scored(values, tasks=(SMALL,), **options):
    scorer = Scorer(tasks, resamples=200, **options)
    return scorer, *(scorer.score(SMALL.measured(each)) for each in values)


def test_retention_is_above_chance():
    scorer, base, mix = scored([BASE, MIX])
    # world: base (0.75 + 0.25)/2 = 0.5, mix (0.7 + 0.2)/2 = 0.45, chance 0.1
    assert scorer.retained(mix, base).value == pytest.approx((0.45 - 0.1) / (0.5 - 0.1))


def test_gain_by_hand():
    scorer, base, mix = scored([BASE, MIX])
    gain = scorer.gain(mix, base)
    # region: base (0.3 + 0.1)/2 = 0.2, mix (0.5 + 0.2)/2 = 0.35
    assert gain["points"] == pytest.approx(0.15)
    assert gain["percent"] == pytest.approx(75)
    assert gain["low_percent"] < 75


@given(values=scores)
def test_a_model_retains_all_of_itself_in_every_draw(values):
    scorer, base = scored([values])
    kept = scorer.retained(base, base)
    assert kept.value == pytest.approx(1)
    assert kept.low == pytest.approx(1)


def test_over_two_tasks_a_side_is_the_mean_of_both_and_retention_the_mean_of_ratios():
    other = HandTask(SMALL.table, name="other", by_chance=0.0)
    scorer = Scorer((SMALL, other), resamples=200)

    def both(first, second):
        import pandas as pd

        return scorer.score(pd.concat([SMALL.measured(first), other.measured(second)], ignore_index=True))

    base, mix = both(BASE, BASE / 2), both(MIX, BASE / 4)
    assert base.mean("global") == pytest.approx((0.5 + 0.25) / 2)
    assert scorer.retained(mix, base).value == pytest.approx(((0.45 - 0.1) / (0.5 - 0.1) + 0.5) / 2)
    assert base.estimate("global").n == 3 + 3


def test_tasks_that_have_no_common_mean_are_refused():
    other = HandTask([("en", "global", 0), ("id", "regional", 1)], name="recall", metric="R@1")
    with pytest.raises(ConfigError, match="MRR and R@1, which have no common mean"):
        Scorer([SMALL, other])
    with pytest.raises(ConfigError, match="a name of its own"):
        Scorer([SMALL, SMALL])
