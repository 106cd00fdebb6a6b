from typing import ClassVar

import numpy as np
import pytest
from datasets import DatasetDict
from small_corpus import COLOURS, NAMES, dataset

from hf_regional.errors import ConfigError, MissingColumnError, NoRowsError
from hf_regional.evaluating import build_retrieval_task
from small_clip import png


def asked(task):
    return list(zip(task.texts, task.rows.groups.tolist(), task.rows.sides.tolist(), strict=True))


def right(task, text) -> set[str]:
    """The colours of the pictures that answer a text."""
    colour_of = {png(colour): colour for colour in COLOURS}
    return {colour_of[task.gallery[place]["bytes"]] for place in task.relevant[task.texts.index(text)]}


def test_a_text_kept_for_the_region_is_regional_and_any_other_global(task):
    assert asked(task) == [
        ("Cat", "en", "global"),
        ("gato", "es", "global"),
        ("kucing", "id", "regional"),
        ("kucing", "ms", "regional"),
        ("dog", "en", "global"),
        ("anjing", "id", "regional"),
        ("radio", "en", "global"),
        ("radio", "ms", "regional"),
    ]


def test_every_picture_of_all_splits_is_in_the_gallery_once(task):
    assert sorted(cell["bytes"] for cell in task.gallery) == sorted(map(png, COLOURS))
    assert task.rows.n_clusters == 4


def test_a_text_of_two_pictures_has_both_as_right_answers_whatever_its_case(task):
    assert right(task, "anjing") == {"red", "green"}
    assert right(task, "radio") == {"red", "green"}
    assert right(task, "Cat") == {"black"}


def test_what_is_left_out_is_counted_by_reason(task):
    assert task.counts == {
        "texts of neither side (excluded, ambiguous or without evidence)": 2,  # az, bank
        "texts without a language": 0,
        "texts that repeat another of their language": 1,  # Anjing
        "regional texts equal to a global text of the same picture": 1,  # RADIO, id
    }


def test_rows_that_where_refuses_neither_ask_nor_answer(corpus, task):
    assert right(task, "dog") == {"red"}  # the keyword "dog" of the black picture names nothing
    everything = build_retrieval_task(corpus, "test")
    assert right(everything, "dog") == {"red", "black"}
    assert "pet" in everything.texts


def test_rows_of_a_picture_share_its_cluster(task):
    of_text = dict(zip(asked(task), task.rows.clusters.tolist(), strict=True))
    black = {cluster for (text, _, _), cluster in of_text.items() if text in {"Cat", "gato", "kucing"}}
    assert len(black) == 1


def test_chance_over_four_pictures(task):
    one_right = (1 + 1 / 2 + 1 / 3 + 1 / 4) / 4
    # Two right of four: the first is at place 1, 2 or 3 with probability 3/6, 2/6, 1/6.
    two_right = 3 / 6 + 2 / 6 / 2 + 1 / 6 / 3
    expected = [two_right if text in {"anjing", "radio"} else one_right for text in task.texts]
    assert task.rows.chance == pytest.approx(expected)
    assert task.chance("R@1") == pytest.approx([0.5 if text in {"anjing", "radio"} else 0.25 for text in task.texts])


class KnownEncoder:
    """Two numbers a picture and two a text, so that every similarity can be worked out by hand."""

    PICTURES: ClassVar = {"black": (1.0, 0.0), "red": (0.8, 0.6), "green": (0.6, 0.8), "white": (0.0, 1.0)}
    TEXTS: ClassVar = {
        "Cat": (1.0, 0.0),
        "gato": (0.0, 1.0),
        "kucing": (0.0, 1.0),
        "dog": (1.0, 0.0),
        "anjing": (1.0, 0.0),
        "radio": (0.0, 1.0),
    }

    def encode_texts(self, texts):
        return np.array([self.TEXTS[text] for text in texts], np.float32)

    def encode_images(self, images):
        colour_of = {png(colour): features for colour, features in self.PICTURES.items()}
        return np.array([colour_of[image["bytes"]] for image in images], np.float32)


def test_ranks_by_hand(task):
    """Along (1, 0) the pictures stand black, red, green, white; along (0, 1) the other way round."""
    ranks = {"Cat": 1, "gato": 4, "kucing": 4, "dog": 2, "anjing": 2, "radio": 2}  # anjing: red before green; radio: green before red
    found = task.measure(KnownEncoder())
    assert found["MRR"] == pytest.approx([1 / ranks[text] for text in task.texts])
    assert found["R@1"].tolist() == [float(ranks[text] == 1) for text in task.texts]
    assert found["R@5"].tolist() == [1.0] * 8


@pytest.mark.parametrize("column", ["image", "text", "language", "region_verdict"])
def test_a_missing_column_is_named_with_its_split(corpus, column):
    lacking = DatasetDict({"train": corpus["train"], "test": corpus["test"].remove_columns(column)})
    with pytest.raises(MissingColumnError, match=f"split 'test' lacks {column}; there are: ") as caught:
        build_retrieval_task(lacking, "test")
    assert caught.value.missing == {column}


def test_a_column_that_where_names_must_be_there(corpus):
    with pytest.raises(MissingColumnError, match="lacks quality"):
        build_retrieval_task(corpus, "test", where={"quality": ["good"]})


def test_an_unknown_split_is_answered_with_the_known_ones(corpus):
    with pytest.raises(ConfigError, match="no split 'dev'; there are: train, test"):
        build_retrieval_task(corpus, "dev")


def test_a_side_without_a_text_is_refused_by_name():
    rows = [(0, "cat", "en", "name", "other"), (1, "dog", "en", "name", "other")]
    with pytest.raises(NoRowsError, match="split 'test' has no regional text to ask"):
        build_retrieval_task(DatasetDict({"test": dataset(rows)}), "test")
    with pytest.raises(NoRowsError, match="no global text"):
        build_retrieval_task(DatasetDict({"test": dataset([(0, "kucing", "id", "name", "kept")])}), "test", where=NAMES)
