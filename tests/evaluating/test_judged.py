"""Open questions of AyaVisionBench on its miniature: answers rated, or compared in both orders. Models are tiny, or served by a book."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from talking import NAME, book

from chat_server import completion
from hf_regional.cli import main
from hf_regional.errors import BadRowError, ConfigError
from hf_regional.evaluating import evaluate_model, load_task
from miniatures import write_miniature
from tiny_llava import save_llava

pytestmark = pytest.mark.usefixtures("_no_proxy")
IND, VIE, ENG = (f"({language}) prompt 0" for language in ("ind_Latn", "vie_Latn", "eng_Latn"))
OURS = "what we say"


@pytest.fixture(scope="module")
def aya(tmp_path_factory):
    folder = write_miniature("aya_vision_bench", tmp_path_factory.mktemp("aya") / "files")
    return {"data_dir": folder, "cache_dir": tmp_path_factory.mktemp("cache")}


def asked(task, model, answers):
    """Rows by their question, and the task's scores."""
    found = evaluate_model(model, [task], by=["language"], answers=answers)
    return found.rows.assign(question=task.questions).set_index("question"), found.scores[task.name]


def test_a_rating_becomes_a_share_and_what_cannot_be_read_is_counted_apart(aya, tmp_path):
    with book({}, OURS) as model, book({IND: "Rating: 5", VIE: "Rating: 3", ENG: "It is a 1."}) as judge:
        task = load_task("aya-vision-bench", settings={"judge": judge.spec}, **aya)
        rows, scores = asked(task, model.spec, tmp_path)
        prompts = judge.prompts
    metric = f"rating by {NAME}"
    assert scores["metric"] == metric
    assert rows.loc[[IND, VIE, ENG], metric].tolist() == [1, 0.5, 0]
    assert rows.loc[[IND, VIE, ENG], "unrated"].tolist() == [0, 0, 0]
    assert (rows["unrated"].sum(), rows["unanswered"].sum()) == (43, 0)
    assert scores["extras"]["mean_of_rated"] == 0.5
    assert rows.loc[VIE, "verdict"] == "Rating: 3"
    (told,) = [prompt for prompt in prompts if IND in prompt]
    assert f"Answer to rate: {OURS}" in told
    assert "Reference answer: (ind_Latn) reference 0" in told


def test_a_question_about_two_pictures_shows_both_to_the_model_and_to_the_judge_unless_it_is_blind(aya, tmp_path):
    with book({}, OURS) as model, book({}, "Rating: 2") as judge:
        asked(load_task("aya-vision-bench", settings={"judge": judge.spec}, **aya), model.spec, tmp_path)
        seen = [sorted(one.pictures) for one in (model, judge)]
    assert seen == [[1] * 23 + [2] * 23] * 2
    with book({}, OURS) as model, book({}, "Rating: 2") as judge:
        asked(load_task("aya-vision-bench", settings={"judge": judge.spec, "sees": False}, **aya), model.spec, tmp_path / "blind")
        assert set(judge.pictures) == {0}


def test_a_judge_that_always_takes_the_first_answer_finds_both_as_good(aya, tmp_path):
    with book({}, OURS) as model, book({}, "A") as judge:
        task = load_task("aya-vision-bench", settings={"judge": judge.spec, "way": "compare"}, **aya)
        rows, scores = asked(task, model.spec, tmp_path)
        assert len(judge.prompts) == 2 * len(rows)
    assert scores["metric"] == f"preference over the reference by {NAME}"
    assert set(rows[scores["metric"]]) == {0.5}
    assert scores["extras"]["first_preferred"] == 1
    assert not rows["unrated"].any()


def test_the_better_answer_is_found_wherever_it_stands_and_half_a_verdict_is_one(aya, tmp_path):
    verdicts = {
        "First answer: (ind_Latn) reference 0": "A",
        "Second answer: (ind_Latn) reference 0": "B",
        "First answer: (vie_Latn) reference 0": "B",  # ours; in the other order nobody can read what it says
        "First answer: (eng_Latn) reference 0": "C",
        "Second answer: (eng_Latn) reference 0": "A",
    }
    with book({}, OURS) as model, book(verdicts) as judge:
        task = load_task("aya-vision-bench", settings={"judge": judge.spec, "way": "compare"}, **aya)
        rows, scores = asked(task, model.spec, tmp_path)
    values = rows[scores["metric"]]
    assert values[[IND, VIE, ENG]].tolist() == [0, 1, 0.75]
    assert rows.loc[[IND, VIE, ENG], "unrated"].tolist() == [0, 0, 0]
    rest = rows.drop([IND, VIE, ENG])
    assert set(rest[scores["metric"]]) == {0.5}
    assert set(rest["unrated"]) == {1}
    assert scores["extras"]["mean_of_rated"] == pytest.approx((0 + 1 + 0.75) / 3)


def test_a_baseline_s_answers_are_asked_for_and_take_the_references_place(aya, tmp_path):
    with book({}, OURS) as model, book({}, "what they say") as other, book({"First answer: what they": "B"}, "A") as judge:
        settings = {"judge": judge.spec, "way": "compare", "baseline": other.spec}
        rows, scores = asked(load_task("aya-vision-bench", settings=settings, limit=3, **aya), model.spec, tmp_path)
        assert not any("reference" in prompt for prompt in judge.prompts)
    assert scores["metric"] == f"preference over {NAME} by {NAME}"
    assert set(rows[scores["metric"]]) == {1}
    assert scores["extras"]["against"] == NAME


def test_an_answer_that_did_not_come_is_worth_nothing_and_no_judge_is_asked_for_it(aya, tmp_path):
    refusal = completion("", finish="content_filter")
    with book({IND: refusal}, OURS) as model, book({}, "Rating: 5") as judge:
        rows, scores = asked(load_task("aya-vision-bench", settings={"judge": judge.spec}, **aya), model.spec, tmp_path)
        assert not any(IND in prompt for prompt in judge.prompts)
    assert (rows.loc[IND, scores["metric"]], rows.loc[IND, "unanswered"]) == (0, 1)
    assert rows.loc[IND, "answer"] == "(refused)"
    assert set(rows.drop(IND)[scores["metric"]]) == {1}


def test_what_was_answered_and_judged_is_kept(aya, tmp_path):
    with book({}, OURS) as model, book({}, "Rating: 4") as judge:
        task = load_task("aya-vision-bench", settings={"judge": judge.spec}, limit=4, **aya)
        once, _ = asked(task, model.spec, tmp_path)
        number = len(model.prompts), len(judge.prompts)
        again, _ = asked(task, model.spec, tmp_path)
        assert (len(model.prompts), len(judge.prompts)) == number == (4, 4)
    assert again.equals(once)


def test_bad_settings_are_refused(base, aya, tmp_path):
    with pytest.raises(ConfigError, match="way is 'rank'; it is one of rate, compare"):
        load_task("aya-vision-bench", settings={"way": "rank"}, **aya)
    with pytest.raises(ConfigError, match="a rating needs no baseline"):
        load_task("aya-vision-bench", settings={"baseline": "org/model"}, **aya)
    with pytest.raises(ConfigError, match=r"lacks \{answer\}"):
        load_task("aya-vision-bench", settings={"prompt": "Rate {question}"}, **aya)
    with pytest.raises(ConfigError, match="answers in words"):
        evaluate_model(base, [load_task("aya-vision-bench", **aya)])
    folder = write_miniature("aya_vision_bench", tmp_path / "files")
    file = folder / "ind_Latn" / "test-00000-of-00001.parquet"
    table = pq.read_table(file)
    place = table.schema.get_field_index("reference")
    pq.write_table(table.set_column(place, "reference", pa.array([""] * len(table))), file)
    with pytest.raises(BadRowError, match="row ind_Latn/0 has no reference answer to compare with"):
        load_task("aya-vision-bench", settings={"way": "compare"}, data_dir=folder, cache_dir=tmp_path / "cache")


def test_the_command_asks_a_tiny_model_and_a_tiny_judge_and_prints(aya, tmp_path, capsys):
    speaker = save_llava(tmp_path / "tiny-llava", steps=2)
    words = ["evaluate", str(speaker), "--task", "aya-vision-bench", "--by", "language", "--region", "SEA", "--limit", "2"]
    words += ["--data-dir", str(aya["data_dir"]), "--setting", f"judge={speaker}", "--json"]
    assert main(words) == 0
    printed = json.loads(capsys.readouterr().out)["tasks"]["aya-vision-bench"]
    assert printed["metric"] == "rating by tiny-llava"
    assert printed["regional"]["n"] == 2
