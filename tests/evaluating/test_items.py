"""The names of items: the same for every model and machine, another for every other question."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from hf_regional.evaluating.items import Items, item_names, items_of, picture_key
from hf_regional.metrics import Relevant

RED, BLUE = (Image.new("RGB", (4, 4), colour) for colour in ("red", "blue"))


def names(texts=("what?",), right=("soup",), pictures=((RED,),), more=(), groups=("IDN",)):
    return item_names(Items(texts, right, pictures, more), groups)


@pytest.mark.parametrize(
    "other",
    [{"texts": ["why?"]}, {"right": ["rice"]}, {"pictures": [(BLUE,)]}, {"pictures": [()]}, {"more": [["a", "b"]]}, {"groups": ["THA"]}],
)
def test_another_text_answer_picture_option_or_group_is_another_item(other):
    assert names() == names()
    assert names(**other) != names()


def test_options_in_another_order_are_another_question():
    assert names(more=[["a", "b"]]) != names(more=[["b", "a"]])


def test_what_is_asked_twice_has_two_names():
    first, second, third = names(["a", "a", "b"], ["x"] * 3, [()] * 3, groups=["IDN"] * 3)
    assert second == f"{first}-2"
    assert third not in {first, second}


def test_a_picture_in_a_file_is_known_by_its_bytes_wherever_it_lies(tmp_path):
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        RED.save(tmp_path / place / "a.png")
    here, there = ({"bytes": None, "path": str(tmp_path / place / "a.png")} for place in ("here", "there"))
    assert picture_key(here) == picture_key(there) == picture_key({"bytes": (tmp_path / "here/a.png").read_bytes(), "path": None})
    assert picture_key({"bytes": None, "path": "gone.png"}) == "gone.png"


def task(n=1, **told):
    return SimpleNamespace(rows=SimpleNamespace(groups=np.array(["IDN"] * n)), **told)


@pytest.mark.parametrize(
    ("told", "text", "right", "pictures"),
    [
        ({"questions": ["q"], "options": [["a", "b"]], "answers": np.array([1]), "pictures": [RED]}, "q", "b", (RED,)),
        ({"prompts": ["p"], "answers": [("x", "y")], "pictures": [None]}, "p", "x / y", ()),
        ({"prompts": ["p"], "truths": np.array([True]), "pictures": [[RED], [BLUE]]}, "p", "true", (RED, BLUE)),
        ({"names": ["cat", "dog"], "right": Relevant.of([[1, 0]]), "pictures": [RED], "prompt": "what?"}, "", "cat / dog", (RED,)),
        ({"texts": ("a cat",), "gallery": (RED, BLUE), "relevant": (np.array([1]),)}, "a cat", "", (BLUE,)),
        ({"questions": ["q"], "references": ["r"], "pictures": [RED]}, "q", "r", (RED,)),
        ({"questions": ["q"], "candidates": [["a", "b", "c"]], "gold": [{0, 2}], "pictures": [None]}, "q", "a / c", ()),
        ({"concepts": ["wedding"], "gallery": [RED]}, "wedding", "", ()),
    ],
)
def test_items_are_read_under_the_names_that_protocols_use(told, text, right, pictures):
    found = items_of(task(**told))
    assert (found.texts[0], found.right[0], found.pictures[0]) == (text, right, pictures)


def test_several_rows_may_be_one_item():
    inner = task(3, questions=["a", "b", "c"], options=[["x", "y"]] * 3, answers=np.array([0, 1, 0]), pictures=[RED, RED, BLUE])
    found = items_of(task(2, asked=inner, of=np.array([0, 0, 1])))
    assert (found.texts, found.right, found.pictures[1], len(found.more[0])) == (["a / b", "c"], ["x / y", "x"], (BLUE,), 2)
    assert items_of(task(3, asked=inner)).texts == ["a", "b", "c"]


def test_a_task_may_tell_its_items_itself():
    own = Items(["mine"], ["yes"], [()])
    assert items_of(task(questions=["q"], as_items=lambda: own)) is own
