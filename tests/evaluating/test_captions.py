"""Captions by letters, and by an encoder whose name the metric bears."""

import numpy as np
import pytest
from asked_rows import pairs, speaker
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.encoding import load_encoder
from hf_regional.errors import ConfigError, NoRowsError, OutOfRangeError
from hf_regional.evaluating import evaluate_model
from hf_regional.evaluating.asked import ask
from hf_regional.evaluating.protocols.captions import build_captions_task
from hf_regional.metrics import chrf

ROWS = [
    {"image": "red", "text": "kucing merah", "language": "id"},
    {"image": "red", "text": "kucing", "language": "id"},
    {"image": "red", "text": "red cat", "language": "en"},
    {"image": "blue", "text": "anjing biru", "language": "id"},
    {"image": "blue", "text": "blue dog", "language": None},
]


def task_of(**settings):
    data = pairs(ROWS)
    return build_captions_task("said", ask(data, group=None), data, **settings)


def test_an_item_is_a_picture_in_a_language_and_its_texts_are_the_references():
    task = task_of()
    assert list(task.references) == [("kucing merah", "kucing"), ("red cat",), ("anjing biru",)]
    assert [prompt.split(" in ")[1] for prompt in task.prompts] == ["one short sentence"] * 3
    assert [prompt.rpartition(" ")[2] for prompt in task.prompts] == ["Indonesian.", "English.", "Indonesian."]
    assert task.counts == {"rows without a language, or without a text of their picture": 1}
    assert task.rows.clusters.tolist() in ([0, 0, 1], [1, 1, 0])


def test_the_best_reference_counts_and_what_was_not_written_has_nothing(tmp_path):
    said = {(255, 0, 0): "Kucing".lower(), (0, 0, 255): "..."}
    with speaker(tmp_path, lambda text, colours: said[colours[0]]) as model:
        found = task_of().measure(model)
    assert found.scores["chrF"][0] == 1
    assert found.scores["chrF"][2] == 0
    assert found.scores["unparsed"].tolist() == [0, 0, 1]


def test_a_scorer_gives_its_name_to_the_metric_and_its_features_to_the_score(base, tmp_path):
    with speaker(tmp_path, lambda text, colours: "kucing merah" if "Indonesian" in text else "...") as model:
        task = task_of(scorer=str(base))
        found = evaluate_model(model, [task], by=["language"], resamples=20)
    assert task.metric == "RefCLIPScore[clip]"
    assert found.scores["said"]["metric"] == "RefCLIPScore[clip]"
    encoder = load_encoder(base)
    text, picture = encoder.encode_texts(["kucing merah"])[0], encoder.encode_images([task.pictures[0]])[0]
    by_image, by_people = 2.5 * max(0, float(text @ picture)), 1.0  # it is one of the references
    expected = 2 * by_image * by_people / (by_image + by_people)
    assert found.rows["RefCLIPScore[clip]"][0] == pytest.approx(expected, abs=1e-5)
    assert found.rows["CLIPScore[clip]"][0] == pytest.approx(by_image, abs=1e-5)
    assert found.rows["RefCLIPScore[clip]"][1] == 0
    assert found.rows["chrF"][0] == 1


def test_a_prompt_may_name_the_language_or_be_written_in_it():
    assert task_of(prompt={"id": "Jelaskan gambar ini.", "*": "In {language}:"}).prompts[1] == "In English:"
    with pytest.raises(ConfigError, match=r"has \{lang\}; it may have \{language\}"):
        task_of(prompt="In {lang}:")


@pytest.mark.parametrize(
    ("text", "reference", "order", "expected"),
    [
        ("abc", "abc", 6, 1.0),
        ("abc", "xyz", 6, 0.0),
        ("", "abc", 6, 0.0),
        ("a b c", "abc", 6, 1.0),  # blanks do not count
        ("abc", "abd", 2, (2 / 3 + 1 / 2) / 2),  # P = R
        # 1-grams: 2 of 2 and 2 of 4; 2-grams: 1 of 1 and 1 of 3; longer ones "ab" has none of. P = 1, R = 5/12.
        ("ab", "abcd", 6, 5 * (5 / 12) / (4 + 5 / 12)),
        # aa: a occurs twice in it and once in the reference, so that one of two is shared.
        ("aa", "ab", 1, 0.5),
        ("e\u0301", "\u00e9", 6, 1.0),  # an accent written apart
    ],
)
def test_chrf_by_hand(text, reference, order, expected):
    assert chrf(text, [reference], order=order) == pytest.approx(expected)


@given(text=st.text(max_size=30), references=st.lists(st.text(max_size=30), min_size=1, max_size=3))
def test_chrf_lies_between_none_and_all_and_a_further_reference_does_no_harm(text, references):
    found = chrf(text, references)
    assert 0 <= found <= 1
    assert found >= chrf(text, references[:1])
    assert "".join(text.split()) == "" or chrf(text, [*references, text]) == pytest.approx(1)


def test_recall_weighs_more_than_precision():
    whole, part = "abcdefgh", "abcd"
    assert chrf(whole, [part]) > chrf(part, [whole])
    assert chrf(whole, [part], beta=1) == pytest.approx(chrf(part, [whole], beta=1))


def test_chrf_refuses_what_has_no_meaning():
    with pytest.raises(NoRowsError, match="no reference"):
        chrf("a", [])
    with pytest.raises(OutOfRangeError, match="order is 0"):
        chrf("a", ["a"], order=0)
    with pytest.raises(OutOfRangeError, match="beta nan"):
        chrf("a", ["a"], beta=np.nan)
