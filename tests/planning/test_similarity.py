import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import energy_distance

from hf_regional.errors import BadRowError, ConfigError, MismatchedScoresError, NonFiniteError, NoRowsError
from hf_regional.planning import geo_similarity

TOPICS = ("bed", "toothbrush", "house")
COUNTRIES = ("BDI", "IDN", "KEN", "THA")
CENTRES = np.random.default_rng(9).standard_normal((len(TOPICS), len(COUNTRIES), 8))


def images(n, seed=0, d=8):
    """Random features with random topics and countries, each group around a centre of its own."""
    rng = np.random.default_rng(seed)
    topic, country = rng.integers(len(TOPICS), size=n), rng.integers(len(COUNTRIES), size=n)
    features = (CENTRES[topic, country, :d] + rng.standard_normal((n, d))) * rng.uniform(0.1, 9, (n, 1))
    return features, np.array(TOPICS)[topic], np.array(COUNTRIES)[country]


def value(similarity, topic, a, b, column="similarity"):
    table = similarity.table
    return table[(table.topic == topic) & (table.country_a == a) & (table.country_b == b)][column].item()


def units(features, *masks):
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    return [unit[mask] for mask in masks]


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-6), (np.float16, 2e-3)])
def test_pairs_is_the_mean_cosine_over_all_pairs_of_images(dtype, tolerance):
    features, topics, countries = images(400)
    found = geo_similarity(features.astype(dtype), topics, countries)
    assert len(found.table) == 3 * 4 * 3
    for row in found.table.itertuples():
        a, b = units(features, *((topics == row.topic) & (countries == side) for side in (row.country_a, row.country_b)))
        cosines = [x @ y for x in a for y in b]
        assert row.similarity == pytest.approx(np.mean(cosines), abs=tolerance)
        assert (row.n_a, row.n_b) == (len(a), len(b))


def test_centroid_is_the_cosine_of_the_mean_unit_vectors():
    features, topics, countries = images(300, seed=1)
    found = geo_similarity(features, topics, countries, average="centroid")
    for row in found.table.itertuples():
        a, b = (
            each.mean(axis=0)
            for each in units(features, *((topics == row.topic) & (countries == c) for c in (row.country_a, row.country_b)))
        )
        assert row.similarity == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-12)
    assert found.rule == "centroid"


def test_within_a_group_no_image_is_compared_with_itself():
    features, topics, countries = images(200, seed=2)
    for row in geo_similarity(features, topics, countries).groups.itertuples():
        (own,) = units(features, (topics == row.topic) & (countries == row.country))
        cosines = own @ own.T
        assert row.within == pytest.approx(cosines[~np.eye(len(own), dtype=bool)].mean(), abs=1e-12)


def test_more_rows_than_one_block_give_the_same():
    features, topics, countries = images(5000, seed=3)
    found = geo_similarity(features, topics, countries)
    a, b = units(features, (topics == "bed") & (countries == "KEN"), (topics == "bed") & (countries == "IDN"))
    assert value(found, "bed", "KEN", "IDN") == pytest.approx((a @ b.T).mean(), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), rule=st.sampled_from(["pairs", "centroid"]))
def test_the_order_of_images_changes_nothing_and_a_pair_has_one_similarity(seed, rule):
    features, topics, countries = images(150, seed)
    order = np.random.default_rng(seed + 1).permutation(150)
    options = {"average": rule, "min_n": 3, "resamples": 20, "distances": ("energy", "frechet")}
    first = geo_similarity(features, topics, countries, **options)
    second = geo_similarity(features[order], topics[order], countries[order], **options)
    pd.testing.assert_frame_equal(first.table, second.table, rtol=0, atol=1e-9)
    swapped = first.table.rename(columns={"country_a": "country_b", "country_b": "country_a", "n_a": "n_b", "n_b": "n_a"})
    swapped = swapped.sort_values(["topic", "country_a", "country_b"], ignore_index=True)[first.table.columns]
    pd.testing.assert_frame_equal(first.table, swapped)
    assert first.table["similarity"].between(-1, 1).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.floats(1e-25, 1e25))
def test_the_length_of_features_does_not_matter(seed, scale):
    features, topics, countries = images(120, seed)
    first, second = (geo_similarity(each.astype(np.float32), topics, countries, min_n=2) for each in (features, features * scale))
    assert first.table["similarity"].to_numpy() == pytest.approx(second.table["similarity"].to_numpy(), abs=1e-5)


def test_other_groups_do_not_change_a_pair_or_its_interval():
    features, topics, countries = images(400)
    keep = (topics == "bed") & np.isin(countries, ["KEN", "IDN"])
    whole, part = (geo_similarity(features[mask], topics[mask], countries[mask], resamples=50, seed=1) for mask in (keep | True, keep))
    for column in ("similarity", "low", "high"):
        assert value(whole, "bed", "KEN", "IDN", column) == pytest.approx(value(part, "bed", "KEN", "IDN", column), abs=1e-12)


@pytest.mark.parametrize("rule", ["pairs", "centroid"])
def test_an_interval_is_that_of_the_draws_taken_one_by_one(rule):
    """Against an ordinary bootstrap with its own draws: the ends agree to what 4000 resamples leave open."""
    features, topics, countries = images(80, seed=4)
    found = geo_similarity(features, topics, countries, average=rule, resamples=4000, seed=5, min_n=2)
    a, b = units(features, (topics == "bed") & (countries == "KEN"), (topics == "bed") & (countries == "IDN"))
    rng, draws = np.random.default_rng(6), []
    for _ in range(4000):
        x, y = (each[rng.integers(len(each), size=len(each))].mean(axis=0) for each in (a, b))
        draws.append(x @ y / (np.linalg.norm(x) * np.linalg.norm(y) if rule == "centroid" else 1))
    low, high = np.quantile(draws, [0.025, 0.975])
    if rule == "centroid":
        centre = value(found, "bed", "KEN", "IDN")
        low, high = 2 * centre - high, 2 * centre - low
    width = high - low
    assert value(found, "bed", "KEN", "IDN", "low") == pytest.approx(max(low, -1), abs=0.06 * width)
    assert value(found, "bed", "KEN", "IDN", "high") == pytest.approx(min(high, 1), abs=0.06 * width)


def test_an_interval_of_pairs_holds_the_truth_as_often_as_it_says():
    """Two countries whose true similarity is 0.5 by construction: 300 samples of 40 images each; 95 % ± 3 standard errors."""
    rng, hits = np.random.default_rng(0), 0
    for trial in range(300):
        angle = rng.normal([[0.0]] * 40 + [[np.pi / 3]] * 40, 0.4)
        features = np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
        found = geo_similarity(features, ["bed"] * 80, ["A"] * 40 + ["B"] * 40, resamples=300, seed=trial)
        truth = np.cos(np.pi / 3) * np.exp(-(0.4**2))  # E[cos] of a normal angle is cos(mean)·exp(-σ²/2), twice
        hits += value(found, "bed", "A", "B", "low") <= truth <= value(found, "bed", "A", "B", "high")
    assert 0.95 - 0.045 <= hits / 300 <= 0.95 + 0.038


def test_energy_distance_of_points_on_a_line_is_that_of_scipy():
    features = np.array([1, 1, 1, -1, 1, -1, -1, -1, -1.0])[:, None]
    found = geo_similarity(features, ["bed"] * 9, ["A"] * 4 + ["B"] * 5, min_n=1, distances=("energy",))
    assert value(found, "bed", "A", "B", "energy") == pytest.approx(energy_distance(features[:4, 0], features[4:, 0]) ** 2)


@pytest.mark.parametrize("d", [3, 8])  # more images than features, and fewer
def test_distances_are_what_their_formulas_say(d):
    features, topics, countries = images(60, seed=7, d=d)
    found = geo_similarity(features, topics, countries, min_n=2, distances=("energy", "frechet"))
    for row in found.table.itertuples():
        x, y = units(features, *((topics == row.topic) & (countries == c) for c in (row.country_a, row.country_b)))
        far = [np.linalg.norm(p[:, None] - q[None], axis=2).mean() for p, q in ((x, y), (x, x), (y, y))]
        assert row.energy == pytest.approx(2 * far[0] - far[1] - far[2], abs=1e-7)
        a, b = np.cov(x.T), np.cov(y.T)
        shift = np.square(x.mean(axis=0) - y.mean(axis=0)).sum()
        root = np.sqrt(np.linalg.eigvals(a @ b).real.clip(0)).sum()  # the trace of the root is the sum of the eigenvalues' roots
        assert row.frechet == pytest.approx(shift + np.trace(a) + np.trace(b) - 2 * root, abs=1e-5)


def test_equal_features_are_wholly_similar_and_no_distance_apart():
    found = geo_similarity(np.ones((40, 3), np.float32), ["bed"] * 40, ["A", "B"] * 20, resamples=20, distances=("energy", "frechet"))
    row = found.table.iloc[0]
    assert [row.similarity, row.low, row.high] == pytest.approx([1, 1, 1], abs=1e-6)
    assert [row.energy, row.frechet] == pytest.approx([0, 0], abs=1e-6)


def test_small_groups_lone_countries_and_missing_labels_are_listed():
    topics = ["bed"] * 25 + ["house"] * 12 + [None] * 2 + ["bed", "  "]
    countries = ["KEN"] * 12 + ["IDN"] * 10 + ["BDI"] * 3 + ["KEN"] * 12 + ["KEN", float("nan")] + ["", "IDN"]
    found = geo_similarity(np.random.default_rng(0).random((41, 4)), topics, countries)
    assert found.countries == ("IDN", "KEN")
    assert found.left_out.values.tolist() == [
        [None, None, 1, "no topic and no country"],
        [None, "IDN", 1, "no topic"],
        [None, "KEN", 1, "no topic"],
        ["bed", None, 1, "no country"],
        ["bed", "BDI", 3, "fewer than 10 images"],
        ["house", "KEN", 12, "no other country in the topic"],
    ]
    assert found.left_out["n"].sum() + found.groups["n"].sum() == 41


def test_images_that_cancel_out_have_no_centroid_and_are_listed():
    features = [[1, 0], [-1, 0], [0, 1], [0, 1], [1, 1], [1, 1]]
    found = geo_similarity(features, ["bed"] * 6, ["A", "A", "B", "B", "C", "C"], average="centroid", min_n=2)
    assert found.countries == ("B", "C")
    assert found.left_out["reason"].tolist() == ["its unit vectors add up to zero, which has no cosine"]


def test_one_country_alone_is_refused_with_a_way_out():
    with pytest.raises(NoRowsError, match=r"each has no other country in the topic. Give images of another country"):
        geo_similarity(np.ones((20, 2)), ["bed"] * 20, ["KEN"] * 20)


def test_too_few_images_are_refused_with_the_largest_group():
    with pytest.raises(NoRowsError, match=r"has 10 images: the largest holds 9"):
        geo_similarity(np.ones((18, 2)), ["bed"] * 18, ["A", "B"] * 9)


@pytest.mark.parametrize(
    ("cell", "error", "message"),
    [(0.0, BadRowError, "row 17 is all zeros"), (np.nan, NonFiniteError, "row 17 holds NaN"), (np.inf, NonFiniteError, "row 17 holds")],
)
def test_a_vector_without_direction_is_refused_by_row(cell, error, message):
    features = np.ones((40, 3), np.float32)
    features[17] = cell
    with pytest.raises(error, match=message):
        geo_similarity(features, ["bed"] * 40, ["A", "B"] * 20)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"topics": ["bed"] * 39}, MismatchedScoresError, "40 rows of features and 39 topics"),
        ({"countries": ["KEN"] * 20 + ["Kenya"] * 20}, BadRowError, "'KEN' and 'Kenya' are one country, KEN"),
        ({"features": np.ones(40)}, ConfigError, r"Got shape \(40,\)"),
        ({"features": np.ones((0, 3)), "topics": [], "countries": []}, NoRowsError, "features: there are none"),
        ({"features": [[1, 2], [1]] * 20}, ConfigError, "all rows of one length"),
        ({"average": "mean"}, ConfigError, "'mean' is no rule"),
        ({"average": None}, ConfigError, "None is no rule"),
        ({"distances": ("frechets",)}, ConfigError, "Did you mean 'frechet'"),
        ({"resamples": -1}, ConfigError, "got -1"),
        ({"min_n": 0}, ConfigError, "got 0"),
        ({"min_n": 1, "countries": ["A"] * 39 + ["B"], "distances": ("frechet",)}, NoRowsError, "set min_n=2"),
    ],
)
def test_bad_input_is_refused_by_name(change, error, message):
    arguments = {"features": np.ones((40, 3)), "topics": ["bed"] * 40, "countries": ["A", "B"] * 20} | change
    with pytest.raises(error, match=message):
        geo_similarity(**arguments)


def test_a_mapped_file_is_read_and_gives_the_same(tmp_path):
    features, topics, countries = images(200)
    np.save(tmp_path / "features.npy", features.astype(np.float32))
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")
    first, second = (geo_similarity(each, topics, countries, resamples=10) for each in (mapped, np.array(mapped)))
    pd.testing.assert_frame_equal(first.table, second.table)
