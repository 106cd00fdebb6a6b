"""Galleries by language, in both directions, and universals: every rank can be read off the vectors."""

import numpy as np
import pytest
from asked_rows import KnownEncoder, pairs

from hf_regional.errors import ConfigError, MissingColumnError, NoRowsError, OutOfRangeError
from hf_regional.evaluating.asked import ask
from hf_regional.evaluating.protocols.galleries import build_galleries_task
from hf_regional.evaluating.protocols.universals import build_universals_task

ROWS = [
    {"image": "black", "text": "kucing", "language": "id"},
    {"image": "black", "text": "meong", "language": "id"},
    {"image": "red", "text": "Kucing", "language": "id"},  # again, of another picture
    {"image": "green", "text": "anjing", "language": "id"},
    {"image": "black", "text": "cat", "language": "en"},
    {"image": "green", "text": "dog", "language": "en"},
    {"image": "white", "text": " ", "language": "en"},
    {"image": "white", "text": "radio", "language": None},
]
PICTURES = {"black": (1, 0), "red": (0.8, 0.6), "green": (0.6, 0.8), "white": (0, 1)}
TEXTS = {"kucing": (0, 1), "meong": (1, 0), "anjing": (1, 0), "cat": (1, 0), "dog": (1, 0)}
ENCODER = KnownEncoder(PICTURES, TEXTS | {"Kucing": (0, 1)})


def task_of(rows=ROWS, limit=None, **settings):
    data = pairs(rows)
    return build_galleries_task("found", ask(data, group=None, limit=limit), data, **settings)


def test_a_text_is_asked_of_the_pictures_of_its_language():
    task = task_of()
    assert list(task.queries) == ["kucing", "meong", "anjing", "cat", "dog"]
    assert task.counts == {"rows without a text or a gallery": 2, "texts that repeat another of their gallery": 1}
    found = task.measure(ENCODER).scores
    # id has black, red, green: along (0, 1) green, red, black; along (1, 0) the other way round. en has black, green.
    assert found["MRR"].tolist() == [1 / 2, 1, 1 / 3, 1, 1 / 2]  # kucing is black or red
    assert found["R@1"].tolist() == [0, 1, 0, 1, 0]
    assert found["R@5"].tolist() == [1] * 5
    discounts = 1 / np.log2([2, 3, 4])
    two = (discounts[1] + discounts[2]) / (discounts[0] + discounts[1])
    assert found["nDCG@10"] == pytest.approx([two, 1, discounts[2], 1, discounts[1]])


def test_a_picture_is_asked_of_the_texts_of_its_language():
    task = task_of(direction="image-to-text")
    found = task.measure(ENCODER).scores
    # id has anjing and meong at (1, 0), kucing at (0, 1); en has cat and dog, both at (1, 0): a tie counts against the model.
    # black, id: meong is right and ties with anjing. red, id: kucing is third. green, id: kucing first, anjing ties with meong.
    assert found["MRR"] == pytest.approx([1 / 2, 1 / 3, 1 / 3, 1 / 2, 1 / 2])
    assert found["R@5"].tolist() == [1] * 5
    assert task.counts == {"rows without a text or a gallery": 2}


def test_one_gallery_of_all_holds_every_picture():
    task = task_of(gallery=None)
    assert len(task.galleries) == 1
    assert len(task.items) == 4
    assert task.counts == {"rows without a text or a gallery": 1, "texts that repeat another of their gallery": 1}


def test_a_limit_asks_less_and_leaves_the_gallery_whole():
    full, few = task_of(), task_of(limit=1)
    assert len(few.queries) == 1
    assert max(len(one.items) for one in few.galleries) >= 2
    assert len(few.items) == len(full.items)


def test_chance_is_what_random_orders_score_on_average():
    task = task_of()
    draw = np.random.default_rng(0)
    mean = {metric: np.zeros(5) for metric in ("MRR", "R@1", "R@5", "nDCG@10")}
    for _ in range(4000):
        noise = {text: draw.normal(size=4) for text in TEXTS}
        found = task.measure(KnownEncoder(dict(zip(PICTURES, np.eye(4), strict=True)), noise)).scores
        mean = {metric: values + found[metric] / 4000 for metric, values in mean.items()}
    for metric, values in mean.items():
        assert values == pytest.approx(task.chance(metric), abs=0.03), metric
    assert task.rows.chance.tolist() == task.chance("MRR").tolist()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"direction": "both"}, ConfigError, "no direction 'both'; it has: text-to-image, image-to-text"),
        ({"metric": "MAP"}, ConfigError, "no metric 'MAP'"),
        ({"gallery": "county"}, MissingColumnError, "the rows lack county"),
    ],
)
def test_what_cannot_be_asked_is_named(settings, error, message):
    with pytest.raises(error, match=message):
        task_of(**settings)


def test_rows_without_texts_leave_nothing_to_ask():
    with pytest.raises(NoRowsError, match="rows without a text or a gallery"):
        task_of([{"image": "red", "text": None, "language": "id"}])


THINGS = [
    {"image": "black", "topic": "wedding", "country_iso3": "IDN"},
    {"image": "red", "topic": "wedding", "country_iso3": "IDN"},
    {"image": "green", "topic": "wedding", "country_iso3": "KOR"},
    {"image": "white", "topic": "funeral", "country_iso3": "KOR"},
    {"image": "blue", "topic": "funeral", "country_iso3": None},
]


def universals(**settings):
    data = pairs(THINGS)
    return build_universals_task("things", ask(data, group=None), data, **{"k": 2, "template": "{concept}"} | settings)


def test_a_word_brings_up_pictures_that_show_it_from_one_country_or_several():
    found = universals().measure(KnownEncoder(PICTURES, {"wedding": (1, 0), "funeral": (0, 1)}))
    # wedding: black and red, both of Indonesia. funeral: white and green, both of Korea; one shows a funeral.
    assert found.scores["relevance@2"].tolist() == [0.5, 1]  # concepts are sorted: funeral, wedding
    assert found.scores["diversity@2"].tolist() == [0, 0]
    assert found.details["answer"] == ["KOR, KOR", "IDN, IDN"]


def test_random_pictures_are_relevant_by_their_share_and_diverse():
    task = universals()
    assert task.counts == {"pictures without a topic or a country_iso3": 1}
    assert task.rows.chance.tolist() == [1 / 4, 3 / 4]
    # Of the six pairs of two Indonesian and two Korean pictures four are of two countries.
    assert task.chance("diversity@2") == pytest.approx([4 / 6] * 2, abs=0.03)
    assert set(task.rows.sides) == {"global"}


def test_a_gallery_shorter_than_k_is_refused():
    with pytest.raises(OutOfRangeError, match="k is 5 and there are 4 pictures"):
        universals(k=5)
    with pytest.raises(MissingColumnError, match="lack thing"):
        universals(concept="thing")
