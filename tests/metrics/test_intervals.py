import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hf_regional.errors import MismatchedScoresError, NonFiniteError, NoRowsError, OutOfRangeError, UnknownNameError
from hf_regional.metrics import ClusterBootstrap, lower_bound, macro_mean, two_sided


def weights_of(boot):
    """How often each cluster was drawn, read through the public door: the mean of indicator columns is weight / sum of weights."""
    clusters = boot.universe
    shares = boot.macro_mean(np.eye(len(clusters)), np.zeros(len(clusters)), clusters)
    return np.rint(shares * len(clusters)).astype(int)


def naive_macro_mean(weights, universe, values, groups, clusters):
    """The definition, one resample and one row at a time."""
    found = []
    for drawn in weights:
        times = dict(zip(universe.tolist(), drawn.tolist(), strict=True))
        means = []
        for group in sorted(set(groups)):
            rows = [(times[c], v) for v, g, c in zip(values, groups, clusters, strict=True) if g == group]
            total = sum(w for w, _ in rows)
            if total:
                means.append(sum(w * v for w, v in rows) / total)
        found.append(sum(means) / len(means) if means else math.nan)
    return np.array(found)


rows = st.integers(1, 40).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.float64, n, elements=st.floats(0, 1, width=32)),
        st.lists(st.sampled_from(["id", "th", "vi"]), min_size=n, max_size=n),
        st.lists(st.integers(0, 9), min_size=n, max_size=n),
    )
)


@settings(max_examples=40)
@given(rows=rows, seed=st.integers(0, 100))
def test_it_equals_a_naive_loop_with_the_same_weights(rows, seed):
    values, groups, clusters = rows
    boot = ClusterBootstrap(clusters, resamples=20, seed=seed)
    naive = naive_macro_mean(weights_of(boot), boot.universe, values, groups, clusters)
    np.testing.assert_allclose(boot.macro_mean(values, groups), naive, atol=2e-6)


def test_every_resample_draws_as_many_clusters_as_there_are():
    weights = weights_of(ClusterBootstrap(np.arange(50), resamples=400, seed=1))
    assert (weights.sum(axis=1) == 50).all()
    assert weights.mean(axis=0) == pytest.approx(1, abs=0.25)  # sd of a mean of 400 Poisson(1) is 0.05
    assert weights.var() == pytest.approx(1 - 1 / 50, abs=0.05)  # multinomial: n·p·(1-p)


def test_one_cluster_a_row_and_one_group_is_the_ordinary_bootstrap_of_the_mean():
    values = np.random.default_rng(0).normal(5, 2, 400)
    samples = ClusterBootstrap(np.arange(400), resamples=4000, seed=3).macro_mean(values, np.zeros(400))
    error = values.std() / 20  # σ/√n
    assert samples.mean() == pytest.approx(values.mean(), abs=4 * error / math.sqrt(4000))
    assert samples.std() == pytest.approx(error, rel=0.05)
    interval = two_sided(samples, values.mean(), 400)
    assert interval.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert interval.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)
    assert lower_bound(samples) == pytest.approx(values.mean() - 1.645 * error, abs=0.15 * error)


def test_rows_that_share_a_picture_widen_the_interval_by_the_root_of_their_number():
    values = np.random.default_rng(0).normal(size=300)
    alone = ClusterBootstrap(np.arange(300), resamples=3000, seed=0).macro_mean(values, np.zeros(300)).std()
    four_times = np.repeat(values, 4)  # each picture asked about in four rows that agree: no news, so no narrower
    clustered = ClusterBootstrap(np.repeat(np.arange(300), 4), resamples=3000, seed=0).macro_mean(four_times, np.zeros(1200)).std()
    as_if_alone = ClusterBootstrap(np.arange(1200), resamples=3000, seed=0).macro_mean(four_times, np.zeros(1200)).std()
    assert clustered == pytest.approx(alone, rel=1e-5)
    assert clustered / as_if_alone == pytest.approx(2, rel=0.08)


def test_global_and_regional_rows_share_the_resamples_of_one_universe():
    boot = ClusterBootstrap(["cat", "dog", "sun"], resamples=200, seed=0)
    world = boot.macro_mean([1.0, 0.0, 0.0], ["en"] * 3, ["cat", "dog", "sun"])
    region = boot.macro_mean([0.0, 1.0, 1.0], ["id"] * 3, ["cat", "sun", "dog"])
    np.testing.assert_allclose(world + region, 1, atol=1e-6)  # cat's share and the share of all others


def test_comparisons_are_paired():
    values = np.random.default_rng(0).uniform(0.1, 1, 500)
    boot = ClusterBootstrap(np.arange(500), resamples=500, seed=0)
    base, merged = boot.macro_mean(values, np.zeros(500)), boot.macro_mean(0.9 * values, np.zeros(500))
    np.testing.assert_allclose(merged / base, 0.9, rtol=1e-5)  # no spread at all, though each alone varies by 3 %


def test_several_systems_at_once_equal_each_alone():
    rng = np.random.default_rng(0)
    values, groups, clusters = rng.uniform(size=(60, 3)), rng.integers(0, 4, 60), rng.integers(0, 20, 60)
    boot = ClusterBootstrap(clusters, resamples=50, seed=0)
    together = boot.macro_mean(values, groups)
    assert together.shape == (50, 3)
    for system in range(3):
        np.testing.assert_allclose(together[:, system], boot.macro_mean(values[:, system], groups), rtol=1e-5)
    assert boot.group_means(values, groups)[2].shape == (50, 3)


def test_the_macro_mean_is_the_mean_of_group_means():
    boot = ClusterBootstrap(np.arange(100), resamples=50, seed=0)
    values, groups = np.linspace(0, 1, 100), np.repeat(["id", "th"], 50)
    by_group = boot.group_means(values, groups)
    assert list(by_group) == ["id", "th"]
    np.testing.assert_allclose(boot.macro_mean(values, groups), (by_group["id"] + by_group["th"]) / 2)


def test_a_group_that_was_not_drawn_is_left_out_of_that_resample():
    boot = ClusterBootstrap(np.arange(10), resamples=1000, seed=0)
    values, groups = np.array([0.0] + [1.0] * 9), ["lo"] + ["th"] * 9  # lo has one cluster of ten
    lo, macro = boot.group_means(values, groups)["lo"], boot.macro_mean(values, groups)
    assert np.isnan(lo).mean() == pytest.approx(0.9**10, abs=0.06)
    assert (macro[np.isnan(lo)] == 1).all()
    assert (macro[~np.isnan(lo)] <= 0.5).all()


def test_an_estimate_is_the_plain_score_with_the_interval_of_its_samples():
    values, groups = np.linspace(0, 1, 101), np.array(["id"] * 100 + ["th"])  # id: mean of 0 ... 0.99 = 0.495; th: 1
    boot = ClusterBootstrap(np.arange(101), resamples=500, seed=0)
    whole, by_group = boot.estimate(values, groups), boot.estimates(values, groups)
    assert (whole.value, whole.n) == (pytest.approx((0.495 + 1) / 2), 101)
    assert whole == boot.resample(values, groups).estimate(101)
    # th has one picture, which says nothing of others: the interval is half as wide as that of id
    assert whole.high - whole.low == pytest.approx((by_group["id"].high - by_group["id"].low) / 2, rel=1e-3)
    assert {name: (round(one.value, 3), one.n) for name, one in by_group.items()} == {"id": (0.495, 100), "th": (1.0, 1)}
    assert by_group["id"].low < 0.495 < by_group["id"].high
    assert by_group["th"].as_dict() == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 1}
    assert boot.few_clusters(groups) == ("th",)
    assert boot.estimate(values[:100], groups[:100], np.arange(100)).value == pytest.approx(0.495)


def test_groups_under_thirty_clusters_are_named():
    groups = ["id"] * 29 + ["th"] * 60 + ["vi"] * 30
    clusters = [*range(29), *[0] * 31, *range(29), *range(30)]  # th has 60 rows and 29 pictures
    assert ClusterBootstrap(clusters, seed=0).few_clusters(groups) == ("id", "th")
    assert ClusterBootstrap(range(30), seed=0).few_clusters(groups, clusters, fewest=30) == ("id", "th")


def test_the_same_seed_gives_the_same_samples_and_another_seed_others():
    one, same, other = (ClusterBootstrap(np.arange(40), resamples=30, seed=s).macro_mean(np.arange(40), np.zeros(40)) for s in (7, 7, 8))
    assert (one == same).all()
    assert (one != other).any()


def test_weights_do_not_depend_on_the_order_or_number_of_rows():
    one = weights_of(ClusterBootstrap(["b", "a", "c"], resamples=50, seed=0))
    other = weights_of(ClusterBootstrap(["c", "c", "a", "b", "a"], resamples=50, seed=0))
    assert (one == other).all()


def test_the_samples_of_a_universe_too_large_to_keep_are_the_same_when_drawn_again(monkeypatch):
    values, groups = np.linspace(0, 1, 300), np.zeros(300)
    kept = ClusterBootstrap(np.arange(300), resamples=40, seed=0).macro_mean(values, groups)
    monkeypatch.setattr("hf_regional.metrics.intervals._KEPT", 0)
    boot = ClusterBootstrap(np.arange(300), resamples=40, seed=0)
    assert (boot.macro_mean(values, groups) == kept).all()
    assert (boot.macro_mean(values, groups) == kept).all()


def test_memory_stays_under_200_mb_for_a_hundred_thousand_clusters():
    clusters = np.arange(100_000)
    values, groups = (clusters % 7) / 7, clusters % 3
    tracemalloc.start()
    samples = ClusterBootstrap(clusters, resamples=100, seed=0).macro_mean(values, groups)  # memory does not grow with resamples
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert samples.mean() == pytest.approx(3 / 7, abs=0.001)
    assert peak < 200e6


def test_rows_that_do_not_line_up_are_refused():
    boot = ClusterBootstrap([1, 2, 3], seed=0)
    with pytest.raises(MismatchedScoresError, match="2 values and 3 groups"):
        boot.macro_mean([0.1, 0.2], ["a"] * 3)
    with pytest.raises(MismatchedScoresError, match="2 rows and 3 clusters: name the clusters of these rows"):
        boot.macro_mean([0.1, 0.2], ["a"] * 2)
    with pytest.raises(MismatchedScoresError, match="2 rows and 1 clusters: give one for every row"):
        boot.macro_mean([0.1, 0.2], ["a"] * 2, [1])
    with pytest.raises(NonFiniteError, match="row 1 has the score nan"):
        boot.macro_mean([0.1, math.nan, 0.3], ["a"] * 3)
    with pytest.raises(UnknownNameError, match="cluster 9 is not among the 3"):
        boot.macro_mean([0.1], ["a"], [9])
    with pytest.raises(UnknownNameError, match="'cat' is not among"):
        boot.macro_mean([0.1], ["a"], ["cat"])
    with pytest.raises(NoRowsError, match="no rows"):
        boot.macro_mean([], [], [])
    with pytest.raises(NoRowsError, match="no rows"):
        macro_mean([], [])
    with pytest.raises(NoRowsError, match="no clusters"):
        ClusterBootstrap([], seed=0)
    with pytest.raises(OutOfRangeError, match="at least 1"):
        ClusterBootstrap([1], resamples=0, seed=0)


def test_bounds_leave_out_resamples_without_a_row_and_refuse_what_is_no_number():
    assert two_sided([math.nan, 1.0, 2.0, 3.0], 2.0, 3, level=0.5).low == 1.5
    assert lower_bound([math.nan, 1.0, 3.0], level=0.5) == 2.0
    for samples in ([], [math.nan], [1.0, math.inf]):
        with pytest.raises(NonFiniteError, match="samples"):
            lower_bound(samples)
    with pytest.raises(NonFiniteError, match="score is nan"):
        two_sided([1.0], math.nan, 1)
    for level in (0, 1, 95):
        with pytest.raises(OutOfRangeError, match="level"):
            lower_bound([1.0], level=level)
