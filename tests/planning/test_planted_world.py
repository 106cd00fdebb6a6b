"""A generated world whose structure is known: what was planted is found."""

import subprocess
import sys

import numpy as np
import pytest

from hf_regional.planning import coverage, geo_similarity, stand_ins, who_is_missing

# Countries of one family share how their things look; "far" ones look unlike what models were trained on.
FAMILIES = {"near": ("USA", "FRA", "CZE"), "middle": ("IDN", "MYS", "THA"), "far": ("BDI", "MWI", "BFA")}
TOPICS = tuple(f"topic {k}" for k in range(6))
GAPS = {("topic 0", "IDN"), ("topic 1", "THA")}  # planted beside the whole family "far"
WIDTH, N = 64, 25


def world(seed, encoder=0):
    """Features (n, d): topic + family + country + image, in one encoder's space; and those of the trained images."""
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(np.random.default_rng(100 + encoder).standard_normal((WIDTH, WIDTH)))[0]
    direction = {name: part for name, part in zip((*TOPICS, *FAMILIES, "gap"), np.eye(WIDTH), strict=False)}
    shift = {"near": 0.1, "middle": 0.5, "far": 1.5}
    features, topics, countries = [], [], []
    for topic in TOPICS:
        for family, members in FAMILIES.items():
            for country in members:
                centre = direction[topic] + shift[family] * direction[family] + 0.1 * rng.standard_normal(WIDTH) / 8
                centre = centre + (2.0 * direction["gap"] if (topic, country) in GAPS else 0)
                features.append(centre + 0.04 * rng.standard_normal((N, WIDTH)))
                topics += [topic] * N
                countries += [country] * N
    trained = [direction[topic] + 0.04 * rng.standard_normal((40, WIDTH)) for topic in TOPICS]
    return np.concatenate(features) @ rotation, topics, countries, np.concatenate(trained) @ rotation, np.repeat(TOPICS, 40)


@pytest.mark.parametrize("rule", ["pairs", "centroid"])
def test_planted_gaps_are_flagged_and_nothing_else(rule):
    found = [coverage(*world(0, encoder), average=rule, resamples=50, encoder=f"encoder {encoder}") for encoder in range(3)]
    missing = who_is_missing(found, threshold=0.8 if rule == "centroid" else 0.7)
    planted = GAPS | {(topic, country) for topic in TOPICS for country in FAMILIES["far"]}
    assert {(row.topic, row.country) for row in missing.table.itertuples()} == planted
    assert missing.table["sure"].all()
    assert {(row.topic, row.country) for row in missing.table[:2].itertuples()} == GAPS  # the widest gaps come first
    assert set(missing.by_country["country"][:3]) == set(FAMILIES["far"])
    assert missing.by_region.iloc[0]["share"] == 1


@pytest.mark.parametrize("rule", ["pairs", "centroid"])
def test_planted_families_are_found_as_stand_ins_and_as_clusters(rule):
    features, topics, countries, *_ = world(1)
    found = stand_ins(geo_similarity(features, topics, countries, average=rule), top=2, clusters=3)
    family_of = {country: members for members in FAMILIES.values() for country in members}
    usual = found.table[[(row.topic, row.country) not in GAPS for row in found.table.itertuples()]]
    without_gaps = usual[~usual["topic"].isin({topic for topic, _ in GAPS})]
    assert all(row.stand_in in family_of[row.country] for row in without_gaps.itertuples())
    assert {frozenset(names) for names in found.clusters.groupby("cluster")["country"].agg(list)} == {
        frozenset(f) for f in FAMILIES.values()
    }
    assert all(row.closest in family_of[row.country] for row in found.by_country.itertuples())


def test_the_interval_narrows_with_the_number_of_images():
    features, topics, countries, *_ = world(2)
    rows = np.arange(len(features))
    few = rows[rows % N < 10]
    whole, part = (
        geo_similarity(features[keep], np.array(topics)[keep], np.array(countries)[keep], resamples=200).table for keep in (rows, few)
    )
    ratio = ((whole["high"] - whole["low"]) / (part["high"] - part["low"])).mean()
    assert ratio == pytest.approx(np.sqrt(10 / 25), abs=0.08)


def test_the_room_is_imported_without_torch_and_without_pandas():
    code = "import sys, hf_regional.planning; print({'torch', 'pandas', 'datasets', 'scipy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"


def test_similarity_is_computed_without_torch():
    code = (
        "import sys, numpy as np, hf_regional as h;"
        "h.geo_similarity(np.eye(4), ['t'] * 4, ['A', 'A', 'B', 'B'], min_n=1, resamples=5);"
        "print({'torch', 'datasets', 'scipy'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"
