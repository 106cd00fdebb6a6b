"""Standing in: similarities in; which countries' images can take the place of which, on average and topic by topic, out.

helpers = stand_ins(similarity, incomes={"BDI": 230, "IDN": 4300})
helpers.table[(helpers.table.topic == "bed") & (helpers.table.country == "BDI")].head(3)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hf_regional.errors import ConfigError
from hf_regional.nearest import did_you_mean
from hf_regional.planning.clusters import best_cut, cut, tree
from hf_regional.planning.correlation import Correlation, correlate
from hf_regional.planning.places import distances_km, income_numbers
from hf_regional.planning.record import Similarity

AVERAGES: Final = ("micro", "macro")


@dataclass(frozen=True, slots=True)
class StandIns:
    """Which countries look alike.

    Attributes:
        table: topic, country, rank (from 1), stand_in, similarity, n (images of the stand-in; null in a published table), and low and high
            where the similarities have them. The most similar country comes first.
        by_country: country, similarity, entries, topics, closest (the country that is most similar on average over shared topics) and
            closest_similarity; the most dissimilar country comes first, since no other can stand in for it.
        by_topic: topic, similarity, entries, countries; the most dissimilar first.
        pairs: country_a, country_b, similarity (the mean over shared topics), topics, distance_km, and income_gap, |ln(income_a/income_b)|,
            where incomes were given; each pair from either side.
        distance: correlation with kilometres between the middles of countries.
        income: correlation with the income gap; None without incomes.
        clusters: country, cluster (from 1).
        joins: (c - 1, 4) the tree that the clusters are cut from, as `scipy.cluster.hierarchy.linkage` writes one; its country i is the
            i-th of `clusters`.
        averaging: "micro" or "macro".
    """

    table: pd.DataFrame
    by_country: pd.DataFrame
    by_topic: pd.DataFrame
    pairs: pd.DataFrame
    distance: Correlation
    income: Correlation | None
    clusters: pd.DataFrame
    joins: npt.NDArray[np.float64]
    averaging: str


def stand_ins(
    similarity: Similarity,
    *,
    averaging: str = "micro",
    top: int | None = None,
    clusters: int | None = None,
    incomes: Mapping[str, float] | None = None,
    permutations: int = 999,
    seed: int = 0,
) -> StandIns:
    """Rank the countries that can stand in for each (topic, country), and sum up (RQ2 of arXiv 2403.07687).

    Args:
        similarity: from `geo_similarity`, or a published table.
        averaging: "micro" weighs every entry (topic, country, other country) alike, as the paper does; "macro" takes a country's mean
            in each topic first, so that a topic with many countries weighs no more than one with few. It also decides what a country's
            correlations are taken over: entries, or means over topics. A topic's own average is the same under both.
        top: stand-ins kept a (topic, country); None keeps all.
        clusters: how many clusters of countries; None takes the number with the best mean silhouette.
        incomes: country -> income above 0, in any one unit; names may be spelt another way than in the table.
        permutations: of the countries, drawn for the tests of the two correlations.
        seed: of those draws.

    Raises:
        ConfigError: an unknown average, a number below 1, an income that is no number above 0.
        OutOfRangeError: more clusters than countries.
    """
    _require(averaging, top, permutations)
    table, means = similarity.table, similarity.matrix()
    countries = means.index.tolist()
    km, gaps = distances_km(countries), _income_gaps(incomes, countries)
    pairs = _pairs(table, countries, km, gaps)
    entries = table if averaging == "micro" else pairs
    income = None if gaps is None else correlate(entries, means, gaps, permutations=permutations, seed=seed)
    joins = tree(means)
    labels = best_cut(joins, means) if clusters is None else cut(joins, clusters)
    return StandIns(
        _ranked(table, top),
        _by_country(table, pairs, averaging),
        _by_topic(table),
        pairs,
        correlate(entries, means, km, permutations=permutations, seed=seed),
        income,
        pd.DataFrame({"country": countries, "cluster": labels}),
        joins,
        averaging,
    )


def _require(averaging: str, top: int | None, permutations: int) -> None:
    if averaging not in AVERAGES:
        known = f"{did_you_mean(averaging, AVERAGES)} Known: {', '.join(AVERAGES)}"
        raise ConfigError(f"averaging={averaging!r} is no average.{known}.", "averaging")
    for name, number in (("top", top), ("permutations", permutations)):
        if number is not None and number < 1:
            raise ConfigError(f"{name} must be at least 1, got {number}.", name)


def _ranked(table: pd.DataFrame, top: int | None) -> pd.DataFrame:
    names = {"country_a": "country", "country_b": "stand_in", "n_b": "n"}
    kept = [name for name in ("topic", "country_a", "country_b", "similarity", "low", "high", "n_b") if name in table]
    order = {"topic": True, "country": True, "similarity": False, "stand_in": True}
    ranked = table[kept].rename(columns=names).sort_values(list(order), ascending=list(order.values()), ignore_index=True)
    ranked.insert(2, "rank", ranked.groupby(["topic", "country"]).cumcount() + 1)
    return ranked if top is None else ranked[ranked["rank"] <= top].reset_index(drop=True)


def _by_country(table: pd.DataFrame, pairs: pd.DataFrame, averaging: str) -> pd.DataFrame:
    of_topic = table.groupby(["country_a", "topic"])["similarity"].mean().groupby("country_a")
    groups = table.groupby("country_a")
    means = groups["similarity"].mean() if averaging == "micro" else of_topic.mean()
    out = pd.DataFrame({"similarity": means, "entries": groups.size(), "topics": of_topic.size()})
    best = pairs.sort_values(["similarity", "country_b"], ascending=[False, True]).drop_duplicates("country_a").set_index("country_a")
    out["closest"], out["closest_similarity"] = best["country_b"], best["similarity"]
    return out.rename_axis("country").reset_index().sort_values(["similarity", "country"], ignore_index=True)


def _by_topic(table: pd.DataFrame) -> pd.DataFrame:
    groups = table.groupby("topic")
    out = pd.DataFrame({"similarity": groups["similarity"].mean(), "entries": groups.size(), "countries": groups["country_a"].nunique()})
    return out.reset_index().sort_values(["similarity", "topic"], ignore_index=True)


def _pairs(table: pd.DataFrame, countries: list[str], km: npt.NDArray[np.float64], gaps: npt.NDArray[np.float64] | None) -> pd.DataFrame:
    groups = table.groupby(["country_a", "country_b"])
    out = pd.DataFrame({"similarity": groups["similarity"].mean(), "topics": groups.size()}).reset_index()
    place = {name: number for number, name in enumerate(countries)}
    a, b = (out[column].map(place).to_numpy() for column in ("country_a", "country_b"))
    out["distance_km"] = km[a, b]
    return out if gaps is None else out.assign(income_gap=gaps[a, b])


def _income_gaps(incomes: Mapping[str, float] | None, countries: list[str]) -> npt.NDArray[np.float64] | None:
    if incomes is None:
        return None
    numbers = income_numbers(incomes, countries)
    logs = np.log([numbers.get(name, np.nan) for name in countries])
    return np.abs(logs[:, None] - logs)
