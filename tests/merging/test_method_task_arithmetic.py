"""Task arithmetic, against arXiv:2212.04089 on whole models."""

import numpy as np
import pytest
from stretches import KINDS, flat, merge, some_models


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_sum_of_the_task_vectors_is_added(kind: str, count: int) -> None:
    world, regions = some_models(count)
    merged = merge("task_arithmetic", world, regions, beta=0.5, kind=kind, mixed=77)
    expected = flat(world) + 0.5 * np.sum([flat(region) - flat(world) for region in regions], axis=0)
    assert flat(merged).tolist() == expected.tolist()  # 64ths and a half: nothing is rounded


@pytest.mark.parametrize("kind", KINDS)
def test_weights_scale_each_task_vector_and_a_negative_one_takes_it_away(kind: str) -> None:
    world, (first, second) = some_models(2)
    merged = merge("task_arithmetic", world, [first, second], beta=1.0, weights=[0.25, -1], kind=kind)
    expected = flat(world) + 0.25 * (flat(first) - flat(world)) - (flat(second) - flat(world))
    assert flat(merged).tolist() == expected.tolist()


def test_with_weights_that_sum_to_1_it_is_the_linear_mean() -> None:
    world, regions = some_models(2)
    given = {"beta": 0.7, "weights": [0.75, 0.25]}
    np.testing.assert_allclose(
        flat(merge("task_arithmetic", world, regions, **given)), flat(merge("linear", world, regions, **given)), atol=1e-14
    )


def test_linear_takes_weights_by_their_ratios() -> None:
    world, (first, second) = some_models(2)
    merged = merge("linear", world, [first, second], beta=0.5, weights=[3, 1])
    np.testing.assert_allclose(flat(merged), 0.5 * flat(world) + 0.375 * flat(first) + 0.125 * flat(second), atol=1e-14)
