"""Answers that are kept: nothing is asked twice, not after a kill either, and what failed is asked again."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from chat_server import MODEL, chat_server, error
from hf_regional.errors import CannotWriteError, NoAnswerError, ServerError
from hf_regional.generating import Answer, KeptAnswers, Prompt, Sampling, ServedModel, answer_all
from hf_regional.network import Retry
from local_server import told
from small_clip import png

ONCE = Retry(attempts=1)


def kept(server, folder: Path, **settings) -> KeptAnswers:
    return KeptAnswers(ServedModel(server.url, MODEL, retry=ONCE, workers=4, **settings), folder)


def picture(colour: str) -> dict:
    return {"bytes": png(colour), "path": None}


def prompts(count: int) -> list[Prompt]:
    return [Prompt(f"Judge {number}.", [picture("red")]) for number in range(count)]


def test_what_was_answered_is_not_asked_again(tmp_path):
    with chat_server() as server:
        first = answer_all(kept(server, tmp_path), prompts(5))
        second = answer_all(kept(server, tmp_path), prompts(8))
    assert second[:5] == first
    assert len(server.completions) == 8


def test_equal_prompts_are_asked_once(tmp_path):
    other = tmp_path / "copy.png"
    other.write_bytes(png("red"))
    three = [
        Prompt("Judge.", [picture("red")]),
        Prompt("Judge.", [{"bytes": None, "path": str(other)}]),
        Prompt("Judge.", [picture("blue")]),
    ]
    with chat_server() as server:
        answers = answer_all(kept(server, tmp_path / "answers"), three)
    assert [answer.text.splitlines()[-1] for answer in answers] == ["Final Score: 5", "Final Score: 5", "Final Score: 1"]
    assert len(server.completions) == 2


def test_a_file_that_changed_under_its_name_is_asked_about_anew(tmp_path):
    file = tmp_path / "picture.png"
    with chat_server() as server:
        for colour, score in (("red", 5), ("blue", 1)):
            file.write_bytes(png(colour))
            (answer,) = answer_all(kept(server, tmp_path / "answers"), [Prompt("Judge.", [{"bytes": None, "path": str(file)}])])
            assert answer.text.endswith(f"Final Score: {score}")


def test_what_failed_is_asked_again_and_what_was_unreadable_is_kept(tmp_path):
    with chat_server(verdict=lambda request, _: "nonsense" if "Judge 0." in str(request) else error(500, "down")) as server:
        assert [answer.fault for answer in answer_all(kept(server, tmp_path), prompts(2))] == ["", "failed"]
    with chat_server() as server:
        first, second = answer_all(kept(server, tmp_path), prompts(2))
    assert (first.text, second.text.splitlines()[-1]) == ("nonsense", "Final Score: 5")
    assert len(server.completions) == 1


@pytest.mark.parametrize("other", [{"sampling": Sampling(9)}, {"longest_side": 4}, {"lossless": True}, {"extra": {"top_p": 0.5}}])
def test_another_setting_has_answers_of_its_own(tmp_path, other):
    with chat_server() as server:
        answer_all(kept(server, tmp_path), prompts(1))
        answer_all(kept(server, tmp_path, **other), prompts(1))
    assert len(server.completions) == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_the_same_model_elsewhere_has_the_same_answers(tmp_path):
    with chat_server() as server:
        first = answer_all(kept(server, tmp_path), prompts(1))
    with chat_server() as elsewhere:
        assert answer_all(kept(elsewhere, tmp_path), prompts(1)) == first
    assert elsewhere.completions == []


def test_when_the_work_stops_what_was_answered_is_kept(tmp_path):
    def tires(request, _):
        return "Final Score: 3" if int(request["messages"][0]["content"][1]["text"].split()[1][:-1]) < 10 else error(500, "down")

    with chat_server(verdict=tires) as server, pytest.raises(NoAnswerError):
        answer_all(kept(server, tmp_path, give_up_after=5), prompts(40))
    with chat_server() as server:
        answers = answer_all(kept(server, tmp_path), prompts(40))
    assert [answer.text.splitlines()[-1] for answer in answers] == ["Final Score: 3"] * 10 + ["Final Score: 5"] * 30
    assert len(server.completions) == 30


def test_answers_that_were_under_way_when_the_work_stopped_are_kept_too(tmp_path):
    together = threading.Barrier(4, timeout=5)

    def judge(request, _):
        together.wait()
        if "Judge 0." in str(request):
            return error(401, "no entry")
        time.sleep(0.1)
        return "Final Score: 2"

    with chat_server(verdict=judge) as server, pytest.raises(ServerError, match="no entry"):
        answer_all(kept(server, tmp_path), prompts(4))
    with chat_server() as server:
        assert [answer.text[-1] for answer in answer_all(kept(server, tmp_path), prompts(4))] == ["5", "2", "2", "2"]
    assert len(server.completions) == 1


_WORK = """
import sys
from pathlib import Path
from hf_regional.generating import KeptAnswers, Prompt, ServedModel, answer_all
model = KeptAnswers(ServedModel(sys.argv[1], "test/judge-7b", workers=4), Path(sys.argv[2]))
answers = answer_all(model, [Prompt(f"Judge {number}.") for number in range(60)])
print(sum(answer.text == "Final Score: 4" for answer in answers))
"""


def test_killed_in_the_middle_it_goes_on_and_asks_nothing_again_that_was_written_down(tmp_path):
    def slow(_, __) -> str:
        time.sleep(0.02)
        return "Final Score: 4"

    with chat_server(verdict=slow) as server:
        work = [sys.executable, "-c", _WORK, server.url, str(tmp_path)]
        process = subprocess.Popen(work, env=os.environ.copy())
        while len(server.completions) < 20 and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = len(server.completions)
        (journal,) = tmp_path.iterdir()
        written = len([line for line in journal.read_bytes().splitlines() if line])
        done = subprocess.run(work, capture_output=True, text=True, check=True, env=os.environ.copy())
    assert 10 <= written <= before < 60
    assert done.stdout.strip() == "60"
    # At most the four that were under way when it was killed are asked a second time, and one whose line was cut.
    assert 60 - written <= len(server.completions) - before <= 60 - written + 1


def test_ctrl_c_ends_at_once_what_a_slow_server_would_hold_up(tmp_path):
    def slow(_, __) -> str:
        time.sleep(8)
        return "Final Score: 4"

    with chat_server(verdict=slow) as server:
        process = subprocess.Popen([sys.executable, "-c", _WORK, server.url, str(tmp_path / "answers")], stderr=subprocess.PIPE, text=True)
        while len(server.completions) < 4 and process.poll() is None:
            time.sleep(0.005)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        assert time.monotonic() - begun < 4
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert process.returncode != 0


def test_lines_that_a_kill_cut_short_or_another_version_wrote_are_no_answers(tmp_path):
    with chat_server() as server:
        model = kept(server, tmp_path)
        answer_all(model, prompts(2))
        (journal,) = tmp_path.iterdir()
        first, second = (line for line in journal.read_bytes().splitlines() if line)
        journal.write_bytes(first[: len(first) // 2] + b"\n" + second.replace(b'"cut"', b'"was_cut"') + b"\n\xff\n[]\n")
        assert {answer.fault for answer in answer_all(kept(server, tmp_path), prompts(2))} == {""}
    assert len(server.completions) == 4


def test_a_picture_that_cannot_be_read_is_neither_asked_about_nor_kept(tmp_path):
    gone = Prompt("Judge.", [{"bytes": None, "path": "/nowhere/cat.png"}])
    with chat_server() as server:
        bad, good = answer_all(kept(server, tmp_path), [gone, prompts(1)[0]])
    assert (bad.fault, good.fault) == ("image", "")
    assert len(server.completions) == 1


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "answers").write_text("a file")
    with chat_server() as server, pytest.raises(CannotWriteError, match=r"answers cannot be kept at .*answers"):
        answer_all(kept(server, tmp_path / "answers"), prompts(1))
    assert server.completions == []


def test_without_a_folder_they_lie_in_the_assets_cache(tmp_path):
    script = (
        "import sys; from hf_regional.generating import KeptAnswers, ServedModel; print(KeptAnswers(ServedModel('http://h/v1', 'm')).file)"
    )
    environment = os.environ | {"HF_HOME": str(tmp_path)}
    environment.pop("HF_ASSETS_CACHE", None)
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment).stdout.strip()
    assert Path(found).parent == tmp_path / "assets" / "hf_regional" / "answers"
    assert Path(found).name.startswith("m-")


def test_prompts_are_asked_once_even_where_no_text_comes_back(tmp_path):
    with chat_server(verdict=lambda *_: told({"choices": [{"message": {"content": None}}]})) as server:
        assert answer_all(kept(server, tmp_path), prompts(1)) == answer_all(kept(server, tmp_path), prompts(1)) == [Answer("")]
    assert len(server.completions) == 1
