"""`hf-regional rate`: what people said as a table and as one object, and the page from start to Ctrl+C."""

import json
import signal
import socket
import subprocess
import sys

import pytest

from hf_regional.cli import main
from hf_regional.evaluating.human import RatedItem, RatingDesk, write_rating_sheet
from hf_regional.evaluating.human.key import read_key


@pytest.fixture
def folder(tmp_path):
    items = [RatedItem(f"i{number}", "id", "IDN", f"Apa {number}?") for number in range(4)]
    outputs = {model: {item.id: f"{place}" for item in items} for place, model in enumerate(("world", "merged"))}
    sheet = write_rating_sheet(items, outputs, tmp_path / "rating", criteria=["quality"], seed=1)
    desk = RatingDesk(sheet.path)
    for name, row in read_key(sheet.path).rows.items():
        if row.item != "i3":
            desk.rate(row.rater, name, "quality", 3 if row.model == "merged" else 2)
    return sheet.path


def test_the_summary_is_a_table_for_people(folder, capsys):
    assert main(["rate", str(folder), "--summary"]) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0] == "6 ratings by 1 rater; 95 % intervals over items, on a scale of 1 to 3"
    assert [line.split() for line in lines if line.startswith("merged")] == [
        ["merged", "3.00", "[3.00,", "3.00]", "+1.00", "[+1.00,", "+1.00]", "100", "0", "0", "3"]
    ]
    assert "fewer than 30 items: the intervals are too narrow to be trusted" in lines
    assert lines[-1] == "2 not rated"


def test_the_summary_is_one_object_for_programs(folder, capsys):
    assert main(["rate", str(folder), "--summary", "--reference", "merged", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["reference"] == "merged"
    assert found["criteria"]["quality"]["against"]["world"]["difference"]["value"] == -1.0
    assert found["counts"]["not_rated"] == 2


def test_a_bad_row_is_refused_and_left_out_when_asked(folder, capsys):
    (folder / "for-raters" / "ratings" / "mine.jsonl").write_text('{"row": "0", "criterion": "quality", "mark": 1}\n')
    assert main(["rate", str(folder), "--summary"]) == 1
    assert "mine.jsonl, line 1: no row '0' on this sheet" in capsys.readouterr().err
    assert main(["rate", str(folder), "--summary", "--skip-bad-rows", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["refused"] == 1


def test_a_folder_without_a_sheet_is_refused(tmp_path, capsys):
    assert main(["rate", str(tmp_path)]) == 1
    assert "no rating sheet in" in capsys.readouterr().err


class TestServing:
    @pytest.fixture(autouse=True)
    def needs_gradio(self):
        pytest.importorskip("gradio", reason="no gradio: it comes with the extra space")

    def test_the_page_is_served_until_it_is_stopped_and_says_how_far_raters_are(self, folder):
        call = [sys.executable, "-m", "hf_regional", "rate", str(folder / "for-raters"), "--json"]
        served = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert served.stderr.readline().startswith("http://127.0.0.1:")
        served.send_signal(signal.SIGINT)
        out, _ = served.communicate()
        assert (served.returncode, json.loads(out)) == (0, {"sheets": [{"rater": "id-1", "language": "id", "total": 4, "done": 3}]})

    def test_a_port_that_is_taken_is_refused_by_number(self, folder):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            call = [sys.executable, "-m", "hf_regional", "rate", str(folder), "--port", port]
            done = subprocess.run(call, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"cannot serve on 127.0.0.1, port {port}" in done.stderr
