"""Open answers and statements: what is right, what is wrong, and what cannot be read."""

import numpy as np
import pytest
from asked_rows import KnownEncoder, speaker, vqa
from datasets import Image

from chat_server import error
from hf_regional.errors import BadRowError, ConfigError, MissingColumnError
from hf_regional.evaluating import evaluate_model, load_task, open_subject
from hf_regional.evaluating.asked import ask
from hf_regional.evaluating.parsing import read_name, stands_in
from hf_regional.evaluating.protocols.open_answers import build_open_answers_task
from hf_regional.evaluating.protocols.statements import build_statements_task
from hf_regional.evaluating.tables import score_tables
from hf_regional.evaluating.truth import read_truth, truth_languages, truth_words
from miniatures import write_miniature
from tiny_llava import save_llava

QUESTIONS = [
    {"image": "black", "question": "price?", "answers": ["20 บาท"], "language": "th"},
    {"image": "red", "question": "shop?", "answers": ["Hòa", "Phở Hòa"], "language": "vi"},
    {"image": "green", "question": "year?", "answers": ["12"], "language": "vi"},
    {"image": "white", "question": "street?", "answers": ["Königsallee"], "language": "de"},
]
SAID = {"price?": "ราคา 20 บาท ครับ", "shop?": "PHỞ HÒA.", "year?": "in 2012", "street?": " ... "}


def open_task(**settings):
    data = vqa(QUESTIONS)
    return build_open_answers_task("signs", ask(data, group=None), data, **settings)


def test_an_answer_contains_or_is_an_accepted_one_or_cannot_be_read(tmp_path):
    with speaker(tmp_path, lambda text, _: SAID[text.split()[0]]) as model:
        found = open_task().measure(model)
    assert found.scores["contains"].tolist() == [1, 1, 0, 0]  # 12 is no part of 2012
    assert found.scores["exact"].tolist() == [0, 1, 0, 0]
    assert found.scores["unparsed"].tolist() == [0, 0, 0, 1]
    assert found.scores["unanswered"].tolist() == [0, 0, 0, 0]
    assert found.details["answer"][1] == "PHỞ HÒA."
    assert found.extras == {"answers": {"read": 3, "unparsed": 1, "unanswered": 0}}


def test_a_question_that_the_model_refuses_is_unanswered_and_not_unparsed(tmp_path, capsys):
    def answer(text, colours):
        return error(400, "too long") if text.startswith("shop") else SAID[text.split()[0]]

    with speaker(tmp_path, answer) as model:
        found = evaluate_model(model, [open_task()], by=["language"], resamples=20)
    assert found.rows["unanswered"].tolist() == [0, 1, 0, 0]
    assert found.rows["unparsed"].tolist() == [0, 0, 0, 1]
    assert found.rows["contains"].tolist() == [1, 0, 0, 0]
    table = score_tables(found.scores)
    assert "unparsed: 1 of 4 answers\nunanswered: 1 of 4 answers" in table


def test_each_language_may_be_asked_in_its_own_words():
    task = open_task(prompt={"th": "ตอบ: {question}", "*": "Answer: {question}"})
    assert list(task.prompts) == ["ตอบ: price?", "Answer: shop?", "Answer: year?", "Answer: street?"]
    with pytest.raises(ConfigError, match="no template in de, vi"):
        open_task(prompt={"th": "{question}"})
    with pytest.raises(ConfigError, match=r"lacks \{question\}"):
        open_task(prompt="Answer!")
    with pytest.raises(ConfigError, match="no metric 'bleu'; it has: contains, exact"):
        open_task(metric="bleu")


def test_a_question_without_an_accepted_answer_is_refused():
    data = vqa([*QUESTIONS, {"image": "blue", "question": "?", "answers": [" . "]}])
    with pytest.raises(BadRowError, match="row 4 has no accepted answer"):
        build_open_answers_task("signs", ask(data, group=None), data)


@pytest.mark.parametrize("build", [open_task, lambda: statements()])
def test_what_must_be_written_is_not_asked_of_features(build):
    with pytest.raises(ConfigError, match="asks for answers in words, and the model gives features"):
        build().measure(KnownEncoder({}, {}))


TRUE_FALSE = {"options": ["true", "false"]}
STATEMENTS = [
    {"image": "black", "question": "Ada dua orang.", "answer": 0, "language": "id", **TRUE_FALSE},
    {"image": "red", "question": "Picha zina ngoma.", "answer": 1, "language": "sw", **TRUE_FALSE},
    {"image": "green", "question": "图里有茶。", "answer": 1, "language": "zh", **TRUE_FALSE},
    {"image": "white", "question": "There is tea.", "answer": 0, "language": "en", **TRUE_FALSE},
]
TWO = {"left_image": Image(), "right_image": Image()}


def statements(rows=STATEMENTS, extras=None, **settings):
    data = vqa(rows, **extras or {})
    return build_statements_task("pairs", ask(data, group=None), data, **settings)


def test_true_and_false_are_read_in_english_and_in_the_language_of_the_statement(tmp_path):
    said = {"Ada": "Tidak benar", "Picha": "Si kweli.", "图里有茶": "不对", "There": "True or false"}
    with speaker(tmp_path, lambda text, _: next(answer for word, answer in said.items() if word in text)) as model:
        found = statements().measure(model)
    assert found.scores["accuracy"].tolist() == [0, 1, 1, 0]
    assert found.scores["unparsed"].tolist() == [0, 0, 0, 1]


def test_the_words_to_choose_from_are_those_of_the_language():
    prompts = statements().prompts
    assert prompts[0].endswith("Answer with benar or salah alone.")
    assert '"Ada dua orang."' in prompts[0]
    assert prompts[3].endswith("Answer with true or false alone.")


def test_two_pictures_are_two_images_where_they_stand_apart_and_else_the_one_there_is(tmp_path):
    rows = [{**row, "left_image": "red", "right_image": "blue"} for row in STATEMENTS]
    seen = []
    with speaker(tmp_path, lambda _, colours: seen.append(colours) or "true") as model:
        statements(rows, TWO).measure(model)
        assert len(seen) == 4
        assert all(colours == [(255, 0, 0), (0, 0, 255)] for colours in seen)
        seen.clear()
        statements(rows, TWO, sides=[]).measure(model)
    assert [len(colours) for colours in seen] == [1] * 4


def test_one_side_alone_is_no_pair():
    with pytest.raises(MissingColumnError, match="have left_image and lack right_image"):
        statements([{**row, "left_image": "red"} for row in STATEMENTS], {"left_image": Image()})


def test_statements_have_two_options():
    with pytest.raises(BadRowError, match=r"row 0: the options are \['yes', 'no'\] and the answer 0"):
        statements([{**STATEMENTS[0], "options": ["yes", "no"]}])
    with pytest.raises(ConfigError, match="way='match'"):
        statements(way="match")


def test_the_likelier_word_is_the_answer(tmp_path):
    task = load_task(
        "marvl", settings={"way": "weigh"}, data_dir=write_miniature("marvl", tmp_path / "files"), cache_dir=tmp_path / "cache", limit=4
    )
    model = open_subject(save_llava(tmp_path / "llava", steps=2), answers=tmp_path / "answers")
    found = task.measure(model)
    assert len(found.scores["accuracy"]) == 4
    assert set(found.details["answer"]) <= {word for language in task.languages for word in truth_words(language)}
    right = [answer == truth_words(spoken)[0] for answer, spoken in zip(found.details["answer"], task.languages, strict=True)]
    ties = found.scores["accuracy"] == 0.5
    assert (ties | (found.scores["accuracy"] == (np.array(right) == task.truths))).all()


@pytest.mark.parametrize("language", sorted(truth_languages()))
def test_the_words_of_each_language_are_read_as_what_they_say(language):
    true, false = truth_words(language)
    assert read_truth(f"{true}.", language) is True
    assert read_truth(f"**{false}**", language) is False
    assert read_truth(f"{true} / {false}", language) is None


@pytest.mark.parametrize(
    ("text", "language", "truth"),
    [
        ("No, there is none. It is not true.", None, False), ("The statement is true.", "id", True), ("It isn't clear", "id", None),
        ("Pernyataan itu tidak benar", "id", False), ("这个说法是错误的", "zh", False), ("错误", "zh", False), ("ไม่จริง", "th", False),
        ("Doğru değil", "tr", False), ("Yes, there are no dogs.", None, True), ("", "ta", None), ("kweli", "xx", None),
        ("There are no dogs, so it is true", None, True), ("There are no dogs", None, None), ("Không.", "vi", False),
        ("Không có chó, vì vậy đúng", "vi", True), ("这是一张照片", "zh", None), ("写真です", "ja", None), ("ไม่มีแมว", "th", None),
        ("มือถูกวาง", "th", None), ("ကြောင်မဟုတ်ဘူး", "my", None), ("ไม่เป็นความจริง", "th", False),
    ],
)  # fmt: skip
def test_denials_are_longer_than_what_they_deny(text, language, truth):
    assert read_truth(text, language) is truth


@pytest.mark.parametrize(
    ("text", "place"),
    [("bed", 0), ("It is a double bed.", 1), ("A bed, and a chair", None), ("bedroom", None), ("", None), ("A", None)],
)
def test_a_name_is_read_and_no_letter_stands_for_one(text, place):
    assert read_name(text, ["bed", "double bed", "chair"]) == place


@pytest.mark.parametrize(
    ("words", "said", "found"),
    [
        ("bún", "búng", False), ("bún", "bún chả", True), ("茶", "两杯茶水", True), ("서울", "서울은 크다", True), ("3.5", "13.5", False),
        ("1", "1.5", False), ("1", "1.", True),
    ],
)  # fmt: skip
def test_words_stand_apart_where_their_script_sets_them_apart(words, said, found):
    assert stands_in(words, said) is found
