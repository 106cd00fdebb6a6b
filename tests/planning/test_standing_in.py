import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import average, fcluster
from scipy.spatial.distance import squareform
from scipy.stats import pearsonr
from sklearn.metrics import silhouette_score

from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.planning import Similarity, stand_ins
from hf_regional.planning.clusters import best_cut, cut, silhouette, tree
from hf_regional.planning.correlation import mantel

# topic, two countries, similarity
ROWS = [
    ("bed", "IDN", "MYS", 0.9),
    ("bed", "IDN", "KEN", 0.5),
    ("bed", "KEN", "MYS", 0.4),
    ("hat", "IDN", "MYS", 0.8),
]


def published(folder, rows):
    path = folder / "table.csv"
    pd.DataFrame(rows, columns=["topic", "country_a", "country_b", "similarity"]).to_csv(path, index=False)
    return Similarity.from_csv(path)


@pytest.fixture
def four(tmp_path):
    return published(tmp_path, ROWS)


def test_stand_ins_are_ranked_by_topic_and_country(four):
    table = stand_ins(four).table
    assert table[["topic", "country", "rank", "stand_in", "similarity"]].values.tolist()[:4] == [
        ["bed", "IDN", 1, "MYS", 0.9],
        ["bed", "IDN", 2, "KEN", 0.5],
        ["bed", "KEN", 1, "IDN", 0.5],
        ["bed", "KEN", 2, "MYS", 0.4],
    ]
    assert stand_ins(four, top=1).table["stand_in"].tolist() == ["MYS", "IDN", "IDN", "MYS", "IDN"]


def test_micro_weighs_entries_and_macro_weighs_topics(four):
    micro, macro = (stand_ins(four, averaging=name).by_country.set_index("country")["similarity"] for name in ("micro", "macro"))
    assert micro["IDN"] == pytest.approx((0.9 + 0.5 + 0.8) / 3)
    assert macro["IDN"] == pytest.approx(((0.9 + 0.5) / 2 + 0.8) / 2)
    assert micro["KEN"] == macro["KEN"] == pytest.approx(0.45)


def test_averages_over_topics_and_pairs(four):
    found = stand_ins(four)
    assert found.by_topic.values.tolist() == [["bed", pytest.approx(0.6), 6, 3], ["hat", 0.8, 2, 2]]
    pair = found.pairs[(found.pairs.country_a == "IDN") & (found.pairs.country_b == "MYS")].iloc[0]
    assert (pair.similarity, pair.topics) == (pytest.approx(0.85), 2)
    assert 1000 < pair.distance_km < 2000
    kenya = found.by_country.iloc[0]
    assert (kenya.country, kenya.closest, kenya.closest_similarity, kenya.entries) == ("KEN", "IDN", 0.5, 2)


def random_table(folder, seed, countries=("BDI", "IDN", "KEN", "MYS", "PER", "THA")):
    rng = np.random.default_rng(seed)
    rows = [(topic, a, b, rng.random()) for topic in ("bed", "hat", "house") for i, a in enumerate(countries) for b in countries[:i]]
    return published(folder, [row for row in rows if rng.random() > 0.2])


@pytest.mark.parametrize("averaging", ["micro", "macro"])
def test_a_countrys_correlation_is_pearsons_over_entries_or_over_means(tmp_path, averaging):
    found = stand_ins(random_table(tmp_path, 0), averaging=averaging)
    km = found.pairs.set_index(["country_a", "country_b"])["distance_km"]
    for row in found.distance.by_country.itertuples():
        if averaging == "micro":
            table = found.table[found.table.country == row.country]
            x, y = table["similarity"], [km[row.country, other] for other in table["stand_in"]]
        else:
            own = found.pairs[found.pairs.country_a == row.country]
            x, y = own["similarity"], own["distance_km"]
        assert row.r == pytest.approx(pearsonr(x, y).statistic)
        assert row.n == len(x)


def test_likeness_that_falls_with_distance_is_found_and_is_no_chance(tmp_path):
    countries = ("BDI", "IDN", "KEN", "MYS", "PER", "THA", "BOL", "ECU")
    from hf_regional.regions import distance_km

    rows = [("bed", a, b, 1 - distance_km(a, b) / 20100) for i, a in enumerate(countries) for b in countries[:i]]
    found = stand_ins(published(tmp_path, rows))
    assert found.distance.r == pytest.approx(-1)
    assert found.distance.p <= 0.01
    assert found.distance.by_country["r"].tolist() == pytest.approx([-1] * 8)
    assert found.clusters.groupby("cluster")["country"].agg(list).tolist() == [["BDI", "KEN"], ["BOL", "ECU", "PER"], ["IDN", "MYS", "THA"]]


def test_the_permutation_test_is_level_where_nothing_is_to_be_found():
    """p is uniform under the null: of 200 tables of noise, 5 % ± 3 standard errors have p <= 0.05."""
    rng, strong = np.random.default_rng(1), 0
    for seed in range(200):
        x, y = (squareform(rng.random(28)) for _ in range(2))
        strong += mantel(x, y, 99, seed)[1] <= 0.05
    assert strong / 200 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_likeness_that_follows_income_is_found(tmp_path):
    incomes = {"BDI": 100, "IDN": 1000, "KEN": 200, "MYS": 2000, "PER": 500}
    names = sorted(incomes)
    rows = [("bed", a, b, 1 - abs(np.log(incomes[a] / incomes[b])) / 10) for i, a in enumerate(names) for b in names[:i]]
    found = stand_ins(published(tmp_path, rows), incomes={"Burundi": 100, **incomes})
    assert found.income.r == pytest.approx(-1)
    assert stand_ins(published(tmp_path, rows)).income is None


def test_countries_without_a_place_or_an_income_are_named_and_the_rest_is_counted(tmp_path):
    rows = [
        ("bed", a, b, value)
        for a, b, value in (("Atlantis", "KEN", 0.3), ("IDN", "KEN", 0.5), ("IDN", "Atlantis", 0.2), ("IDN", "MYS", 0.9))
    ]
    found = stand_ins(published(tmp_path, [*rows, ("bed", "KEN", "MYS", 0.4)]), incomes={"KEN": 200, "IDN": 900})
    assert found.distance.unknown == ("Atlantis",)
    assert found.distance.pairs == 3
    assert found.income.unknown == ("Atlantis", "MYS")
    assert np.isnan(found.income.r)
    assert np.isnan(found.income.p)


def square(seed, n):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(1 - squareform(rng.random(n * (n - 1) // 2)))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(3, 12))
def test_the_tree_its_cuts_and_silhouettes_are_those_of_scipy_and_scikit_learn(seed, n):
    similarity = square(seed, n)
    distance = 1 - similarity.to_numpy()
    np.fill_diagonal(distance, 0)
    ours, theirs = tree(similarity), average(squareform(distance, checks=False))
    np.testing.assert_allclose(ours, theirs)
    for groups in range(2, n):
        labels, reference = cut(ours, groups), fcluster(theirs, groups, "maxclust")
        assert (labels[:, None] == labels).tolist() == (reference[:, None] == reference).tolist()
        assert silhouette(similarity, labels) == pytest.approx(silhouette_score(distance, reference, metric="precomputed"))


def test_countries_that_share_no_topic_are_joined_last():
    similarity = pd.DataFrame(np.full((4, 4), np.nan))
    for a, b, value in ((0, 1, 0.2), (2, 3, 0.9)):
        similarity.iloc[a, b] = similarity.iloc[b, a] = value
    assert tree(similarity).tolist() == [[2, 3, pytest.approx(0.1), 2], [0, 1, 0.8, 2], [4, 5, 2.0, 4]]
    assert best_cut(tree(similarity), similarity).tolist() == [1, 1, 2, 2]


def test_two_countries_are_one_cluster_and_correlate_with_nothing(tmp_path):
    found = stand_ins(published(tmp_path, ROWS[:1]))
    assert found.clusters.values.tolist() == [["IDN", 1], ["MYS", 1]]
    assert found.distance.by_country["r"].isna().all()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"averaging": "mikro"}, ConfigError, "Did you mean 'micro'"),
        ({"top": 0}, ConfigError, "top must be at least 1"),
        ({"permutations": 0}, ConfigError, "permutations must be"),
        ({"clusters": 4}, OutOfRangeError, "3 countries make 1 to 3 clusters"),
        ({"incomes": {"KEN": -1}}, ConfigError, "'KEN' has -1, and a number above 0"),
    ],
)
def test_bad_input_is_refused_by_name(four, options, error, message):
    with pytest.raises(error, match=message):
        stand_ins(four, **options)
