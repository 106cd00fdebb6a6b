"""What judges wrote, read; what cannot be read is None and never a verdict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import ConfigError
from hf_regional.evaluating.judges import Judge, read_preference, read_rating, read_yes_no


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("yes", True), ("No.", False), ("**Yes**, there is", True), ("No, it is not", False), ("The answer is: yes", True),
        ("Yes and no", None), ("yes or no?", None), ("Unknown", None), ("not at all", None), ("nothing", None), ("", None),
        ("Yes, no doubt", True), ("I think there is one, so yes", True), ("It may be yes, it may be no", None),
    ],
)  # fmt: skip
def test_a_judge_says_yes_or_no_or_nothing_that_counts(text, said):
    assert read_yes_no(text) is said


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("4", 4), ("Rating: 5", 5), ("Final Score: 2.", 2), ("**Rating:** 3", 3), ("4/5", 4), ("4 out of 5", 4), ("Score 4.5", 4.5),
        ("Rating: 3,5", 3.5), ("On a scale of 1 to 5, it is a 4", 4), ("1-5: 2", 2), ("I first thought of 2. Rating: 4", 4),
        ("It names 3 dishes of 7. Rating: 1", 1), ("8/10", None), ("Rating: 9", None), ("0", None), ("2 or 3", None), ("-4", None),
        ("good", None), ("", None), ("80%", None), ("Rating: ...", None),
    ],
)  # fmt: skip
def test_a_rating_is_the_one_number_that_is_announced_or_the_only_one(text, rating):
    assert read_rating(text) == rating


@given(st.integers(1, 5), st.sampled_from(["Rating: {}", "{}", "{}/5", "Score = {}", "My rating is {}.", "({})"]))
def test_every_rating_of_the_scale_is_read_as_it_was_written(rating, written):
    assert read_rating(written.format(rating)) == rating


@given(st.text(max_size=60))
def test_whatever_is_written_a_rating_lies_on_the_scale_or_is_none(text):
    found = read_rating(text)
    assert found is None or 1 <= found <= 5
    assert read_yes_no(text) in {True, False, None}
    assert read_preference(text) in {1.0, 0.5, 0.0, None}


@pytest.mark.parametrize(
    ("text", "value"),
    [("A", 1), ("B.", 0), ("[[A]]", 1), ("The answer is B", 0), ("C", 0.5), ("Both are equally good.", 0.5), ("A or B", None), ("D", None)],
)
def test_a_preference_is_for_the_first_the_second_or_neither(text, value):
    assert read_preference(text) == value


def test_a_judge_has_the_name_of_its_folder_its_hub_id_or_what_the_server_calls_it(tmp_path):
    (tmp_path / "my-judge").mkdir()
    assert Judge(str(tmp_path / "my-judge")).name == "my-judge"
    assert Judge("org/judge-7b").name == "org/judge-7b"
    assert Judge({"model": "org/judge-7b", "batch_size": 2}).name == "org/judge-7b"
    assert Judge("http://localhost:1/v1#org/judge-7b").name == "org/judge-7b"
    with pytest.raises(ConfigError, match="model has no 'batchsize'"):
        _ = Judge({"model": "org/judge-7b", "batchsize": 2}).name
