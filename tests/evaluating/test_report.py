import json
import os
from pathlib import Path

import numpy as np
import pytest
from hand_task import HandTask
from PIL import Image

from hf_regional.cards import CardFacts
from hf_regional.evaluating.beta import Demand, choose
from hf_regional.evaluating.plot import plot_tradeoff
from hf_regional.evaluating.report import Measured, aligned, build_report, curve_table, summary_table
from hf_regional.evaluating.sides import Scorer
from hf_regional.regions import Region

TABLES = Path(__file__).parent / "data" / "tables.txt"
PICTURES = 40
TASK = HandTask(
    [("en", "global", i) for i in range(PICTURES)] + [("id", "regional", i) for i in range(PICTURES)] + [("ms", "regional", 0)],
    by_chance=0.01,
    counts={"texts of neither side": 3},
)
SETTINGS = {"choosing": {"min_retention": 0.98, "margin": 0.005, "retention_policy": "lower"}}


def rows(world, region):
    scores = np.r_[np.full(PICTURES, world), np.full(PICTURES, region), region]
    return TASK.measured(scores, **{"R@1": (scores > 0.3).astype(float)})


@pytest.fixture(scope="module")
def report():
    curve = {0.0: rows(0.4, 0.1), 0.25: rows(0.402, 0.12), 0.5: rows(0.397, 0.15), 0.75: rows(0.36, 0.19), 1.0: rows(0.3, 0.22)}
    scorer = Scorer([TASK], resamples=200)
    choice = choose(curve, scorer, 0.4, Demand(0.98, 0.005), facts=CardFacts(), region=Region("SEA"))
    measured = Measured(base=rows(0.4, 0.1), tuned=rows(0.3, 0.25), merged=rows(0.4, 0.16))
    return build_report(
        measured,
        scorer,
        choice,
        region=Region("SEA"),
        alpha=0.4,
        alpha_source="made up",
        settings=SETTINGS,
        seconds={"total": 1.0},
    )


def test_the_report_has_the_keys_that_readers_rely_on(report):
    agreed = {"schema_version", "region", "beta", "alpha", "chance", "base", "tuned", "merged", "retention", "gain", "curve", "by_language"}
    assert agreed | {"settings", "seconds"} <= report.keys()
    for model in ("base", "tuned", "merged"):
        assert list(report[model]) == ["global", "regional"]
        assert all(set(cell) == {"value", "low", "high", "n"} for cell in report[model].values())
    assert set(report["retention"]) == {"value", "low"}
    assert set(report["gain"]) == {"points", "percent", "low_percent"}
    assert [point["beta"] for point in report["curve"]] == [0, 0.25, 0.5, 0.75, 1]
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_the_figures_are_those_of_the_rows(report):
    assert report["beta"] == 0.5  # kept (0.397 - 0.01)/(0.4 - 0.01) = 99.2 %; β = 0.75 keeps 89.7 %
    assert report["base"]["global"] == pytest.approx({"value": 0.4, "low": 0.4, "high": 0.4, "n": 40})
    assert report["gain"] == pytest.approx({"points": 0.06, "percent": 60, "low_percent": 60}, rel=1e-5)
    assert report["tuned_retention"]["value"] == pytest.approx(0.29 / 0.39)
    assert report["chance"] == pytest.approx({"global": 0.01, "regional": 0.01})
    assert report["recall"]["R@1"]["base"] == {"global": 1.0, "regional": 0.0}
    assert report["left_out"] == {"hand": {"texts of neither side": 3}}
    assert report["pictures"] == {"hand": 40}


def test_a_language_has_its_side_its_scores_and_a_paired_change(report):
    found = report["by_language"]
    assert {code: (cell["side"], cell["merged"]["n"]) for code, cell in found.items()} == {
        "en": ("global", 40),
        "id": ("regional", 40),
        "ms": ("regional", 1),
    }
    assert found["id"]["difference"] == pytest.approx({"value": 0.06, "low": 0.06, "high": 0.06, "n": 40}, rel=1e-4)


def test_a_language_of_fewer_than_30_pictures_is_marked(report):
    assert {code: cell["few"] for code, cell in report["by_language"].items()} == {"en": False, "id": False, "ms": True}


def test_the_tables_are_as_stored_and_fit_100_columns(report):
    """To store new ones after a change that was meant: HF_REGIONAL_STORE_TABLES=1 pytest tests/evaluating, then read them."""
    printed = f"{curve_table(report)}\n\n{summary_table(report)}\n"
    if os.environ.get("HF_REGIONAL_STORE_TABLES"):
        TABLES.write_text(printed, encoding="utf-8")
    assert printed == TABLES.read_text(encoding="utf-8")
    assert max(map(len, printed.splitlines())) <= 100


def test_columns_line_up():
    assert aligned([["a", "bb"], ["ccc", "d"]]) == "a    bb\n───────\nccc   d"


def size_and_colours(path):
    with Image.open(path) as picture:
        return picture.size, len(picture.convert("RGB").getcolors(10**6))


def test_the_plot_is_1800_pixels_wide_and_the_same_each_time(report, tmp_path):
    first, second = (plot_tradeoff(report, tmp_path / name) for name in ("a.png", "b.png"))
    (width, height), colours = size_and_colours(first)
    assert (width, height) == (1800, 860)
    assert colours > 50
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("policy", ["lower", "point"])
@pytest.mark.parametrize("beta", [0.0, 1.0])
def test_every_outcome_can_be_drawn(report, policy, beta, tmp_path):
    settings = {"choosing": SETTINGS["choosing"] | {"retention_policy": policy}}
    assert plot_tradeoff(report | {"beta": beta, "settings": settings}, tmp_path / "a.png").is_file()


def test_a_base_at_chance_can_be_drawn(report, tmp_path):
    nothing = {"value": None, "low": None, "reason": "the base is not above chance"}
    unbounded = {"value": 1.2, "low": None, "reason": "12 % of the resamples put the base at chance"}
    for kept in (nothing, unbounded):
        curve = [point | {"retention": kept} for point in report["curve"]]
        assert plot_tradeoff(report | {"curve": curve, "retention": kept, "beta": 0.0}, tmp_path / "a.png").is_file()
    assert "–" in curve_table(report | {"curve": curve})
