"""Pictures and labels, by features that a reader can compare by eye, and by words."""

import numpy as np
import pytest
from asked_rows import COLOURS, KnownEncoder, pairs, speaker
from datasets import List, Value

from hf_regional.errors import BadRowError, ConfigError, MissingColumnError, NoRowsError, OutOfRangeError
from hf_regional.evaluating.asked import ask
from hf_regional.evaluating.protocols.classification import build_classification_task
from hf_regional.evaluating.quantiles import Quantiles, read_slice
from small_clip import png

TOPICS = {"topics": List(Value("string")), "income": Value("float64")}
ROWS = [
    {"image": "black", "topics": ["bed"], "income": 10.0, "country_iso3": "IDN"},
    {"image": "red", "topics": ["sofa", "chair"], "income": 20.0, "country_iso3": "IDN"},
    {"image": "green", "topics": ["gas_stove"], "income": 400.0, "country_iso3": "FRA"},
    {"image": "white", "topics": [], "income": None, "country_iso3": "FRA"},
]
# Labels in order: bed, chair, gas_stove, sofa. Along the axes x, y and z.
TEXTS = {"a bed": (1, 0, 0), "a chair": (0, 1, 0), "a gas stove": (0, 0, 1), "a sofa": (-1, 0, 0)}
PICTURES = {"black": (3, 1, 0), "red": (2, 1, 0), "green": (1, 0, 1)}
TEMPLATES = {"en": ["a {label}"]}


def task_of(rows=ROWS, *, where=None, **settings):
    data = pairs(rows, **TOPICS)
    asked = ask(data, slices=[Quantiles("income", 2, "USD")], where=where)
    return build_classification_task("homes", asked, data, **{"label": "topics", "templates": TEMPLATES} | settings)


def test_the_nearest_label_counts_and_any_of_several_right_ones_is_right():
    found = task_of().measure(KnownEncoder(PICTURES, TEXTS))
    # black: bed. red: bed before chair. green: bed and stove are equally near, and a tie counts against the model.
    assert found.scores["accuracy"].tolist() == [1, 0, 0]
    assert found.scores["top-5"].tolist() == [1, 1, 1]
    assert found.details["answer"] == ["bed", "bed", "bed"]


def test_rows_without_a_label_are_left_out_and_counted():
    assert task_of().counts == {"rows without a label": 1}


def test_chance_is_the_share_of_orders_in_which_a_right_label_comes_first():
    task = task_of()
    assert task.rows.chance.tolist() == [1 / 4, 2 / 4, 1 / 4]
    assert task.chance("top-5") == pytest.approx([1, 1, 1])


def test_labels_are_averaged_over_templates_and_brought_back_to_unit_length():
    texts = {f"{word} {label}": vector for label, vector in (("bed", (1, 0)), ("sofa", (0, 1))) for word in "ab"}
    texts["b bed"] = (0, 1)
    task = task_of(labels=["bed", "sofa"], templates={"en": ["a {label}", "b {label}"]})
    features = task.label_features(KnownEncoder({}, texts))
    assert features == pytest.approx(np.array([[0.5**0.5, 0.5**0.5], [0, 1]]))


def test_a_label_is_shown_in_the_words_of_a_language():
    task = task_of(
        language="id", templates={"en": ["{label}"], "id": ["foto {label}"]}, labels=["bed", "sofa"], names={"id": {"bed": "tempat tidur"}}
    )
    assert (task.names, task.templates) == (("tempat tidur", "sofa"), ("foto {label}",))


def test_all_labels_are_offered_though_few_rows_are_asked():
    data = pairs(ROWS, **TOPICS)
    task = build_classification_task("homes", ask(data, limit=1), data, label="topics")
    assert len(task.pictures) == 1
    assert task.names == ("bed", "chair", "gas stove", "sofa")


def test_a_model_that_answers_in_words_names_a_label(tmp_path):
    said = {0: "A bed.", 255: "I see a chair"}
    with speaker(tmp_path, lambda text, colours: said[colours[0][0]] if colours[0][1] == 0 else "a bed or a sofa") as model:
        found = task_of().measure(model)
    assert found.scores["accuracy"].tolist() == [1, 1, 0]
    assert found.scores["unparsed"].tolist() == [0, 0, 1]
    assert "top-5" not in found.scores


def test_top_five_cannot_be_asked_of_one_written_label(tmp_path):
    with speaker(tmp_path, lambda *_: "bed") as model, pytest.raises(ConfigError, match="one label that is written has no top-5"):
        task_of(metric="top-5").measure(model)


def test_income_is_sliced_by_quantiles_named_with_their_bounds():
    # 10, 20 and 400: the median is 20, and what lies on a bound belongs below it.
    assert task_of().rows.slices["income"].tolist() == ["Q1 10–20 USD", "Q1 10–20 USD", "Q2 20–400 USD"]


def test_bounds_are_those_of_all_rows_whatever_is_asked():
    data = pairs(ROWS, **TOPICS)
    few = ask(data, slices=[Quantiles("income", 2, "USD")], limit=1)
    assert set(few.rows.slices["income"].tolist()) <= {"Q1 10–20 USD", "Q2 20–400 USD", None}


def test_equal_bounds_fall_together():
    rows = [{"image": colour, "income": income} for colour, income in (("black", 5.0), ("red", 5.0), ("green", 5.0), ("white", 9.0))]
    labels = ask(pairs(rows, **TOPICS), group=None, slices=[Quantiles("income", 4)]).rows.slices["income"]
    assert labels.tolist() == ["Q1 5–6", "Q1 5–6", "Q1 5–6", "Q2 6–9"]  # quartiles 5, 5, 5, 6, 9


def test_a_column_of_words_has_no_quantiles():
    with pytest.raises(BadRowError, match="row 0: topic is 'bed'"):
        ask(pairs([{"image": "red", "topic": "bed"}]), group=None, slices=[Quantiles("topic")])
    with pytest.raises(OutOfRangeError, match="1 quantiles"):
        Quantiles("income", 1)
    with pytest.raises(ConfigError, match="neither a column nor"):
        read_slice({"income": {"parts": 4}}, "mine.yaml")


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"label": "thing"}, MissingColumnError, "the rows lack thing"),
        ({"metric": "top-3"}, ConfigError, "no metric 'top-3'; it has: accuracy, top-5"),
        ({"language": "th"}, ConfigError, "no templates in 'th'; it has: en"),
        ({"templates": {"en": ["a {lable}"]}}, ConfigError, r"lacks \{label\}"),
        ({"templates": {"en": ["a {label} {x}"]}}, ConfigError, r"has \{x\}; it may have \{label\}"),
        ({"labels": ["bed", "bath"]}, ConfigError, "no row has the label 'bath'"),
        ({"labels": ["bed"]}, NoRowsError, "two or more are needed"),
        ({"names": {"en": {"bed": "sofa"}}}, ConfigError, "several labels are called 'sofa'"),
    ],
)
def test_what_cannot_be_asked_is_named(settings, error, message):
    with pytest.raises(error, match=message):
        task_of(**settings)


def test_the_parts_go_by_the_bytes_of_a_picture_wherever_its_file_lies(tmp_path):
    rows = [{"image": colour, "text": colour} for colour in COLOURS]
    held = {part: ask(pairs(rows), group=None, part=part).table["text"].tolist() for part in ("select", "report")}
    files = []
    for row in rows:
        file = tmp_path / f"{row['text']}.png"
        file.write_bytes(png(row["text"]))
        files.append({**row, "image": {"bytes": None, "path": str(file)}})
    lying = {part: ask(pairs(files), group=None, part=part).table["text"].tolist() for part in ("select", "report")}
    assert held == lying
    assert sorted(held["select"] + held["report"]) == sorted(COLOURS)
