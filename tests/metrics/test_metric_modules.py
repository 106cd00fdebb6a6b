"""The `evaluate` classes of retrieval, diversity, realism, alignment and prompt graphs: row by row, in batches, at once."""

import itertools
import math

import numpy as np
import pytest

from hf_regional.errors import (
    BadRowError,
    ConfigError,
    MismatchedScoresError,
    NonFiniteError,
    NoRowsError,
    OutOfRangeError,
    UnknownNameError,
)
from hf_regional.metrics import Relevant, feature_retrieval_scores, load_metric, prdc_by_region, retrieval_scores, vendi_score

rng = np.random.default_rng(0)
ROWS = rng.normal(size=(8, 3))
PAIRS = [{"image": row.tolist(), "texts": ROWS[:2].tolist()} for row in ROWS]
BIKE = {"prompt": "p", "picture": "1", "question": "bike", "parents": [], "category": "entity"}
RED = {**BIKE, "question": "red", "parents": ["bike"], "category": "attribute"}
# metric -> its columns, four rows each, and its settings
CASES = {
    "retrieval": ({"predictions": ROWS[:4].tolist(), "references": [[0], [1, 2], [2], [0, 1]]}, {"ks": [1, 3]}),
    "vendi": ({"rows": ROWS[:4].tolist()}, {"order": 2}),
    "prdc_by_region": (
        {"features": ROWS[:4].tolist(), "generated": [False, True, True, False], "region": ["SEA"] * 4, "object": ["car"] * 4},
        {"k": 1},
    ),
    "cultural_diversity_at_k": ({"predictions": [["id", "th"], ["th", "th"], ["vn", "id"], ["id", "id"]]}, {"k": 2, "n_countries": 9}),
    "relevance_at_k": ({"predictions": [["a", "b"]] * 4, "references": ["a", "b", "c", "a"]}, {"k": 2}),
    "culture_coverage": ({"scores": [[1, 2, 5], [1, 1, 1], [4, 1, 1], [1, 1, 1]]}, {}),
    "clip_score": ({"predictions": ROWS[:4].tolist(), "references": ROWS[4:].tolist()}, {"encoder": "toy"}),
    "ref_clip_score": ({"predictions": ROWS[:4].tolist(), "references": PAIRS[4:]}, {"encoder": "toy"}),
    "dpg": ({"predictions": [True, False, False, True], "references": [BIKE, RED, BIKE | {"picture": "2"}, RED | {"picture": "2"}]}, {}),
}


def one_name(column):
    """`add` calls these two by another name than `add_batch`."""
    return {"predictions": "prediction", "references": "reference"}.get(column, column)


@pytest.mark.parametrize("name", CASES)
def test_row_by_row_in_batches_and_at_once_give_the_same(name):
    columns, settings = CASES[name]
    metric = load_metric(name)
    want = metric.compute(**columns, **settings)
    for row in range(4):
        metric.add(**{one_name(column): values[row] for column, values in columns.items()})
    assert metric.compute(**settings) == want
    for rows in (slice(0, 1), slice(1, 4)):
        metric.add_batch(**{column: values[rows] for column, values in columns.items()})
    assert metric.compute(**settings) == want
    assert name in want or name in ("retrieval", "prdc_by_region")


def test_retrieval_is_the_mean_of_the_functions():
    columns, settings = CASES["retrieval"]
    want = retrieval_scores(np.array(columns["predictions"], dtype=np.float32), columns["references"], **settings)
    found = load_metric("retrieval").compute(**columns, **settings)
    assert found == {name: pytest.approx(values.mean()) for name, values in want.items()}
    assert set(found) == {"MRR", "MAP", "nDCG"} | {f"{one}@{k}" for one in ("recall", "hit", "MRR", "MAP", "nDCG") for k in (1, 3)}


def test_retrieval_takes_features_with_the_items_beside_them(tmp_path):
    items = rng.normal(size=(50, 3)).astype(np.float32)
    np.save(tmp_path / "items.npy", items)
    mapped = np.load(tmp_path / "items.npy", mmap_mode="r")
    found = load_metric("retrieval").compute(predictions=ROWS[:4].tolist(), references=[[0], [9], [30], [49]], items=mapped, ks=[5])
    want = feature_retrieval_scores(ROWS[:4], items, [[0], [9], [30], [49]], ks=[5])
    assert found == {name: pytest.approx(values.mean()) for name, values in want.items()}
    whole = load_metric("retrieval").compute(predictions=ROWS[:1].tolist(), references=[[0]], items=mapped, ks=[5], whole=True)
    assert whole["MAP"] == whole["MRR"] == pytest.approx(retrieval_scores(ROWS[:1] @ items.T, [[0]], ks=[5])["MRR"][0])


def test_retrieval_takes_grades_in_the_order_of_the_references():
    found = load_metric("retrieval").compute(predictions=[[0.9, 0.8, 0.1]], references=[[2, 0]], gains=[[3.0, 1.0]], ks=[1, 2])
    want = retrieval_scores([[0.9, 0.8, 0.1]], Relevant.graded([{0: 1.0, 2: 3.0}]), ks=[1, 2])
    assert found["nDCG"] == pytest.approx(want["nDCG"][0])
    assert found["nDCG@1"] == pytest.approx(1 / 3)


def test_vendi_reads_a_kernel_too():
    metric = load_metric("vendi")
    assert metric.compute(rows=[[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1]], kind="kernel")["vendi"] == pytest.approx(2.1573, abs=5e-5)
    weighted = metric.compute(rows=ROWS.tolist(), weights=[1] * 8, quality=[0.5] * 8, order=math.inf)
    assert weighted == {"vendi": pytest.approx(vendi_score(ROWS, order=math.inf) / 2), "order": math.inf}
    with pytest.raises(UnknownNameError, match="features, kernel"):
        metric.compute(rows=[[1.0]], kind="matrix")


def test_prdc_by_region_with_and_without_objects():
    real, generated = rng.normal(size=(40, 2)), rng.normal(size=(40, 2))
    regions, objects = ["SEA", "Europe"] * 20, (["car"] * 2 + ["stove"] * 2) * 10
    images = {"features": [*real.tolist(), *generated.tolist()], "generated": [False] * 40 + [True] * 40, "region": regions * 2}
    metric = load_metric("prdc_by_region")
    want = prdc_by_region(real, generated, regions, regions, reference="Europe")
    found = metric.compute(**images, reference="Europe")
    assert found["by_region"]["SEA"] == want.by_region["SEA"].as_dict()
    assert (found["disparity"], found["to_reference"], found["by_cell"]) == (want.disparity, want.to_reference, {})
    split = prdc_by_region(real, generated, regions, regions, real_objects=objects, generated_objects=objects)
    found = metric.compute(**images, object=objects * 2)
    assert found["by_cell"]["SEA / car"] == split.by_cell["SEA", "car"].as_dict()
    assert found["by_region"]["Europe"] == split.by_region["Europe"].as_dict()
    few = {name: [*values, *values[:1]] for name, values in images.items()} | {"region": [*images["region"], "Africa"]}
    assert metric.compute(**few, small="leave_out")["left_out"] == {"Africa": "1 real and 0 generated images, at least 4 of each needed"}


def test_dpg_tells_pictures_and_prompts_apart_and_counts_the_unreadable():
    rows = [BIKE, RED, BIKE | {"picture": "2"}, RED | {"picture": "2"}, BIKE | {"prompt": "q"}]
    found = load_metric("dpg").compute(predictions=[True, True, False, None, True], references=rows)
    assert found["dpg"] == ((1 + 0) / 2 + 1) / 2
    assert (found["pictures"], found["unparsed"]) == (3, 1)
    assert found["by_category"] == {"attribute": 0.5, "entity": pytest.approx(2 / 3)}


def test_scores_carry_the_name_of_their_encoder():
    found = load_metric("clip_score").compute(predictions=[[1.0, 0.0]], references=[[3.0, 4.0]], encoder="google/siglip2-base", scale=2.5)
    assert found == {"clip_score": pytest.approx(1.5), "scores": [pytest.approx(1.5)], "encoder": "google/siglip2-base", "scale": 2.5}
    with pytest.raises(TypeError, match="encoder"):
        load_metric("clip_score").compute(predictions=[[1.0, 0.0]], references=[[3.0, 4.0]])


def test_metrics_of_unlike_columns_are_combined():
    import evaluate

    both = evaluate.combine([load_metric("vendi"), load_metric("culture_coverage")])
    both.add_batch(rows=[[1.0, 0.0], [0.0, 1.0]], scores=[[5, 1], [1, 1]])
    assert both.compute() == {"vendi": pytest.approx(2), "order": 1.0, "culture_coverage": 0.5, "threshold": 4.0}


BAD = [
    ("retrieval", {"predictions": [[0.1, math.nan]], "references": [[0]]}, {"ks": [1]}, NonFiniteError, "query 0 has NaN"),
    (
        "retrieval",
        {"predictions": [[0.1, 0.2], [0.1]], "references": [[0], [0]]},
        {"ks": [1]},
        MismatchedScoresError,
        "query 1 has 1 numbers",
    ),
    ("retrieval", {"predictions": [[0.1]], "references": [[]]}, {"ks": [1]}, NoRowsError, "query 0 has no relevant"),
    ("retrieval", {"predictions": [[0.1]], "references": [[0]]}, {}, OutOfRangeError, "k is 5 and there are 1 items"),
    (
        "retrieval",
        {"predictions": [[0.1]], "references": [[0]]},
        {"ks": [1], "gains": [[1, 2]]},
        MismatchedScoresError,
        "1 references and 2",
    ),
    ("retrieval", {"predictions": [[0.1]], "references": [[0]]}, {"ks": [1], "gains": []}, MismatchedScoresError, "gains for 0"),
    ("vendi", {"rows": [[0.0, 0.0]]}, {}, OutOfRangeError, "row 0 is all zeros"),
    ("vendi", {"rows": [[1.0], [1.0, 2.0]]}, {}, MismatchedScoresError, "not of one length"),
    (
        "prdc_by_region",
        {"features": [[1.0], [1.0, 2.0]], "generated": [True, False], "region": ["a", "a"]},
        {},
        MismatchedScoresError,
        "row 1",
    ),
    (
        "prdc_by_region",
        {"features": [[1.0], [2.0]], "generated": [False, True], "region": ["a", ""]},
        {},
        BadRowError,
        "generated_regions: row 0",
    ),
    ("cultural_diversity_at_k", {"predictions": [["id", None]]}, {"k": 2, "n_countries": 2}, BadRowError, "rank 2"),
    ("relevance_at_k", {"predictions": [["a"]], "references": ["a"]}, {"k": 2}, OutOfRangeError, "query 0 ranks 1 images"),
    ("culture_coverage", {"scores": [[1.0, None]]}, {}, NonFiniteError, "image 0, culture 1"),
    ("clip_score", {"predictions": [[1.0]], "references": [[math.nan]]}, {"encoder": "toy"}, NonFiniteError, "row 0 holds NaN"),
    ("ref_clip_score", {"predictions": [[1.0]], "references": [{"image": [1.0], "texts": []}]}, {"encoder": "toy"}, NoRowsError, "item 0"),
    ("dpg", {"predictions": [True, True], "references": [BIKE, BIKE]}, {}, BadRowError, "row 1: question 'bike' is answered twice"),
    ("dpg", {"predictions": [True, True], "references": [BIKE, BIKE | {"category": "x"}]}, {}, ConfigError, "row 1: question 'bike'"),
    ("dpg", {"predictions": [True], "references": [RED]}, {}, UnknownNameError, "rests on 'bike'"),
]


@pytest.mark.parametrize(("name", "columns", "settings", "error", "message"), BAD, ids=map(str, itertools.count()))
def test_errors_are_those_of_the_functions_and_the_metric_works_after_them(name, columns, settings, error, message):
    metric = load_metric(name)
    with pytest.raises(error, match=message):
        metric.compute(**columns, **settings)
    good, its_settings = CASES[name]
    assert metric.compute(**good, **its_settings) == load_metric(name).compute(**good, **its_settings)
