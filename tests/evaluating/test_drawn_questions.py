"""DPG-Bench on its miniature: four questions about a motorcycle, two about bowls, pictures of one colour and a judge that knows colours."""

import json

import pytest
from repainted import SMALL, repaint

from hf_regional.cli import main
from hf_regional.corpora import load_corpus
from hf_regional.errors import BadRowError, ConfigError, OutOfRangeError
from hf_regional.evaluating import evaluate_model, load_evaluation, load_task
from miniatures import write_miniature
from miniatures.dpg_bench import PROMPTS
from tiny_llava import YES_NO, save_llava

BIKE, BOWLS = (text for text, *_ in PROMPTS.values())
ASK = "Judge this {question}"
OWN = "damo/mplug_visual-question-answering_coco_large_en"


@pytest.fixture(scope="module")
def dpg(tmp_path_factory):
    folder = write_miniature("dpg_bench", tmp_path_factory.mktemp("dpg") / "files")
    return {"data_dir": folder, "cache_dir": tmp_path_factory.mktemp("cache")}


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """Says yes to what is red, no to what is blue, and of green that it cannot tell."""
    questions = [question for *_, listed in PROMPTS.values() for *_, question in listed]
    prompts = tuple(ASK.format(question=question) for question in questions)
    return save_llava(tmp_path_factory.mktemp("judge") / "tiny-judge", prompts, says=YES_NO)


def settings(judge, **more):
    return {"judge": str(judge), "prompt": ASK, "pictures": 2, "brush": SMALL, **more}


def test_the_questions_of_a_prompt_come_with_what_they_rest_on_and_their_category(dpg):
    rows = load_corpus("dpg-bench", **dpg)["test"]
    assert rows["text"] == [BIKE, BOWLS]
    assert [(one["key"], one["parents"], one["category"], one["detail"]) for one in rows["questions"][0]] == [
        ("1", [], "entity", "whole"),
        ("2", ["1"], "attribute", "color"),
        ("3", [], "entity", "whole"),
        ("4", ["1", "3"], "relation", "spatial"),
    ]


def test_a_dependency_that_is_no_number_is_an_error_that_names_the_item(tmp_path):
    folder = write_miniature("dpg_bench", tmp_path / "files")
    file = folder / "dpg_bench.csv"
    file.write_text(file.read_text().replace('"1, 3"', '"1, garage"'))
    with pytest.raises(BadRowError, match=r"item COCOval2014000000000042: ' garage' is no number of a question"):
        load_corpus("dpg-bench", data_dir=folder, cache_dir=tmp_path / "cache")


def test_red_pictures_keep_all_blue_ones_nothing_and_what_nobody_can_read_counts_as_no_and_apart(pipeline, judge, dpg, tmp_path):
    repaint(pipeline, tmp_path, {(BIKE, 0): "red", (BIKE, 1): "blue", (BOWLS, 0): "green", (BOWLS, 1): "red"})
    task = load_task("dpg-bench", settings=settings(judge), region="SEA", **dpg)
    found = evaluate_model(pipeline, [task], by=["language"], answers=tmp_path)
    assert task.name == "dpg-bench (judged by tiny-judge)"
    assert found.rows["dpg"].tolist() == [0.5, 0.5]
    assert found.rows["unparsed"].tolist() == [0, 0.5]
    scores = found.scores[task.name]
    assert scores["global"]["value"] == 0.5
    assert "regional" not in scores
    assert scores["extras"]["judge"] == "tiny-judge"
    assert scores["extras"]["unparsed"] == 2
    assert scores["extras"]["by_category"] == {"attribute": 0.5, "entity": 0.5, "other": 0.5, "relation": 0.5}
    assert scores["extras"]["brush"]["side"] == 16
    assert [len(files) for files in found.rows["pictures"]] == [2, 2]
    kept = load_evaluation(found.save(tmp_path / "kept"))
    assert kept.scores == found.scores
    assert [list(files) for files in kept.rows["pictures"]] == found.rows["pictures"].tolist()


def test_the_benchmarks_name_is_for_the_benchmarks_judge_alone(judge, dpg):
    assert load_task("dpg-bench", settings={"judge": f"http://localhost:1/v1#{OWN}"}, **dpg).name == "dpg-bench"
    assert load_task("dpg-bench", settings={"judge": "org/other"}, **dpg).name == "dpg-bench (judged by org/other)"


def test_what_cannot_be_asked_is_refused_before_a_picture_is_drawn(base, judge, dpg):
    with pytest.raises(ConfigError, match="asks for pictures"):
        evaluate_model(base, [load_task("dpg-bench", settings=settings(judge), **dpg)], by=[])
    with pytest.raises(OutOfRangeError, match="pictures must be 1 or more, got 0"):
        load_task("dpg-bench", settings=settings(judge, pictures=0), **dpg)
    with pytest.raises(ConfigError, match=r"settings\.brush has no 'step'\. Did you mean 'steps'"):
        load_task("dpg-bench", settings=settings(judge, brush={"step": 3}), **dpg)
    with pytest.raises(ConfigError, match=r"lacks \{question\}"):
        load_task("dpg-bench", settings=settings(judge, prompt="Well?"), **dpg)
    with pytest.raises(ConfigError, match="needs the setting judge"):
        load_task({"name": "mine", "corpus": "dpg-bench", "protocol": "drawn_questions"}, **dpg)


def test_the_command_draws_asks_and_prints(pipeline, judge, dpg, capsys):
    words = ["evaluate", str(pipeline), "--task", "dpg-bench", "--by", "language", "--data-dir", str(dpg["data_dir"]), "--json"]
    given = [f"{key}={json.dumps(value)}" for key, value in settings(judge, pictures=1).items()]
    assert main([*words, *(word for one in given for word in ("--setting", one))]) == 0
    printed = json.loads(capsys.readouterr().out)["tasks"]["dpg-bench (judged by tiny-judge)"]
    assert printed["global"]["n"] == 2
    assert printed["extras"]["pictures"] == 2
