"""Retention where the base is at chance, or might be: no number is made up, and no β passes by it."""

import numpy as np
import pandas as pd
import pytest

from hf_regional.cards import CardFacts
from hf_regional.evaluating.beta import Demand, choose
from hf_regional.evaluating.plot import plot_tradeoff
from hf_regional.evaluating.report import Measured, build_report, summary_table
from hf_regional.evaluating.sides import Retained, Scorer
from hf_regional.evaluating.task import TaskRows
from hf_regional.regions import Region

N = 40  # texts a side, one picture each
CHANCE = 0.2


class Fixed:
    """A task whose scores are given."""

    name, metric, counts = "fixed", "MRR", {}

    def __init__(self) -> None:
        sides = np.repeat(["global", "regional"], N)
        self.rows = TaskRows(sides, np.arange(2 * N), sides, np.full(2 * N, CHANCE), 2 * N)


def rows(world: np.ndarray | float, region: float = 0.5) -> pd.DataFrame:
    return pd.DataFrame({"task": "fixed", "MRR": np.concatenate([np.broadcast_to(world, N), np.full(N, region)])})


def spread(mean: float) -> np.ndarray:
    """Scores of 0 and 1 whose mean is `mean`."""
    return (np.arange(N) < round(mean * N)).astype(float)


@pytest.fixture
def scorer() -> Scorer:
    return Scorer([Fixed()], resamples=400)


def retained(scorer: Scorer, model: np.ndarray | float, base: np.ndarray | float) -> Retained:
    return scorer.retained(scorer.score(rows(model)), scorer.score(rows(base)))


def test_above_chance_it_is_the_share_that_is_left(scorer):
    found = retained(scorer, 0.5, 0.6)  # (0.5 - 0.2) / (0.6 - 0.2)
    assert found.as_dict() == {"value": pytest.approx(0.75), "low": pytest.approx(0.75)}


@pytest.mark.parametrize("base", [CHANCE, 0.1])
def test_at_chance_and_below_there_is_none_and_the_task_is_named(scorer, base):
    found = retained(scorer, 0.5, base)
    assert (found.value, found.low) == (None, None)
    assert "not above chance on the global side of fixed" in str(found.reason)


def test_where_many_resamples_put_the_base_at_chance_there_is_no_lower_bound(scorer):
    """9 of 40 right: 0.225 is above 0.2, but a good third of the resamples is not."""
    found = retained(scorer, spread(0.3), spread(0.225))
    assert found.value == pytest.approx((0.3 - 0.2) / (0.225 - 0.2))
    assert found.low is None
    assert "of the resamples put the base's global score at chance or below" in str(found.reason)


def test_a_few_such_resamples_count_as_the_worst(scorer):
    """14 of 40: about 2 % of the resamples lie at chance; the bound is there and is not raised by leaving them out."""
    base, model = spread(0.35), spread(0.3)
    found = retained(scorer, model, base)
    above = scorer.score(rows(base)).draws["global"]["fixed"] - CHANCE
    kept = scorer.score(rows(model)).draws["global"]["fixed"] - CHANCE
    share = float((above <= 0).mean())
    assert 0 < share < 0.05
    assert found.low is not None
    assert found.low <= np.quantile(kept[above > 0] / above[above > 0], 0.05)


@pytest.mark.parametrize("policy", ["lower", "point"])
def test_what_cannot_be_told_does_not_pass(policy):
    assert not Demand(0.0, 0.0, policy).met_by(Retained(None, None, "the base is at chance"))


def test_without_a_lower_bound_the_point_may_still_be_asked_for():
    found = Retained(0.99, None, "too few texts")
    assert Demand(0.98, 0.0, "point").met_by(found)
    assert not Demand(0.98, 0.0, "lower").met_by(found)


def test_a_base_at_chance_is_kept_whatever_the_region_gains(scorer, tmp_path):
    measured = {0.0: rows(0.1, 0.1), 0.5: rows(0.9, 0.9), 1.0: rows(1.0, 1.0)}
    choice = choose(measured, scorer, 0.5, Demand(), facts=CardFacts(), region=Region("IDN"))
    assert choice.beta == 0
    assert choice.reason.startswith("Retention cannot be judged: the base is not above chance on the global side of fixed")
    assert not any(point.passes for point in choice.curve)
    choice.facts.save(tmp_path)  # no NaN, which regional.json would refuse
    assert CardFacts.load(tmp_path) == choice.facts


def test_its_plot_is_drawn_all_the_same(scorer, tmp_path):
    measured = {0.0: rows(0.1, 0.1), 1.0: rows(1.0, 1.0)}
    choice = choose(measured, scorer, 0.5, Demand(), facts=CardFacts(), region=Region("IDN"))
    report = build_report(
        Measured(base=measured[0.0], tuned=measured[1.0], merged=measured[0.0]),
        scorer,
        choice,
        region=Region("IDN"),
        alpha=0.5,
        alpha_source="given",
        settings={"choosing": {"min_retention": 0.98, "margin": 0.0, "retention_policy": "lower"}},
        seconds={},
    )
    assert report["retention"]["value"] is None
    assert "– (≥ –)" in summary_table(report)
    assert plot_tradeoff(report, tmp_path / "plot.png").stat().st_size > 10_000
