"""Open questions of AyaVisionBench on its miniature: answers rated, or compared in both orders."""

import json
from dataclasses import replace

import numpy as np
import pytest

from hf_regional.cli import main
from hf_regional.errors import BadRowError, ConfigError
from hf_regional.evaluating import evaluate_model, load_task, open_subject
from hf_regional.generating import Answer
from miniatures import write_miniature
from tiny_llava import save_llava


@pytest.fixture(scope="module")
def aya(tmp_path_factory):
    folder = write_miniature("aya_vision_bench", tmp_path_factory.mktemp("aya") / "files")
    return {"data_dir": folder, "cache_dir": tmp_path_factory.mktemp("cache")}


@pytest.fixture(scope="module")
def speaker(tmp_path_factory):
    return save_llava(tmp_path_factory.mktemp("llava") / "tiny-llava", steps=2)


class Book:
    """A judge that looks a verdict up by what its prompt holds; what it does not know it says nothing readable of."""

    def __init__(self, verdicts):
        self.verdicts, self.asked, self.name = verdicts, [], "book"

    def answers(self, prompts, kept=None):
        self.asked += [prompt.text for prompt in prompts]
        return [Answer(next((said for words, said in self.verdicts.items() if words in prompt.text), "well")) for prompt in prompts]


def test_answers_are_rated_by_language_and_the_judge_is_named(speaker, aya, tmp_path):
    judge = save_llava(tmp_path / "tiny-judge", steps=2)
    task = load_task("aya-vision-bench", region="SEA", settings={"judge": str(judge)}, limit=4, **aya)
    found = evaluate_model(speaker, [task], by=["language"], answers=tmp_path / "kept")
    scores = found.scores["aya-vision-bench"]
    assert scores["metric"] == "rating by tiny-judge"
    assert scores["extras"]["judge"] == "tiny-judge"
    assert found.rows["rating by tiny-judge"].between(0, 1).all()
    assert set(found.rows["unrated"]) <= {0.0, 1.0}
    assert {"answer", "verdict"} <= set(found.rows.columns)


def test_a_rating_becomes_a_share_and_what_cannot_be_read_is_counted_apart(speaker, aya, tmp_path):
    task = load_task("aya-vision-bench", settings={"judge": "org/judge"}, **aya)
    verdicts = {"(ind_Latn) prompt 0": "Rating: 5", "(vie_Latn) prompt 0": "Rating: 3", "(eng_Latn) prompt 0": "1"}
    task = replace(task, judge=Book(verdicts))
    outcome = task.measure(open_subject(speaker, answers=tmp_path))
    values = dict(zip(task.questions, outcome.scores["rating by book"], strict=True))
    assert values["(ind_Latn) prompt 0"] == 1
    assert values["(vie_Latn) prompt 0"] == 0.5
    assert values["(eng_Latn) prompt 0"] == 0
    answered = 1 - outcome.scores["unanswered"]
    read = sum(answered[task.questions.index(one)] for one in verdicts)
    assert outcome.scores["unrated"].sum() == answered.sum() - read
    assert outcome.extras["mean_of_rated"] == pytest.approx(sum(values.values()) / read)
    assert "Reference answer: (ind_Latn) reference 0" in "\n".join(task.judge.asked)


def test_a_judge_that_always_takes_the_first_answer_finds_both_as_good(speaker, aya, tmp_path):
    task = load_task("aya-vision-bench", settings={"judge": "org/judge", "way": "compare"}, **aya)
    task = replace(task, judge=Book({"Question": "A"}))
    outcome = task.measure(open_subject(speaker, answers=tmp_path))
    answered = outcome.scores["unanswered"] == 0
    assert answered.any()
    assert set(outcome.scores["preference over the reference by book"][answered]) == {0.5}
    assert outcome.extras["first_preferred"] == 1.0
    assert not outcome.scores["unrated"].any()


def test_the_better_answer_is_found_wherever_it_stands_and_half_a_verdict_is_one(speaker, aya, tmp_path):
    task = load_task("aya-vision-bench", settings={"judge": "org/judge", "way": "compare"}, **aya)
    book = Book({"First answer: (ind_Latn) reference 0": "A", "Second answer: (ind_Latn) reference 0": "B",
                 "First answer: (vie_Latn) reference 0": "B"})  # fmt: skip
    task = replace(task, judge=book)
    outcome = task.measure(open_subject(speaker, answers=tmp_path))
    values = dict(zip(task.questions, outcome.scores[task.metric], strict=True))
    unrated = dict(zip(task.questions, outcome.scores["unrated"], strict=True))
    answered = dict(zip(task.questions, outcome.scores["unanswered"] == 0, strict=True))
    assert answered["(ind_Latn) prompt 0"] and answered["(vie_Latn) prompt 0"]
    assert (values["(ind_Latn) prompt 0"], unrated["(ind_Latn) prompt 0"]) == (0, 0)
    assert (values["(vie_Latn) prompt 0"], unrated["(vie_Latn) prompt 0"]) == (1, 0)
    rest = [one for one in task.questions if answered[one] and one not in {"(ind_Latn) prompt 0", "(vie_Latn) prompt 0"}]
    assert {(values[one], unrated[one]) for one in rest} == {(0.5, 1.0)}


def test_a_baseline_s_answers_are_asked_for_and_a_model_ties_with_itself(speaker, aya, tmp_path):
    settings = {"judge": "org/judge", "way": "compare", "baseline": str(speaker)}
    task = replace(load_task("aya-vision-bench", settings=settings, limit=2, **aya), judge=Book({"Question": "B"}))
    assert task.metric == "preference over tiny-llava by book"
    outcome = task.measure(open_subject(speaker, answers=tmp_path))
    assert set(outcome.scores[task.metric][outcome.scores["unanswered"] == 0]) <= {0.5}
    assert outcome.extras["against"] == "tiny-llava"


def test_an_answer_that_did_not_come_is_worth_nothing_and_no_judge_is_asked(aya):
    class Mute:
        kind, name, answers = "vision-language", "mute", None

    task = replace(load_task("aya-vision-bench", settings={"judge": "org/judge"}, limit=3, **aya), judge=Book({}))
    values, unrated, _, _ = task._rated([Answer(None, "refused")] * 3, [], Mute())
    assert not np.concatenate([values, unrated]).any()
    assert task.judge.asked == []


def test_bad_settings_are_refused(base, aya, tmp_path):
    with pytest.raises(ConfigError, match="way is 'rank'; it is one of rate, compare"):
        load_task("aya-vision-bench", settings={"way": "rank"}, **aya)
    with pytest.raises(ConfigError, match="a rating needs no baseline"):
        load_task("aya-vision-bench", settings={"baseline": "org/model"}, **aya)
    with pytest.raises(ConfigError, match=r"lacks \{answer\}"):
        load_task("aya-vision-bench", settings={"prompt": "Rate {question}"}, **aya)
    with pytest.raises(ConfigError, match="answers in words"):
        evaluate_model(base, [load_task("aya-vision-bench", **aya)])
    with pytest.raises(BadRowError, match="has no reference answer to compare with"):
        definition = {"name": "x", "corpus": "aya-vision-bench", "view": "vqa", "protocol": "judged", "group": "language"}
        folder = write_miniature("aya_vision_bench", tmp_path / "files")
        empty_references(folder / "ind_Latn" / "test-00000-of-00001.parquet")
        load_task(definition, settings={"judge": "j", "way": "compare"}, data_dir=folder, cache_dir=tmp_path / "cache")


def empty_references(file):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(file)
    pq.write_table(table.set_column(table.schema.get_field_index("reference"), "reference", pa.array([""] * len(table))), file)


def test_the_command_asks_model_and_judge_and_prints(speaker, aya, capsys):
    words = ["evaluate", str(speaker), "--task", "aya-vision-bench", "--by", "language", "--region", "SEA", "--limit", "2"]
    words += ["--data-dir", str(aya["data_dir"]), "--setting", f"judge={speaker}", "--json"]
    assert main(words) == 0
    printed = json.loads(capsys.readouterr().out)["tasks"]["aya-vision-bench"]
    assert printed["metric"] == "rating by tiny-llava"
    assert printed["regional"]["n"] == 2
