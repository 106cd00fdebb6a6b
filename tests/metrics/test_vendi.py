import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import eigh
from scipy.stats import entropy

from hf_regional.errors import MismatchedScoresError, NonFiniteError, NoRowsError, OutOfRangeError
from hf_regional.metrics import vendi_from_kernel, vendi_score

ORDERS = [0.1, 0.5, 1, 1.5, 2, 10, math.inf]


def reference(kernel, order, weights):
    """Hill number of the eigenvalues by scipy, every step in float64."""
    values = eigh(kernel * np.sqrt(np.outer(weights, weights)), eigvals_only=True)
    values = values[values > 1e-13]
    if order == 1:
        return math.exp(entropy(values))
    return 1 / values.max() if math.isinf(order) else np.sum(values**order) ** (1 / (1 - order))


def test_the_published_examples():
    samples = np.array([0, 0, 10, 10, 20, 20])
    assert vendi_from_kernel(np.exp(-np.abs(samples[:, None] - samples))) == pytest.approx(2.9999, abs=1e-3)
    assert vendi_from_kernel([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1]]) == pytest.approx(2.1573, abs=5e-5)


@given(counts=st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_of_labels_it_is_the_exponential_of_their_entropy(counts):
    rows = np.repeat(np.eye(len(counts)), counts, axis=0)
    assert vendi_score(rows) == pytest.approx(math.exp(entropy(counts)))
    assert vendi_score(rows, order=0) == len(counts)
    assert vendi_score(rows, order=math.inf) == pytest.approx(sum(counts) / max(counts))


def test_labels_4_2_2_of_8_as_cube_divides_them():
    assert vendi_score(np.repeat(np.eye(3), [4, 2, 2], axis=0)) / 8 == pytest.approx(0.353553, abs=1e-6)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("n", "d"), [(40, 6), (6, 40), (12, 12)])
def test_features_kernel_and_scipy_agree_at_every_order(order, n, d):
    rng = np.random.default_rng(n)
    rows, weights, quality = rng.normal(size=(n, d)) * rng.uniform(0.1, 9, (n, 1)), rng.uniform(size=n), rng.uniform(size=n)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    want = reference(unit @ unit.T, order, weights / weights.sum())
    assert vendi_score(rows, order=order, weights=weights) == pytest.approx(want, rel=1e-6)
    assert vendi_from_kernel(unit @ unit.T, order=order, weights=weights) == pytest.approx(want, rel=1e-6)
    weighted = want * np.average(quality, weights=weights)
    assert vendi_score(rows, order=order, weights=weights, quality=quality) == pytest.approx(weighted, rel=1e-6)


@given(seed=st.integers(0, 50), n=st.integers(1, 20), d=st.integers(1, 20))
def test_it_falls_with_the_order_and_lies_between_one_and_the_rank(seed, n, d):
    rows = np.random.default_rng(seed).normal(size=(n, d))
    found = [vendi_score(rows, order=order) for order in [0, *ORDERS]]
    assert all(low <= high * (1 + 1e-9) for high, low in itertools.pairwise(found))
    assert found[0] == np.linalg.matrix_rank(rows)
    assert found[-1] >= 1 - 1e-9


def test_a_weight_counts_like_a_repetition():
    rows = np.random.default_rng(0).normal(size=(5, 3))
    assert vendi_score(rows, weights=[3, 1, 0, 1, 1]) == pytest.approx(vendi_score(rows[[0, 0, 0, 1, 3, 4]]))


def test_blocks_from_a_file_add_up_and_float32_keeps_the_rank(tmp_path):
    rng = np.random.default_rng(0)
    rows = (rng.normal(size=(9000, 5)) @ rng.normal(size=(5, 64))).astype(np.float32)  # rank 5 of 64
    np.save(tmp_path / "rows.npy", rows)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    for order in [0, *ORDERS]:
        assert vendi_score(mapped, order=order) == pytest.approx(vendi_score(rows.astype(np.float64), order=order), rel=1e-4)
    assert vendi_score(mapped, order=0) == 5


def test_very_short_rows_still_point_somewhere():
    rows = np.array([[1e-30, 0], [0, 1e-38], [3, 4]], dtype=np.float32)
    assert vendi_score(rows) == pytest.approx(vendi_score([[1, 0], [0, 1], [0.6, 0.8]]), rel=1e-6)


@pytest.mark.parametrize(
    ("given_", "error", "message"),
    [
        ({"features": [[1.0, 0.0], [0.0, 0.0]]}, OutOfRangeError, "row 1 is all zeros"),
        ({"features": [[1.0, 0.0], [0.0, math.nan]]}, NonFiniteError, "row 1 holds NaN"),
        ({"features": np.zeros((0, 3))}, NoRowsError, "features is empty"),
        ({"features": [1.0, 2.0]}, MismatchedScoresError, "one vector a row"),
        ({"features": np.eye(2), "order": -1}, OutOfRangeError, "order must be in"),
        ({"features": np.eye(2), "order": math.nan}, OutOfRangeError, "got nan"),
        ({"features": np.eye(2), "weights": [1.0]}, MismatchedScoresError, "2 items and weights is"),
        ({"features": np.eye(2), "weights": [1.0, -0.1]}, OutOfRangeError, "weights: item 1 has -0.1"),
        ({"features": np.eye(2), "weights": [0.0, 0.0]}, NoRowsError, "weights are all 0"),
        ({"features": np.eye(2), "quality": [1.0, math.nan]}, OutOfRangeError, "quality: item 1 has nan"),
    ],
)
def test_what_cannot_be_measured_is_refused(given_, error, message):
    with pytest.raises(error, match=message):
        vendi_score(**given_)


@pytest.mark.parametrize(
    ("kernel", "error", "message"),
    [
        (np.ones((2, 3)), MismatchedScoresError, r"\(2, 3\)"),
        ([[1, 0.5], [0.1, 1]], MismatchedScoresError, r"\(0, 1\) is 0.5 and \(1, 0\) is 0.1"),
        ([[1, 0], [0, 2]], OutOfRangeError, "item 1 is 2.0 like itself"),
        ([[1, math.nan], [math.nan, 1]], NonFiniteError, "row 0, column 1 is nan"),
        ([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]], OutOfRangeError, "an eigenvalue is"),
    ],
)
def test_what_is_no_kernel_is_refused(kernel, error, message):
    with pytest.raises(error, match=message):
        vendi_from_kernel(kernel)
