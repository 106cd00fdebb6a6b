"""One β for several regions: the mean of their GRP, every region's world kept, the least named."""

import numpy as np
import pytest
from hand_task import HandTask

from hf_regional.cards import CardFacts
from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.evaluating import select_beta, select_beta_for_regions
from hf_regional.evaluating.choosing import Demand, choose
from hf_regional.evaluating.joint import alphas_by_region, choose_jointly
from hf_regional.regions import Region

N = 40
TASK = HandTask([("en", "global", i) for i in range(N)] + [("id", "regional", i) for i in range(N)])
REGIONS = {"Java": Region("IDN"), "Malaya": Region("MYS")}


def chosen(curve, alpha):
    """β -> (world, region) to the choice for that region alone."""
    from hf_regional.evaluating.sides import Scorer

    measured = {beta: TASK.measured(np.repeat(scores, N)) for beta, scores in curve.items()}
    return choose(measured, Scorer([TASK], resamples=50), alpha, Demand(0.98), facts=CardFacts(), region=Region("SEA"))


def test_the_joint_beta_has_the_highest_mean_grp_and_keeps_every_world():
    by_region = {
        "Java": chosen({0.0: (0.5, 0.2), 0.3: (0.5, 0.3), 0.6: (0.5, 0.4)}, 0.5),
        "Malaya": chosen({0.0: (0.5, 0.2), 0.3: (0.5, 0.22), 0.6: (0.45, 0.4)}, 0.25),  # β = 0.6 keeps 90 %
    }
    joint = choose_jointly(by_region, facts=CardFacts())
    assert {name: choice.beta for name, choice in by_region.items()} == {"Java": 0.6, "Malaya": 0.3}
    assert (joint.beta, [point.passes for point in joint.curve]) == (0.3, [True, True, False])
    point = joint.curve[1]
    assert point.regional == pytest.approx(0.26)
    assert (point.least, point.least_region) == (pytest.approx(0.22), "Malaya")
    assert point.grp == pytest.approx(((0.5 * 0.5 + 0.5 * 0.3) + (0.25 * 0.5 + 0.75 * 0.22)) / 2)
    assert point.gains == {"Java": pytest.approx(0.1), "Malaya": pytest.approx(0.02)}
    assert joint.reason == (
        "β = 0.3 has the highest mean GRP over 2 regions (34.5) among those that keep the world of each. "
        "Malaya gains least (+2.0 points). Alone they would have: Java 0.6, Malaya 0.3."
    )


def test_with_one_alpha_and_one_world_it_is_the_grp_of_the_mean_region():
    by_region = {name: chosen({0.0: (0.5, low), 0.5: (0.5, high)}, 0.4) for name, low, high in (("a", 0.1, 0.2), ("b", 0.3, 0.5))}
    point = choose_jointly(by_region, facts=CardFacts()).curve[1]
    assert point.grp == pytest.approx(0.4 * 0.5 + 0.6 * (0.2 + 0.5) / 2)


def test_where_no_beta_keeps_every_world_the_global_model_stays():
    by_region = {"a": chosen({0.0: (0.5, 0.2), 0.5: (0.4, 0.9)}, 0.1), "b": chosen({0.0: (0.5, 0.2), 0.5: (0.5, 0.3)}, 0.1)}
    joint = choose_jointly(by_region, facts=CardFacts())
    assert joint.beta == 0
    assert joint.reason.startswith("No β > 0 keeps the world of every region")


def test_the_facts_hold_every_region_and_the_joint_choice(tmp_path):
    facts = choose_jointly({"a": chosen({0.0: (0.5, 0.2), 0.5: (0.5, 0.3)}, 0.1)}, facts=CardFacts()).facts
    facts.save(tmp_path)
    assert CardFacts.load(tmp_path) == facts
    assert facts.of("choosing jointly")["regions"] == ["a"]


def test_alpha_is_one_for_all_or_one_each():
    assert alphas_by_region(0.4, REGIONS) == {"Java": 0.4, "Malaya": 0.4}
    assert alphas_by_region({"Java": 0.4, "Malaya": 0.7}, REGIONS)["Malaya"] == 0.7
    with pytest.raises(ConfigError, match="on one side only: Malaya"):
        alphas_by_region({"Java": 0.4}, REGIONS)
    with pytest.raises(OutOfRangeError, match=r"alpha of Java must be in \[0, 1\], got 43"):
        alphas_by_region(43, REGIONS)
    with pytest.raises(ConfigError, match="at least one region"):
        alphas_by_region(0.4, {})


def test_tasks_and_regions_must_have_the_same_names(tmp_path):
    with pytest.raises(ConfigError, match="tasks and regions must have the same names; on one side only: Malaya"):
        select_beta_for_regions(tmp_path, tmp_path, [0.5], {"Java": [TASK]}, REGIONS, 0.4)


def test_one_region_of_several_has_the_curve_that_it_has_alone(base, regional, task):
    options = {"min_retention": 0, "resamples": 50, "device": "cpu", "progress": False}
    both = select_beta_for_regions(
        base, regional, [0.5, 1], {key: [task] for key in REGIONS}, REGIONS, {"Java": 0.5, "Malaya": 0.9}, **options
    )
    for name, alpha in (("Java", 0.5), ("Malaya", 0.9)):
        alone = select_beta(base, regional, [0.5, 1], [task], REGIONS[name], alpha, **options)
        assert (both.by_region[name].curve, both.by_region[name].beta) == (alone.curve, alone.beta)
