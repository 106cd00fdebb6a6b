"""Spherical interpolation, against the formula of Shoemake 1985 on whole tensors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stretches import KINDS, merge, some_models


def shoemake(world: np.ndarray, region: np.ndarray, beta: float) -> np.ndarray:
    omega = np.arccos(np.dot(world / np.linalg.norm(world), region / np.linalg.norm(region)))
    return (np.sin((1 - beta) * omega) * world + np.sin(beta * omega) * region) / np.sin(omega)


def slerp(world: list[float], region: list[float], beta: float, kind: str = "numpy float64") -> list[float]:
    return merge("slerp", {"w": np.array(world)}, [{"w": np.array(region)}], beta=beta, kind=kind)["w"].tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beta", [0.1, 0.5, 0.9])
def test_each_tensor_is_what_the_formula_gives(kind: str, beta: float) -> None:
    world, (region,) = some_models(1, sizes={"a": 70_000, "b": 300})
    merged = merge("slerp", world, [region], beta=beta, kind=kind, measured=1 << 16, mixed=999)
    for name in world:
        expected = shoemake(world[name], region[name], beta)
        np.testing.assert_allclose(merged[name], expected, rtol=0, atol=1e-12 if "64" in kind else 1e-6)


def test_halfway_between_two_orthogonal_directions_is_the_diagonal_of_the_same_length() -> None:
    assert slerp([1, 0], [0, 1], 0.5) == pytest.approx([2**-0.5, 2**-0.5])
    assert slerp([1, 0], [0, 1], 1 / 3) == pytest.approx([3**0.5 / 2, 0.5])  # 30 degrees


@pytest.mark.parametrize("kind", KINDS)
def test_beta_1_is_the_region_exactly(kind: str) -> None:
    world, (region,) = some_models(1)
    merged = merge("slerp", world, [region], beta=1.0, kind=kind)
    assert all(merged[name].tolist() == region[name].tolist() for name in world)


@given(st.integers(0, 99), st.floats(0, 1, exclude_min=True))
def test_between_two_tensors_of_one_length_the_length_stays(seed: int, beta: float) -> None:
    world, (region,) = some_models(1, seed=seed, sizes={"a": 30})
    world["a"][0] = 9  # no zero vector
    turned = {"a": region["a"] * np.linalg.norm(world["a"]) / np.linalg.norm(region["a"])}
    merged = merge("slerp", world, [turned], beta=beta)
    assert np.linalg.norm(merged["a"]) == pytest.approx(np.linalg.norm(world["a"]), rel=1e-9)


@pytest.mark.parametrize(
    ("world", "region", "expected"),
    [
        ([1, 2], [2, 4], [1.25, 2.5]),  # one direction, two lengths
        ([1, 2], [-1, -2], [0.5, 1]),  # opposite directions: any great circle would do, the chord is taken
        ([0, 0], [4, 8], [1, 2]),  # no direction
        ([4, 8], [0, 0], [3, 6]),
        ([1e200, 0], [0, 1e200], [0.75e200, 0.25e200]),  # a square beyond float64
        ([1.0], [3.0], [1.5]),  # one number has no angle
    ],
)
def test_without_an_angle_it_is_the_chord(world: list[float], region: list[float], expected: list[float]) -> None:
    assert slerp(world, region, 0.25) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("angle", [2.0**-12, 2.0**-6, 1.0, 3.0])
def test_on_the_unit_circle_it_turns_by_a_share_of_the_angle(angle: float) -> None:
    # the chord of the smallest is 7e-9 short of the arc
    turned = slerp([1, 0], [np.cos(angle), np.sin(angle)], 0.4)
    assert turned == pytest.approx([np.cos(0.4 * angle), np.sin(0.4 * angle)], abs=1e-13)


def test_the_chord_ends_in_both_models_exactly() -> None:
    assert slerp([1e17, -1e17], [3.0, -3.0], 1.0) == [3.0, -3.0]  # 1e17 + (3 - 1e17) would be 0
    assert slerp([3.0], [1e17], 1e-40) == [3.0]


def test_arc_and_chord_meet_where_one_takes_over_from_the_other() -> None:
    for sine in (2.0**-13 * 1.01, 2.0**-13 * 0.99):
        region = [np.sqrt(1 - sine**2), sine]
        chord = [0.6 + 0.4 * region[0], 0.4 * region[1]]
        assert slerp([1, 0], region, 0.4) == pytest.approx(chord, abs=2.0**-29)
        assert slerp([1, 0], region, 1.0) == region


def test_an_element_that_is_equal_in_both_lies_on_the_arc_and_so_it_may_not_be_copied() -> None:
    from hf_regional.merging.methods import find_method

    assert slerp([1, 1], [1, -1], 0.5) == pytest.approx([2**0.5, 0], abs=1e-12)
    assert not find_method("slerp").elementwise
    assert find_method("ties").elementwise
