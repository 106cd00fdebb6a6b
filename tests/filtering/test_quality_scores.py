"""What scorers give back, and the simplest of them: a column of scores."""

import math
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import ConfigError, MismatchedScoresError, MissingColumnError
from hf_regional.filtering.quality import Scorer, Scores, make_rules, make_scorer
from hf_regional.filtering.quality.rules import grade_rows


def graded_by_hand(stars, minimum):
    """0 where the number is at least the minimum, 1 below, 2 where there is none."""
    scores = stars.cast(pa.float64()).fill_null(float("nan")).to_numpy(zero_copy_only=False)
    return np.where(np.isnan(scores), 2, np.where(scores >= minimum, 0, 1))


def test_a_row_has_a_score_or_a_fault_and_never_both_or_neither():
    for values, faults in (([1.0, 2.0], [0, 1]), ([1.0, math.nan], [0, 0])):
        with pytest.raises(MismatchedScoresError, match="'mine' gave row 1"):
            Scores(np.array(values, np.float32), np.array(faults, np.int8), (0, 5), "mine")


def test_scores_and_faults_of_unequal_length_are_refused():
    with pytest.raises(MismatchedScoresError, match=r"\(2,\).*\(1,\)"):
        Scores(np.zeros(2, np.float32), np.zeros(1, np.int8), (0, 5), "mine")


def test_the_counts_add_up_to_the_rows():
    scores = Scores(np.array([1, math.nan, math.nan, 2]), np.array([0, 1, 3, 0], np.int8), (0, 5), "mine")
    assert scores.counts() == {"scored": 2, "missing": 1, "unparsed": 0, "failed": 1}


def test_a_column_gives_its_numbers_and_says_what_is_missing():
    rows = pa.table({"stars": pa.array([4.5, None, math.nan, 3.0])})
    scores = make_scorer("column:stars").score(rows)
    np.testing.assert_array_equal(scores.values, [4.5, math.nan, math.nan, 3.0])
    assert scores.counts() == {"scored": 2, "missing": 2, "unparsed": 0, "failed": 0}
    assert (scores.name, scores.scale) == ("column:stars", (-math.inf, math.inf))


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.decimal128(5, 2), pa.null()])
def test_every_kind_of_number_is_read(kind):
    cells = pa.nulls(2) if kind == pa.null() else pa.array([Decimal("4"), None] if pa.types.is_decimal(kind) else [4, None]).cast(kind)
    values = make_scorer("column:stars").score(pa.table({"stars": cells})).values
    assert math.isnan(values[1])
    assert kind == pa.null() or values[0] == 4


@pytest.mark.parametrize("cells", [["4"], [[4.0]], [True]])
def test_a_column_without_numbers_is_refused_by_name(cells):
    with pytest.raises(ConfigError, match=r"quality column 'stars' holds .*, not numbers"):
        make_scorer("column:stars").score(pa.table({"stars": cells}))


def test_a_column_that_is_not_there_is_said_with_the_nearest():
    with pytest.raises(MissingColumnError, match="Did you mean 'stars'"):
        make_scorer("column:star").score(pa.table({"stars": [1.0], "text": ["a"]}))


@given(st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True), max_size=20), st.floats(-10, 10))
def test_a_column_of_float64_is_graded_as_before(cells, minimum):
    rows = pa.table({"stars": pa.array(cells, pa.float64())})
    graded = grade_rows(rows, make_rules("column:stars", minimum))
    np.testing.assert_array_equal(graded.grades, graded_by_hand(rows["stars"], minimum))


def test_the_bound_of_a_float32_column_passes_although_float64_would_have_it_larger():
    rows = pa.table({"stars": pa.array([4.7, 4.6], pa.float32())})
    assert float(np.float32(4.7)) < 4.7
    assert grade_rows(rows, make_rules("column:stars", 4.7)).grades.tolist() == [0, 1]


class Halves:
    """A scorer as a user may write it."""

    name = "halves"
    reads = ("n",)

    def score(self, rows: pa.Table) -> Scores:
        values = rows["n"].to_numpy().astype(np.float32) / 2
        return Scores(values, np.zeros(len(rows), np.int8), (0, 5), self.name, higher_is_better=False)


def test_a_scorer_of_the_users_own_needs_no_more_than_the_protocol():
    mine = Halves()
    assert isinstance(mine, Scorer)
    assert make_scorer(mine) is mine
    assert grade_rows(pa.table({"n": [2, 4, 6]}), make_rules(mine, 2)).grades.tolist() == [0, 0, 1]  # lower is better
