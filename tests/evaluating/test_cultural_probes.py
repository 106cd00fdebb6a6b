"""Probes of words alone on their miniatures: manners, all four options, several right answers, survey answers."""

import json

import numpy as np
import pytest
from talking import book

from hf_regional.cli import main
from hf_regional.corpora import load_corpus
from hf_regional.errors import BadRowError, ConfigError, OutOfRangeError
from hf_regional.evaluating import evaluate_model, load_task, open_subject
from hf_regional.generating import LocalModel, Prompt
from hf_regional.generating.weighing import Weigher
from hf_regional.metrics import regional_commonsense, social_norms, value_alignment
from miniatures import write_miniature
from tiny_llava import save_llava

pytestmark = pytest.mark.usefixtures("_no_proxy")
TASKS = {
    "normad": "normad", "culturalbench-hard": "culturalbench", "culturalbench-easy": "culturalbench", "geomlama": "geomlama",
    "global-opinion-qa": "llm_global_opinions",
}  # fmt: skip


@pytest.fixture(scope="module")
def speaker(tmp_path_factory):
    return save_llava(tmp_path_factory.mktemp("llava") / "tiny-llava", steps=2)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Task -> what `load_task` takes to find its miniature."""
    cache = tmp_path_factory.mktemp("cache")
    folders = {module: write_miniature(module, tmp_path_factory.mktemp(module) / "files") for module in set(TASKS.values())}
    return {task: {"data_dir": folders[module], "cache_dir": cache} for task, module in TASKS.items()}


def test_a_story_is_asked_in_five_contexts_that_are_one_cluster_and_a_task_takes_one_of_them(files):
    rows = load_corpus("normad", view="vqa", **files["normad"])["train"]
    assert rows["context"][:5] == ["none", "country", "country+value", "value", "rule-of-thumb"]
    assert rows["question"][1].startswith("The story takes place in Indonesia.\n\nStory: At dinner Adi")
    assert "Indonesia" not in rows["question"][0]
    assert "Elders eat first" in rows["question"][4]
    assert rows["answers"][10] == ["neutral"]
    task = load_task("normad", region="SEA", **files["normad"])
    assert task.rows.groups.tolist() == ["IDN", "IDN", "PNG", "USA"]
    assert task.rows.sides.tolist() == ["regional", "regional", "global", "global"]
    every = {"name": "every", "corpus": "normad", "view": "vqa", "split": "train", "protocol": "norms"}
    assert load_task(every, **files["normad"]).rows.clusters.tolist() == [story for story in range(4) for _ in range(5)]


@pytest.mark.parametrize("way", ["generate", "weigh"])
def test_macro_f1_is_that_of_the_chosen_verdicts(way, speaker, files, tmp_path):
    task = load_task("normad", settings={"way": way}, **files["normad"])
    found = evaluate_model(speaker, [task], answers=tmp_path)
    expected = social_norms([one or None for one in found.rows["chosen"]], ["yes", "no", "neutral", "yes"]).as_dict()
    extras = found.scores["normad"]["extras"]
    assert extras["macro_f1"] == expected["overall"]["macro_f1"]
    assert found.rows["accuracy"].mean() == expected["overall"]["accuracy"]["value"]
    assert extras["by_class"]["yes"]["support"] == 2


def test_a_model_that_never_says_neutral_loses_a_third_of_macro_f1(files, tmp_path):
    with book({"left hand": "B. no"}, "yes") as model:
        found = evaluate_model(model.spec, [load_task("normad", **files["normad"])], answers=tmp_path)
    assert found.rows["accuracy"].tolist() == [1, 1, 0, 1]
    # yes: 2 hits of 3 said and 2 asked, 4/5; no: 1; neutral: 0
    assert found.scores["normad"]["extras"]["macro_f1"]["value"] == pytest.approx((4 / 5 + 1 + 0) / 3)


def test_a_question_of_four_judgements_counts_where_all_are_right(files, tmp_path):
    task = load_task("culturalbench-hard", region="SEA", **files["culturalbench-hard"])
    assert len(task.asked.questions) == 12
    assert task.rows.groups.tolist() == ["IDN", "VNM", "CZE"]
    assert task.rows.chance.tolist() == pytest.approx([1 / 16] * 3)
    says = {"Proposed answer: ketupat": "A", "Proposed answer: ao dai": "True", "Proposed answer: kimono": "Who knows?"}
    with book(says, "False") as model:  # of the third question, that nothing is right
        rows = evaluate_model(model.spec, [task], answers=tmp_path).rows
        assert set(model.pictures) == {0}
    assert rows["all_correct"].tolist() == [1, 0, 0]
    assert rows["accuracy"].tolist() == [1, 0.75, 0.75]
    assert rows["unparsed"].tolist() == [0, 0.25, 0]
    assert [len(said) for said in rows["answers"]] == [4, 4, 4]


def test_a_question_that_a_limit_cuts_is_left_out_whole(files):
    task = load_task("culturalbench-hard", limit=6, **files["culturalbench-hard"])
    assert len(task.rows.groups) == 1
    assert task.counts["rows of questions of which another row was left out"] == 2


def test_the_rows_of_a_concept_are_of_five_countries_in_order_and_share_a_cluster(files):
    for config in ("en", "zh", "fa"):
        rows = load_corpus("geomlama", view="vqa", config=config, **files["geomlama"])["test"]
        assert rows["country_iso3"] == ["USA", "CHN", "IND", "IRN", "KEN"] * 3
        assert rows["answers"][1] == ["rice", "noodles"]
        assert rows["options"][1] == ["bread", "rice", "noodles", "maize"]
        assert rows["id"][5] == f"{config}-1/USA"
    task = load_task("geomlama", **files["geomlama"])
    assert task.counts == {"rows whose candidates are all right": 1}
    assert task.rows.clusters.tolist() == [0] * 5 + [1] * 5 + [2] * 4
    assert task.rows.chance[:2].tolist() == [1 / 4, 2 / 4]


def test_a_right_answer_that_is_no_candidate_is_named(tmp_path):
    folder = write_miniature("geomlama", tmp_path / "files")
    file = folder / "gd_prompt_en.tsv"
    file.write_text(file.read_text().replace("\trice, noodles\tbread", "\trice, dumplings\tbread"))
    with pytest.raises(BadRowError, match="'dumplings' is right and no candidate"):
        load_corpus("geomlama", view="vqa", data_dir=folder, cache_dir=tmp_path / "cache")


def test_answers_found_are_those_of_the_metric(speaker, files, tmp_path):
    task = load_task("geomlama", **files["geomlama"])
    rows = evaluate_model(speaker, [task], answers=tmp_path).rows
    weigher = Weigher(LocalModel(speaker), tmp_path)
    logs = [
        weigher.weigh(Prompt(task.prompt.format(question=question)), some) / [len(one.encode()) for one in some]
        for question, some in zip(task.questions, task.candidates, strict=True)
    ]
    expected = regional_commonsense([one.tolist() for one in logs], [sorted(gold) for gold in task.gold])
    assert rows["found"].mean() == pytest.approx(expected.scores.overall["found"].value)
    assert rows["strict"].mean() == pytest.approx(expected.scores.overall["strict"].value)
    assert task.rows.chance.mean() == pytest.approx(expected.chance)


def test_survey_answers_are_by_country_and_what_is_left_out_is_counted(files, tmp_path, caplog):
    rows = load_corpus("llm-global-opinions", view="vqa", data_dir=files["global-opinion-qa"]["data_dir"], cache_dir=tmp_path)["train"]
    for reason in ("of a part of a country's people", "that are not one number an option", "questions without a text"):
        assert reason in caplog.text
    assert rows["country_iso3"] == ["IDN", "GBR", "PHL", "KOR", "VNM", "IND"]
    assert rows["shares"][2] == [0.5, 0.25, 0.25]
    assert rows["options"][2] == ["Good", "Neither", "Bad"]
    assert rows["source"][5] == "India (Current national sample)"
    task = load_task("global-opinion-qa", region="SEA", **files["global-opinion-qa"])
    assert task.rows.clusters.tolist() == [0, 0, 1, 1, 2, 2]


def test_alignment_is_the_metric_s_and_chance_that_of_no_opinion(speaker, files, tmp_path):
    task = load_task("global-opinion-qa", **files["global-opinion-qa"])
    rows = evaluate_model(speaker, [task], answers=tmp_path).rows
    weigher = Weigher(LocalModel(speaker), tmp_path)
    model = []
    for row, options in enumerate(task.options):
        lines = "\n".join(f"{letter}. {option}" for letter, option in zip("ABC", options, strict=False))
        asked = task.prompt.format(question=task.questions[row], options=lines)
        model.append(np.exp(weigher.weigh(Prompt(asked), [*"ABC"[: len(options)]])).tolist())
    people = [shares.tolist() for shares in task.shares]
    assert rows["value_alignment"].mean() == pytest.approx(value_alignment(model, people).scores.overall["value_alignment"].value)
    even = value_alignment([[1.0] * len(shares) for shares in people], people)
    assert rows["chance"].mean() == pytest.approx(even.scores.overall["value_alignment"].value)
    assert rows["chance"][5] == 1  # half and half
    with pytest.raises(OutOfRangeError, match=r"base must be 2 or more, got 1\.5"):
        load_task("global-opinion-qa", settings={"base": 1.5}, **files["global-opinion-qa"])


@pytest.mark.parametrize("task", TASKS)
def test_each_probe_asks_through_the_command_and_prints(task, speaker, files, capsys):
    words = ["evaluate", str(speaker), "--task", task, "--region", "SEA", "--data-dir", str(files[task]["data_dir"]), "--json"]
    assert main(words) == 0
    printed = json.loads(capsys.readouterr().out)["tasks"][task]
    assert 0 <= printed["global"]["value"] <= 1
    assert ("regional" in printed) == (task != "geomlama")


@pytest.mark.parametrize("task", TASKS)
def test_a_model_that_gives_features_cannot_be_asked_in_words_alone(task, base, files):
    with pytest.raises(ConfigError, match=r"answers in words|without a picture"):
        evaluate_model(open_subject(base), [load_task(task, **files[task])])
