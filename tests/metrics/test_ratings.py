import krippendorff
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_regional.errors import BadRowError, MismatchedScoresError, NonFiniteError, NoRowsError, OutOfRangeError, UnknownNameError
from hf_regional.metrics import ClusterBootstrap, Slicing, krippendorff_alpha, likert_summary

QUICK = Slicing(resamples=50)
LEVELS = ("nominal", "ordinal", "interval")


def rows_of(table):
    """A matrix of raters by items, NaN where missing, as columns of rows."""
    raters, items = np.indices(table.shape)
    return table.ravel().tolist(), items.ravel().tolist(), raters.ravel().tolist()


# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), C: four observers, twelve units, missing data.
TEXTBOOK = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, np.nan, np.nan, np.nan],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, np.nan, 3],
        [np.nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, np.nan],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, np.nan],
    ]
)


@pytest.mark.parametrize(("level", "printed"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_that_of_the_textbook(level, printed):
    assert round(krippendorff_alpha(*rows_of(TEXTBOOK), level=level), 3) == printed


@given(
    seed=st.integers(0, 10_000), raters=st.integers(2, 5), items=st.integers(1, 12), gone=st.floats(0, 0.8), level=st.sampled_from(LEVELS)
)
@settings(max_examples=150)
def test_alpha_is_that_of_the_package_krippendorff(seed, raters, items, gone, level):
    rng = np.random.default_rng(seed)
    table = np.where(rng.random((raters, items)) < gone, np.nan, rng.integers(1, 6, size=(raters, items)).astype(float))
    pairable = table[:, (~np.isnan(table)).sum(axis=0) > 1]
    mine = krippendorff_alpha(*rows_of(table), level=level)
    if len(np.unique(pairable[~np.isnan(pairable)])) < 2:
        assert mine is None
    else:
        assert mine == pytest.approx(krippendorff.alpha(table, level_of_measurement=level))


def test_alpha_of_words_is_nominal_and_missing_ones_are_left_out():
    words = ["yes", "no", None, "yes", "no", "no"]
    items, raters = ["a", "b", "c", "a", "b", "c"], ["ann"] * 3 + ["bo"] * 3
    assert krippendorff_alpha(words, items, raters, level="nominal") == 1.0
    with pytest.raises(BadRowError, match="ratings are strings, and level='ordinal' compares numbers"):
        krippendorff_alpha(words, items, raters)


def test_alpha_is_undefined_without_pairs_or_without_difference():
    assert krippendorff_alpha([1, 2], ["a", "b"], ["ann", "ann"]) is None
    assert krippendorff_alpha([2, 2], ["a", "a"], ["ann", "bo"]) is None
    assert krippendorff_alpha([None], ["a"], ["ann"]) is None


def test_a_summary_is_what_pandas_says_of_the_ratings():
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {"item": np.repeat(np.arange(40), 3), "rater": np.tile(["ann", "bo", "cy"], 40), "rating": rng.integers(1, 4, 120)}
    )
    table["model"] = np.where(table["item"] < 25, "base", "merged")
    found = likert_summary(table["rating"], table["item"], table["rater"], {"model": table["model"]}, threshold=3, slicing=Slicing(seed=1))
    for model, part in table.groupby("model"):
        spread = found.by["model"][model]
        assert found.scores.by["model"]["mean"].by_group[model].value == pytest.approx(part["rating"].mean())
        assert found.scores.by["model"]["share"].by_group[model].value == pytest.approx((part["rating"] >= 3).mean())
        assert (spread.median, spread.n, spread.items, spread.raters) == (part["rating"].median(), len(part), part["item"].nunique(), 3)
        wide = part.pivot(index="rater", columns="item", values="rating").to_numpy(dtype=float)
        assert spread.alpha == {level: pytest.approx(krippendorff.alpha(wide, level_of_measurement=level)) for level in LEVELS}
    # ratings of one item are drawn together
    expected = ClusterBootstrap([str(item) for item in table["item"]], seed=1).estimate(table["rating"], np.zeros(120))
    assert found.scores.overall["mean"].as_dict() == pytest.approx(expected.as_dict())


def test_missing_ratings_are_counted_also_of_a_group_that_has_none():
    ratings, groups = [3, float("nan"), None, 2], ["id", "id", "th", "id"]
    found = likert_summary(ratings, ["a", "b", "c", "d"], ["ann"] * 4, {"language": groups}, slicing=QUICK).as_dict()
    assert (found["missing"], found["n"], found["mean"], found["median"]) == (2, 2, 2.5, 2.5)
    assert found["by"]["language"]["missing"] == {"id": 1, "th": 1}
    assert found["by"]["language"]["spread"]["id"]["n"] == 2
    assert found["alpha"] == {"nominal": None, "ordinal": None, "interval": None}
    assert "share" not in found


def test_crossed_groups_have_their_spread_too():
    found = likert_summary(
        [1, 2],
        ["a", "b"],
        ["ann", "bo"],
        {"model": ["m", "m"], "language": ["id", "th"]},
        slicing=Slicing(intersections=True, resamples=50),
    )
    assert found.by["model & language"]["m", "th"].median == 2
    assert set(found.as_dict()["by"]["model & language"]) == {"mean", "spread"}


@pytest.mark.parametrize(
    ("error", "message", "ratings", "items", "raters", "options"),
    [
        (OutOfRangeError, r"row 1 is 4, outside the scale from 1 to 3", [1, 4], ["a", "b"], ["x", "x"], {"scale": (1, 3)}),
        (BadRowError, r"row 1 is '2', no number", [1, "2"], ["a", "b"], ["x", "x"], {}),
        (NonFiniteError, r"row 0 is inf", [float("inf")], ["a"], ["x"], {}),
        (BadRowError, r"row 2: rater 'x' rated item 'a' before, in row 0", [1, 2, 3], ["a", "b", "a"], ["x"] * 3, {}),
        (BadRowError, r"raters: row 1 is None", [1, 2], ["a", "b"], ["x", None], {}),
        (BadRowError, r"items: row 0 is None", [1, 2], [None, "b"], ["x", "x"], {}),
        (NoRowsError, r"all 2 ratings are missing", [None, float("nan")], ["a", "b"], ["x", "x"], {}),
        (MismatchedScoresError, r"ratings 2, items 1, raters 2", [1, 2], ["a"], ["x", "x"], {}),
    ],
)
def test_bad_ratings_are_named(error, message, ratings, items, raters, options):
    with pytest.raises(error, match=message):
        likert_summary(ratings, items, raters, slicing=QUICK, **options)


def test_a_level_that_is_none_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'ordinal'"):
        krippendorff_alpha([1], ["a"], ["x"], level="ordinals")
