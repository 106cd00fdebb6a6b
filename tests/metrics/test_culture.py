import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from hf_regional.errors import BadRowError, MismatchedScoresError, NonFiniteError, NoRowsError, OutOfRangeError, UnknownNameError
from hf_regional.metrics import cultural_diversity_at_k, culture_coverage, relevance_at_k


@given(ranking=st.lists(st.integers(0, 6), min_size=2, max_size=20), data=st.data())
def test_diversity_is_the_entropy_over_what_was_possible(ranking, data):
    k = data.draw(st.integers(2, len(ranking)))
    found = cultural_diversity_at_k([ranking], k, n_countries=7)[0]
    counts = np.bincount(ranking[:k])
    assert found == pytest.approx(entropy(counts) / math.log(min(k, 7)), abs=1e-12)
    assert 0 <= found <= 1 + 1e-12
    present = np.count_nonzero(counts)
    printed = cultural_diversity_at_k([ranking], k, out_of="present")[0]
    assert printed == pytest.approx(0 if present == 1 else entropy(counts) / math.log(present))
    assert found <= printed + 1e-12


def test_even_is_one_and_one_country_is_zero():
    rankings = [["id", "th", "vn"], ["id", "id", "id"], ["id", "id", "th"]]
    assert cultural_diversity_at_k(rankings, 3, n_countries=50).tolist() == pytest.approx([1, 0, 0.579380])
    assert cultural_diversity_at_k(rankings, 1, n_countries=50).tolist() == [0, 0, 0]
    assert cultural_diversity_at_k([["id", "id"]], 2, n_countries=1).tolist() == [0]


def test_the_printed_variant_cannot_tell_two_countries_from_ten():
    two, ten = ["a"] * 5 + ["b"] * 5, list("abcdefghij")
    assert cultural_diversity_at_k([two, ten], 10, out_of="present").tolist() == pytest.approx([1, 1])
    assert cultural_diversity_at_k([two, ten], 10, n_countries=50).tolist() == pytest.approx([math.log(2) / math.log(10), 1])


def test_relevance_is_precision_at_k():
    rankings = [["wedding", "dance", "wedding", "wedding"], ["dance", "dance", "farm", "farm"]]
    assert relevance_at_k(rankings, ["wedding", "wedding"], 3).tolist() == pytest.approx([2 / 3, 0])
    assert relevance_at_k(rankings, ["wedding", "dance"], 4).tolist() == [0.75, 0.5]


def test_coverage_counts_the_cultures_that_any_image_reaches():
    scores = np.ones((5, 20))
    for culture in range(9):
        scores[culture % 5, culture] = 4
    scores[:, 19] = 3.99
    assert culture_coverage(scores) == 9 / 20
    assert culture_coverage(scores, threshold=3.9) == 10 / 20
    assert culture_coverage(scores, threshold=5) == 0


def test_bad_rankings_are_named():
    with pytest.raises(OutOfRangeError, match="query 1 ranks 1 images and k is 2"):
        cultural_diversity_at_k([["a", "b"], ["a"]], 2, n_countries=3)
    with pytest.raises(OutOfRangeError, match="at least 1, got 0"):
        relevance_at_k([["a"]], ["a"], 0)
    for missing in (None, "", math.nan):
        with pytest.raises(BadRowError, match="query 0: the image at rank 2"):
            cultural_diversity_at_k([["a", missing]], 2, n_countries=3)
    with pytest.raises(BadRowError, match="query 0: the wanted concept is None"):
        relevance_at_k([["a"]], [None], 1)
    with pytest.raises(BadRowError, match="give a list"):
        cultural_diversity_at_k(["idth"], 2, n_countries=3)
    with pytest.raises(NoRowsError, match="at least one query"):
        cultural_diversity_at_k([], 2, n_countries=3)
    with pytest.raises(OutOfRangeError, match="n_countries is None"):
        cultural_diversity_at_k([["a", "b"]], 2)
    with pytest.raises(OutOfRangeError, match="more than n_countries=2"):
        cultural_diversity_at_k([["a", "b", "c"]], 3, n_countries=2)
    with pytest.raises(UnknownNameError, match="possible, present"):
        cultural_diversity_at_k([["a", "b"]], 2, out_of="k")
    with pytest.raises(MismatchedScoresError, match="1 rankings and 2 wanted"):
        relevance_at_k([["a"]], ["a", "b"], 1)


def test_scores_of_cultures_that_are_missing_are_named():
    with pytest.raises(NonFiniteError, match="image 1, culture 0 is nan") as caught:
        culture_coverage([[1, 2], [None, 4]])
    assert caught.value.name == "1"
    with pytest.raises(NoRowsError, match="empty"):
        culture_coverage([])
    with pytest.raises(MismatchedScoresError, match="images, cultures"):
        culture_coverage([1, 2])
    with pytest.raises(MismatchedScoresError, match="not of one length"):
        culture_coverage([[1, 2], [1]])
    with pytest.raises(OutOfRangeError, match="got nan"):
        culture_coverage([[1]], threshold=math.nan)
