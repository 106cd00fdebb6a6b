import numpy as np
import pytest

from hf_regional.errors import ConfigError, MismatchedScoresError, NoRowsError
from hf_regional.planning import Coverage, coverage, who_is_missing

ANGLES = {"USA": 10, "IDN": 30, "KEN": 60, "BDI": 80}  # degrees from the high-resource data


def at(angle, n=10):
    return [[np.cos(np.radians(angle)), np.sin(np.radians(angle))]] * n


def world(shift=0.0, **options):
    """Every image of a country at one angle from the trained ones, so that the similarity is its cosine."""
    features, topics, countries = [], [], []
    for topic in ("bed", "house"):
        for country, angle in ANGLES.items():
            features += at(angle + shift + (5 if topic == "house" else 0))
            topics += [topic] * 10
            countries += [country] * 10
    return coverage(features, topics, countries, at(0, 24), ["bed"] * 12 + ["house"] * 12, **options)


def test_coverage_is_the_similarity_to_the_topics_high_resource_images():
    table = world().table
    assert table["similarity"].tolist()[:4] == pytest.approx([np.cos(np.radians(a)) for a in (80, 30, 60, 10)])
    assert table[["topic", "country", "n", "n_high"]].values.tolist()[0] == ["bed", "BDI", 10, 12]


def test_coverage_of_random_images_is_the_mean_over_all_pairs():
    rng = np.random.default_rng(0)
    low, high = rng.standard_normal((60, 6)) + 0.5, rng.standard_normal((40, 6)) + 0.5
    topics, high_topics = rng.choice(["bed", "house"], 60), rng.choice(["bed", "house"], 40)
    countries = rng.choice(["IDN", "KEN"], 60)
    found = coverage(low, topics, countries, high, high_topics, min_n=2, resamples=200)
    unit, high_unit = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (low, high))
    for row in found.table.itertuples():
        cosines = unit[(topics == row.topic) & (countries == row.country)] @ high_unit[high_topics == row.topic].T
        assert row.similarity == pytest.approx(cosines.mean(), abs=1e-12)
        assert row.low < row.similarity < row.high


def test_pairs_below_the_threshold_under_every_encoder_are_ranked():
    found = who_is_missing([world(encoder="a", resamples=20), world(-15, encoder="b", resamples=20)], threshold=0.8)
    assert found.table[["rank", "topic", "country"]].values.tolist() == [
        [1, "house", "BDI"],
        [2, "bed", "BDI"],
        [3, "house", "KEN"],
        [4, "bed", "KEN"],
    ]  # KEN's bed: cos 60° and cos 45° = 0.71; IDN's house: cos 35° = 0.82
    assert found.table["gap"].tolist()[-1] == pytest.approx(0.8 - np.sqrt(0.5))
    assert found.table["a"].tolist()[-1] == pytest.approx(0.5)
    assert found.table["sure"].tolist() == [True] * 4
    assert found.rule == "average='pairs', below the threshold under every encoder"


def test_one_encoder_that_sees_the_pair_is_enough_to_keep_it():
    found = who_is_missing([world(encoder="a"), world(-60, encoder="b")], threshold={"a": 0.8, "b": 0.92})
    assert found.table[["topic", "country"]].values.tolist() == [["house", "BDI"]]  # cos 25° = 0.906; its bed has cos 20° = 0.94


def test_summaries_count_pairs_by_country_topic_region_and_income():
    found = who_is_missing(world(), 0.8, incomes={"BDI": 30, "Kenya": 200, "IDN": 500, "USA": 3000})
    assert found.by_country[["country", "missing", "pairs", "share"]].values.tolist() == [
        ["BDI", 2, 2, 1.0],
        ["KEN", 2, 2, 1.0],
        ["IDN", 0, 2, 0.0],
        ["USA", 0, 2, 0.0],
    ]
    assert found.by_topic[["topic", "missing", "pairs"]].values.tolist() == [["house", 2, 4], ["bed", 2, 4]]
    assert found.by_region[["region", "missing", "pairs"]].values.tolist()[0] == ["Eastern Africa", 4, 4]
    assert found.by_income["income"].tolist() == ["1 lowest quarter", "2", "3", "4 highest quarter"]
    assert found.by_income["missing"].tolist() == [2, 2, 0, 0]


def test_the_names_of_income_groups_may_be_given():
    found = who_is_missing(world(), 0.8, incomes={"BDI": "low", "KEN": "low", "IDN": "middle"})
    assert found.by_income[["income", "missing", "pairs"]].values.tolist() == [["low", 4, 4], ["middle", 0, 2], ["(no income)", 0, 2]]


def test_topics_that_only_one_side_has_are_listed():
    features = np.ones((40, 2))
    found = coverage(
        features, ["bed"] * 20 + ["krar"] * 20, (["KEN"] * 10 + ["ETH"] * 10) * 2, np.ones((30, 2)), ["bed"] * 10 + ["car"] * 20
    )
    assert found.left_out.values.tolist() == [
        ["krar", "ETH", 10, "no high-resource images of the topic"],
        ["krar", "KEN", 10, "no high-resource images of the topic"],
        ["car", "high-resource data", 20, "no low-resource images of the topic"],
    ]
    missing = who_is_missing(found, 0.8)
    assert missing.absent.values.tolist() == [["krar", "ETH", 10], ["krar", "KEN", 10]]
    assert len(missing.table) == 0
    assert missing.by_country["missing"].tolist() == [0, 0]


def test_one_country_and_one_topic_can_be_compared_with_high_resource_data():
    found = coverage(at(60), ["bed"] * 10, ["KEN"] * 10, at(0), ["bed"] * 10, average="centroid", resamples=30)
    assert found.table[["similarity", "low", "high"]].values.tolist() == [pytest.approx([0.5, 0.5, 0.5])]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: who_is_missing([], 0.8), NoRowsError, "no coverage"),
        (lambda: who_is_missing([world(encoder="a")] * 2, 0.8), ConfigError, "'a', 'a': give each a name"),
        (
            lambda: who_is_missing([world(encoder="a"), world(encoder="b", average="centroid")], 0.8),
            ConfigError,
            "'pairs' and one by 'centroid'",
        ),
        (lambda: who_is_missing(world(encoder="a"), {"b": 0.8}), ConfigError, "none is given for 'a'; it names 'b'"),
        (lambda: who_is_missing(world(), 80), ConfigError, "a cosine, in"),
        (lambda: who_is_missing(world(), 0.8, incomes={"KEN": "low", "IDN": 3}), ConfigError, "some are numbers, and 'KEN' has 'low'"),
        (lambda: who_is_missing(world(), 0.8, incomes={"KEN": 0.0}), ConfigError, "a number above 0"),
        (lambda: coverage(at(0), ["bed"] * 10, ["KEN"] * 10, at(0), ["car"] * 10), NoRowsError, "no high-resource images of the topic"),
        (
            lambda: coverage(at(0), ["bed"] * 10, ["KEN"] * 10, np.ones((10, 3)), ["bed"] * 10),
            MismatchedScoresError,
            "2 columns and high_features 3",
        ),
        (
            lambda: coverage(at(0), ["bed"] * 10, ["KEN"] * 10, np.zeros((10, 2)), ["bed"] * 10),
            ValueError,
            "high_features: row 0 is all zeros",
        ),
    ],
)
def test_bad_input_is_refused_by_name(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_pair_that_one_encoder_did_not_see_is_named():
    whole = world(encoder="a")
    part = Coverage(whole.table[1:], whole.left_out, "pairs", "b")
    with pytest.raises(MismatchedScoresError, match=r"1 pairs, such as \('bed', 'BDI'\).*'a' and 'b'"):
        who_is_missing([whole, part], 0.8)
