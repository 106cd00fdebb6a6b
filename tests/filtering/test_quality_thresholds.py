"""Thresholds for all rows, by language, and by the same share of each language."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import ConfigError, MismatchedScoresError, OutOfRangeError
from hf_regional.filtering.quality import GRADES, Scores, Threshold, language_quantiles, make_threshold

LANGUAGES = ("th", "id", "lo", "en", None)


def scores(values, faults=None, *, higher=True) -> Scores:
    numbers = np.array(values, np.float32)
    codes = np.where(np.isnan(numbers), 1, 0) if faults is None else faults
    return Scores(numbers, np.array(codes, np.int8), (-1, 1), "cosine", higher)


def test_each_grade_says_what_is_held_against_a_row():
    found = scores([3.0, 2.9, math.nan, math.nan, math.nan], [0, 0, 1, 2, 3])
    assert [GRADES[grade] for grade in make_threshold(3).grade(found)] == ["", "below", "missing", "unparsed", "failed"]


@pytest.mark.parametrize(("inclusive", "passes"), [(True, [False, True, True]), (False, [False, False, True])])
def test_the_bound_itself_passes_where_it_is_inclusive(inclusive, passes):
    assert (make_threshold(3, inclusive=inclusive).grade(scores([2.0, 3.0, 4.0])) == 0).tolist() == passes


def test_where_lower_is_better_the_bound_is_the_most():
    assert make_threshold(3).grade(scores([2.0, 3.0, 4.0], higher=False)).tolist() == [0, 0, 1]


def test_a_threshold_by_language_asks_each_row_for_its_own():
    threshold = make_threshold({"Thai": 0.1, "ind": 0.3, "*": 0.2})
    languages = pa.array(["th", "tha", "id", "in", "lo", None, "Klingonese"])
    grades = threshold.grade(scores([0.15, 0.05, 0.25, 0.35, 0.25, 0.15, 0.25]), languages)
    assert grades.tolist() == [0, 1, 1, 0, 0, 1, 0]


def test_without_a_column_of_languages_it_says_so():
    with pytest.raises(ConfigError, match="needs a column of languages"):
        make_threshold({"th": 0.1, "*": 0.2}).grade(scores([0.1]))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("3", "no threshold: give a finite number"),
        (math.nan, "no threshold"),
        (True, "no threshold"),
        ({"th": 0.1}, 'add "*"'),
        ({"xx": 0.1, "*": 0.1}, "'xx', which is no language"),
        ({False: 0.1, "*": 0.1}, "YAML reads `no` as false"),
        ({"th": "low", "*": 0.1}, r"min_quality\['th'\]='low'"),
    ],
)
def test_what_is_no_threshold_is_refused(wrong, said):
    with pytest.raises(ConfigError, match=said):
        make_threshold(wrong)


def test_quantiles_by_hand():
    found = scores([0.1, 0.2, 0.3, 0.4, 0.5, 0.01, 0.02, math.nan])
    languages = pa.array(["id"] * 5 + ["th"] * 2 + ["th"])
    threshold = language_quantiles(found, languages, 0.4)
    assert threshold.by_language == {"id": pytest.approx(0.2), "th": pytest.approx(0.01)}  # places 0.4·4 = 1.6 and 0.4·1 = 0.4, down
    assert threshold.rows == {"id": 5, "th": 2}
    assert threshold.grade(found, languages).tolist() == [1, 0, 0, 0, 0, 0, 0, 2]


@given(
    rows=st.lists(st.tuples(st.sampled_from(LANGUAGES), st.floats(-1, 1, width=32)), min_size=1, max_size=80),
    share=st.floats(0, 1),
    higher=st.booleans(),
)
def test_every_language_keeps_its_share_however_low_its_scores(rows, share, higher):
    languages, found = pa.array([language for language, _ in rows], pa.string()), scores([value for _, value in rows], higher=higher)
    kept = language_quantiles(found, languages, share).grade(found, languages) == 0
    for language in {language for language, _ in rows}:
        own = [passes for passes, (one, _) in zip(kept, rows, strict=True) if one == language]
        assert sum(own) >= (1 - share) * len(own) - 1e-9
        assert any(own)


def test_one_threshold_for_all_drops_a_language_and_quantiles_do_not():
    rng = np.random.default_rng(0)
    found = scores(np.concatenate([rng.normal(0.30, 0.02, 900), rng.normal(0.15, 0.02, 100)]))
    languages = pa.array(["en"] * 900 + ["th"] * 100)
    one = make_threshold(float(np.quantile(found.values, 0.3))).grade(found, languages) == 0
    each = language_quantiles(found, languages, 0.3).grade(found, languages) == 0
    assert (one[900:].sum(), each[900:].sum()) == (0, 71)
    assert (one[:900].sum(), each[:900].sum()) == (700, 631)


def test_languages_that_were_not_seen_get_the_bound_of_rows_without_one_or_of_all():
    with_null = language_quantiles(scores([0.5, 0.1]), pa.array(["th", None]), 0.0)
    without = language_quantiles(scores([0.5, 0.1]), pa.array(["th", "id"]), 0.0)
    assert (with_null.rest, without.rest) == (pytest.approx(0.1), pytest.approx(0.1))
    assert with_null.grade(scores([0.2, 0.05]), pa.array(["lo", "lo"])).tolist() == [0, 1]


def test_quantiles_of_nothing_are_refused():
    with pytest.raises(MismatchedScoresError, match="none of 1 rows has a score"):
        language_quantiles(scores([math.nan]), pa.array(["th"]), 0.3)
    with pytest.raises(MismatchedScoresError, match="2 scores and 1 languages"):
        language_quantiles(scores([0.1, 0.2]), pa.array(["th"]), 0.3)
    with pytest.raises(OutOfRangeError, match="drops up to 30 %"):
        language_quantiles(scores([0.1]), pa.array(["th"]), 30)


def test_a_threshold_is_given_through_as_it_is():
    threshold = Threshold(0.5, {"th": 0.1}, inclusive=False)
    assert make_threshold(threshold) is threshold
    assert make_threshold(threshold.settings(), inclusive=False) == threshold
