"""Cosines of pictures and texts by tiny random towers, against the plain models of transformers."""

import math
import pickle

import numpy as np
import pyarrow as pa
import pytest
import torch

from hf_regional.errors import ConfigError, MissingFileError
from hf_regional.filtering.quality import grade_rows, language_quantiles, make_rules, make_scorer
from hf_regional.filtering.quality.similarity import SimilarityScorer
from small_clip import png
from tiny_towers import WORDS, picture, save_towers

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


@pytest.fixture(scope="module", params=["clip", "siglip"])
def scorer(request, tmp_path_factory) -> SimilarityScorer:
    folder = save_towers(request.param, tmp_path_factory.mktemp(request.param))
    return SimilarityScorer(str(folder), request.param, device="cpu", batch_size=3)


def cell(words: str) -> dict:
    import io

    out = io.BytesIO()
    picture(words).save(out, "PNG")
    return {"bytes": out.getvalue(), "path": None}


def table(cells, texts) -> pa.Table:
    return pa.table({"image": pa.array(cells, IMAGE), "text": texts})


def by_the_library(scorer: SimilarityScorer, words: list[str], texts: list[str]) -> np.ndarray:
    """The same cosines by plain transformers, all in one batch."""
    from transformers import AutoModel, AutoProcessor

    model, processor = AutoModel.from_pretrained(scorer.model), AutoProcessor.from_pretrained(scorer.model)
    padding = {"clip": True, "siglip": "max_length"}[scorer.kind]
    inputs = processor(text=texts, images=[picture(one) for one in words], return_tensors="pt", padding=padding, truncation=True)
    if scorer.kind == "siglip":  # its tokenizer gives none: it was trained on padded texts and reads the padding
        del inputs["attention_mask"]
    with torch.no_grad():
        found = model(**inputs)
    return torch.cosine_similarity(found.image_embeds, found.text_embeds).numpy()


def test_the_scores_are_the_cosines_of_the_librarys_own_model(scorer):
    words, texts = WORDS[:7], WORDS[3:10]
    scores = scorer.score(table([cell(one) for one in words], texts))
    np.testing.assert_allclose(scores.values, by_the_library(scorer, words, texts), atol=1e-5)
    assert scores.scale == (-1, 1)
    assert len(set(scores.values.tolist())) == 7


def test_rows_without_a_score_say_why_and_take_no_neighbour_along(scorer):
    red = cell("left red")
    cells = [red, None, {"bytes": b"\x89PNG\r\n\x1a\n broken", "path": "b.png"}, red, red, red, {"bytes": None, "path": "/nowhere.png"}]
    texts = ["left red", "left red", "left red", None, " ", "left red", "left red"]
    scores = scorer.score(table(cells, texts))
    assert scores.faults.tolist() == [0, 1, 3, 1, 1, 0, 3]
    assert scores.values[0] == pytest.approx(scores.values[5], abs=1e-6)
    assert [(detail.row, detail.what.split(" cannot")[0].split(" is not")[0]) for detail in scores.details] == [
        (2, "the picture b.png"),
        (6, "the picture /nowhere.png"),
    ]


def test_a_picture_that_is_whole_in_its_header_alone_has_failed(scorer):
    content = cell("left red")["bytes"]
    assert scorer.score(table([{"bytes": content[:-30], "path": None}], ["left red"])).faults.tolist() == [3]


def test_a_batch_in_which_nothing_can_be_scored_and_a_table_without_rows(scorer):
    assert scorer.score(table([None] * 4, ["left red"] * 4)).faults.tolist() == [1] * 4
    assert scorer.score(table([], pa.array([], pa.string()))).values.shape == (0,)


def test_texts_of_ten_megabytes_and_odd_ones_are_scored_as_far_as_a_tower_reads(scorer):
    long = "left red " * 1_200_000
    scores = scorer.score(table([cell("left red")] * 3, [long, long[:9_000], "\U0001f35c" * 50]))
    assert scores.faults.tolist() == [0, 0, 0]
    assert scores.values[0] == pytest.approx(scores.values[1], abs=1e-6)


def test_the_model_is_not_loaded_to_check_columns_and_must_be_there_to_score():
    nowhere = make_scorer("clip:/nowhere/model")
    assert nowhere.score(table([], pa.array([], pa.string()))).values.shape == (0,)
    with pytest.raises(MissingFileError):
        nowhere.score(table([{"bytes": png("red"), "path": None}], ["red"]))


def test_a_model_of_the_other_kind_is_refused_since_its_cosines_are_on_another_scale(scorer):
    other = {"clip": "siglip", "siglip": "clip"}[scorer.kind]
    with pytest.raises(ConfigError, match=f"write {scorer.kind}:MODEL"):
        make_scorer(f"{other}:{scorer.model}").score(table([cell("left red")], ["left red"]))


def test_it_pickles_without_the_model(scorer):
    rows = table([cell("left red")], ["left red"])
    before = scorer.score(rows)
    packed = pickle.dumps(scorer)
    assert len(packed) < 1_000
    np.testing.assert_array_equal(pickle.loads(packed).score(rows).values, before.values)


def test_by_language_the_captions_of_one_are_not_dropped_wholesale(scorer):
    """Captions in a script that the tokenizer has never seen get the cosines of one and the same unknown word."""
    words = [*WORDS[:12], *WORDS[:4]]
    rows = table([cell(one) for one in words], [*WORDS[:12], *(["ข้าว", "ผัด", "ไข่", "ดาว"])])
    rows = rows.append_column("language", pa.array(["en"] * 12 + ["th"] * 4))
    scores = scorer.score(rows)
    assert not np.isnan(scores.values).any()
    threshold = language_quantiles(scores, rows["language"], 0.5)
    graded = grade_rows(rows, make_rules(scorer, threshold))
    kept = graded.grades == 0
    assert kept[:12].sum() >= 6
    assert kept[12:].sum() >= 2
    assert not math.isnan(threshold.by_language["th"])
