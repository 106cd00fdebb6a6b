"""UnifiedReward: the parser, and the scorer by a local model and by a server, killed and resumed."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server import MODEL, chat_server, error
from hf_regional.errors import NoAnswerError
from hf_regional.filtering.quality import grade_rows, make_rules
from hf_regional.filtering.quality.final_score import final_score
from hf_regional.filtering.quality.unifiedreward import PROMPT, UnifiedRewardScorer
from hf_regional.generating import KeptAnswers, LocalModel, Sampling, ServedModel
from hf_regional.network import Retry
from small_clip import png

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
NAN = float("nan")


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ("Final Score: 4", 4),
        ("The picture shows it all.\n\nFinal Score: 3.5\n", 3.5),
        ("**Final Score:** 4", 4),
        ("**Final Score: 4**", 4),
        ("Final Score: **4.0**", 4),
        ("final score : 2", 2),
        ("Final Score：５", 5),  # full width
        ("Final Score = 1", 1),
        ("Final Score (1-5): 4", 4),
        ("The final score is 3.", 3),
        ("Final Score: 4/5", 4),
        ("Final Score: 4 out of 5", 4),
        ("Final Score: [4]", 4),
        ("Final Score: <4>", 4),
        ("Final Score: 3,5", 3.5),
        ("Final Score: 4, since the bowl is there.", 4),
        ("Final Score: 2\nNo, on reflection:\nFinal Score: 5", 5),
        ("Final_Score: 3", 3),
        ("# Final Score:\n4", 4),
        ("FinalScore: 4", 4),
        ("Final Score: 4.", 4),
        ("", None),
        ("4", None),
        ("Score: 4", None),
        ("Final Score: <number>", None),
        ("Final Score: four", None),
        ("Final Score: 0", None),
        ("Final Score: 5.1", None),
        ("Final Score: -3", None),
        ("Final Score: 45", None),
        ("Final Score: 80/100", None),
        ("Final Score: 4/10", None),
        ("Final Score: 1 to 5", None),
        ("Final Score: 1-5", None),
        ("Final Score: 3.4.5", None),
        ("Final Score:", None),
        ("Final Score: 4\nFinal Score: unclear", 4),
        ("The Final Score of 4 students", None),
    ],
)
def test_a_score_is_read_where_it_stands_and_lies_on_the_scale(said, score):
    assert final_score(1, 5)(said) == score


@given(st.floats(1, 5).map(lambda value: round(value, 2)), st.text(max_size=200))
def test_whatever_stands_before_it_the_last_line_is_read(score, before):
    assert final_score(1, 5)(f"{before}\nFinal Score: {score}") == score


@given(st.text(alphabet="Final Score:0123456789.,/-*() \n", max_size=80))
def test_what_is_read_is_nothing_or_on_the_scale(text):
    score = final_score(1, 5)(text)
    assert score is None or 1 <= score <= 5


def test_other_labels_and_scales():
    assert final_score(0, 100)("Final Score: 80/100") == 80
    assert final_score(1, 5, "Alignment Score")("Alignment Score (1-5): 4.25\nStyle Score (1-5): 2") == 4.25


def rows(*pairs) -> pa.Table:
    cells = [png(colour) if isinstance(colour, str) else colour for colour, _ in pairs]
    images = pa.array([None if cell is None else {"bytes": cell, "path": None} for cell in cells], IMAGE)
    return pa.table({"image": images, "text": pa.array([text for _, text in pairs], pa.string())})


def served(server, folder, **settings) -> UnifiedRewardScorer:
    model = ServedModel(server.url, MODEL, workers=4, retry=Retry(attempts=2, first_wait_s=0.01))
    return UnifiedRewardScorer(model, **{"answers": str(folder)} | settings)


def test_every_row_gets_a_score_or_its_reason(tmp_path):
    table = rows(
        ("red", "a red square"),
        ("blue", "x"),
        ("green", "x"),
        (None, "x"),
        ("red", None),
        ("red", " "),
        (b"GIF89a", "x"),
        ("red", "x" * 4_001),
    )
    with chat_server() as server:
        scores = served(server, tmp_path).score(table)
    np.testing.assert_array_equal(scores.values, [5, 1, NAN, NAN, NAN, NAN, NAN, NAN])
    assert scores.faults.tolist() == [0, 0, 2, 1, 1, 1, 3, 3]
    assert scores.counts() == {"scored": 2, "missing": 3, "unparsed": 1, "failed": 2}
    said = {detail.row: detail.what for detail in scores.details}
    assert said[2] == "the answer: 'I would rather not say.'"
    assert "cannot be read" in said[6]
    assert said[7] == "the caption has 4,001 characters, more than 4,000"
    assert (scores.scale, len(server.completions)) == ((1, 5), 3)


def test_the_prompt_is_sent_with_the_picture_and_the_caption_as_it_is(tmp_path):
    caption = 'braces {caption} {0} %s and "quotes"\\n'
    with chat_server() as server:
        served(server, tmp_path).score(rows(("red", caption)))
    image, text = server.completions[0].json["messages"][0]["content"]
    assert image["type"] == "image_url"
    assert text["text"] == PROMPT.replace("{caption}", caption)
    assert text["text"].endswith("Final Score: <number>")


@pytest.mark.parametrize(("inclusive", "kept"), [(True, [0, 0, 1]), (False, [1, 0, 1])])
def test_three_or_more_and_more_than_three_are_two_filters(tmp_path, inclusive, kept):
    scores = iter(("3", "4", "2"))
    with chat_server(verdict=lambda *_: f"Final Score: {next(scores)}") as server:
        model = ServedModel(server.url, MODEL, workers=1)
        rules = make_rules(UnifiedRewardScorer(model, answers=tmp_path), 3, inclusive=inclusive)
        assert grade_rows(rows(("red", "a"), ("red", "b"), ("red", "c")), rules).grades.tolist() == kept


def test_prompt_label_scale_and_parser_are_the_users_to_choose(tmp_path):
    with chat_server(verdict=lambda *_: "Alignment Score (0-100): 80") as server:
        labelled = served(server, tmp_path, prompt="How well? {caption}", label="Alignment Score", scale=(0, 100))
        assert labelled.score(rows(("red", "a"))).values.tolist() == [80]
    with chat_server(verdict=lambda *_: "yes") as server:
        parsed = served(server, tmp_path, parse=lambda text: {"yes": 5.0, "no": 1.0, "much": 99.0}.get(text))
        assert parsed.score(rows(("red", "b"))).values.tolist() == [5]
    with chat_server(verdict=lambda *_: "much") as server:
        off_scale = served(server, tmp_path, parse=lambda text: {"much": 99.0}.get(text))
        assert off_scale.score(rows(("blue", "c"))).faults.tolist() == [2]


def test_scores_by_a_model_on_this_machine(tmp_path, tmp_path_factory):
    from tiny_llava import save_llava

    prompt = "Judge this {caption}"
    folder = save_llava(tmp_path_factory.mktemp("judge"), ("Judge this", "Judge this rice"))
    model = LocalModel(folder, Sampling(12), batch_size=2, device="cpu")
    scorer = UnifiedRewardScorer(model, prompt=prompt, answers=tmp_path)
    table = rows(("red", "rice"), ("blue", "rice"), ("green", "rice"), (b"broken", "rice"), ("red", "<image> rice"))
    scores = scorer.score(table)
    np.testing.assert_array_equal(scores.values[:4], [5, 1, NAN, NAN])
    assert scores.faults.tolist()[:4] == [0, 0, 2, 3]
    again = UnifiedRewardScorer(KeptAnswers(model, tmp_path), prompt=prompt)
    np.testing.assert_array_equal(again.score(table).values, scores.values)


_WORK = """
import sys
import pyarrow.parquet as pq
from hf_regional.filtering.quality import make_scorer
model = {"url": sys.argv[1], "model": "test/judge-7b", "workers": 4, "retry": {"attempts": 2, "first_wait_s": 0.01}}
scorer = make_scorer({"scorer": "unifiedreward", "model": model, "answers": sys.argv[2]})
print(scorer.score(pq.read_table(sys.argv[3])).values.tolist())
"""


def test_killed_in_the_middle_it_goes_on_and_the_result_is_that_of_one_run(tmp_path):
    table = rows(*[(("red", "blue", "green")[number % 3], f"caption {number}") for number in range(45)])
    pq.write_table(table, tmp_path / "rows.parquet")
    hiccups = iter(range(10_000))

    def slow(request, pictures):
        time.sleep(0.02)
        if next(hiccups) % 7 == 3:
            return error(503, "overloaded", headers={"Retry-After": "0"})
        return f"Final Score: {1 + pictures[0].getpixel((0, 0))[0] // 70}"

    with chat_server(verdict=slow) as server:
        work = [sys.executable, "-c", _WORK, server.url, str(tmp_path / "answers"), str(tmp_path / "rows.parquet")]
        process = subprocess.Popen(work, env=os.environ.copy())
        while len(server.completions) < 20 and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        (journal,) = (tmp_path / "answers").iterdir()
        written, before = journal.read_bytes().count(b'"name"'), len(server.completions)
        resumed = subprocess.run(work, capture_output=True, text=True, check=True, env=os.environ.copy()).stdout
        asked = [asked.json["messages"][0]["content"][1]["text"] for asked in server.completions[before:]]
        whole = subprocess.run(
            [*work[:4], str(tmp_path / "afresh"), work[5]], capture_output=True, text=True, check=True, env=os.environ.copy()
        ).stdout
    assert 10 <= written < 45
    assert len(set(asked)) == 45 - written
    assert resumed == whole == f"{[float([4, 1, 1][number % 3]) for number in range(45)]}\n"


def test_a_server_that_dies_stops_the_work_instead_of_dropping_the_rest(tmp_path):
    table = rows(*[("red", f"caption {number}") for number in range(60)])
    with chat_server(verdict=lambda *_: error(500, "out of memory")) as server, pytest.raises(NoAnswerError, match="out of memory"):
        served(server, tmp_path).score(table)
    with chat_server() as server:
        assert served(server, tmp_path).score(table).counts()["scored"] == 60
