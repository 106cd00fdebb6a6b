import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import jensenshannon

from hf_regional.errors import BadRowError, MismatchedScoresError, NonFiniteError, OutOfRangeError
from hf_regional.metrics import Slicing, jensen_shannon_distance, value_alignment

QUICK = Slicing(resamples=50)
# CAIRe: scores (1 to 5) of five pictures of a wedding for twenty countries, Canada first and Indonesia last
# (src/outputs/wedding_nanobanana/combined_outputs.csv of siddharthyayavaram/CAIRE).
CAIRE = ["43413434313212134312", "43413434313312134312", "43433444434333334423", "43433444413332234412", "43413434313311134311"]
shares = arrays(np.float64, 4, elements=st.floats(0, 1, width=16)).filter(lambda one: one.sum() > 0)


def test_the_pictures_of_caire_have_the_distances_that_its_code_prints():
    """Natural logarithms, all pairs: mean and so on were printed by the reference code, with scipy."""
    scores = np.array([[int(digit) for digit in row] for row in CAIRE])
    one, other = zip(*itertools.combinations(scores, 2), strict=True)
    distances = jensen_shannon_distance(one, other, base=math.e)
    assert distances.mean() == pytest.approx(0.0938367673536305, abs=1e-12)
    assert (distances.std(), distances.min(), distances.max()) == pytest.approx((0.0333495, 0.0302340, 0.1436186), abs=1e-7)
    assert jensen_shannon_distance(one, other).mean() == pytest.approx(0.1127, abs=5e-5)  # base 2


@given(p=shares, q=shares, base=st.sampled_from([2.0, math.e, 10.0]))
def test_the_distance_is_that_of_scipy(p, q, base):
    expected = jensenshannon(p, q, base=base)
    # near 0 the root magnifies the last bit of the divergence: 1e-16 becomes 1e-8
    assert jensen_shannon_distance(p, q, base=base) == pytest.approx(0 if np.isnan(expected) else expected, abs=3e-8)


@given(p=shares, q=shares, r=shares)
def test_the_distance_is_a_metric_and_at_most_one_in_base_two(p, q, r):
    pq, qr, pr = (float(jensen_shannon_distance(one, other)) for one, other in ((p, q), (q, r), (p, r)))
    assert pq == pytest.approx(float(jensen_shannon_distance(q, p)))
    assert 0 <= pq <= 1 + 1e-12
    assert pr <= pq + qr + 1e-7
    assert float(jensen_shannon_distance(p, p)) == 0


def test_counts_and_shares_are_the_same():
    assert jensen_shannon_distance([1, 4, 5], [16, 3, 1]) == pytest.approx(jensen_shannon_distance([0.1, 0.4, 0.5], [0.8, 0.15, 0.05]))


def test_alignment_is_one_less_the_distance_averaged_over_questions_of_unlike_length_by_country():
    model = [[0.1, 0.4, 0.5], [1, 0], [0.5, 0.5]]
    people = [[0.8, 0.15, 0.05], [0, 1], [0.5, 0.5]]
    found = value_alignment(model, people, {"country": ["IDN", "IDN", "THA"]}, slicing=QUICK)
    far = 1 - jensenshannon(model[0], people[0], base=2)
    assert found.scores.overall["value_alignment"].value == pytest.approx((far + 0 + 1) / 3)
    by_country = found.scores.by["country"]["value_alignment"].by_group
    assert (by_country["IDN"].value, by_country["THA"].value) == pytest.approx((far / 2, 1))
    assert value_alignment([[1, 0]], [[0, 1]], base=math.e, slicing=QUICK).scores.overall["value_alignment"].value == pytest.approx(
        1 - math.sqrt(math.log(2))
    )


@pytest.mark.parametrize(
    ("error", "message", "predictions", "references", "base"),
    [
        (MismatchedScoresError, r"row 1: predictions have 2 options and references 3", [[1], [1, 2]], [[1], [1, 2, 3]], 2),
        (NonFiniteError, r"references: row 0 is \[nan, 1.0\]", [[1, 1]], [[float("nan"), 1.0]], 2),
        (BadRowError, r"predictions: row 0 is \[-0.1, 1.1\].*Log-probabilities need exp", [[-0.1, 1.1]], [[1, 1]], 2),
        (BadRowError, r"predictions: row 1 is \[0, 0\]", [[1, 1], [0, 0]], [[1, 1], [1, 1]], 2),
        (BadRowError, r"predictions: row 0 is \{'a': 1\}: give a list", [{"a": 1}], [[1]], 2),
        (BadRowError, r"predictions: row 0 is \[\]", [[]], [[]], 2),
        (OutOfRangeError, r"base must be above 1, got 1", [[1]], [[1]], 1),
        (OutOfRangeError, r"base must be above 1, got nan", [[1]], [[1]], float("nan")),
    ],
)
def test_bad_answers_are_named(error, message, predictions, references, base):
    with pytest.raises(error, match=message):
        value_alignment(predictions, references, base=base, slicing=QUICK)
