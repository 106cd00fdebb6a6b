"""Tasks on unlike scales, tasks with one side only, and the paper's scope, all by hand."""

import numpy as np
import pandas as pd
import pytest
from hand_task import HandTask

from hf_regional.cards import CardFacts
from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.evaluating.choosing import Demand, choose
from hf_regional.evaluating.sides import Scorer
from hf_regional.regions import Region

N = 40
BOTH = [("en", "global", i) for i in range(N)] + [("id", "regional", i) for i in range(N)]
RANKS, RECALL = HandTask(BOTH, name="ranks"), HandTask(BOTH, name="recall", metric="R@1")


def measured(**by_task):
    """Task -> (world, region), each the score of every row."""
    parts = []
    for name, (world, region) in by_task.items():
        metric = "R@1" if name == "recall" else "MRR"
        parts.append(pd.DataFrame({"task": name, metric: np.repeat([world, region], N).astype(float)}))
    return pd.concat(parts, ignore_index=True)


def test_unlike_scales_have_no_mean_unless_each_is_a_share_of_the_base():
    with pytest.raises(ConfigError, match=r"MRR and R@1, which have no common mean.*normalise='relative'"):
        Scorer([RANKS, RECALL])
    with pytest.raises(ConfigError, match="normalise must be None or 'relative', got 'z'"):
        Scorer([RANKS, RECALL], normalise="z")
    scorer = Scorer([RANKS, RECALL], resamples=50, normalise="relative")
    curve = {0.0: measured(ranks=(0.5, 0.2), recall=(0.1, 0.04)), 0.5: measured(ranks=(0.5, 0.3), recall=(0.099, 0.05))}
    choice = choose(curve, scorer, 0.4, Demand(0.98), facts=CardFacts(), region=Region("SEA"))
    base, mix = choice.curve
    assert (base.world.value, base.region.value, base.grp) == pytest.approx((1, 1, 1))
    assert mix.region.value == pytest.approx((1.5 + 1.25) / 2)  # 150 % and 125 % of the base
    assert mix.world.value == pytest.approx((1 + 0.99) / 2)
    assert mix.grp == pytest.approx(0.4 * 0.995 + 0.6 * 1.375)
    assert mix.retention.value == pytest.approx(0.995)
    assert (choice.beta, choice.as_dict()["normalise"]) == (0.5, "relative")
    scores = [scorer.score(rows) for rows in curve.values()]
    assert scorer.gain(scores[1], scores[0])["percent"] == pytest.approx(37.5)


def test_a_share_of_a_base_at_nothing_is_refused_by_name():
    scorer = Scorer([RANKS, RECALL], resamples=50, normalise="relative")
    curve = {0.0: measured(ranks=(0.5, 0.2), recall=(0.1, 0.0)), 0.5: measured(ranks=(0.5, 0.3), recall=(0.1, 0.1))}
    with pytest.raises(OutOfRangeError, match="the base scores 0 on the regional side of recall"):
        choose(curve, scorer, 0.4, Demand(0.98), facts=CardFacts(), region=Region("SEA"))


def test_with_the_scope_all_the_world_has_the_region_s_rows_too():
    rows = measured(ranks=(0.5, 0.2))
    others, everyone = (Scorer([RANKS], resamples=50, scope=scope).score(rows) for scope in ("others", "all"))
    assert others.mean("global") == pytest.approx(0.5)
    assert everyone.mean("global") == pytest.approx(0.35)  # the mean over en and id
    assert (everyone.n["global"], everyone.n["regional"], others.n["global"]) == (2 * N, N, N)
    assert everyone.mean("regional") == others.mean("regional") == pytest.approx(0.2)


def test_a_task_with_rows_on_one_side_counts_there_only():
    world_only = HandTask([("en", "global", i) for i in range(N)], name="world")
    scorer = Scorer([RANKS, world_only], resamples=50)
    rows = pd.concat([measured(ranks=(0.5, 0.2)), pd.DataFrame({"task": "world", "MRR": np.full(N, 0.9)})], ignore_index=True)
    scores = scorer.score(rows)
    assert scores.points == {
        "global": {"ranks": pytest.approx(0.5), "world": pytest.approx(0.9)},
        "regional": {"ranks": pytest.approx(0.2)},
    }
    assert (scores.mean("global"), scores.n["regional"]) == (pytest.approx(0.7), N)
    with pytest.raises(ConfigError, match="no task has a regional row"):
        Scorer([world_only])
