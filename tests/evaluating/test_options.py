"""Questions with options, asked of models that give features and of models that answer in words."""

import pytest

from hf_regional.cli import main
from hf_regional.errors import ConfigError, UnknownNameError
from hf_regional.evaluating import evaluate_model, load_evaluation, load_task, open_subject
from hf_regional.evaluating.parsing import read_option
from hf_regional.generating import LocalModel, Prompt
from hf_regional.generating.weighing import Weigher
from miniatures import write_miniature
from tiny_llava import save_llava


@pytest.fixture(scope="module")
def cvqa(tmp_path_factory):
    return {"data_dir": write_miniature("cvqa", tmp_path_factory.mktemp("cvqa") / "files"), "cache_dir": tmp_path_factory.mktemp("cache")}


@pytest.fixture(scope="module")
def speaker(tmp_path_factory):
    return save_llava(tmp_path_factory.mktemp("llava") / "model", steps=2)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("B", 1), ("b)", 1), ("(C) fried rice", 2), ("The answer is D.", 3), ("Jawaban: A", 0), ("答案是C", 2), ("คำตอบ: B", 1),
        ("fried rice", 2), ("It is fried rice, I think.", 2), ("rice", 1), ("A or B", None), ("", None), ("E", None), ("sorry", None),
        ("Answer with care: it is soto", 0), ("Because it is rice and soto", None), ("A. soto", 0), ("**D**", 3),
    ],
)  # fmt: skip
def test_an_answer_names_one_option_or_none(text, place):
    assert read_option(text, ["soto", "rice", "fried rice", "pho"]) == place


def test_an_option_in_a_script_without_blanks_is_found_inside_the_answer():
    assert read_option("ฉันคิดว่าเป็นต้มยำนะ", ["ต้มยำ", "ผัดไทย"]) == 0


def test_every_question_is_asked_in_both_languages_and_sides_follow_the_region(cvqa):
    task = load_task("cvqa", region="SEA", **cvqa)
    assert len(task.rows.groups) == 40
    assert set(task.rows.groups[task.rows.sides == "regional"]) == {"IDN", "MYS", "PHL", "SGP"}
    assert task.rows.n_clusters == 20
    assert set(task.rows.chance) == {0.25}


def test_the_parts_share_all_pictures_and_none_twice(cvqa):
    parts = {part: load_task("cvqa", part=part, **cvqa) for part in ("select", "report", "all")}
    questions = {part: set(zip(task.questions, task.rows.groups, strict=True)) for part, task in parts.items()}
    assert questions["select"] | questions["report"] == questions["all"]
    assert not questions["select"] & questions["report"]


def test_an_embedding_model_is_asked_which_option_is_nearest(base, cvqa):
    task, subject = load_task("cvqa", region="SEA", **cvqa), open_subject(base)
    found = evaluate_model(subject, [task], by=["country", "language"])
    image = subject.encode_images([task.pictures[3]])[0]
    near = subject.encode_texts([f"{task.questions[3]} {option}" for option in task.options[3]]) @ image
    ties = (near == near.max()).sum()
    assert found.rows["accuracy"][3] == (near[task.answers[3]] == near.max()) / ties
    assert set(found.scores["cvqa"]["by"]["language"]) >= {"en", "id", "fil"}
    assert found.scores["cvqa"]["regional"]["n"] == 20


@pytest.mark.parametrize("way", ["generate", "weigh"])
def test_a_model_that_answers_in_words_is_asked_both_ways(way, speaker, cvqa, tmp_path):
    definition = {"name": "words", "corpus": "cvqa", "view": "vqa", "protocol": "options", "settings": {"way": way}}
    task = load_task(definition, region="SEA", limit=3, **cvqa)
    found = evaluate_model(speaker, [task], answers=tmp_path)
    assert len(found.rows) == 6
    assert set(found.rows["accuracy"]) <= {0.0, 1.0}
    if way == "generate":
        wrong = 1 - found.rows["accuracy"]
        assert (wrong >= found.rows["unparsed"]).all()
        again = evaluate_model(speaker, [task], answers=tmp_path)
        assert again.rows.equals(found.rows)


def test_weights_are_log_likelihoods_that_a_pass_over_one_option_gives_too(speaker, tmp_path):
    import torch

    from tiny_llava import plain

    model = LocalModel(speaker)
    prompt, options = Prompt("Judge this", [plain("red")]), ["Good", "Bad . Final Score", "I"]
    logs = Weigher(model, tmp_path).weigh(prompt, options)
    inputs = dict(model.chat.inputs([prompt], [[plain("red")]]))
    for option, log in zip(options, logs, strict=True):
        said = torch.tensor([[*model.chat.tokenizer(option, add_special_tokens=False)["input_ids"], model.chat.tokenizer.eos_token_id]])
        ids = torch.cat([inputs["input_ids"], said], 1)
        with torch.inference_mode():
            out = model.loaded(input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=inputs["pixel_values"]).logits
        expected = torch.log_softmax(out[0, -said.shape[1] - 1 : -1].float(), -1)[torch.arange(said.shape[1]), said[0]].sum()
        assert log == pytest.approx(expected.item(), abs=1e-4)


def test_a_task_that_asks_for_what_a_model_does_not_give_is_refused(base, cvqa):
    definition = {"name": "mine", "corpus": "cvqa", "view": "vqa", "protocol": "options", "settings": {"way": "weigh"}}
    with pytest.raises(ConfigError, match="cannot ask this model with way='weigh': it gives features: match"):
        evaluate_model(base, [load_task(definition, **cvqa)])


def test_an_evaluation_is_sliced_again_without_the_model(base, cvqa, tmp_path):
    found = evaluate_model(base, [load_task("cvqa", region="SEA", **cvqa)])
    again = load_evaluation(found.save(tmp_path / "kept"))
    assert again.scores == found.scores
    by_topic = again.sliced(["topic"]).scores["cvqa"]
    assert sum(entry["n"] for entry in by_topic["by"]["topic"].values()) == 40
    assert by_topic["regional"] == found.scores["cvqa"]["regional"]
    with pytest.raises(ConfigError, match="cannot be sliced by income; their slices: country, language, topic"):
        again.sliced(["income"])


def test_an_unknown_task_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"no task 'cvqua'\. Did you mean 'cvqa'"):
        load_task("cvqua")
    with pytest.raises(ConfigError, match=r"no task has 'protocal'\. Did you mean 'protocol'"):
        load_task({"name": "x", "corpus": "cvqa", "protocal": "options"})


def test_the_command_prints_the_scores(base, cvqa, capsys):
    words = ["evaluate", str(base), "--task", "cvqa", "--region", "SEA", "--by", "country", "--data-dir", str(cvqa["data_dir"]), "--json"]
    assert main(words) == 0
    import json

    printed = json.loads(capsys.readouterr().out)
    assert printed["tasks"]["cvqa"]["regional"]["n"] == 20
    assert main(words[:-1]) == 0
    assert "country IDN" in capsys.readouterr().out
