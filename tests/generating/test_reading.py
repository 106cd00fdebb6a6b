"""Small parts: what answers say, what they cost, and models as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.generating import Answer, LocalModel, Prices, Prompt, Sampling, ServedModel, count_faults, make_model, read_answers
from hf_regional.network import Retry


def number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


@given(st.lists(st.sampled_from([Answer("7"), Answer("seven"), Answer(None, "failed"), Answer(None, "image")])))
def test_every_answer_is_counted_once(answers):
    readings = read_answers(answers, number)
    counts = count_faults(readings)
    assert sum(counts.values()) == len(answers)
    assert counts.get("parsed", 0) == sum(answer.text == "7" for answer in answers)
    assert counts.get("unparsed", 0) == sum(answer.text == "seven" for answer in answers)


def test_an_unreadable_answer_is_quoted_by_its_end_and_says_whether_it_was_cut():
    (reading,) = read_answers([Answer("x" * 1_000 + "the end", is_cut=True)], number)
    assert reading.detail.startswith("the answer, cut at max_new_tokens: '…xxx")
    assert reading.detail.endswith("the end'")
    assert len(reading.detail) < 250


@given(text=st.text(max_size=50), pictures=st.integers(0, 3), tokens=st.integers(1, 1_000))
def test_an_estimate_grows_with_all_that_is_asked(text, pictures, tokens):
    prices = Prices(2.0, 8.0, 100.0)
    less = prices.estimate(Prompt(text, [{}] * pictures), tokens)
    assert less <= prices.estimate(Prompt(text + "more", [{}] * pictures), tokens)
    assert less < prices.estimate(Prompt(text, [{}] * (pictures + 1)), tokens)
    assert less >= tokens * 8 / 1e6


def test_the_cost_is_what_the_server_counted():
    assert Prices(2.0, 8.0, 100.0).cost(Answer("", input_tokens=1_000, output_tokens=500)) == pytest.approx(0.006)
    assert Prices(2.0, 8.0, 100.0).cost(Answer("")) is None


@pytest.mark.parametrize("wrong", [(-1, 0, 0), (0, -1, 0), (0, 0, -1), (float("nan"), 0, 0)])
def test_prices_below_zero_are_none(wrong):
    with pytest.raises(OutOfRangeError):
        Prices(*wrong)


def test_an_address_is_a_server_and_all_else_a_checkpoint():
    assert make_model("https://host/v1") == ServedModel("https://host/v1")
    assert make_model("http://host:8000/v1#a/b", Sampling(9)) == ServedModel("http://host:8000/v1", "a/b", Sampling(9))
    assert make_model("owner/name@main") == LocalModel("owner/name@main")


def test_a_mapping_of_yaml_gives_every_field():
    spec = {
        "url": "http://h/v1",
        "model": "m",
        "workers": 32,
        "retry": {"attempts": 2},
        "prices": {"input_usd": 1, "output_usd": 2, "limit_usd": 3},
    }
    assert make_model(spec, Sampling(9)) == ServedModel(
        "http://h/v1", "m", Sampling(9), workers=32, retry=Retry(attempts=2), prices=Prices(1, 2, 3)
    )
    assert make_model({"model": "m", "batch_size": 2, "sampling": {"temperature": 1}}) == LocalModel(
        "m", Sampling(temperature=1), batch_size=2
    )


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("", "name of a model is empty"),
        ({"url": "http://h/v1", "worker": 3}, "no 'worker'. Did you mean 'workers'"),
        ({"url": "http://h/v1", "workers": "3"}, "workers='3' is of type str; give one of type int"),
        ({"model": "m", "batch_size": True}, "batch_size=True is of type bool"),
        ({"batch_size": 3}, "missing 1 required positional argument: 'model'"),
        ({"model": "m", "sampling": {"temprature": 1}}, "model.sampling has no 'temprature'"),
    ],
)
def test_a_misspelt_model_is_said_with_the_nearest_field(spec, said):
    with pytest.raises(ConfigError, match=said):
        make_model(spec)
