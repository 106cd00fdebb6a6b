"""The plan against every plan there is on small instances, against hand-made numbers, and against laws that money obeys."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_regional.errors import BadRowError, ConfigError, MissingColumnError, NoRowsError, OutOfRangeError
from hf_regional.planning.allocation import annotation_plan
from hf_regional.planning.curves import LearningCurve
from hf_regional.planning.problem import Borrowing, posed
from hf_regional.planning.similarity import geo_similarity
from hf_regional.regions import Region

ALONE = Borrowing(worth=0.0)
STEEP = LearningCurve(a=1.0, b=0.8, c=0.5, none=0.0)


def table(rows):
    return pd.DataFrame(rows, columns=["topic", "country_a", "country_b", "similarity", "n_a", "n_b"])


def prices(*rows):
    return pd.DataFrame(rows, columns=["country", "price_usd", "start_usd", "batch"])


def best_of_all(problem, money):
    """Every plan of whole images, none or at least a batch: the highest value."""
    ranges = [[0, *range(int(batch), int(limit) + 1)] for batch, limit in zip(problem.batch, problem.limits(money), strict=True)]
    plans = (np.array(plan, float) for plan in itertools.product(*ranges))
    return max(problem.value(plan) for plan in plans if problem.cost(plan) <= money + 1e-9)


def annotated(plan):
    return {(row.topic, row.country): row.annotate for row in plan.table.itertuples()}


@settings(max_examples=40)
@given(
    own=st.lists(st.integers(0, 30), min_size=3, max_size=3),
    alike=st.lists(st.floats(0.5, 1), min_size=3, max_size=3),
    price=st.lists(st.sampled_from([0.5, 1.0, 1.5, 2.0]), min_size=3, max_size=3),
    start=st.lists(st.sampled_from([0.0, 0.0, 2.0, 5.0]), min_size=3, max_size=3),
    batch=st.integers(1, 4),
    money=st.integers(0, 14),
)
def test_no_plan_of_all_that_there_are_is_better_than_the_plan(own, alike, price, start, batch, money):
    names = ["IDN", "KHM", "LAO"]
    pairs = [(0, 1), (0, 2), (1, 2)]
    similarity = table([("bed", names[a], names[b], s, own[a], own[b]) for (a, b), s in zip(pairs, alike, strict=True)])
    costs = prices(*zip(names, price, start, [batch] * 3, strict=True))
    plan = annotation_plan(similarity, money=money, prices=costs, curve=STEEP)
    best = best_of_all(posed(similarity, prices=costs, curve=STEEP), money)
    assert plan.expected == pytest.approx(best, abs=2e-8)
    assert plan.bound >= best - 1e-9
    assert plan.gap < 1e-3 or plan.bound - plan.expected < 1e-6


@settings(max_examples=8)
@given(
    own=st.lists(st.integers(0, 60), min_size=6, max_size=6),
    money=st.lists(st.integers(0, 400), min_size=2, max_size=2),
    start=st.sampled_from([0.0, 30.0]),
)
def test_more_money_never_lowers_what_is_expected(own, money, start):
    counts = pd.DataFrame({"topic": ["bed", "hat"] * 3, "country": ["IDN", "IDN", "KHM", "KHM", "LAO", "LAO"], "n": own})
    similarity = table([("bed", "IDN", "KHM", 0.9, 0, 0), ("hat", "LAO", "KHM", 0.85, 0, 0)])
    costs = prices(("*", 1.0, start, 10))
    less, more = (annotation_plan(similarity, money=m, counts=counts, prices=costs) for m in sorted(money))
    assert more.expected >= less.expected - 1e-9
    for plan in (less, more):
        assert plan.bound >= plan.expected >= plan.baselines["expected"].max() - 1e-12
        assert plan.expected >= plan.expected_before
        assert plan.cost_usd <= plan.money + 1e-9
        assert plan.cost_usd == pytest.approx(plan.countries["cost_usd"].sum())
        assert plan.countries["images_usd"].sum() == pytest.approx(plan.table["cost_usd"].sum())
        assert plan.next_100_usd.gain >= -1e-9
        assert plan.expected == pytest.approx(plan.table["expected_after"].mean())


def test_equal_pairs_get_equal_shares():
    # Two pairs of 10 images that lend nothing: 100 dollars go half and half, and each stands at 60.
    plan = annotation_plan(table([("bed", "IDN", "KHM", 0.5, 10, 10)]), money=100)
    assert annotated(plan) == {("bed", "IDN"): 50, ("bed", "KHM"): 50}
    assert plan.expected == pytest.approx(1 - 0.359 * 60**-0.35)
    assert plan.bound == pytest.approx(plan.expected, abs=1e-7)


def test_poor_pairs_are_filled_up_to_the_level_of_others_first():
    # 10, 40 and 100 images and 60 dollars: water runs to the level (10 + 40 + 60) / 2 = 55, below the third.
    counts = pd.DataFrame({"topic": "bed", "country": ["IDN", "KHM", "LAO"], "n": [10, 40, 100]})
    plan = annotation_plan(table([("bed", "IDN", "KHM", 0.1, 0, 0)]), money=60, counts=counts, borrowing=ALONE)
    assert annotated(plan) == {("bed", "IDN"): 45, ("bed", "KHM"): 15, ("bed", "LAO"): 0}


def test_borrowed_images_count_by_similarity_and_send_the_money_to_who_has_no_relative():
    # 200 Lao images count for Cambodia as 0.19·0.9·200 = 34.2; nobody looks like Brunei, which also has 10.
    rows = [("bed", "KHM", "LAO", 0.9, 10, 200), ("bed", "KHM", "BRN", 0.7, 10, 10), ("bed", "LAO", "BRN", 0.7, 200, 10)]
    plan = annotation_plan(table(rows), money=20)
    assert annotated(plan) == {("bed", "BRN"): 20, ("bed", "KHM"): 0, ("bed", "LAO"): 0}
    cambodia = plan.table.set_index("country").loc["KHM"]
    assert cambodia["counts_before"] == pytest.approx(10 + 34.2)
    assert cambodia["borrow_from"] == [("LAO", 200)]
    lent = plan.borrowing.set_index(["country", "from_country"])
    assert lent.loc[("KHM", "LAO"), "counts_as"] == pytest.approx(34.2)
    assert list(plan.borrowing["from_country"]) == ["LAO", "KHM"]


def test_a_start_that_does_not_pay_is_not_paid():
    # Brunei needs images most, but its start leaves 1 dollar: no batch.
    rows = table([("bed", "BRN", "LAO", 0.1, 10, 60)])
    plan = annotation_plan(rows, money=100, prices=prices(("BRN", 1, 99, 10), ("LAO", 1, 0, 10)))
    assert annotated(plan) == {("bed", "BRN"): 0, ("bed", "LAO"): 100}
    assert "costs $109, more than there is" in plan.table.set_index("country").loc["BRN", "reason"]
    # With a start of 20 it pays: 80 images for Brunei.
    plan = annotation_plan(rows, money=100, prices=prices(("BRN", 1, 20, 10), ("LAO", 1, 0, 10)))
    assert annotated(plan)[("bed", "BRN")] >= 60
    assert plan.countries.set_index("country").loc["BRN", "start_usd"] == 20


def test_countries_count_alike_when_the_objective_is_countries():
    # Indonesia has three topics and Laos one: among pairs 3 of 4 are Indonesia's, among countries half.
    counts = pd.DataFrame({"topic": ["a", "b", "c", "a"], "country": ["IDN", "IDN", "IDN", "LAO"], "n": [20, 20, 20, 20]})
    empty = table([])
    pairs, countries = (annotation_plan(empty, money=80, counts=counts, objective=how, borrowing=ALONE) for how in ("pairs", "countries"))
    assert set(annotated(pairs).values()) == {20}
    assert annotated(countries)[("a", "LAO")] > 30
    assert countries.expected == pytest.approx(countries.countries["expected_after"].mean())


@settings(max_examples=3)
@given(order=st.permutations(range(6)))
def test_the_order_of_the_rows_changes_nothing(order):
    rows = [("bed", a, b, 0.8 + i / 50, 10 * i + 10, 35) for i, (a, b) in enumerate([("IDN", "KHM"), ("LAO", "KHM"), ("IDN", "LAO")])]
    rows += [("hat", *row[1:]) for row in rows]
    similarity = table(rows).assign(n_a=20, n_b=20)
    first, second = (annotation_plan(found, money=150) for found in (similarity, similarity.iloc[list(order)]))
    pd.testing.assert_frame_equal(first.table, second.table)


def test_no_money_buys_nothing_and_says_where_it_would_go():
    plan = annotation_plan(table([("bed", "IDN", "KHM", 0.9, 10, 10)]), money=0)
    assert plan.table["annotate"].sum() == plan.cost_usd == 0
    assert plan.expected == plan.expected_before == plan.bound
    assert plan.gap == 0
    assert plan.next_100_usd.table["annotate"].sum() == 100
    assert plan.next_100_usd.gain > 0


def test_images_without_a_price_are_all_taken_up_to_an_end():
    plan = annotation_plan(table([("bed", "IDN", "KHM", 0.5, 10, 10)]), money=50, prices=prices(("IDN", 0, 0, 1), ("*", 1, 0, 1)))
    assert annotated(plan) == {("bed", "IDN"): 1000, ("bed", "KHM"): 50}
    assert any("costs nothing" in note for note in plan.notes)
    plan = annotation_plan(table([("bed", "IDN", "KHM", 0.5, 10, 10)]), money=0, prices=prices(("*", 0, 0, 1)), most=7)
    assert annotated(plan) == {("bed", "IDN"): 7, ("bed", "KHM"): 7}


def test_one_country_and_one_topic_make_a_plan():
    counts = pd.DataFrame({"topic": ["bed"], "country": ["LAO"], "n": [12]})
    plan = annotation_plan(table([]), money=30, counts=counts)
    assert annotated(plan) == {("bed", "LAO"): 30}
    assert list(plan.baselines["expected"].round(9).unique()) == [round(plan.expected, 9)]


def test_targets_are_met_and_what_cannot_be_met_is_named_with_its_price():
    counts = pd.DataFrame({"topic": "bed", "country": ["IDN", "KHM", "LAO"], "n": [10, 10, 400]})
    wanted = pd.DataFrame({"topic": "", "country": ["Laos", "IDN", "KHM"], "at_least": [450, None, 500], "at_most": [None, 15, None]})
    plan = annotation_plan(table([]), money=200, counts=counts, targets=wanted, borrowing=ALONE)
    assert annotated(plan) == {("bed", "IDN"): 0, ("bed", "KHM"): 150, ("bed", "LAO"): 50}
    row = plan.infeasible.iloc[0]
    assert row["target"] == "KHM: at least 500 images"
    assert 539 <= row["needs_usd"] <= 542  # 490 for Cambodia and 50 for Laos
    assert "there are $200" in row["why"]


def test_a_target_of_accuracy_is_met_on_the_curve_itself():
    counts = pd.DataFrame({"topic": "bed", "country": ["KHM", "LAO"], "n": [10, 10]})
    wanted = pd.DataFrame({"country": ["LAO"], "accuracy": [0.93]})
    plan = annotation_plan(table([]), money=130, counts=counts, targets=wanted, borrowing=ALONE)
    # 1 - 0.359 n^-0.35 = 0.93 at n = 106.8
    assert plan.table.set_index("country").loc["LAO", "expected_after"] >= 0.93
    assert annotated(plan)[("bed", "LAO")] == pytest.approx(97, abs=1)
    beyond = annotation_plan(table([]), money=130, counts=counts, targets=pd.DataFrame({"country": ["LAO"], "accuracy": [0.9999]}))
    assert pd.isna(beyond.infeasible["needs_usd"][0])


def test_the_region_is_planned_for_and_the_rest_of_the_world_lends():
    rows = table([("bed", "Viet Nam", "Kenya", 0.9, 10, 100), ("bed", "Thailand", "Kenya", 0.5, 10, 100)])
    plan = annotation_plan(rows, money=50, region=Region("SEA"))
    assert list(plan.table["country"]) == ["Thailand", "Viet Nam"]
    assert plan.table.set_index("country").loc["Viet Nam", "borrow_from"] == [("Kenya", 100)]
    with pytest.raises(NoRowsError, match="Kenya"):
        annotation_plan(rows, money=50, region=Region("JPN"))


def test_further_dollars_pay_less_and_less_until_they_stop():
    rows = table([("bed", "IDN", "KHM", 0.5, 10, 10)])
    plan = annotation_plan(rows, money=500)
    at = plan.stops_paying_at
    assert at is not None
    before, after = (annotation_plan(rows, money=money).next_100_usd.gain for money in (0.8 * at, 1.2 * at))
    assert before > plan.worth_100_usd > after


def test_all_equal_features_and_planted_gaps_make_a_plan():
    rng = np.random.default_rng(0)
    topics, countries = ["bed"] * 70, ["IDN"] * 30 + ["KHM"] * 30 + ["LAO"] * 10
    same = annotation_plan(geo_similarity(np.ones((70, 8)), topics, countries), money=40)
    # All alike: Laos has 10 + 0.19·60 = 21.4 and the others 30 + 0.19·40 = 37.6; 20 more for Laos make them equal, and 20 are left.
    assert annotated(same)[("bed", "LAO")] >= 20
    assert same.table["counts_after"].max() - same.table["counts_after"].min() < 10
    features = rng.normal(size=(70, 8)) * 0.1 + np.eye(8)[[0] * 60 + [1] * 10]
    apart = annotation_plan(geo_similarity(features, topics, countries), money=40)
    # The other two have 30 and lend each other 0.19·30 = 5.7; nobody is like Laos, which needs 26 to come to where they are.
    assert annotated(apart)[("bed", "LAO")] >= 25
    assert apart.table.set_index("country").loc["LAO", "borrow_from"] == []


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"money": -1}, OutOfRangeError, "money is -1"),
        ({"money": float("nan")}, OutOfRangeError, "money is nan"),
        ({"most": -2}, OutOfRangeError, "most=-2"),
        ({"objective": "mean"}, ConfigError, "objective='mean'"),
        ({"curve": {0: 0.5, 10: 0.4}}, ConfigError, "falls or bends upwards at 0"),
        ({"curve": lambda n: n**2 / 1e12}, ConfigError, "bends upwards"),
        ({"curve": {"hat": None}}, ConfigError, "none for the topic 'bed'"),
        ({"prices": pd.DataFrame({"country": ["IDN"], "price_usd": [1]})}, BadRowError, "no row for 'KHM'"),
        ({"prices": pd.DataFrame({"country": ["IDN"], "price_usd": [-1]})}, OutOfRangeError, "price_usd is -1"),
        ({"prices": pd.DataFrame({"country": ["IDN", "Indonesia"], "price_usd": [1, 2]})}, BadRowError, "stands there twice"),
        ({"prices": pd.DataFrame({"country": ["IDN"]})}, MissingColumnError, "price_usd"),
        ({"targets": pd.DataFrame({"country": ["Laos"], "at_least": [3]})}, BadRowError, "LAO"),
        ({"targets": pd.DataFrame({"country": ["IDN"]})}, MissingColumnError, "at_least"),
        ({"counts": pd.DataFrame({"topic": ["bed"] * 2, "country": ["IDN"] * 2, "n": [1, 2]})}, BadRowError, "twice"),
        ({"counts": pd.DataFrame({"topic": ["bed"], "country": ["IDN"], "n": [-2]})}, OutOfRangeError, "-2"),
    ],
)
def test_what_cannot_be_planned_is_refused_by_name(changes, error, says):
    settings_ = {"money": 10} | changes
    with pytest.raises(error, match=says):
        annotation_plan(table([("bed", "IDN", "KHM", 0.9, 10, 10)]), **settings_)


def test_a_plan_is_written_for_people_and_for_annotation_tools(tmp_path):
    plan = annotation_plan(table([("toothbrush", "Laos", "KHM", 0.9, 10, 100)]), money=12)
    tasks = pd.read_csv(plan.to_tasks(tmp_path / "tasks.csv"), dtype=str)
    assert len(tasks) == plan.table["annotate"].sum() == 12
    assert tasks.iloc[0].tolist() == [
        "toothbrush/LAO/1",
        "toothbrush",
        "Laos",
        "LAO",
        "1",
        "12",
        "A photograph of toothbrush as it is in Laos",
    ]
    written = pd.read_csv(plan.to_csv(tmp_path / "plan.csv"))
    assert written.set_index("country").loc["Laos", "borrow_from"] == "KHM 100"
    assert "12 images of 1 (topic, country) pairs" in str(plan)
    assert plan.as_dict()["table"][0]["annotate"] == 0
