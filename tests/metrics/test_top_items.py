import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import MismatchedScoresError, NonFiniteError, NoRowsError, OutOfRangeError
from hf_regional.metrics import nearest_items


def sorted_all(queries, items, k):
    scores = (queries @ items.T).astype(np.float32)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, axis=1), order


@given(q=st.integers(1, 9), n=st.integers(1, 60), step=st.integers(1, 70), seed=st.integers(0, 99), data=st.data())
def test_blocks_of_any_size_give_what_sorting_everything_gives(q, n, step, seed, data):
    k = data.draw(st.integers(1, n))
    rng = np.random.default_rng(seed)
    queries, items = rng.integers(-2, 3, (q, 3)), rng.integers(-2, 3, (n, 3))  # whole numbers: ties abound
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hf_regional.metrics.top_items._CELLS", min(q, 4) * step)
        patch.setattr("hf_regional.metrics.top_items.QUERIES", 4)
        scores, numbers = nearest_items(queries, items, k)
    want_scores, want_numbers = sorted_all(queries, items, k)
    assert (scores == want_scores).all()
    assert (numbers == want_numbers).all()


@pytest.mark.parametrize("order", [1, -1])
def test_items_that_keep_getting_better_or_worse(order):
    items = np.linspace(-1, 1, 5000, dtype=np.float32)[::order, None] * np.ones(2, dtype=np.float32)
    scores, numbers = nearest_items(np.ones((3, 2)), items, k=7)
    want = sorted_all(np.ones((3, 2)), items, 7)
    assert (numbers == want[1]).all()
    assert (np.diff(scores, axis=1) <= 0).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8])
def test_a_file_on_disk_is_read_as_it_lies(tmp_path, dtype):
    items = np.random.default_rng(0).integers(-9, 10, (300, 8)).astype(dtype)
    np.save(tmp_path / "items.npy", items)
    mapped = np.load(tmp_path / "items.npy", mmap_mode="r")
    scores, numbers = nearest_items(items[:5], mapped, k=4)
    want = sorted_all(items[:5].astype(np.float32), items.astype(np.float32), 4)
    assert (scores == want[0]).all()
    assert (numbers == want[1]).all()


def test_memory_does_not_grow_with_the_number_of_items(tmp_path, monkeypatch):
    monkeypatch.setattr("hf_regional.metrics.top_items._CELLS", 20_000)  # 5000 items at a time
    peaks: list[int] = []
    for n in (20_000, 320_000):
        np.save(tmp_path / f"{n}.npy", np.random.default_rng(0).standard_normal((n, 16), dtype=np.float32))
        mapped = np.load(tmp_path / f"{n}.npy", mmap_mode="r")
        tracemalloc.start()
        nearest_items(np.eye(16)[:4], mapped, k=10)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]  # of sixteen times the items


def test_what_was_changed_in_a_private_mapping_is_not_lost(tmp_path, monkeypatch):
    monkeypatch.setattr("hf_regional.metrics.features._MAPPED", 1)  # let go of pages after every block
    monkeypatch.setattr("hf_regional.metrics.top_items._CELLS", 1000)
    np.save(tmp_path / "items.npy", np.zeros((5000, 2), dtype=np.float32))
    for mode, kept in (("c", 1.0), ("r", 0.0)):
        mapped = np.load(tmp_path / "items.npy", mmap_mode=mode)
        if mode == "c":
            mapped[7] = 1
        scores, numbers = nearest_items([[1.0, 0.0]], mapped, k=1)
        assert (scores[0, 0], mapped[7, 0]) == (kept, kept)
        assert numbers[0, 0] == (7 if mode == "c" else 0)


def test_bad_rows_are_named_wherever_their_block_is(monkeypatch):
    monkeypatch.setattr("hf_regional.metrics.top_items._CELLS", 4)
    items = np.ones((20, 3))
    items[13, 1] = np.nan
    with pytest.raises(NonFiniteError, match="items: row 13 holds NaN") as caught:
        nearest_items(np.ones((1, 3)), items, k=2)
    assert caught.value.name == "13"
    with pytest.raises(NonFiniteError, match="queries: row 1 holds NaN or infinity"):
        nearest_items([[1.0, 1.0], [np.inf, 1.0]], np.ones((4, 2)), k=1)
    with pytest.raises(NonFiniteError, match="items: row 2 is too large for float32"):
        nearest_items(np.ones((1, 2)), np.array([[1, 1], [1, 1], [3e25, 1], [1, 1]], dtype=np.float32), k=1)


def test_shapes_that_cannot_be_are_refused():
    with pytest.raises(MismatchedScoresError, match="queries have 2 dimensions and items 3"):
        nearest_items(np.ones((1, 2)), np.ones((4, 3)), k=1)
    with pytest.raises(MismatchedScoresError, match="one vector a row"):
        nearest_items(np.ones(2), np.ones((4, 2)), k=1)
    with pytest.raises(MismatchedScoresError, match="not of one length"):
        nearest_items([[1.0], [1.0, 2.0]], np.ones((4, 2)), k=1)
    with pytest.raises(NoRowsError, match="items is empty"):
        nearest_items(np.ones((1, 2)), np.ones((0, 2)), k=1)
    with pytest.raises(NoRowsError, match="queries is empty"):
        nearest_items([], np.ones((4, 2)), k=1)
    for k in (0, 5):
        with pytest.raises(OutOfRangeError, match=f"k is {k} and there are 4 items"):
            nearest_items(np.ones((1, 2)), np.ones((4, 2)), k=k)
