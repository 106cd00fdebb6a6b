import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from hf_regional.errors import BadRowError, MismatchedScoresError, NonFiniteError, NoRowsError, OutOfRangeError, UnknownNameError
from hf_regional.metrics import ClusterBootstrap, Slicing, all_correct, grouped_accuracy

QUICK = Slicing(resamples=50)
# Indonesia 3 of 4, Thailand 1 of 2, Laos 0 of 1; the last row has no country.
RIGHT = [1, 1, 1, 0, 1, 0, 0, 1]
COUNTRY = ["IDN", "IDN", "IDN", "IDN", "THA", "THA", "LAO", None]


def of(right, groups, **options):
    """Accuracy of rows that are right or wrong as given."""
    return grouped_accuracy(right, [1] * len(right), groups, **({"slicing": QUICK} | options))


def by_country(**options):
    return of(RIGHT, {"country": COUNTRY}, **options).scores.by["country"]["accuracy"]


def test_micro_macro_worst_group_difference_and_ratio_are_those_one_counts_by_hand():
    found = of(RIGHT, {"country": COUNTRY}).scores
    slice = found.by["country"]["accuracy"]
    assert found.overall["accuracy"].value == 5 / 8
    assert {label: (one.value, one.n) for label, one in slice.by_group.items()} == {"IDN": (0.75, 4), "LAO": (0.0, 1), "THA": (0.5, 2)}
    assert slice.macro.value == pytest.approx((0.75 + 0.5 + 0) / 3)
    assert (slice.worst, slice.group_min, slice.best, slice.group_max) == ("LAO", 0.0, "IDN", 0.75)
    assert (slice.difference, slice.ratio, slice.unlabelled) == (0.75, 0.0, 1)
    assert slice.few == ("IDN", "LAO", "THA")  # none has 30 clusters


def test_groups_under_the_fewest_rows_are_set_aside_and_listed_with_their_score():
    slice = by_country(slicing=Slicing(min_n=2, resamples=50))
    assert list(slice.by_group) == ["IDN", "THA"]
    assert {label: (one.value, one.n) for label, one in slice.set_aside.items()} == {"LAO": (0.0, 1)}
    assert (slice.macro.value, slice.macro.n, slice.worst, slice.difference) == (0.625, 6, "THA", 0.25)
    assert slice.ratio == pytest.approx(2 / 3)


def test_gaps_are_to_the_reference_group_and_their_intervals_are_paired():
    slice = by_country(slicing=Slicing(reference="THA", resamples=50))
    assert {label: gap.value for label, gap in slice.gaps.items()} == {"IDN": 0.25, "LAO": -0.5}
    # both groups have the same answers on the same two pictures: whatever is drawn, they do not differ
    same = of([1, 0, 1, 0], ["a", "a", "b", "b"], clusters=["p", "q", "p", "q"], slicing=Slicing(reference="a"))
    gap = same.scores.by["group"]["accuracy"].gaps["b"]
    assert (gap.value, gap.low, gap.high) == (0.0, 0.0, 0.0)


def test_several_columns_stand_side_by_side_and_their_intersections_are_asked_for():
    columns = {"country": ["IDN", "IDN", "THA", None], "language": ["id", "jv", "th", "th"]}
    assert list(of([1, 0, 1, 0], columns).scores.by) == ["country", "language"]
    crossed = of([1, 0, 1, 0], columns, slicing=Slicing(intersections=True, resamples=50)).scores.by["country & language"]["accuracy"]
    assert {label: one.value for label, one in crossed.by_group.items()} == {("IDN", "id"): 1.0, ("IDN", "jv"): 0.0, ("THA", "th"): 1.0}
    assert crossed.unlabelled == 1
    assert list(crossed.as_dict()["by_group"]) == ["IDN & id", "IDN & jv", "THA & th"]


def test_chance_may_differ_by_row_and_guessing_comes_out_as_nothing():
    # two rows of two options, both right; two rows of four options, one right: (3/4 - 3/8) / (1 - 3/8)
    found = of([1, 1, 1, 0], ["two", "two", "four", "four"], chance=[0.5, 0.5, 0.25, 0.25]).scores
    assert found.overall["corrected"].value == pytest.approx(0.6)
    assert found.by["group"]["corrected"].by_group["four"].value == pytest.approx((0.5 - 0.25) / 0.75)
    guessing = of([1, 0, 0, 0], None, chance=0.25).scores.overall
    assert (guessing["accuracy"].value, guessing["corrected"].value) == (0.25, 0.0)


def test_a_ratio_without_meaning_is_none():
    assert of([0, 0], ["a", "b"]).scores.by["group"]["accuracy"].ratio is None
    assert of([1, 0], ["a", "b"], chance=0.5).scores.by["group"]["corrected"].ratio is None  # 1 and -1


@given(seed=st.integers(0, 10_000), classes=st.integers(2, 5), n=st.integers(20, 200))
@settings(max_examples=25)
def test_accuracy_is_that_of_scikit_learn_and_macro_by_class_is_its_balanced_accuracy(seed, classes, n):
    rng = np.random.default_rng(seed)
    references = np.concatenate([np.arange(classes), rng.integers(classes, size=n)])
    predictions = np.where(rng.random(len(references)) < 0.6, references, rng.integers(classes, size=len(references)))
    names = np.array([f"class {one}" for one in references])
    found = grouped_accuracy(predictions, references, {"class": names}, chance=1 / classes, slicing=Slicing(resamples=50)).scores
    assert found.overall["accuracy"].value == pytest.approx(accuracy_score(references, predictions))
    assert found.by["class"]["accuracy"].macro.value == pytest.approx(balanced_accuracy_score(references, predictions))
    assert found.by["class"]["corrected"].macro.value == pytest.approx(balanced_accuracy_score(references, predictions, adjusted=True))


@given(seed=st.integers(0, 10_000), fewest=st.integers(1, 6))
@settings(max_examples=25)
def test_groups_are_those_of_pandas_and_every_row_is_in_one_place(seed, fewest):
    rng = np.random.default_rng(seed)
    right, labels = rng.integers(2, size=60), rng.choice(["a", "b", "c", "d", "e"], size=60, p=[0.4, 0.3, 0.2, 0.08, 0.02])
    slice = of(right, labels, slicing=Slicing(min_n=fewest, resamples=50)).scores.by["group"]["accuracy"]
    table = pd.Series(right).groupby(labels).agg(["mean", "size"])
    both = slice.by_group | slice.set_aside
    assert {label: (one.value, one.n) for label, one in both.items()} == {
        str(label): (pytest.approx(row["mean"]), row["size"]) for label, row in table.iterrows()
    }
    assert all(one.n >= fewest for one in slice.by_group.values())
    assert all(one.n < fewest for one in slice.set_aside.values())


def test_intervals_are_those_of_the_clustered_bootstrap():
    rng = np.random.default_rng(0)
    right, labels, pictures = rng.integers(2, size=300), rng.choice(["id", "th"], size=300), rng.integers(100, size=300)
    found = of(right, labels, clusters=pictures, slicing=Slicing(seed=7, resamples=500)).scores
    bootstrap = ClusterBootstrap([str(one) for one in pictures], resamples=500, seed=7)
    slice = found.by["group"]["accuracy"]
    for label, one in bootstrap.estimates(right, labels).items():
        assert slice.by_group[label].as_dict() == pytest.approx(one.as_dict())
    assert slice.macro.as_dict() == pytest.approx(bootstrap.estimate(right, labels).as_dict())
    assert found.overall["accuracy"].as_dict() == pytest.approx(bootstrap.estimate(right, np.zeros(300)).as_dict())


def test_the_interval_of_a_gap_is_that_of_two_paired_groups():
    rng = np.random.default_rng(3)
    right, labels, pictures = rng.integers(2, size=300), rng.choice(["id", "th"], size=300, p=[0.8, 0.2]), rng.integers(100, size=300)
    found = of(right, labels, clusters=pictures, slicing=Slicing(seed=7, resamples=500, reference="id")).scores
    by_group = ClusterBootstrap([str(one) for one in pictures], resamples=500, seed=7).resample_groups(right, labels)
    expected = (by_group["th"] - by_group["id"]).estimate(int((labels == "th").sum()))
    assert found.by["group"]["accuracy"].gaps["th"].as_dict() == pytest.approx(
        expected.as_dict(), rel=1e-3
    )  # it counts all clusters of both


def test_a_score_above_chance_has_the_interval_of_its_accuracy_stretched():
    """With one chance for all rows (a - c) / (1 - c) is linear: its bounds are those of a, moved alike."""
    right = np.random.default_rng(1).random(200) < 0.9
    found = of(right.astype(int), None, chance=0.25, slicing=Slicing(resamples=500)).scores.overall
    plain, corrected = found["accuracy"], found["corrected"]
    assert (corrected.low, corrected.high) == pytest.approx(((plain.low - 0.25) / 0.75, (plain.high - 0.25) / 0.75), abs=1e-9)


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_intervals_of_few_rows_hold_the_truth_about_as_often_as_they_say(share):
    """400 sets of 60 rows: percentiles alone held a share of 0.05 in 90 of 100."""
    rng = np.random.default_rng(2)
    held = 0
    for seed in range(400):
        one = of((rng.random(60) < share).astype(int), None, slicing=Slicing(resamples=400, seed=seed)).scores.overall["accuracy"]
        held += one.low <= share <= one.high
    assert 0.91 <= held / 400 <= 0.99


def test_hundreds_of_groups_are_cut_in_blocks_with_the_same_answers(monkeypatch):
    rng = np.random.default_rng(0)
    right, labels = rng.integers(2, size=200), rng.integers(20, size=200)
    whole = of(right, labels).scores
    monkeypatch.setattr("hf_regional.metrics.grouped._CELLS", 1200)  # 3 groups at a time
    assert of(right, labels).scores == whole


def test_an_answer_that_was_not_found_is_wrong_and_counted():
    found = grouped_accuracy(["A", None, "B"], ["A", "A", "B"], slicing=QUICK)
    assert (found.scores.overall["accuracy"].value, found.unparsed, found.n) == (pytest.approx(2 / 3), 1, 3)


def test_numbers_are_numbers_whatever_their_type():
    assert grouped_accuracy(np.array([1, 2]), [1.0, True], slicing=QUICK).scores.overall["accuracy"].value == 0.5


@pytest.mark.parametrize(
    ("error", "message", "predictions", "references", "options"),
    [
        (MismatchedScoresError, r"predictions 1, references 2", ["a"], ["a", "b"], {}),
        (MismatchedScoresError, r"strings \('1'\) and references numbers \(1\)", ["1"], [1], {}),
        (MismatchedScoresError, r"'country' has 1 rows, the scores have 2", ["a", "b"], ["a", "b"], {"groups": {"country": ["IDN"]}}),
        (MismatchedScoresError, r"chance has 1 rows, predictions have 2", ["a", "b"], ["a", "b"], {"chance": [0.5]}),
        (NonFiniteError, r"predictions: row 1 is nan", [1.0, float("nan")], [1, 1], {}),
        (NonFiniteError, r"references: row 0 is inf", [1.0], [float("inf")], {}),
        (BadRowError, r"references: row 1 is None", ["a", "b"], ["a", None], {}),
        (BadRowError, r"references: row 1 is 3, and the rows before it are strings", ["a", "b"], ["a", 3], {}),
        (BadRowError, r"predictions is 'abc'", "abc", ["a"], {}),
        (BadRowError, r"country: row 1 is 7", ["a", "b"], ["a", "b"], {"groups": {"country": ["IDN", 7]}}),
        (NoRowsError, r"are empty", [], [], {}),
        (
            NoRowsError,
            r"no group of 'group' has min_n=3 rows: the largest, x, has 2",
            ["a"] * 3,
            ["a"] * 3,
            {"groups": ["x", "x", "y"], "min_n": 3},
        ),
        (NoRowsError, r"no row has a label in the column of groups 'group'", ["a"], ["a"], {"groups": [None]}),
        (OutOfRangeError, r"chance: row 1 has 1.0", ["a", "b"], ["a", "b"], {"chance": [0.5, 1.0]}),
        (BadRowError, r"clusters: row 1 is None", ["a", "b"], ["a", "b"], {"clusters": ["p", None]}),
        (OutOfRangeError, r"chance: row 0 has nan", ["a"], ["a"], {"chance": float("nan")}),
        (
            UnknownNameError,
            r"the reference 'IND' is no group of 'group'.* Did you mean 'IDN'",
            ["a"],
            ["a"],
            {"groups": ["IDN"], "reference": "IND"},
        ),
        (UnknownNameError, r"has 1 rows, under min_n=2", ["a"] * 3, ["a"] * 3, {"groups": ["x", "x", "y"], "reference": "y", "min_n": 2}),
        (UnknownNameError, r"could be of a or b", ["a"], ["a"], {"groups": {"a": ["x"], "b": ["x"]}, "reference": "x"}),
        (UnknownNameError, r"names the column 'c'; the groups are by a", ["a"], ["a"], {"groups": {"a": ["x"]}, "reference": {"c": "x"}}),
    ],
)
def test_bad_input_is_named(error, message, predictions, references, options):
    cut = {key: value for key, value in options.items() if key in ("min_n", "reference")}
    rest = {key: value for key, value in options.items() if key not in cut}
    with pytest.raises(error, match=message):
        grouped_accuracy(predictions, references, **rest, slicing=Slicing(**cut))


def test_a_group_of_less_than_one_row_is_refused():
    with pytest.raises(OutOfRangeError, match="min_n must be at least 1, got 0"):
        Slicing(min_n=0)
    with pytest.raises(OutOfRangeError, match="resamples must be at least 50, got 1"):
        Slicing(resamples=1)


def test_a_question_counts_only_when_all_its_options_are_right():
    # q1: four right; q2: three of four; q3: all four wrong
    questions = ["q1"] * 4 + ["q2"] * 4 + ["q3"] * 4
    right = [1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0]
    found = all_correct(right, [1] * 12, questions, ["KEN"] * 4 + ["IDN"] * 8, chance=0.5, options=4, slicing=QUICK)
    assert found.scores.overall["all_correct"].value == pytest.approx(1 / 3)
    assert found.scores.overall["corrected"].value == pytest.approx((1 / 3 - 1 / 16) / (15 / 16))
    assert (found.questions, found.option_accuracy) == (3, pytest.approx(7 / 12))
    by_country = found.scores.by["group"]["all_correct"]
    assert {label: (one.value, one.n) for label, one in by_country.by_group.items()} == {"IDN": (0.0, 2), "KEN": (1.0, 1)}


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25)
def test_all_correct_is_the_minimum_by_question_and_the_order_of_rows_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    right, questions = rng.integers(2, size=40), rng.integers(12, size=40)
    shuffled = rng.permutation(40)
    expected = pd.Series(right).groupby(questions).min().mean()
    for rows in (np.arange(40), shuffled):
        found = all_correct(right[rows], np.ones(40, dtype=int), questions[rows], slicing=Slicing(resamples=50))
        assert found.scores.overall["all_correct"].value == pytest.approx(expected)


def test_guessing_true_or_false_gets_a_sixteenth_of_four_options():
    """Every one of the 16 ways to answer four rows, once: one question of 16 is right, and nothing is left above chance."""
    answers = [number >> bit & 1 for number in range(16) for bit in range(4)]
    questions = [number for number in range(16) for _ in range(4)]
    found = all_correct(answers, [1, 0, 1, 0] * 16, questions, chance=0.5, slicing=QUICK).scores.overall
    assert (found["all_correct"].value, found["corrected"].value) == (1 / 16, 0.0)


def test_questions_that_are_not_whole_are_named():
    with pytest.raises(BadRowError, match=r"question 'q2' has 1 rows, not options=2 \(1 of 2 questions differ\)"):
        all_correct([1, 1, 1], [1, 1, 1], ["q1", "q1", "q2"], options=2)
    with pytest.raises(BadRowError, match=r"question 'q1' is in country 'IDN' \(row 0\) and 'THA' \(row 1\)"):
        all_correct([1, 1], [1, 1], ["q1", "q1"], {"country": ["IDN", "THA"]})
    with pytest.raises(MismatchedScoresError, match=r"predictions 2, questions 1"):
        all_correct([1, 1], [1, 1], ["q1"])
