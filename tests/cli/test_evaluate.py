"""`hf-regional evaluate` from one end to the other: two tiny models, a report, a rating sheet, and what was saved looked at again."""

import json

import pytest

from hf_regional.cli import main
from miniatures import write_miniature
from small_clip import save_clip
from tiny_llava import save_llava


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_miniature("cvqa", tmp_path_factory.mktemp("cvqa") / "files")


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoders")
    return [save_clip(folder / name, seed=seed) for name, seed in (("world", 1), ("merged", 2))]


@pytest.fixture(scope="module")
def speakers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speakers")
    return [save_llava(folder / name, steps=steps) for name, steps in (("world-vlm", 2), ("merged-vlm", 4))]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_REGIONAL_CACHE", str(tmp_path / "cache"))


def call(capsys, *words):
    assert main(["evaluate", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_model_against_another_writes_a_report_and_is_looked_at_again_without_either(capsys, tmp_path, files, encoders):
    base, model = encoders
    asked = ["--task", "cvqa", "--region", "SEA", "--data-dir", files, "--resamples", 200]
    call(capsys, base, *asked, "-o", tmp_path / "base")
    printed = call(capsys, model, *asked, "--against", base, "--report", tmp_path / "report", "-o", tmp_path / "model")
    compared = printed["compared"]["cvqa"]
    assert printed["against"] == "world"
    assert compared["sides"]["regional"]["difference"]["n"] == 20
    part = compared["sides"]["regional"]
    assert part["difference"]["value"] == pytest.approx(part["other"]["value"] - part["base"]["value"])
    report = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert (report["model"], report["base"], report["region"]["name"]) == ("merged", "world", "SEA")
    assert report["measured"]["model"]["part"] == "all"

    again = call(capsys, "--from", tmp_path / "model", "--against", tmp_path / "base", "--by", "topic", "--resamples", 200)
    assert again["compared"]["cvqa"]["sides"] == compared["sides"]
    assert sum(part["base"]["n"] for part in again["compared"]["cvqa"]["by"]["topic"].values()) == 40
    assert set(call(capsys, "--from", tmp_path / "model", "--by", "language")["tasks"]["cvqa"]["by"]) == {"language"}


def test_people_are_given_both_models_answers_without_their_names(capsys, tmp_path, files, speakers):
    base, model = speakers
    words = [model, "--task", "cvqa", "--region", "SEA", "--limit", 4, "--data-dir", files, "--resamples", 50, "--against", base]
    printed = call(capsys, *words, "--human", tmp_path / "rating", "--human-items", 1)
    assert printed["human"] == str(tmp_path / "rating")
    sheet = json.loads((tmp_path / "rating" / "for-raters" / "sheet.json").read_text(encoding="utf-8"))
    turns = [turn for rater in sheet["raters"].values() for turn in rater["turns"]]
    assert all(len(turn["outputs"]) == 2 and len(turn["pictures"]) == 1 for turn in turns)
    assert len(turns) == len({turn["language"] for turn in turns})  # one item a language
    assert "vlm" not in json.dumps(sheet)


def test_scores_from_features_are_nothing_for_people_to_rate(capsys, tmp_path, files, encoders):
    base, model = encoders
    words = [
        "evaluate",
        str(model),
        "--task",
        "cvqa",
        "--data-dir",
        str(files),
        "--against",
        str(base),
        "--human",
        str(tmp_path / "rating"),
    ]
    assert main([*words, "--resamples", "50"]) == 1
    assert "scores from features cannot be rated" in capsys.readouterr().err


def test_entries_for_the_hub_are_written(capsys, tmp_path, files, encoders):
    call(capsys, encoders[0], "--task", "cvqa", "--data-dir", files, "--resamples", 50, "--eval-results", tmp_path / "model")
    assert "task_id: cvqa-IDN" in (tmp_path / "model" / ".eval_results" / "cvqa.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "a MODEL and --task NAME are needed, or --from FOLDER"),
        (["model", "--from", "x"], "give no MODEL"),
        (["model", "--task", "cvqa", "--human", "x"], "--human needs two models"),
    ],
)
def test_wrong_words_are_refused_with_the_way_out(words, told, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate", *words])
    assert told in capsys.readouterr().err
