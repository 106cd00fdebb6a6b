import itertools
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from hf_regional.errors import BadRowError, MismatchedScoresError, NonFiniteError, NoRowsError
from hf_regional.metrics import Slicing, regional_commonsense, social_norms

QUICK = Slicing(resamples=50)
COUNTRIES = ("USA", "CHN", "IND", "IRN", "KEN")
# GeoMLAMA, English (gd_prompt_en.tsv of WadeYin9712/GeoMLAMA, columns Ans, Candidate Ans and GPT-3 Pred (T/F/I)): for each concept and
# country the number of right answers, the number of candidates, and what GPT-3 got: T all, F or I none, a fraction some.
GEOMLAMA = """
11111/4 TTTTT driving side | 11111/4 FFFFT driver's seat | 22424/8 1/2,F,1/4,1/2,1/3 height
11111/5 TFTTT weight | 11111/3 TTTTT temperature | 11111/4 TFTFF month before year
11111/4 TTTTF year before month | 11111/2 TTFTF tips | 11111/4 TTTTT shower
11111/2 TFFFT drying clothes | 11111/2 TTTFT broom | 12222/8 F,1/2,1/2,1/2,1/2 staple food
21222/5 T,F,F,1/2,F eating tools | 11111/2 FTTFF sharing food | 11111/2 FTFFT hot water
11111/2 FTTFF living with parents | 32322/9 T,T,2/3,T,1/2 sports | 11212/8 F,T,F,F,1/2 transport
11111/2 TITTT servants | 11111/5 TTTTT climate zone | 11111/8 FFFTT rising stock
11111/8 TFTFT dropping stock | 11111/8 TTTTT wedding dress | 11111/8 TFFTT funeral dress
11111/2 FFTFT length of weddings
"""


SHARES = {"T": Fraction(1), "F": Fraction(0), "I": Fraction(0)}


def geomlama():
    """Rows of (country, number right, number of candidates, share that GPT-3 found)."""
    for concept in (cell for line in GEOMLAMA.split("\n") for cell in line.split("|") if cell.strip()):
        numbers, verdicts, *_ = concept.split()
        gold, candidates = numbers.split("/")
        each = verdicts.split(",") if "," in verdicts else list(verdicts)
        for country, k, verdict in zip(COUNTRIES, gold, each, strict=True):
            yield country, int(k), int(candidates), SHARES[verdict] if verdict in SHARES else Fraction(verdict)


def as_scores(k, candidates, hits):
    """Candidate scores of which `hits` of the first k, the right ones, are among the top k."""
    order = [*range(hits), *range(k, candidates), *range(hits, k)]
    return [-order.index(place) for place in range(candidates)]


def test_geomlama_in_english_has_the_figures_of_its_table():
    rows = list(geomlama())
    assert len(rows) == 125
    assert np.mean([k for _, k, _, _ in rows]) == pytest.approx(1.208)
    assert np.mean([m for _, _, m, _ in rows]) == pytest.approx(4.76)
    assert round(float(sum(share for *_, share in rows)) / 125, 3) == 0.606  # with partial credit, as judged there


def test_gpt_3_finds_all_right_answers_of_70_probes_in_125_by_country_as_counted():
    rows = list(geomlama())
    predictions = [as_scores(k, m, int(k * share)) for _, k, m, share in rows]
    found = regional_commonsense(
        predictions, [list(range(k)) for _, k, _, _ in rows], {"country": [one for one, *_ in rows]}, slicing=QUICK
    )
    assert (found.scores.overall["strict"].value, found.n, found.skipped) == (0.56, 125, ())
    strict = found.scores.by["country"]["strict"].by_group
    assert {country: round(25 * one.value) for country, one in strict.items()} == {"USA": 16, "KEN": 15, "IND": 14, "CHN": 13, "IRN": 12}
    assert found.chance == pytest.approx(0.314, abs=5e-4)


@given(m=st.integers(2, 5), k=st.integers(1, 4))
def test_a_random_order_finds_what_is_called_chance(m, k):
    """All m! orders, each once: hypergeometric expectation k/m."""
    k = min(k, m - 1)
    orders = list(itertools.permutations(range(m)))
    found = regional_commonsense(orders, [list(range(k))] * len(orders), slicing=Slicing(resamples=50))
    assert found.scores.overall["found"].value == pytest.approx(k / m)
    assert found.chance == pytest.approx(k / m)
    assert found.scores.overall["corrected"].value == pytest.approx(0, abs=1e-12)


def test_ties_count_against_the_right_answers():
    found = regional_commonsense([[0.5, 0.5, 0.5], [0.5, 0.5, 0.1]], [[0], [0, 1]], slicing=QUICK).scores.overall
    assert (found["found"].value, found["strict"].value) == (0.5, 0.5)  # none of one; both of two, though tied with each other


def test_rows_without_a_wrong_candidate_are_skipped_and_listed():
    found = regional_commonsense([[0.1, 0.2], [0.9, 0.1], [3]], [[0, 1], [0], [0]], ["x", "y", "y"], slicing=QUICK)
    assert (found.n, found.skipped, found.scores.overall["found"].value) == (1, (0, 2), 1.0)
    assert list(found.scores.by["group"]["found"].by_group) == ["y"]


def test_candidates_go_by_place_or_by_name():
    named = regional_commonsense([{"rice": 2, "bread": 1}], [["rice"]], slicing=QUICK)
    assert named == regional_commonsense([[2, 1]], [[0]], slicing=QUICK) == regional_commonsense([[2, 1]], [0], slicing=QUICK)


@pytest.mark.parametrize(
    ("error", "message", "predictions", "references"),
    [
        (
            BadRowError,
            r"row 1: 'ris' is no candidate; the candidates are 'rice'",
            [{"rice": 1}, {"rice": 1, "tea": 0}],
            [["rice"], ["ris"]],
        ),
        (BadRowError, r"row 0: there is no right answer", [[1, 2]], [[]]),
        (BadRowError, r"row 0: \[1, 1\] has one twice", [[1, 2, 3]], [[1, 1]]),
        (BadRowError, r"row 0 is 'rice': give the scores", ["rice"], [["rice"]]),
        (NonFiniteError, r"predictions: row 1 has the score nan", [[1, 0], [float("nan"), 1]], [[0], [0]]),
        (NonFiniteError, r"row 0 has the score 'high'", [["high", 1]], [[0]]),
        (NoRowsError, r"all candidates are right answers", [[1, 2]], [[0, 1]]),
        (MismatchedScoresError, r"predictions 1, references 2", [[1, 2]], [[0], [1]]),
    ],
)
def test_bad_probes_are_named(error, message, predictions, references):
    with pytest.raises(error, match=message):
        regional_commonsense(predictions, references, slicing=QUICK)


@given(seed=st.integers(0, 10_000), n=st.integers(1, 60), weights=st.sampled_from([(1, 1, 1), (5, 1, 0), (1, 0, 0)]))
@settings(max_examples=60)
def test_norms_are_scored_as_scikit_learn_scores_them_classes_that_nobody_names_included(seed, n, weights):
    rng = np.random.default_rng(seed)
    shares = np.array(weights) / sum(weights)
    references, predictions = (rng.choice(["yes", "no", "neutral"], size=n, p=shares).tolist() for _ in range(2))
    unparsed = rng.random(n) < 0.1
    answers = [None if gone else one for one, gone in zip(predictions, unparsed, strict=True)]
    found = social_norms(answers, references, slicing=Slicing(resamples=50))
    spelled = ["?" if one is None else one for one in answers]
    there = sorted((set(spelled) | set(references)) - {"?"})
    assert found.scores.overall["accuracy"].value == pytest.approx(accuracy_score(references, spelled))
    assert found.scores.overall["macro_f1"].value == pytest.approx(f1_score(references, spelled, labels=there, average="macro"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # precision of a class that nobody named is 0 here and there
        expected = precision_recall_fscore_support(references, spelled, labels=["yes", "no", "neutral"], zero_division=0)
    mine = [[getattr(one, key) for one in found.by_class.values()] for key in ("precision", "recall", "f1", "support")]
    assert np.allclose(mine, np.array(expected, dtype=float))


def test_a_model_that_never_says_neutral_loses_a_third_of_macro_f1_and_little_accuracy():
    references = ["yes"] * 45 + ["no"] * 45 + ["neutral"] * 10
    predictions = ["yes"] * 45 + ["no"] * 45 + ["yes"] * 5 + ["no"] * 5
    found = social_norms(predictions, references, slicing=QUICK).scores.overall
    assert found["accuracy"].value == 0.9
    assert found["macro_f1"].value == pytest.approx(2 / 3 * (90 / 95))
    assert found["macro_f1"].low <= found["macro_f1"].value <= found["macro_f1"].high


def test_macro_f1_by_country_is_that_of_its_rows():
    predictions, references = ["yes", "no", "yes", "no"], ["yes", "yes", "no", "no"]
    found = social_norms(predictions, references, {"bin": ["a", "a", "b", "b"]}, slicing=QUICK).scores.by["bin"]["macro_f1"]
    assert found.by_group["a"].value == pytest.approx(1 / 3)  # yes: 2·1/(1+2) = 2/3; no: predicted, never asked: 0
    assert found.by_group["b"].value == pytest.approx(1 / 3)


def test_other_verdicts_may_be_named_and_those_that_are_none_are_refused():
    assert social_norms([1, 0], [1, 1], classes=(0, 1), slicing=QUICK).scores.overall["accuracy"].value == 0.5
    with pytest.raises(BadRowError, match=r"predictions: row 1 is 'Yes', none of 'yes', 'no', 'neutral'\. .*write None where no verdict"):
        social_norms(["no", "Yes"], ["no", "yes"])
    with pytest.raises(BadRowError, match=r"references: row 0 is 'maybe'.*classes="):
        social_norms(["no"], ["maybe"])
