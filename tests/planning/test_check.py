"""The check on a generated world whose structure is known: clusters of countries that look alike, and one that looks like none."""

import numpy as np
import pandas as pd
import pytest

from hf_regional.errors import ConfigError, NoRowsError
from hf_regional.planning.check import compare_plans, fill_experiment, measured_curve
from hf_regional.planning.classifier import Classifier, compressed
from hf_regional.planning.similarity import geo_similarity

CLUSTERS = {"IDN": 0, "MYS": 0, "PHL": 0, "THA": 1, "LAO": 1, "KHM": 1, "BRN": 2, "web": 3}
TOPICS = ("bed", "hat", "stove", "toothbrush")


def world(seed=0, n=60, d=32, noise=0.55):
    """Each topic looks one way in each cluster, and topics of one cluster may look like others of another."""
    rng = np.random.default_rng(seed)
    looks = rng.normal(size=(len(TOPICS), 4, d))
    looks /= np.linalg.norm(looks, axis=2, keepdims=True)
    features, topics, countries = [], [], []
    for number, topic in enumerate(TOPICS):
        for country, cluster in CLUSTERS.items():
            middle = looks[number, cluster] + 0.15 * rng.normal(size=d) / np.sqrt(d)
            features.append(middle + noise * rng.normal(size=(n, d)) / np.sqrt(d) * 3)
            topics += [topic] * n
            countries += [country] * n
    return np.concatenate(features), topics, countries


def test_similar_countries_stand_in_and_dissimilar_ones_do_not():
    features, topics, countries = world()
    similarity = geo_similarity(features, topics, countries)
    check = fill_experiment(features, topics, countries, similarity, high=["web"], donors=2, seeds=range(2), targets=["IDN", "THA", "LAO"])
    at = check.table.set_index(["fill", "ratio"])["accuracy"]
    assert at["similar", 0.0] > at["dissimilar", 0.0] + 0.2
    assert at["similar", 0.0] > at["high-resource", 0.0] + 0.2
    # All of one's own: the three ways are one.
    assert at["similar", 1.0] == at["dissimilar", 1.0] == at["high-resource", 1.0]
    assert at["dissimilar", 1.0] > at["dissimilar", 0.3] > at["dissimilar", 0.0]
    assert (check.table["low"] <= check.table["accuracy"]).all()
    assert (check.table["short"] == 0).all()


def test_the_plan_beats_equal_and_random_spending_at_equal_cost():
    features, topics, countries = world(seed=1, n=90)
    known = {"IDN": 30, "MYS": 30, "PHL": 30, "THA": 20, "LAO": 20, "KHM": 20, "BRN": 2, "web": 30}
    start = pd.DataFrame([(topic, country, n) for topic in TOPICS for country, n in known.items()], columns=["topic", "country", "n"])
    prices = pd.DataFrame({"country": ["*"], "price_usd": [1.0], "start_usd": [0.0], "batch": [5]})
    region = [country for country in CLUSTERS if country != "web"]
    check = compare_plans(features, topics, countries, start, money=140, prices=prices, region=region, seeds=range(6), seconds=3)
    rows = check.table.set_index("how")
    assert (rows.loc[["equal", "random"], "ahead_low"] > 0).all()
    assert rows["cost_usd"].max() <= 140
    assert rows["cost_usd"].min() > 130
    assert rows.loc["plan", "ahead_by"] == 0


def test_a_measured_curve_rises_as_the_world_does():
    features, topics, countries = world(n=64)
    curve = measured_curve(features, topics, countries, ns=(1, 2, 4, 8, 16, 32), seeds=range(2))
    assert curve.accuracy(32) > curve.accuracy(2) + 0.1
    assert "fitted to 6 points" in curve.source
    with pytest.raises(NoRowsError, match="three are needed"):
        measured_curve(features[:120], topics[:120], countries[:120], ns=(40, 50))


def test_the_classifier_finds_what_is_planted_and_never_answers_a_label_without_an_image():
    x = np.array([[1.0, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]])
    fitted = Classifier.fit(x, np.array([0, 0, 2, 2]), 3)
    assert fitted.is_right(x, np.array([0, 0, 2, 2])).all()
    assert not fitted.is_right(x, np.array([1, 1, 1, 1])).any()


def test_principal_components_keep_distances():
    x = np.random.default_rng(0).normal(size=(50, 10)) @ np.diag([9, 8, 7, 1e-3, 0, 0, 0, 0, 0, 0])
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    small = compressed(x, 4)
    assert np.allclose(np.linalg.norm(small[0] - small[1:], axis=1), np.linalg.norm(unit[0] - unit[1:], axis=1), atol=1e-4)


def test_what_cannot_be_checked_is_refused():
    features, topics, countries = world(n=12)
    similarity = geo_similarity(features, topics, countries)
    with pytest.raises(ConfigError, match=r"\[0, 1\]"):
        fill_experiment(features, topics, countries, similarity, ratios=[1.5])
    with pytest.raises(NoRowsError, match="two topics"):
        fill_experiment(features[:12], topics[:12], countries[:12], similarity)
    start = pd.DataFrame({"topic": ["bed"], "country": ["IDN"], "n": [50]})
    with pytest.raises(ConfigError, match="bed, BRN is to know 0"):
        compare_plans(features, topics, countries, start, money=10)
