"""TIES, against algorithm 1 of arXiv:2306.01708 on whole flattened models."""

import numpy as np
import pytest
from stretches import KINDS, Model, flat, merge, some_models


def trim(vector: np.ndarray, density: float) -> np.ndarray:
    """The `density` largest magnitudes, and what ties with the last of them."""
    kept = max(1, round(density * len(vector)))
    threshold = np.sort(np.abs(vector))[::-1][kept - 1]
    return np.where(np.abs(vector) >= threshold, vector, 0.0)


def elect_and_merge(trimmed: list[np.ndarray], weights: list[float]) -> np.ndarray:
    merged = np.zeros(len(trimmed[0]))
    for place in range(len(merged)):
        column = [(vector[place], weight) for vector, weight in zip(trimmed, weights, strict=True)]
        sign = np.sign(sum(value * weight for value, weight in column))
        agreeing = [(value, weight) for value, weight in column if np.sign(value) == sign != 0]
        if agreeing:
            merged[place] = sum(value * weight for value, weight in agreeing) / sum(weight for _, weight in agreeing)
    return merged


def paper(world: Model, regions: list[Model], beta: float, density: float, weights: list[float]) -> np.ndarray:
    vectors = [flat(region) - flat(world) for region in regions]
    return flat(world) + beta * elect_and_merge([trim(vector, density) for vector in vectors], weights)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("density", [0.2, 0.55, 1.0])
def test_the_whole_model_is_trimmed_elected_and_merged(kind: str, count: int, density: float) -> None:
    world, regions = some_models(count)
    merged = merge("ties", world, regions, beta=0.5, options={"density": density}, kind=kind, measured=100, mixed=77, order=3)
    expected = paper(world, regions, 0.5, density, [1] * count)
    np.testing.assert_allclose(flat(merged), expected, rtol=0, atol=1e-15 if "64" in kind else 3e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_count_in_the_election_and_in_the_mean(kind: str) -> None:
    world, regions = some_models(3)
    weights = [2.0, 0.5, 1.0]
    merged = merge("ties", world, regions, beta=1.0, weights=weights, options={"density": 0.5}, kind=kind)
    np.testing.assert_allclose(flat(merged), paper(world, regions, 1.0, 0.5, weights), rtol=0, atol=1e-14 if "64" in kind else 1e-6)


def test_the_scope_is_the_model_or_each_tensor_by_itself() -> None:
    world = {"large": np.zeros(4), "small": np.zeros(4)}
    region = {"large": np.array([9.0, -8.0, 7.0, 6.0]), "small": np.array([1.0, -2.0, 3.0, 4.0])}
    by_model = merge("ties", world, [region], beta=1.0, options={"density": 0.5})
    by_tensor = merge("ties", world, [region], beta=1.0, options={"density": 0.5, "scope": "tensor"})
    assert [found.tolist() for found in by_model.values()] == [[9, -8, 7, 6], [0, 0, 0, 0]]
    assert [found.tolist() for found in by_tensor.values()] == [[9, -8, 0, 0], [0, 0, 3, 4]]


def test_the_larger_total_decides_the_sign_not_the_number_of_models() -> None:
    regions = [{"w": np.array([5.0, 1.0])}, {"w": np.array([-2.0, 1.0])}, {"w": np.array([-2.0, -3.0])}]
    assert merge("ties", {"w": np.zeros(2)}, regions, beta=1.0, options={"density": 1})["w"].tolist() == [5.0, -3.0]


def test_totals_that_cancel_exactly_leave_the_world() -> None:
    world, regions = {"w": np.array([7.0, 7.0])}, [{"w": np.array([10.0, 6.0])}, {"w": np.array([6.0, 9.0])}]
    merged = merge("ties", world, regions, beta=1.0, weights=[1, 3], options={"density": 1})
    assert merged["w"].tolist() == [7.0, 9.0]  # 3 - 3·1, and 3·2 against 1


def test_a_density_of_0_keeps_nothing_and_any_other_at_least_one_element() -> None:
    world, (region,) = {"w": np.zeros(3)}, [{"w": np.array([1.0, -5.0, 2.0])}]
    assert merge("ties", world, [region], beta=1.0, options={"density": 0})["w"].tolist() == [0, 0, 0]
    assert merge("ties", world, [region], beta=1.0, options={"density": 0.01})["w"].tolist() == [0, -5, 0]


def test_a_model_too_large_to_sort_keeps_at_most_a_little_more_than_asked() -> None:
    rng = np.random.default_rng(0)
    region = {"a": rng.standard_normal(3_000_000, np.float32), "b": rng.standard_normal(2_000_000, np.float32)}
    world = {name: np.zeros(len(values), np.float32) for name, values in region.items()}
    merged = flat(merge("ties", world, [region], beta=1.0, measured=1 << 16))
    kept = np.flatnonzero(merged)
    asked = set(np.argsort(-np.abs(flat(region)))[:1_000_000].tolist())
    assert asked <= set(kept.tolist())
    assert len(kept) - len(asked) <= 0.00012 * 5_000_000
    assert np.array_equal(merged[kept], flat(region)[kept])
