"""Breadcrumbs, against arXiv:2312.06795 tensor by tensor."""

import numpy as np
import pytest
from stretches import KINDS, merge, some_models


def crumbs(vector: np.ndarray, density: float, outliers: float) -> np.ndarray:
    """The magnitudes of rank round(outliers·n) + 1 to that + round(density·n), and what ties with both ends."""
    falling = np.sort(np.abs(vector))[::-1]
    above = round(outliers * len(vector))
    last = min(above + max(1, round(density * len(vector))), len(vector))
    low, high = falling[last - 1], falling[above] if above else np.inf
    return np.where((np.abs(vector) >= low) & (np.abs(vector) <= high), vector, 0.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("density", "outliers"), [(0.1, 0.01), (0.5, 0.1), (1.0, 0.0), (0.9, 0.3)])
def test_both_ends_of_each_tensor_are_left_out(kind: str, density: float, outliers: float) -> None:
    world, regions = some_models(2)
    given = {"weights": [1, 0.5], "options": {"density": density, "outliers": outliers}}
    merged = merge("breadcrumbs", world, regions, beta=0.5, kind=kind, measured=100, mixed=77, order=4, **given)
    for name in world:
        first, second = (crumbs(region[name] - world[name], density, outliers) for region in regions)
        assert merged[name].tolist() == (world[name] + 0.5 * first + 0.25 * second).tolist()


def test_the_largest_and_the_small_ones_go() -> None:
    region = {"w": np.array([1.0, -2.0, 3.0, -90.0])}
    merged = merge("breadcrumbs", {"w": np.zeros(4)}, [region], beta=1.0, options={"density": 0.5, "outliers": 0.25})
    assert merged["w"].tolist() == [0.0, -2.0, 3.0, 0.0]


def test_a_tensor_whose_magnitudes_all_tie_stays_whole() -> None:
    region = {"w": np.array([1.0, -1.0, 1.0, 1.0])}
    merged = merge("breadcrumbs", {"w": np.zeros(4)}, [region], beta=1.0, options={"density": 0.25, "outliers": 0.25})
    assert merged["w"].tolist() == region["w"].tolist()
