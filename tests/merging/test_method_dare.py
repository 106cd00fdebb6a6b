"""DARE, alone and with TIES, against arXiv:2311.03099 on whole tensors."""

import numpy as np
import pytest
from stretches import KINDS, Model, flat, merge, some_models
from test_method_ties import elect_and_merge

from hf_regional.merging.draw import Draw


def dropped_and_rescaled(world: Model, regions: list[Model], density: float, seed: int) -> list[np.ndarray]:
    """m∘τ/(1 - p) for each regional model, whole tensors at once."""
    made: list[np.ndarray] = []
    for lane, region in enumerate(regions):
        masks = [Draw(seed, name, 0, len(values)).uniform(lane, np.empty(0)) < density for name, values in world.items()]
        made.append(np.concatenate(masks) * (flat(region) - flat(world)) / density)
    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("density", [0.1, 0.5, 1.0])
def test_what_is_kept_is_rescaled_and_added(kind: str, density: float) -> None:
    world, regions = some_models(3)
    given = {"weights": [1, 0.5, 2], "options": {"density": density, "seed": 7}}
    merged = merge("dare", world, regions, beta=0.5, kind=kind, mixed=50, **given)
    parts = dropped_and_rescaled(world, regions, density, 7)
    expected = flat(world) + 0.5 * (parts[0] + 0.5 * parts[1] + 2 * parts[2])
    np.testing.assert_allclose(flat(merged), expected, rtol=0, atol=1e-13 if "64" in kind else 1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("density", [0.3, 1.0])
def test_with_ties_the_rest_elects_its_signs(kind: str, density: float) -> None:
    world, regions = some_models(3)
    merged = merge("dare_ties", world, regions, beta=0.5, weights=[1, 2, 1], kind=kind, mixed=50, options={"density": density, "seed": 3})
    expected = flat(world) + 0.5 * elect_and_merge(dropped_and_rescaled(world, regions, density, 3), [1, 2, 1])
    np.testing.assert_allclose(flat(merged), expected, rtol=0, atol=1e-13 if "64" in kind else 1e-5)


def test_with_density_1_it_is_task_arithmetic_to_the_bit() -> None:
    world, regions = some_models(2)
    given = {"beta": 0.3, "weights": [1.0, 0.7]}
    whole = merge("dare", world, regions, options={"density": 1}, **given)
    assert flat(whole).tobytes() == flat(merge("task_arithmetic", world, regions, **given)).tobytes()


def test_the_share_that_is_asked_for_stays_and_the_mean_is_kept() -> None:
    size = 100_000
    merged = merge("dare", {"w": np.zeros(size)}, [{"w": np.ones(size)}], beta=1.0, options={"density": 0.25})["w"]
    assert set(merged.tolist()) == {0.0, 4.0}
    # four standard deviations of a binomial share
    assert np.mean(merged > 0) == pytest.approx(0.25, abs=4 * (0.25 * 0.75 / size) ** 0.5)


def test_models_and_tensors_are_thinned_independently_and_the_seed_decides() -> None:
    size = 100_000
    world = {"a": np.zeros(size), "b": np.zeros(size)}
    ones = {"a": np.ones(size), "b": np.ones(size)}
    both = merge("dare", world, [ones, ones], beta=1.0, weights=[0.5, 0.25], options={"density": 0.5})
    first, second = both["a"] >= 1, both["a"] % 1 > 0
    for one, other in ((first, second), (first, both["b"] >= 1)):
        assert np.mean(one & other) == pytest.approx(0.25, abs=0.006)
    again = merge("dare", world, [ones, ones], beta=1.0, weights=[0.5, 0.25], options={"density": 0.5, "seed": 0})
    other = merge("dare", world, [ones, ones], beta=1.0, weights=[0.5, 0.25], options={"density": 0.5, "seed": 1})
    assert np.array_equal(again["a"], both["a"])
    assert np.mean((other["a"] >= 1) & first) == pytest.approx(0.25, abs=0.006)
