"""Consensus task arithmetic, against arXiv:2405.07813 on whole models."""

import numpy as np
import pytest
from stretches import KINDS, Model, flat, merge, some_models


def paper(world: Model, regions: list[Model], beta: float, k: int, lam: float, weights: list[float]) -> np.ndarray:
    vectors = np.stack([weight * (flat(region) - flat(world)) for region, weight in zip(regions, weights, strict=True)])
    merged = vectors.sum(axis=0)
    masks = np.abs(vectors) > lam * np.abs(merged - vectors)
    return flat(world) + beta * merged * (masks.sum(axis=0) >= k)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("count", "k", "lam"), [(2, 2, 0.5), (3, 2, 0.375), (4, 3, 0.25), (3, 1, 0.5)])
def test_weights_that_matter_to_too_few_go_back_to_the_world(kind: str, count: int, k: int, lam: float) -> None:
    world, regions = some_models(count)
    weights = [1.0, 0.5, 2.0, 1.0][:count]
    given = {"weights": weights, "options": {"agreement": k, "selectivity": lam}}
    merged = merge("consensus", world, regions, beta=0.5, kind=kind, mixed=100, **given)
    assert flat(merged).tolist() == paper(world, regions, 0.5, k, lam, weights).tolist()  # fractions of 2: nothing is rounded


def test_selfish_weights_go_and_shared_ones_are_summed() -> None:
    world = {"w": np.zeros(3)}
    regions = [{"w": np.array([2.0, 9.0, 1.0])}, {"w": np.array([3.0, 1.0, -1.0])}]
    assert merge("consensus", world, regions, beta=1.0)["w"].tolist() == [5.0, 0.0, 0.0]
    assert merge("consensus", world, regions, beta=1.0, options={"agreement": 1})["w"].tolist() == [5.0, 10.0, 0.0]


def test_a_selectivity_of_0_asks_only_who_moved_the_weight() -> None:
    world = {"w": np.zeros(2)}
    regions = [{"w": np.array([0.125, 0.0])}, {"w": np.array([8.0, 8.0])}]
    assert merge("consensus", world, regions, beta=1.0, options={"selectivity": 0})["w"].tolist() == [8.125, 0.0]
