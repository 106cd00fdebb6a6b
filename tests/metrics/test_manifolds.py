import contextlib
import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prdc import compute_prdc

from hf_regional.errors import BadRowError, MismatchedScoresError, NonFiniteError, NoRowsError, OutOfRangeError, UnknownNameError
from hf_regional.metrics import expected_coverage, prdc, prdc_by_region

METRICS = ("precision", "recall", "density", "coverage")


def published(real, generated, k):
    with contextlib.redirect_stdout(io.StringIO()):
        return compute_prdc(np.asarray(real), np.asarray(generated), nearest_k=k)


def as_dict(found):
    return {name: getattr(found, name) for name in METRICS}


@given(seed=st.integers(0, 60), n=st.integers(8, 60), m=st.integers(8, 60), k=st.integers(1, 6), cells=st.sampled_from([13, 400, 10**6]))
def test_the_four_equal_those_of_the_published_package(seed, n, m, k, cells):
    rng = np.random.default_rng(seed)
    real, generated = rng.normal(size=(n, 5)), rng.normal(size=(m, 5)) + rng.uniform(0, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hf_regional.metrics.manifolds._CELLS", cells)
        assert as_dict(prdc(real, generated, k=k)) == pytest.approx(published(real, generated, k))


def test_four_real_and_three_generated_by_hand():
    # distances to the nearest other real: 0 -> 1, 1 -> 1, 3 -> 2, 9 -> 6; generated: .5 -> 1.5, 2 -> 1.5, 20 -> 18
    found = prdc([[0.0], [1.0], [3.0], [9.0]], [[0.5], [2.0], [20.0]], k=1)
    assert found.precision == pytest.approx(2 / 3)
    assert found.density == pytest.approx((2 + 1) / 3)  # .5 within 0 and 1; 2 within 3 (from 1 it is 1 away, not nearer than 1)
    assert found.coverage == pytest.approx(3 / 4)
    assert found.recall == 1.0  # 0, 1 and 3 within 1.5 of .5 or 2; 9 within 18 of 20
    assert (found.n_real, found.n_generated) == (4, 3)


def test_copies_lie_at_distance_zero_from_each_other():
    real = np.repeat(np.random.default_rng(0).normal(size=(6, 7)) * 100, 2, axis=0)
    assert prdc(real, real + 1e-3, k=1).coverage == 0  # every radius is 0: nothing is nearer than that


@given(scale=st.floats(0.1, 100), shift=st.floats(-100, 100))
def test_moving_and_stretching_both_sides_changes_nothing(scale, shift):
    rng = np.random.default_rng(5)
    real, generated = rng.normal(size=(30, 3)), rng.normal(size=(25, 3))
    assert as_dict(prdc(real * scale + shift, generated * scale + shift)) == pytest.approx(as_dict(prdc(real, generated)))


def test_coverage_of_a_perfect_generator_is_what_the_formula_expects():
    assert expected_coverage(2000, 2000, k=3) == pytest.approx(0.8752, abs=5e-5)
    assert expected_coverage(2000, 2000, k=5) == pytest.approx(0.9689, abs=5e-5)
    rng = np.random.default_rng(0)
    found = [prdc(rng.normal(size=(200, 4)), rng.normal(size=(100, 4)), k=3) for _ in range(40)]
    coverage, density = (np.array([getattr(one, name) for one in found]) for name in ("coverage", "density"))
    assert coverage.mean() == pytest.approx(expected_coverage(200, 100, k=3), abs=4 * coverage.std() / 40**0.5)
    assert density.mean() == pytest.approx(1, abs=4 * density.std() / 40**0.5 + 0.01)


def two_regions(seed=0, n=40):
    """Real and generated images of two regions; those of "Africa" are generated away from the real ones."""
    rng = np.random.default_rng(seed)
    real, generated = rng.normal(size=(2 * n, 3)), rng.normal(size=(2 * n, 3))
    regions = ["Africa"] * n + ["Europe"] * n
    generated[:n] += 3
    return real, generated, regions


def test_each_region_is_measured_against_its_own_and_the_gap_is_seen():
    real, generated, regions = two_regions()
    order = np.random.default_rng(1).permutation(80)
    found = prdc_by_region(real, generated[order], regions, [regions[i] for i in order], reference="Europe")
    for place, region in enumerate(["Africa", "Europe"]):
        own = slice(40 * place, 40 * place + 40)
        assert as_dict(found.by_region[region]) == pytest.approx(published(real[own], generated[own], 3))
    gap = found.by_region["Europe"].coverage - found.by_region["Africa"].coverage
    assert gap > 0.3
    assert found.disparity["coverage"] == gap
    assert found.to_reference["Africa"]["coverage"] == -gap
    assert found.to_reference["Europe"] == dict.fromkeys(METRICS, 0.0)
    assert (found.by_cell, found.left_out) == ({}, {})


def test_with_objects_a_region_is_the_mean_over_its_objects():
    real, generated, regions = two_regions()
    objects = ["car", "stove"] * 40
    found = prdc_by_region(real, generated, regions, regions, real_objects=objects, generated_objects=objects, k=2)
    cars = np.arange(0, 40, 2)
    assert as_dict(found.by_cell["Africa", "car"]) == pytest.approx(published(real[cars], generated[cars], 2))
    for name in METRICS:
        cells = [getattr(found.by_cell["Africa", thing], name) for thing in ("car", "stove")]
        assert getattr(found.by_region["Africa"], name) == pytest.approx(np.mean(cells))
    assert found.by_region["Africa"].n_real == 40


def test_small_groups_are_refused_or_named():
    real, generated, regions = two_regions()
    short = [*regions[:-2], "Asia", "Asia"]
    with pytest.raises(OutOfRangeError, match=r"Asia: 2 real and 0 generated images, at least 4 of each needed \(1 such groups\)"):
        prdc_by_region(real, generated, short, regions)
    found = prdc_by_region(real, generated, short, regions, small="leave_out")
    assert found.left_out == {("Asia",): "2 real and 0 generated images, at least 4 of each needed"}
    assert sorted(found.by_region) == ["Africa", "Europe"]
    with pytest.raises(NoRowsError, match="no group can be measured"):
        prdc_by_region(real[:4], generated[:4], list("abcd"), list("abcd"), small="leave_out")


def test_equal_numbers_can_be_drawn_again_and_again_alike():
    real, generated, regions = two_regions()
    found = [prdc_by_region(real, generated, regions, regions, per_group=20, seed=seed) for seed in (7, 7, 8)]
    assert found[0] == found[1] != found[2]
    assert {one.n_real for one in found[0].by_region.values()} == {20}
    with pytest.raises(OutOfRangeError, match="at least 41 of each"):
        prdc_by_region(real, generated, regions, regions, per_group=41)


def test_bad_input_is_named():
    real, generated, regions = two_regions()
    broken = generated.copy()
    broken[70, 1] = math.nan
    with pytest.raises(NonFiniteError, match="generated: row 70 holds NaN"):
        prdc_by_region(real, broken, regions, regions)
    with pytest.raises(MismatchedScoresError, match="80 real images and 79 real_regions"):
        prdc_by_region(real, generated, regions[1:], regions)
    with pytest.raises(BadRowError, match="generated_regions: row 3 is None"):
        prdc_by_region(real, generated, regions, [*regions[:3], None, *regions[4:]])
    with pytest.raises(MismatchedScoresError, match="one side only"):
        prdc_by_region(real, generated, regions, regions, real_objects=regions)
    with pytest.raises(UnknownNameError, match="Did you mean 'Europe'"):
        prdc_by_region(real, generated, regions, regions, reference="Europ")
    with pytest.raises(UnknownNameError, match="refuse, leave_out"):
        prdc_by_region(real, generated, regions, regions, small="drop")
    with pytest.raises(MismatchedScoresError, match="real have 3 dimensions and generated 2"):
        prdc(real, generated[:, :2])
    for k in (0, 80):
        with pytest.raises(OutOfRangeError, match=f"k={k} with 80 real"):
            prdc(real, generated, k=k)
    with pytest.raises(OutOfRangeError, match="k=3, 3 real"):
        expected_coverage(3, 9)
