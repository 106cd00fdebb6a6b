"""Scores of rankings: by hand, against enumeration of all orders of ties, and against torchmetrics and scikit-learn."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score
from torchmetrics.functional import retrieval as tm

from hf_regional.errors import MismatchedScoresError, NonFiniteError, NoRowsError, OutOfRangeError, UnknownNameError
from hf_regional.metrics import (
    Relevant,
    best_ranks,
    feature_retrieval_scores,
    find_feature_standings,
    find_standings,
    recall_at,
    reciprocal_ranks,
    retrieval_scores,
    score_standings,
    two_way_retrieval,
)

NAMES = ("recall", "hit", "MRR", "MAP", "nDCG")
blocks = st.tuples(st.integers(1, 5), st.integers(2, 7)).flatmap(
    lambda shape: st.tuples(
        st.lists(st.lists(st.integers(0, 3), min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]),  # ties abound
        st.lists(
            st.dictionaries(st.integers(0, shape[1] - 1), st.sampled_from([1.0, 2.0, 5.0]), min_size=1, max_size=4),
            min_size=shape[0],
            max_size=shape[0],
        ),
    )
)


def naive(order, grades, k):
    """Score one order of items, as the definitions read."""
    hits = [place for place, item in enumerate(order, 1) if item in grades]
    inside = [place for place in hits if place <= k]
    gained = sum(grades[order[place - 1]] / math.log2(1 + place) for place in inside)
    best = sum(grade / math.log2(1 + place) for place, grade in enumerate(sorted(grades.values(), reverse=True)[:k], 1))
    precisions = [(n + 1) / place for n, place in enumerate(inside)]
    return {
        "recall": len(inside) / len(grades),
        "hit": float(bool(inside)),
        "MRR": 1 / inside[0] if inside else 0.0,
        "MAP": sum(precisions) / min(k, len(grades)),
        "nDCG": gained / best,
    }


def orders(scores, grades):
    """All orders of the items that the scores allow."""
    groups = [[item for item, score in enumerate(scores) if score == level] for level in sorted(set(scores), reverse=True)]
    for parts in itertools.product(*(itertools.permutations(group) for group in groups)):
        yield [item for part in parts for item in part]


@given(block=blocks, k=st.integers(1, 7))
def test_worst_is_the_order_with_ties_against_the_query(block, k):
    similarity, grades = block
    k = min(k, len(similarity[0]))
    found = retrieval_scores(np.array(similarity, dtype=np.float32), Relevant.graded(grades), ks=[k])
    for query, (scores, own) in enumerate(zip(similarity, grades, strict=True)):
        order = sorted(range(len(scores)), key=lambda item: (-scores[item], own.get(item, 0)))
        want = naive(order, own, k)
        assert {name: found[f"{name}@{k}"][query] for name in NAMES} == pytest.approx(want)


@given(block=blocks, k=st.integers(1, 7))
def test_expected_is_the_mean_over_all_orders_of_ties(block, k):
    similarity, grades = block
    k = min(k, len(similarity[0]))
    found = retrieval_scores(np.array(similarity, dtype=np.float32), Relevant.graded(grades), ks=[k], ties="expected")
    every = [naive(order, grades[0], k) for order in orders(similarity[0], grades[0])]
    for name in NAMES:
        assert found[f"{name}@{k}"][0] == pytest.approx(np.mean([one[name] for one in every]))
        assert (
            found[f"{name}@{k}"][0]
            >= retrieval_scores(np.array(similarity[:1]), Relevant.graded(grades[:1]), ks=[k])[f"{name}@{k}"][0] - 1e-12
        )


@given(block=blocks, k=st.integers(1, 7), ties=st.sampled_from(["worst", "expected"]))
def test_with_one_relevant_item_map_is_mrr_and_recall_is_hit(block, k, ties):
    similarity = np.array(block[0])
    k = min(k, similarity.shape[1])
    found = retrieval_scores(similarity, [[next(iter(own))] for own in block[1]], ks=[k], ties=ties)
    np.testing.assert_allclose(found["MAP"], found["MRR"])
    np.testing.assert_allclose(found[f"MAP@{k}"], found[f"MRR@{k}"])
    np.testing.assert_allclose(found[f"recall@{k}"], found[f"hit@{k}"])


@given(block=blocks)
def test_mrr_and_hits_agree_with_the_ranks_of_the_first_relevant_item(block):
    similarity, relevant = np.array(block[0]), [list(own) for own in block[1]]
    found, ranks = retrieval_scores(similarity, relevant, ks=[1, 2]), best_ranks(similarity, relevant)
    np.testing.assert_allclose(found["MRR"], reciprocal_ranks(ranks))
    np.testing.assert_allclose(found["hit@2"], recall_at(ranks, 2))


def test_without_ties_torchmetrics_says_the_same():
    rng = np.random.default_rng(0)
    similarity = rng.permuted(np.tile(np.linspace(0.01, 1, 40, dtype=np.float32), (30, 1)), axis=1)
    relevant = [rng.choice(40, rng.integers(1, 9), replace=False) for _ in range(30)]
    found = retrieval_scores(similarity, relevant, ks=[10, 40])
    for query, own in enumerate(relevant):
        scores, target = torch.tensor(similarity[query]), torch.zeros(40, dtype=torch.long)
        target[own] = 1
        assert found["MRR"][query] == pytest.approx(tm.retrieval_reciprocal_rank(scores, target).item())
        assert found["MAP"][query] == pytest.approx(tm.retrieval_average_precision(scores, target).item(), rel=1e-5)
        assert found["MAP@40"][query] == pytest.approx(found["MAP"][query])
        assert found["nDCG"][query] == pytest.approx(tm.retrieval_normalized_dcg(scores, target).item(), rel=1e-5)
        assert found["nDCG@10"][query] == pytest.approx(tm.retrieval_normalized_dcg(scores, target, top_k=10).item(), rel=1e-5)
        assert found["recall@10"][query] == pytest.approx(tm.retrieval_recall(scores, target, top_k=10).item())
        assert found["hit@10"][query] == tm.retrieval_hit_rate(scores, target, top_k=10).item()
        assert found["MRR@10"][query] == pytest.approx(tm.retrieval_reciprocal_rank(scores, target, top_k=10).item())


@pytest.mark.parametrize("k", [1, 3, 10, 12])
def test_ndcg_with_grades_and_ties_is_that_of_scikit_learn(k):
    rng = np.random.default_rng(1)
    grades, similarity = rng.integers(0, 4, (50, 12)), rng.integers(0, 5, (50, 12)).astype(float)
    grades[:, 0] = 1
    relevant = Relevant.graded([dict(enumerate(row.tolist())) for row in grades])
    found = retrieval_scores(similarity, relevant, ks=[k], ties="expected")
    assert found[f"nDCG@{k}"].mean() == pytest.approx(ndcg_score(grades, similarity, k=k))
    doubled = retrieval_scores(similarity, relevant, ks=[k], ties="expected", gain="exponential")
    assert doubled[f"nDCG@{k}"].mean() == pytest.approx(ndcg_score(2**grades - 1, similarity, k=k))


def test_two_relevant_items_by_hand():
    # order: 0, 1*, 2, 3*, 4
    found = retrieval_scores([[0.9, 0.8, 0.7, 0.6, 0.5]], [[1, 3]], ks=[1, 2, 5])
    assert found["MAP"] == (1 / 2 + 2 / 4) / 2
    assert (found["MAP@1"], found["MAP@2"], found["MAP@5"]) == (0, 1 / 2 / 2, 1 / 2)
    assert (found["recall@2"], found["hit@2"], found["recall@5"]) == (0.5, 1, 1)
    assert found["nDCG@2"] == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))


def test_the_two_ways_of_dividing_map_at_k():
    scores, relevant = [[0.9, 0.8, 0.7, 0.6]], [[0, 1, 2]]
    assert retrieval_scores(scores, relevant, ks=[2])["MAP@2"] == 1
    assert retrieval_scores(scores, relevant, ks=[2], normaliser="relevant")["MAP@2"] == pytest.approx(2 / 3)


def test_a_grade_of_zero_is_a_judgement_and_not_a_relevant_item():
    relevant = Relevant.graded([{0: 0.0, 2: 2.0}])
    assert (relevant.items.tolist(), relevant.gains.tolist()) == ([2], [2.0])
    with pytest.raises(NoRowsError, match="query 1 has no relevant item"):
        Relevant.graded([{0: 1.0}, {1: 0.0}])
    with pytest.raises(OutOfRangeError, match="query 0: item 3 has grade -1"):
        Relevant.graded([{3: -1.0}])
    with pytest.raises(OutOfRangeError, match="grade nan"):
        Relevant.graded([{3: math.nan}])
    assert Relevant.graded([{0: 1.0}, {1: 2.0, 0: 3.0}])[1:].gains.tolist() == [3.0, 2.0]


@given(seed=st.integers(0, 200), depth=st.integers(1, 9), step=st.sampled_from([1, 7, 40]))
def test_streaming_knows_what_whole_rankings_know_down_to_its_depth(seed, depth, step):
    rng = np.random.default_rng(seed)
    queries, items = rng.integers(-1, 2, (6, 3)), rng.integers(-1, 2, (40, 3))  # whole numbers: exact; many ties
    relevant = Relevant.graded([dict.fromkeys(rng.choice(40, 3, replace=False).tolist(), 1.0) | {0: 2.0} for _ in range(6)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hf_regional.metrics.top_items._CELLS", 6 * step)
        patch.setattr("hf_regional.metrics.standings.QUERIES", 4)
        streamed = find_feature_standings(queries, items, relevant, depth=depth)
    whole = find_standings(queries @ items.T, relevant)
    for ties in ("worst", "expected"):
        ks = sorted({1, depth})
        want, found = (score_standings(one, ks=ks, ties=ties) for one in (whole, streamed))
        for name, values in found.items():
            np.testing.assert_allclose(values, want[name], err_msg=f"{name} {ties}")


def test_whole_rankings_from_features_are_those_of_the_similarities():
    rng = np.random.default_rng(3)
    queries, items = rng.integers(-3, 4, (9, 4)), rng.integers(-3, 4, (30, 4))
    relevant = [rng.choice(30, 4, replace=False) for _ in range(9)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hf_regional.metrics.standings._FULL_CELLS", 60)  # two queries at a time
        found = feature_retrieval_scores(queries, items, relevant, whole=True, ties="expected")
    for name, values in retrieval_scores(queries @ items.T, relevant, ties="expected").items():
        np.testing.assert_allclose(found[name], values)


def test_a_million_ties_are_averaged_without_a_million_kept():
    found = feature_retrieval_scores(np.ones((1, 2)), np.ones((100_000, 2)), [[77]], ks=[10], ties="expected")
    assert found["recall@10"][0] == pytest.approx(10 / 100_000)
    assert found["MRR@10"][0] == pytest.approx(sum(1 / i for i in range(1, 11)) / 100_000)
    assert feature_retrieval_scores(np.ones((1, 2)), np.ones((100_000, 2)), [[77]], ks=[10])["recall@10"][0] == 0


def test_both_directions_with_two_captions_an_image_and_an_image_without():
    images = np.eye(3)
    texts = [[1, 0.1, 0], [0.1, 1, 0], [0, 1, 0.1]]  # the second text belongs to image 0 and looks like image 1
    found = two_way_retrieval(texts, images, [0, 0, 1], ks=[1, 2])
    assert found.text_to_image["hit@1"].tolist() == [1, 0, 1]
    assert found.image_to_text["hit@1"].tolist() == [1, 0]  # image 1 is nearest to a caption of image 0, tied or not
    assert found.image_to_text["recall@2"].tolist() == [1, 1]
    assert (found.asked_images.tolist(), found.unasked_images.tolist()) == ([0, 1], [2])
    assert found.means()["text_to_image/hit@1"] == pytest.approx(2 / 3)


def test_what_cannot_be_scored_is_refused_by_its_number():
    scores = np.zeros((2, 4))
    for k, what in ((0, "k is 0"), (5, "k is 5 and there are 4 items")):
        with pytest.raises(OutOfRangeError, match=what):
            retrieval_scores(scores, [[0], [1]], ks=[k])
    with pytest.raises(OutOfRangeError, match="query 1: relevant item 9"):
        retrieval_scores(scores, [[0], [9]], ks=[1])
    with pytest.raises(MismatchedScoresError, match="1 relevant sets"):
        retrieval_scores(scores, [[0]], ks=[1])
    with pytest.raises(NoRowsError, match="no queries"):
        retrieval_scores(np.zeros((0, 4)), [], ks=[1])
    with pytest.raises(NonFiniteError, match="query 1 has NaN") as caught:
        retrieval_scores([[0.1, 0.2], [0.1, np.nan]], [[0], [0]], ks=[1])
    assert caught.value.name == "1"
    with pytest.raises(UnknownNameError, match="ties is 'best'; it is one of worst, expected"):
        retrieval_scores(scores, [[0], [1]], ks=[1], ties="best")
    with pytest.raises(OutOfRangeError, match="known to depth 1"):
        score_standings(find_feature_standings(np.ones((1, 2)), np.ones((4, 2)), [[0]], depth=1), ks=[2])
    with pytest.raises(OutOfRangeError, match="nothing to score"):
        feature_retrieval_scores(np.ones((1, 2)), np.ones((4, 2)), [[0]], ks=[])
    with pytest.raises(MismatchedScoresError, match="1 queries and 2 relevant sets"):
        feature_retrieval_scores(np.ones((1, 2)), np.ones((4, 2)), [[0], [1]], ks=[1])
    with pytest.raises(OutOfRangeError, match="text 1: its image is 3, and there are images 0 to 2"):
        two_way_retrieval(np.ones((2, 3)), np.eye(3), [0, 3], ks=[1])
    with pytest.raises(MismatchedScoresError, match="one image number a text"):
        two_way_retrieval(np.ones((2, 3)), np.eye(3), [0], ks=[1])
    with pytest.raises(NonFiniteError, match="not whole numbers"):
        two_way_retrieval(np.ones((2, 3)), np.eye(3), [0, np.nan], ks=[1])
