"""Several rules, one after the other: what passes one is shown to the next, and each says what it dropped."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import ConfigError, MissingColumnError, UnknownNameError
from hf_regional.filtering.quality import GRADES, Scores, Threshold, check_rules, grade_rows, make_rules
from small_clip import png


class Counting:
    """Half the number; it notes how many rows it was shown."""

    name = "counting"
    reads = ("n",)
    scale = (0.0, 50.0)

    def __init__(self) -> None:
        self.shown: list[int] = []

    def score(self, rows: pa.Table) -> Scores:
        self.shown.append(len(rows))
        return Scores(rows["n"].to_numpy().astype(np.float32) / 2, np.zeros(len(rows), np.int8), self.scale, self.name)


def test_a_dear_rule_is_asked_only_about_what_the_cheap_ones_let_pass():
    dear, rows = Counting(), pa.table({"text": ["long enough", "no", None, "also long"], "n": [10, 10, 10, 2]})
    graded = grade_rows(rows, make_rules(["length", dear], [5, 3]))
    assert [GRADES[grade] for grade in graded.grades] == ["", "below", "missing", "below"]
    assert graded.rule.tolist() == [-1, 0, 0, 1]
    assert dear.shown == [2]
    np.testing.assert_array_equal(graded.values[1], [5, math.nan, math.nan, 1])


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=30))
def test_rules_in_turn_keep_what_all_of_them_would_keep_alone(pairs):
    rows = pa.table({"n": pa.array([n for n, _ in pairs], pa.int64()), "m": pa.array([m for _, m in pairs], pa.int64())})
    first, second = make_rules(["column:n", "column:m"], [10, 5])
    both = grade_rows(rows, (first, second)).grades == 0
    alone = [grade_rows(rows, (rule,)).grades == 0 for rule in (first, second)]
    np.testing.assert_array_equal(both, alone[0] & alone[1])


def test_details_name_the_row_of_the_table_and_not_of_what_was_left_of_it():
    cells = [{"bytes": png("red"), "path": None}, {"bytes": b"broken", "path": "b.png"}]
    images = pa.array([cells[0], cells[0], cells[1]], pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    graded = grade_rows(pa.table({"n": [1, 9, 9], "image": images}), make_rules(["column:n", "resolution"], [5, 1]))
    ((), (detail,)) = graded.details
    assert (detail.row, graded.grades.tolist()) == (2, [1, 0, 4])
    assert "b.png cannot be read" in detail.what


def test_no_rules_let_everything_pass():
    assert make_rules(None, None) == ()
    assert grade_rows(pa.table({"n": [1, 2]}), ()).grades.tolist() == [0, 0]


def test_a_threshold_without_a_scorer_is_answered_with_all_scorers():
    with pytest.raises(ConfigError) as caught:
        make_rules(None, 3)
    for name in ("column:NAME", "unifiedreward:", "clip:MODEL", "siglip:MODEL", "resolution", "length", "language"):
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("quality", "minimum", "said"),
    [
        ("unifiedreward", None, "'unifiedreward' gives 1 to 5"),
        ("column:stars", None, "'column:stars' gives any number"),
        ("length", None, "'length' gives 0 or more"),
        ("unifiedreward", 80, "min_quality=80 lies outside the scale of 'unifiedreward', 1 to 5"),
        ("clip:m", {"th": 20, "*": 0.2}, "min_quality=20 of 'th' lies outside"),
        (["length", "resolution"], 3, "2 scorers and min_quality 1 thresholds"),
        (["length"], [3, 4], "1 scorers and min_quality 2 thresholds"),
    ],
)
def test_scorer_and_threshold_must_fit(quality, minimum, said):
    with pytest.raises(ConfigError) as caught:
        make_rules(quality, minimum)
    assert said in str(caught.value)


def test_an_unknown_scorer_is_an_unknown_scorer_in_a_list_too():
    with pytest.raises(UnknownNameError, match="Did you mean 'length'"):
        make_rules(["resolution", "lenght"], [256, 5])


def test_columns_are_checked_before_the_first_row_and_without_a_model():
    rules = make_rules(["length", "clip:/nowhere/model", "unifiedreward:/nowhere/model"], [5, 0.2, 3])
    good = pa.schema([("text", pa.string()), ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())]))])
    check_rules(rules, good)
    with pytest.raises(MissingColumnError, match="'clip:/nowhere/model' needs the column 'image'"):
        check_rules(rules, pa.schema([("text", pa.string())]))
    with pytest.raises(ConfigError, match=r"'length' reads text, and column 'text' holds int64"):
        check_rules(rules, good.set(0, pa.field("text", pa.int64())))
    by_language = make_rules("length", {"th": 5, "*": 9})
    with pytest.raises(MissingColumnError, match="'language'"):
        check_rules(by_language, good)


def test_a_rule_says_what_it_reads_and_what_it_was_set_to():
    (rule,) = make_rules("clip:m", {"th": 0.2, "*": 0.25}, inclusive=False, language="lang")
    assert rule.reads == ("image", "text", "lang")
    said = rule.settings()
    assert (said["scorer"], said["min_quality"], said["inclusive"]) == ("clip:m", {"th": 0.2, "*": 0.25}, False)
    assert make_rules("clip:m", Threshold(0.25))[0].reads == ("image", "text")


def test_a_scorer_that_gives_too_few_scores_is_named():
    class Short(Counting):
        def score(self, rows: pa.Table) -> Scores:
            return Counting.score(self, rows.slice(0, 1))

    with pytest.raises(ConfigError, match="'counting' gave 1 scores for 2 rows"):
        grade_rows(pa.table({"n": [1, 2]}), make_rules(Short(), 1))


def test_a_record_batch_is_graded_like_its_table():
    rows = pa.table({"text": ["long enough", "no"], "n": [1.0, 2.0]})
    (batch,) = rows.to_batches()
    rules = make_rules(["length", "column:n"], [5, 1])
    assert grade_rows(batch, rules).grades.tolist() == grade_rows(rows, rules).grades.tolist() == [0, 1]


def test_languages_that_are_classes_are_read_by_their_names_and_scores_that_are_classes_by_their_numbers():
    rows = pa.table({"n": [3, 3, 3, 3], "language": pa.array([0, 1, -1, None], pa.int64())})
    labels = {"language": ("th", "en"), "n": ("a", "b", "c", "d")}
    rules = make_rules("column:n", {"th": 2, "en": 4, "*": 3})
    assert grade_rows(rows, rules, labels).grades.tolist() == [0, 1, 0, 0]
    with pytest.raises(ConfigError, match="'language' holds int64"):
        grade_rows(rows, rules)
