"""The check: features with topics and countries in; what the accuracy of a classifier says of stand-ins and of plans, out.

`fill_experiment` is the paper's (Ignat et al., arXiv 2403.07687, RQ3): fewer images of a country, the rest filled from elsewhere.
`compare_plans` spends the same money by a plan, equally and at random, and trains on what was bought.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hf_regional.errors import ConfigError, NoRowsError
from hf_regional.planning.baselines import at_random, equal
from hf_regional.planning.classifier import Classifier, Floats, compressed
from hf_regional.planning.curves import LearningCurve, fit_curve
from hf_regional.planning.groups import Groups, grouped
from hf_regional.planning.prices import Prices
from hf_regional.planning.problem import Borrowing, Problem, posed
from hf_regional.planning.record import Similarity
from hf_regional.planning.similarity import geo_similarity
from hf_regional.planning.solving import optimise

RATIOS: Final = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)  # the poster's
_COMPONENTS: Final = 128
_RESAMPLES: Final = 2000
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class FillCheck:
    """Accuracy as a country's own images give way to others'.

    Attributes:
        table: fill, ratio, accuracy, low, high (95 %, bootstrap over countries), countries, short (share of images that were wanted and
            that the lenders did not have).
        scores: fill, ratio, country, seed, accuracy: every single fit.
        settings: seeds, donors and the like.
    """

    table: pd.DataFrame
    scores: pd.DataFrame
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class PlanCheck:
    """What was learnt from what three ways of spending bought.

    Attributes:
        table: how, cost_usd, accuracy, low, high (95 % over seeds), ahead_by, ahead_low, ahead_high: by how much the plan is ahead, seed
            by seed, in accuracy.
        scores: seed, how, cost_usd, accuracy.
    """

    table: pd.DataFrame
    scores: pd.DataFrame


def fill_experiment(
    features: Any,
    topics: Sequence[Any] | npt.ArrayLike,
    countries: Sequence[Any] | npt.ArrayLike,
    similarity: Similarity,
    *,
    high: Collection[str] = (),
    targets: Collection[str] | None = None,
    ratios: Sequence[float] = RATIOS,
    donors: int = 5,
    seeds: Sequence[int] = range(5),
    min_n: int = 10,
    components: int = _COMPONENTS,
) -> FillCheck:
    """Classify a country's topics with a share of its own training images, the rest filled from other countries.

    Half of each (topic, country) group is tested on and half trains. At ratio r, r of the training half stays and as many images as are
    taken away come from the `donors` most similar countries of the topic, from the least similar, or from high-resource data; so the number
    of images is the same throughout. The paper's classifier and splits are not published: this one is a ridge regression on principal
    components of the features, found on all images without their labels.

    Args:
        features: (n, d), unit length not needed.
        topics: (n,) labels.
        countries: (n,) labels.
        similarity: of the same topics and countries.
        high: labels in `countries` that are high-resource data and no country.
        targets: countries to test; None: all with two topics or more.
        ratios: shares of own images, in [0, 1].
        donors: countries to fill from.
        seeds: of the splits and draws, one fit each.
        min_n: groups with fewer images are neither tested nor lend.
        components: principal components.

    Raises:
        NoRowsError: no country has two topics.
        ConfigError: a ratio outside [0, 1].
    """
    if not all(0 <= ratio <= 1 for ratio in ratios):
        raise ConfigError(f"ratios {list(ratios)} must be in [0, 1].", "ratios")
    points = compressed(features, components)
    world = _World(points, grouped(topics, countries, len(points), min_n))
    tested = [name for name in (targets or world.countries) if name not in high and len(world.of_country(name)) > 1]
    if not tested:
        raise NoRowsError(f"no country has {min_n} images in two topics: there is nothing to tell apart.")
    lenders = {"similar": _ranked(similarity, donors, high, 1), "dissimilar": _ranked(similarity, donors, high, -1)}
    if high:
        lenders["high-resource"] = lambda _topic, _country: sorted(high)
    rows = [
        (fill, ratio, country, seed, *_one_fit(world, country, ratio, pick, seed))
        for seed in seeds
        for country in tested
        for fill, pick in lenders.items()
        for ratio in ratios
    ]
    scores = pd.DataFrame(rows, columns=["fill", "ratio", "country", "seed", "accuracy", "short"])
    settings = {"donors": donors, "seeds": list(seeds), "min_n": min_n, "components": components, "rule": similarity.rule}
    return FillCheck(_by_ratio(scores), scores, settings)


def compare_plans(
    features: Any,
    topics: Sequence[Any] | npt.ArrayLike,
    countries: Sequence[Any] | npt.ArrayLike,
    start: pd.DataFrame,
    *,
    money: float,
    prices: Prices | pd.DataFrame | None = None,
    region: Collection[str] | None = None,
    curve: Any = None,
    borrowing: Borrowing | None = None,
    seeds: Sequence[int] = range(10),
    held_out: float = 0.3,
    components: int = _COMPONENTS,
    seconds: float = 10.0,
) -> PlanCheck:
    """Spend the same money by the plan, equally and at random on images that are there in truth, and see what a classifier learns.

    Of each group a share is held out for the test, `start` says how many images are known at first, and the rest can be bought. The
    similarity comes from the known images alone. One classifier of topics is trained on all known and bought images, and its accuracy is
    the mean over the (topic, country) pairs that count.

    Args:
        features: (n, d), of the corpus that stands for the world.
        topics: (n,) its labels.
        countries: (n,) its labels.
        start: topic, country, n: images known at first, at least 1 each.
        money: US dollars.
        prices: as in `annotation_plan`.
        region: as in `annotation_plan`.
        curve: as in `annotation_plan`.
        borrowing: as in `annotation_plan`.
        seconds: for the solver, each time.
        seeds: of splits and draws.
        held_out: share of each group that tests.
        components: principal components that the classifier sees.
    """
    points = compressed(features, components)
    world = _World(points, grouped(topics, countries, len(points), 2))
    known_n = start.set_index(["topic", "country"])["n"]
    rows: list[tuple[int, str, float, float]] = []
    for seed in seeds:
        split = _split(world, known_n, held_out, seed)
        problem, plan = _planned(features, world, split, money, prices, region, curve, borrowing, seconds)
        for how, bought in (("plan", plan), ("equal", equal(problem, money)), ("random", at_random(problem, money, seed))):
            rows.append((seed, how, problem.cost(bought), _learnt(world, split, problem, bought)))
    scores = pd.DataFrame(rows, columns=["seed", "how", "cost_usd", "accuracy"])
    return PlanCheck(_by_plan(scores), scores)


def measured_curve(
    features: Any,
    topics: Sequence[Any] | npt.ArrayLike,
    countries: Sequence[Any] | npt.ArrayLike,
    *,
    ns: Sequence[int] = (1, 2, 4, 8, 16, 32, 64),
    seeds: Sequence[int] = range(5),
    components: int = _COMPONENTS,
) -> LearningCurve:
    """Measure accuracy within countries at some numbers of images a topic, and fit a learning curve to it.

    Args:
        features: (n, d); groups need twice as many images as the largest of `ns` that is measured in them.
        topics: (n,) labels.
        countries: (n,) labels.
        ns: images of each topic that train.
        seeds: of the splits.
        components: principal components that the classifier sees.

    Raises:
        NoRowsError: fewer than three of `ns` can be measured.
    """
    points = compressed(features, components)
    world = _World(points, grouped(topics, countries, len(points), 2))
    measured: dict[int, list[float]] = {}
    for n in ns:
        scores = [score for seed in seeds for name in world.countries for score in _at(world, name, n, seed)]
        if scores:
            measured[n] = scores
    if len(measured) < 3:
        raise NoRowsError(f"accuracy could be measured at {len(measured)} of the numbers {list(ns)}: three are needed. Give larger groups.")
    return fit_curve(list(measured), [float(np.mean(scores)) for scores in measured.values()])


class _World:
    """Points (n, k) in groups of a topic and a country."""

    def __init__(self, points: Floats, groups: Groups) -> None:
        self.points, self.groups = points, groups
        self.topics = sorted(set(groups.topic))
        self.countries = sorted(set(groups.country))
        self.label = {name: number for number, name in enumerate(self.topics)}
        self.number = {key: number for number, key in enumerate(zip(groups.topic, groups.country, strict=True))}

    def of_country(self, name: str) -> list[int]:
        return np.flatnonzero(self.groups.country == name).tolist()

    def fit(self, images: Mapping[int, Ints]) -> Classifier:
        rows = np.concatenate(list(images.values()))
        labels = np.concatenate([np.full(len(own), self.label[self.groups.topic[group]], np.intp) for group, own in images.items()])
        return Classifier.fit(self.points[rows], labels, len(self.topics))

    def accuracy(self, fitted: Classifier, group: int, rows: Ints) -> float:
        return float(fitted.is_right(self.points[rows], np.full(len(rows), self.label[self.groups.topic[group]])).mean())


def _ranked(similarity: Similarity, donors: int, high: Collection[str], sign: int) -> Callable[[str, str], list[str]]:
    table = similarity.table[~similarity.table["country_b"].isin(list(high))]
    ordered = table.assign(key=-sign * table["similarity"]).sort_values(["key", "country_b"], kind="stable")
    found = {key: rows["country_b"].tolist()[:donors] for key, rows in ordered.groupby(["topic", "country_a"])}
    return lambda topic, country: found.get((topic, country), [])


def _one_fit(world: _World, country: str, ratio: float, pick: Callable[[str, str], list[str]], seed: int) -> tuple[float, float]:
    """Accuracy on a country's held-out halves, and the share of images that lenders lacked."""
    train: dict[int, Ints] = {}
    tests: dict[int, Ints] = {}
    wanted, lacked = 0, 0
    for group in world.of_country(country):
        rng = np.random.default_rng([seed, group])  # the same halves at every ratio and for every fill
        rows = rng.permutation(world.groups.of(group))
        half = len(rows) // 2
        keep = round(ratio * half)
        topic = str(world.groups.topic[group])
        others = [world.groups.of(world.number[topic, name]) for name in pick(topic, country) if (topic, name) in world.number]
        pool = rng.permutation(np.concatenate(others)) if others else np.zeros(0, np.intp)
        fill = pool[: half - keep]
        wanted, lacked = wanted + half - keep, lacked + half - keep - len(fill)
        tests[group] = rows[half:]
        train[group] = np.concatenate([rows[:keep], fill])
    train = {group: rows for group, rows in train.items() if len(rows)}
    if not train:
        return float("nan"), 1.0
    fitted = world.fit(train)
    return float(np.mean([world.accuracy(fitted, group, rows) for group, rows in tests.items()])), lacked / max(1, wanted)


def _by_ratio(scores: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows: list[tuple[Any, ...]] = []
    for (fill, ratio), part in scores.groupby(["fill", "ratio"], sort=False):
        means = part.groupby("country")["accuracy"].mean().dropna().to_numpy()
        draws = means[rng.integers(len(means), size=(_RESAMPLES, len(means)))].mean(axis=1) if len(means) else np.array([np.nan])
        rows.append(
            (fill, ratio, means.mean() if len(means) else np.nan, *np.quantile(draws, [0.025, 0.975]), len(means), part["short"].mean())
        )
    return pd.DataFrame(rows, columns=["fill", "ratio", "accuracy", "low", "high", "countries", "short"])


@dataclass(frozen=True, slots=True, eq=False)
class _Split:
    """By group: rows that test, rows that are known, rows that can be bought."""

    tests: Mapping[int, Ints]
    known: Mapping[int, Ints]
    pool: Mapping[int, Ints]


def _split(world: _World, known_n: pd.Series, held_out: float, seed: int) -> _Split:
    tests, known, pool = {}, {}, {}
    rng = np.random.default_rng([seed, 1])
    for group, key in enumerate(zip(world.groups.topic, world.groups.country, strict=True)):
        rows = rng.permutation(world.groups.of(group))
        cut = max(1, round(held_out * len(rows)))
        n = int(known_n.get(key, 0))
        if not 1 <= n <= len(rows) - cut:
            raise ConfigError(f"start: {key[0]}, {key[1]} is to know {n} of the {len(rows) - cut} images that do not test.", "start")
        tests[group], known[group], pool[group] = rows[:cut], rows[cut : cut + n], rows[cut + n :]
    return _Split(tests, known, pool)


def _planned(
    features: Any, world: _World, split: _Split, money: float, prices: Any, region: Any, curve: Any, borrowing: Any, seconds: float
) -> tuple[Problem, npt.NDArray[np.float64]]:
    """What a plan buys that knows the known images alone."""
    rows = np.concatenate(list(split.known.values()))
    owner = np.repeat(list(split.known), [len(own) for own in split.known.values()])
    labels = [world.groups.topic[owner].tolist(), world.groups.country[owner].tolist()]
    similarity = geo_similarity(np.asarray(features)[rows], *labels, min_n=1)
    names = pd.DataFrame({"topic": world.groups.topic, "country": world.groups.country})
    counts, most = (names.assign(n=[len(part[group]) for group in range(len(names))]) for part in (split.known, split.pool))
    problem = posed(similarity, prices=prices, counts=counts, region=region, curve=curve, borrowing=borrowing, most=most)
    return problem, optimise(problem, money, seconds=seconds).annotated


def _learnt(world: _World, split: _Split, problem: Problem, bought: npt.NDArray[np.float64]) -> float:
    """Accuracy over the pairs that count, of a classifier that saw what is known and what was bought."""
    images = {group: rows for group, rows in split.known.items()}
    places = [world.number[key] for key in zip(problem.topic, problem.country, strict=True)]
    for group, n in zip(places, bought.astype(int), strict=True):
        images[group] = np.concatenate([images[group], split.pool[group][:n]])
    fitted = world.fit(images)
    scores = np.array([world.accuracy(fitted, group, split.tests[group]) for group in places])
    return float(problem.weight @ scores)


def _by_plan(scores: pd.DataFrame) -> pd.DataFrame:
    wide = scores.pivot(index="seed", columns="how", values="accuracy")
    rows: list[tuple[Any, ...]] = []
    for how in ("plan", "equal", "random"):
        ahead = wide["plan"] - wide[how]
        cost = scores.loc[scores["how"] == how, "cost_usd"].mean()
        rows.append((how, cost, *_mean_and_ends(wide[how].to_numpy()), *_mean_and_ends(ahead.to_numpy())))
    return pd.DataFrame(rows, columns=["how", "cost_usd", "accuracy", "low", "high", "ahead_by", "ahead_low", "ahead_high"])


def _mean_and_ends(values: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean and its 95 % interval by Student's t over seeds."""
    from scipy import stats

    mean, n = float(values.mean()), len(values)
    half = float(stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    return mean, mean - half, mean + half


def _at(world: _World, country: str, n: int, seed: int) -> list[float]:
    """Accuracy of a country at n images a topic; nothing where it has too few images or topics."""
    groups = [group for group in world.of_country(country) if len(world.groups.of(group)) >= 2 * n]
    if len(groups) < 2:
        return []
    rng = np.random.default_rng([seed, n, world.countries.index(country)])
    rows = {group: rng.permutation(world.groups.of(group)) for group in groups}
    fitted = world.fit({group: own[:n] for group, own in rows.items()})
    return [float(np.mean([world.accuracy(fitted, group, own[len(own) // 2 :]) for group, own in rows.items()]))]
