"""Model stock, against arXiv:2403.19522 tensor by tensor."""

from itertools import combinations

import numpy as np
import pytest
from stretches import KINDS, merge, some_models


def paper(world: np.ndarray, regions: list[np.ndarray]) -> np.ndarray:
    vectors = [region - world for region in regions]
    cosines = [np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b) for a, b in combinations(vectors, 2)]
    n, cosine = len(regions), np.mean(cosines)
    t = n * cosine / (1 + (n - 1) * cosine)
    return t * np.mean(regions, axis=0) + (1 - t) * world


def stock(*vectors: list[float], beta: float = 1.0) -> list[float]:
    regions = [{"w": np.array(vector, float)} for vector in vectors]
    return merge("model_stock", {"w": np.zeros(len(vectors[0]))}, regions, beta=beta)["w"].tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [2, 3, 5])
def test_each_tensor_is_drawn_back_by_its_own_angle(kind: str, count: int) -> None:
    world, regions = some_models(count, sizes={"a": 70_000, "b": 400})
    shared = np.random.default_rng(5).integers(0, 30, 70_000) / 64
    for region in regions:  # something that they agree on: else their cosine may be below 0
        region["a"] += shared
        region["b"] += shared[:400]
    merged = merge("model_stock", world, regions, beta=1.0, kind=kind, measured=1 << 16, mixed=999)
    for name in world:
        expected = paper(world[name], [region[name] for region in regions])
        np.testing.assert_allclose(merged[name], expected, rtol=0, atol=1e-12 if "64" in kind else 1e-6)


def test_beta_goes_from_the_world_to_the_paper_s_mix() -> None:
    # cos φ = 0.6, t = 2·0.6/1.6 = 0.75, mean (2, 2)
    assert stock([1, 0], [3, 4]) == pytest.approx([1.5, 1.5])
    assert stock([1, 0], [3, 4], beta=0.5) == pytest.approx([0.75, 0.75])


def test_models_that_agree_are_averaged_and_models_that_share_nothing_leave_the_world() -> None:
    assert stock([2, 0], [4, 0]) == pytest.approx([3, 0])  # t = 1
    assert stock([2, 0], [0, 3]) == [0, 0]  # t = 0
    assert stock([2, 0], [-2, 1]) == [0, 0]  # cos φ < 0
    assert stock([2, 1], [0, 0]) == [0, 0]  # one did not move
    assert stock([0, 0], [0, 0]) == [0, 0]


def test_of_three_the_mean_cosine_counts() -> None:
    # cosines 1, 0, 0: mean 1/3, t = 1/(5/3) = 0.6, mean (4/3, 1)
    assert stock([1, 0], [3, 0], [0, 3]) == pytest.approx([0.8, 0.6])
