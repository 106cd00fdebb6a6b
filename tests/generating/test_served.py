"""A model behind a server: what is sent, what comes back, and what becomes of prompts that the server will not answer."""

import io
import json
import pickle
import threading
import time

import numpy as np
import pytest
from PIL import Image

from chat_server import MODEL, chat_server, completion, error
from hf_regional.errors import ConfigError, NoAnswerError, OutOfRangeError, ServerBusyError, ServerError, SpendLimitError
from hf_regional.generating import Answer, Prices, Prompt, Sampling, ServedModel, answer_all
from hf_regional.network import Retry
from local_server import Told, told
from small_clip import png

QUICK = Retry(attempts=3, first_wait_s=0.01, longest_wait_s=2)
RED, BLUE, GREEN = ({"bytes": png(colour), "path": None} for colour in ("red", "blue", "green"))


def served(server, **settings) -> ServedModel:
    return ServedModel(server.url, **{"model": MODEL, "retry": QUICK, "workers": 4} | settings)


def texts(answers: list[Answer]) -> list[str | None]:
    return [answer.text and answer.text.splitlines()[-1] for answer in answers]


def test_answers_come_in_the_order_of_the_prompts_each_about_its_own_picture():
    colours = [RED, BLUE, GREEN] * 7
    with chat_server() as server:
        answers = answer_all(served(server), [Prompt("Judge.", [picture]) for picture in colours])
    assert texts(answers) == ["Final Score: 5", "Final Score: 1", "I would rather not say."] * 7
    assert {answer.fault for answer in answers} == {""}
    assert (answers[0].input_tokens, answers[0].output_tokens) == (100, 10)


def test_a_request_has_the_form_that_openai_describes():
    with chat_server() as server:
        answer_all(
            served(server, sampling=Sampling(64, 0.5, seed=7), extra={"top_p": 0.9}), [Prompt("Judge.", [RED, BLUE], system="Be brief.")]
        )
    (asked,) = server.completions
    system, user = asked.json["messages"]
    assert system == {"role": "system", "content": "Be brief."}
    assert [part["type"] for part in user["content"]] == ["image_url", "image_url", "text"]
    assert user["content"][0]["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert user["content"][2]["text"] == "Judge."
    rest = {key: value for key, value in asked.json.items() if key != "messages"}
    assert rest == {"model": MODEL, "max_tokens": 64, "temperature": 0.5, "seed": 7, "top_p": 0.9}


def test_a_field_of_ours_can_be_left_out_for_servers_that_know_another():
    with chat_server() as server:
        answer_all(served(server, extra={"max_tokens": None, "max_completion_tokens": 9}), [Prompt("Judge.", [RED])])
    assert "max_tokens" not in server.completions[0].json
    assert server.completions[0].json["max_completion_tokens"] == 9


def test_as_many_prompts_are_under_way_as_there_are_workers():
    meet = threading.Barrier(4, timeout=5)

    def together(_, __) -> str:
        meet.wait()
        return "Final Score: 3"

    with chat_server(verdict=together) as server:
        answer_all(served(server, workers=4), [Prompt(str(number)) for number in range(8)])
    assert server.most_under_way == 4


def test_a_model_without_a_name_is_the_only_one_served():
    with chat_server() as server:
        assert served(server, model=None).name == MODEL


@pytest.mark.parametrize(("names", "said"), [(["a", "b"], "serves a, b; name one"), ([], "serves no model")])
def test_without_a_name_and_with_several_models_it_is_asked_for_one(names, said):
    with chat_server(names) as server, pytest.raises(ConfigError, match=said):
        answer_all(served(server, model=None), [Prompt("Judge.")])


def test_pictures_are_shrunk_turned_and_sent_without_what_their_file_says_of_them():
    out, sideways = io.BytesIO(), Image.new("RGB", (40, 20), "red")
    sideways.paste("blue", (20, 0, 40, 20))  # right half
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera 7"  # to be turned by 90 degrees
    sideways.save(out, "JPEG", quality=95, exif=exif)
    seen: list[Image.Image] = []

    def look(_, pictures) -> str:
        seen.extend(pictures)
        return "Final Score: 3"

    with chat_server(verdict=look) as server:
        (answer,) = answer_all(served(server, longest_side=10), [Prompt("Judge.", [{"bytes": out.getvalue(), "path": None}])])
    assert (answer.text, answer.fault) == ("Final Score: 3", "")  # the server refuses metadata
    assert seen[0].size == (5, 10)
    (top, bottom) = (seen[0].getpixel((2, 1)), seen[0].getpixel((2, 8)))
    assert top[0] > 200 > 60 > top[2]
    assert bottom[2] > 200 > 60 > bottom[0]


def test_without_loss_the_pixels_arrive_as_they_are():
    noise = Image.effect_noise((20, 20), 80).convert("RGB")
    seen: list[Image.Image] = []

    def look(_, pictures) -> str:
        seen.extend(pictures)
        return "Final Score: 3"

    with chat_server(verdict=look) as server:
        for lossless in (True, False):
            answer_all(served(server, lossless=lossless), [Prompt("Judge.", [noise])])
    exact, close = (np.asarray(picture, np.int16) - np.asarray(noise, np.int16) for picture in seen)
    assert np.abs(exact).max() == 0
    assert 0 < np.abs(close).mean() < 2


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ({"bytes": b"GIF89a no picture", "path": None}, "cannot be read"),
        ({"bytes": None, "path": "/nowhere/cat.png"}, "/nowhere/cat.png is not there"),
        ({"bytes": None, "path": None}, "no picture"),
    ],
)
def test_a_picture_that_cannot_be_read_is_not_sent_and_its_row_says_why(cell, said):
    with chat_server() as server:
        bad, good = answer_all(served(server), [Prompt("Judge.", [cell]), Prompt("Judge.", [RED])])
    assert (bad.text, bad.fault) == (None, "image")
    assert said in bad.detail
    assert good.text is not None
    assert len(server.completions) == 1


def test_a_decompression_bomb_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 60)  # the picture has 64
    with chat_server() as server:
        (answer,) = answer_all(served(server), [Prompt("Judge.", [RED])])
    assert (answer.fault, server.completions) == ("image", [])
    assert "MAX_IMAGE_PIXELS (60)" in answer.detail


def test_too_many_requests_wait_as_long_as_the_server_says():
    with chat_server() as server:
        server.before = [error(429, "Too many requests", headers={"Retry-After": "1"})]
        begun = time.monotonic()
        (answer,) = answer_all(served(server), [Prompt("Judge.", [RED])])
    assert answer.text
    assert time.monotonic() - begun >= 1


@pytest.mark.parametrize(
    "hiccup",
    [
        error(500, "engine died"),
        error(503, "loading"),
        Told(body=b'{"choices": [{"mess'),
        told("cut", breaks_off=True),
        told("x", before_s=0.6),
    ],
)
def test_a_hiccup_costs_no_answer(hiccup):
    with chat_server() as server:
        server.before = [hiccup]
        (answer,) = answer_all(served(server, timeout_s=0.4), [Prompt("Judge.", [RED])])
    assert answer.text
    assert len(server.completions) == 2


@pytest.mark.parametrize(("status", "fault"), [(400, "refused"), (413, "refused"), (422, "refused"), (500, "failed")])
def test_a_prompt_that_the_server_will_not_take_is_one_fault_and_no_end(status, fault):
    def picky(request, _) -> str | Told:
        return error(status, "this one I cannot do") if "odd" in json.dumps(request) else "Final Score: 4"

    with chat_server(verdict=picky) as server:
        odd, even = answer_all(served(server), [Prompt("odd"), Prompt("even")])
    assert (odd.text, odd.fault) == (None, fault)
    assert "this one I cannot do" in odd.detail
    assert even.text == "Final Score: 4"


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_what_every_prompt_would_fare_alike_ends_the_work_at_once(status):
    with chat_server(verdict=lambda *_: error(status, "no entry")) as server, pytest.raises(ServerError, match="no entry"):
        answer_all(served(server, workers=1), [Prompt(str(number)) for number in range(50)])
    assert len(server.completions) == 1


def test_a_model_that_the_server_does_not_have_is_named():
    with chat_server() as server, pytest.raises(ServerError, match="`test/judge-8b` does not exist"):
        answer_all(served(server, model="test/judge-8b"), [Prompt("Judge.")])


def test_a_server_that_is_not_there_ends_the_work_after_a_few_prompts():
    gone = ServedModel("http://127.0.0.1:9/v1", MODEL, retry=Retry(attempts=1), give_up_after=5, workers=1)
    with pytest.raises(NoAnswerError, match=r"5 prompts in a row had no answer.*no server answers there.*kept"):
        answer_all(gone, [Prompt(str(number)) for number in range(100)])


def test_failures_that_are_not_in_a_row_do_not_end_the_work():
    def moody(request, _) -> str | Told:
        return error(400, "odd") if int(request["messages"][0]["content"][0]["text"]) % 3 else "Final Score: 2"

    with chat_server(verdict=moody) as server:
        answers = answer_all(served(server, workers=1, give_up_after=3), [Prompt(str(number)) for number in range(30)])
    assert sum(answer.fault == "" for answer in answers) == 10


def test_a_wait_that_is_too_long_ends_the_work():
    with (
        chat_server(verdict=lambda *_: error(429, "daily quota", headers={"Retry-After": "7200"})) as server,
        pytest.raises(ServerBusyError, match="daily quota"),
    ):
        answer_all(served(server, workers=1), [Prompt("1"), Prompt("2")])
    assert len(server.completions) == 1


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (completion("Final Sc", finish="length"), Answer("Final Sc", is_cut=True, input_tokens=100, output_tokens=10)),
        (completion(None, finish="length"), Answer("", is_cut=True, input_tokens=100, output_tokens=10)),
        (completion(None, refusal="I will not."), Answer(None, "refused", "I will not.", False, 100, 10)),
        (completion("Well", usage={"prompt_tokens": None}), Answer("Well")),
        (completion("\ud83d"), Answer("?", input_tokens=100, output_tokens=10)),
        (told({"object": "error"}), Answer(None, "failed", "the server's answer is no chat completion: it has no choices[0].message")),
        (told([]), Answer(None, "failed", "the server's answer is no chat completion: it has no choices[0].message")),
        (told({"choices": []}), Answer(None, "failed", "the server's answer is no chat completion: it has no choices[0].message")),
    ],
)
def test_odd_completions_are_read_for_what_they_are(reply, expected):
    with chat_server(verdict=lambda *_: reply) as server:
        assert answer_all(served(server), [Prompt("Judge.")]) == [expected]


def test_a_withheld_answer_is_refused():
    with chat_server(verdict=lambda *_: completion("Fin", finish="content_filter")) as server:
        (answer,) = answer_all(served(server), [Prompt("Judge.")])
    assert (answer.text, answer.fault) == (None, "refused")


def test_a_lone_surrogate_in_a_prompt_does_not_stop_it():
    with chat_server() as server:
        (answer,) = answer_all(served(server), [Prompt("caf\ud800", [RED])])
    assert answer.text
    assert server.completions[0].json["messages"][0]["content"][1]["text"] == "caf?"


def test_the_limit_ends_the_work_before_it_is_passed():
    # 110 tokens a prompt at 1,000 dollars a million are 0.11 dollars: 1 dollar buys nine. Before, each is estimated at 0.0225.
    prices = Prices(input_usd=1_000, output_usd=1_000, limit_usd=1.0)
    with chat_server() as server:
        model = served(server, prices=prices, sampling=Sampling(20), workers=1)
        with pytest.raises(SpendLimitError, match="kept"):
            answer_all(model, [Prompt("judge") for _ in range(50)])
    assert len(server.completions) == 9
    assert model.spending.spent == pytest.approx(0.99)


def test_the_key_comes_from_the_argument_or_from_our_own_variable_and_is_never_shown(monkeypatch):
    monkeypatch.setenv("HF_REGIONAL_API_KEY", "sk-env")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-provider")
    with chat_server(verdict=lambda *_: error(401, "no such key: sk-env")) as server:
        ours, given = served(server), served(server, api_key="sk-given")
        with pytest.raises(ServerError, match=r"no such key: \*\*\*"):
            answer_all(ours, [Prompt("Judge.")])
        with pytest.raises(ServerError):
            answer_all(given, [Prompt("Judge.")])
    assert [asked.headers["Authorization"] for asked in server.completions] == ["Bearer sk-env", "Bearer sk-given"]
    assert "sk-" not in repr(given) + repr(given.identity)


def test_the_address_is_no_part_of_what_a_model_is():
    here, there = ServedModel("http://a/v1", MODEL), ServedModel("http://b/v1", MODEL)
    assert here.identity == there.identity
    assert here.identity != ServedModel("http://a/v1", MODEL, Sampling(9)).identity


def test_it_pickles_after_it_was_used():
    with chat_server() as server:
        model = served(server)
        first = answer_all(model, [Prompt("Judge.", [RED])])
        assert answer_all(pickle.loads(pickle.dumps(model)), [Prompt("Judge.", [RED])]) == first


def test_an_address_that_is_none_is_refused_before_anything_is_asked():
    with pytest.raises(ConfigError, match="no address"):
        ServedModel("localhost:8000/v1")


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"give_up_after": 0}, {"longest_side": 0}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(OutOfRangeError):
        ServedModel("http://localhost/v1", **wrong)
