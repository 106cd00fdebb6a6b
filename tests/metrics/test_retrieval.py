import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import MismatchedScoresError, NonFiniteError, NoRowsError, OutOfRangeError
from hf_regional.metrics import (
    Relevant,
    best_ranks,
    chance_recall_at,
    chance_reciprocal_rank,
    recall_at,
    reciprocal_ranks,
    retrieval_ranks,
)


def naive_rank(scores, relevant):
    """Sort by score, at equal scores the relevant last, and look for the first relevant."""
    order = sorted(range(len(scores)), key=lambda item: (-scores[item], item in relevant))
    return 1 + next(place for place, item in enumerate(order) if item in relevant)


blocks = st.tuples(st.integers(1, 8), st.integers(1, 12)).flatmap(
    lambda shape: st.tuples(
        st.lists(st.lists(st.integers(0, 4), min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]),  # ties abound
        st.lists(st.lists(st.integers(0, shape[1] - 1), min_size=1, max_size=5), min_size=shape[0], max_size=shape[0]),  # repeats too
    )
)


@given(block=blocks)
def test_ranks_equal_those_of_sorting_with_ties_against_the_query(block):
    similarity, relevant = block
    want = [naive_rank(scores, set(own)) for scores, own in zip(similarity, relevant, strict=True)]
    assert best_ranks(np.array(similarity, dtype=np.float32), relevant).tolist() == want


@given(block=blocks)
def test_any_rising_function_of_the_scores_leaves_the_ranks(block):
    similarity, relevant = np.array(block[0], dtype=np.float32), block[1]
    assert (best_ranks(np.exp(similarity), relevant) == best_ranks(similarity, relevant)).all()


@given(n=st.integers(1, 60), data=st.data())
def test_a_constant_scorer_never_scores_above_chance(n, data):
    r = data.draw(st.integers(1, n))
    rank = best_ranks(np.full((1, n), 0.3, dtype=np.float32), [range(r)])
    assert rank.tolist() == [n - r + 1]
    assert reciprocal_ranks(rank)[0] <= chance_reciprocal_rank(n, r) + 1e-12
    assert all(recall_at(rank, k)[0] <= chance_recall_at(n, r, k) + 1e-12 for k in range(1, n + 1))


def test_three_queries_by_hand():
    similarity = [[0.1, 0.9, 0.5], [0.1, 0.9, 0.5], [0.7, 0.7, 0.7]]
    ranks = best_ranks(similarity, [[2], [0, 2], [1, 2]])
    assert ranks.tolist() == [2, 2, 2]
    assert best_ranks(similarity, [[1], [0], [0, 1, 2]]).tolist() == [1, 3, 1]


def test_features_in_blocks_equal_the_whole_matrix(monkeypatch):
    rng = np.random.default_rng(0)
    queries, items = rng.integers(-3, 4, (23, 4)), rng.integers(-3, 4, (17, 4))  # integers: exact in float32
    relevant = Relevant.of([rng.integers(0, 17, rng.integers(1, 4)) for _ in range(23)])
    whole = best_ranks(queries @ items.T, relevant)
    monkeypatch.setattr("hf_regional.metrics.retrieval._CELLS", 50)  # two queries a block
    assert (best_ranks(queries @ items.T, relevant) == whole).all()
    assert (retrieval_ranks(queries, items, relevant) == whole).all()


@pytest.mark.parametrize("r", [1, 2, 3, 12, 60])
def test_chance_equals_a_simulation(r):
    n, runs = 60, 20_000
    scores = np.random.default_rng(r).random((runs, n))
    ranks = best_ranks(scores, Relevant.of([range(r)] * runs))
    simulated = reciprocal_ranks(ranks)
    assert chance_reciprocal_rank(n, r) == pytest.approx(simulated.mean(), abs=4 * simulated.std() / runs**0.5 + 1e-9)
    for k in (1, 5, 59):
        hits = recall_at(ranks, k)
        assert chance_recall_at(n, r, k) == pytest.approx(hits.mean(), abs=4 * hits.std() / runs**0.5 + 1e-9)


def test_chance_by_hand():
    assert chance_reciprocal_rank(3, 1) == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert chance_reciprocal_rank(4, 2) == pytest.approx(3 / 6 + 2 / 6 / 2 + 1 / 6 / 3)
    assert chance_reciprocal_rank(1855, 1) == pytest.approx(np.sum(1 / np.arange(1, 1856)) / 1855)
    assert chance_recall_at(1855, 1, 5) == pytest.approx(5 / 1855)
    assert chance_recall_at(3, 2, 9) == pytest.approx(1)
    np.testing.assert_allclose(chance_reciprocal_rank(3, np.array([3, 1, 3])), [1, 11 / 18, 1])
    np.testing.assert_allclose(chance_recall_at(3, np.array([3, 1, 3]), 1), [1, 1 / 3, 1])


@given(n=st.integers(2, 80), data=st.data())
def test_more_relevant_items_make_chance_better(n, data):
    r = data.draw(st.integers(1, n - 1))
    assert chance_reciprocal_rank(n, r) < chance_reciprocal_rank(n, r + 1) <= 1


@pytest.mark.parametrize("r", [0, 4, -1])
def test_a_number_of_relevant_items_that_cannot_be_is_refused(r):
    with pytest.raises(OutOfRangeError, match="it must be 1 to 3"):
        chance_reciprocal_rank(3, r)


def test_bad_blocks_are_refused_by_query():
    good = np.zeros((3, 4), dtype=np.float32)
    with pytest.raises(NoRowsError, match="query 1 has no relevant item"):
        best_ranks(good, [[0], [], [1]])
    with pytest.raises(NoRowsError, match="no queries"):
        best_ranks(good, [])
    with pytest.raises(OutOfRangeError, match="query 2: relevant item 4 is not among the 4"):
        best_ranks(good, [[0], [1, 2], [4]])
    with pytest.raises(MismatchedScoresError, match="2 relevant sets"):
        best_ranks(good, [[0], [1]])
    for no_numbers in ([True, False, False, True], [0.5], 3):
        with pytest.raises(MismatchedScoresError, match="query 1: relevant items are"):
            best_ranks(good, [[0], no_numbers, [1]])
    with pytest.raises(MismatchedScoresError, match="of one width"):
        retrieval_ranks(np.zeros((1, 3)), np.zeros((2, 4)), [[0]])
    for k in (0, -1):
        with pytest.raises(OutOfRangeError, match="at least 1"):
            recall_at([1], k)


def test_a_model_that_answers_nan_does_not_rank_first():
    broken = np.ones((3, 4), dtype=np.float32)
    broken[2, 1] = np.nan
    with pytest.raises(NonFiniteError, match="query 2 has NaN"):
        best_ranks(broken, [[0]] * 3)


def test_ten_thousand_queries_take_well_under_a_second():
    rng = np.random.default_rng(0)
    queries, items = (rng.standard_normal((n, 64), dtype=np.float32) for n in (10_000, 1_855))
    relevant = Relevant.of(rng.integers(0, 1_855, (10_000, 1)))
    start = time.process_time()
    ranks = retrieval_ranks(queries, items, relevant)
    assert time.process_time() - start < 1.0
    assert reciprocal_ranks(ranks).mean() == pytest.approx(chance_reciprocal_rank(1_855, 1), rel=0.2)
