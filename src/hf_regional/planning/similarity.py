"""Similarity: features with the topic and country of each image in; how alike countries look, topic by topic, out.

similarity = geo_similarity(features, topics, countries, resamples=200, seed=0, encoder="openai/clip-vit-base-patch32")
similarity.table, similarity.left_out

After "Annotations on a Budget" (Ignat et al., LREC-COLING 2024, arXiv 2403.07687), whose rule for averaging is not published: both
readings are here, and the record names the one that was taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hf_regional.errors import ConfigError, NoRowsError
from hf_regional.nearest import did_you_mean
from hf_regional.planning.distances import DISTANCES
from hf_regional.planning.groups import Groups, Ints, grouped
from hf_regional.planning.record import GROUPS, Similarity
from hf_regional.planning.resampling import directions, interval, mean_of, resampled_pairs, within
from hf_regional.planning.sums import UnitRows

RULES: Final = ("pairs", "centroid")
MIN_N: Final = 10  # images; the paper keeps (topic, country) pairs with at least as many
_ZERO: Final = 1e-9  # a mean of unit vectors as short as this has no direction


def geo_similarity(
    features: Any,
    topics: Sequence[Any] | npt.ArrayLike,
    countries: Sequence[Any] | npt.ArrayLike,
    *,
    average: str = "pairs",
    distances: Sequence[str] = (),
    resamples: int = 0,
    seed: int = 0,
    min_n: int = MIN_N,
    encoder: str = "",
) -> Similarity:
    """Compare the images of every two countries, topic by topic: exactly, and from sums, never image by image.

    With u the features of an image scaled to unit length, and m their mean over a (topic, country) group, the similarity of two groups is

    - "pairs": m_a·m_b, which is the mean cosine over all pairs of an image of one and an image of the other;
    - "centroid": m_a·m_b / (|m_a|·|m_b|), the cosine of the two means. It is the higher of the two where images vary within a group.

    Args:
        features: (n, d) of any float type, one row an image, of any length but zero; also a `numpy.memmap`, which is read row by row.
        topics: (n,) label of each image.
        countries: (n,) country of each image, ISO 3166-1 alpha-3 codes or any names; kept as they are. None, NaN and "" are
            set aside and counted in `left_out`.
        average: "pairs" or "centroid".
        distances: further columns, "energy" and "frechet" (see `distances.py`). They compare images pair by pair within a topic.
        resamples: bootstrap resamples of the images within each group for the columns low and high; 0 for none. For "pairs" the 95 %
            interval is that of percentiles; for "centroid" it is turned round the estimate (basic), since the mean of a resample is shorter
            than that of the sample. Images of one home count as independent.
        seed: of the draws; those of a group depend on its name and its images, not on their order or on other groups.
        min_n: groups with fewer images are set aside and listed.
        encoder: what made the features, kept with the table.

    Returns:
        `.table`: topic, country_a, country_b, similarity, n_a, n_b, each pair from either side; `.groups`, `.left_out`, `.rule`.

    Raises:
        MismatchedScoresError: there is not one topic and one country a row.
        BadRowError: a row is all zeros; the message names it. Or two labels are names of one country.
        NonFiniteError: a row holds NaN or infinity.
        NoRowsError: no topic has two countries with `min_n` images each.
        ConfigError: no such rule or distance, or a number that is too small.

    >>> two = geo_similarity([[1, 0], [1, 1], [0, 2]], ["bed"] * 3, ["IDN", "IDN", "KEN"], min_n=1)
    >>> two.table[["country_a", "country_b", "n_a", "n_b"]].values.tolist()
    [['IDN', 'KEN', 2, 1], ['KEN', 'IDN', 1, 2]]
    >>> two.table["similarity"].round(4).tolist()                   # the mean of cos 90° and cos 45°
    [0.3536, 0.3536]
    """
    _require(average, distances, resamples)
    vectors = UnitRows(features)
    groups = grouped(topics, countries, len(vectors), min_n)
    groups, sums = with_direction(groups, vectors.sums(groups), average)
    groups, sums = with_partners(groups, sums, _is_alone(groups), "no other country in the topic")
    pairs = Pairs.of(groups)
    values = pairs.similarities(sums, average)
    columns = {"similarity": values}
    if resamples:
        columns |= dict(zip(("low", "high"), pairs.intervals(vectors, values, average, resamples, seed), strict=True))
    columns |= {name: pairs.distances(vectors, name) for name in distances}
    return Similarity(pairs.table(columns), group_table(groups, sums), groups.left_out, average, encoder, min_n, resamples, seed)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Every two groups of each topic, once; `a` and `b` (p,) are their numbers, a before b, topic after topic."""

    groups: Groups
    a: Ints
    b: Ints

    @classmethod
    def of(cls, groups: Groups) -> "Pairs":
        """Pair the groups of each topic."""
        places = [np.stack(_triangle(len(topic))) + topic.start for topic in groups.by_topic()]
        return cls(groups, *np.concatenate(places, axis=1))

    def similarities(self, sums: npt.NDArray[np.float64], rule: str) -> npt.NDArray[np.float64]:
        """Similarity of each pair, (p,) in [-1, 1], from the sums of the groups' unit vectors."""
        means = directions(sums) if rule == "centroid" else mean_of(sums, self.groups.n)
        tables = ((means[topic.start : topic.stop], _triangle(len(topic))) for topic in self.groups.by_topic())
        return np.concatenate([(own @ own.T)[places] for own, places in tables]).clip(-1, 1)

    def intervals(
        self, vectors: UnitRows, values: npt.NDArray[np.float64], rule: str, resamples: int, seed: int
    ) -> npt.NDArray[np.float64]:
        """Ends of the interval of each pair, (2, p), topic by topic."""
        found: list[npt.NDArray[np.float64]] = []
        start = 0
        for topic in self.groups.by_topic():
            draws = resampled_pairs(vectors, self.groups, topic, rule, resamples, seed)
            found.append(np.stack(interval(values[start : start + len(draws)], draws, rule)))
            start += len(draws)
        return np.concatenate(found, axis=1)

    def distances(self, vectors: UnitRows, name: str) -> npt.NDArray[np.float64]:
        """One of the distances between the images of each pair, (p,)."""
        by_topic = ([vectors.unit(self.groups.of(group)) for group in topic] for topic in self.groups.by_topic())
        return np.concatenate([DISTANCES[name](own) for own in by_topic])

    def _both_sides(self) -> tuple[Ints, Ints, Ints]:
        """Which pair each row of the table is, and its two groups, sorted by both."""
        rows: list[Ints] = []
        start = 0
        for topic in self.groups.by_topic():
            a, b = _triangle(len(topic))
            number = np.full((len(topic), len(topic)), -1)
            number[a, b] = number[b, a] = start + np.arange(len(a))
            left, right = np.nonzero(number >= 0)
            rows.append(np.stack([number[left, right], left + topic.start, right + topic.start]))
            start += len(a)
        order, left, right = np.concatenate(rows, axis=1)
        return order, left, right

    def table(self, columns: Mapping[str, npt.NDArray[np.float64]]) -> pd.DataFrame:
        """Each pair from either side, sorted by topic and countries, with some columns (p,)."""
        order, left, right = self._both_sides()
        n = self.groups.n
        topic, country = pd.Series(self.groups.topic).astype("str"), pd.Series(self.groups.country).astype("str")
        names = {"topic": topic.array[left], "country_a": country.array[left], "country_b": country.array[right]}
        counts = {"n_a": n[left], "n_b": n[right]}
        both = {name: column[order] for name, column in columns.items()}
        first = {"similarity": both.pop("similarity")}
        return pd.DataFrame(names | first | counts | both)


@lru_cache(maxsize=8)
def _triangle(size: int) -> tuple[Ints, Ints]:
    """Places above the diagonal of a square; topics often have as many countries."""
    a, b = np.triu_indices(size, k=1)
    return a, b


def with_direction(groups: Groups, sums: npt.NDArray[np.float64], rule: str) -> tuple[Groups, npt.NDArray[np.float64]]:
    """Set aside, under "centroid", the groups whose images point all ways, so that their mean has no direction."""
    if rule != "centroid":
        return groups, sums
    aimless = np.linalg.norm(sums, axis=1) <= _ZERO * groups.n
    return groups.without(aimless, "its unit vectors add up to zero, which has no cosine"), sums[~aimless]


def with_partners(
    groups: Groups, sums: npt.NDArray[np.float64], is_alone: npt.NDArray[np.bool_], reason: str
) -> tuple[Groups, npt.NDArray[np.float64]]:
    """Set aside the groups that there is nothing to compare with.

    Raises:
        NoRowsError: none is left.
    """
    if is_alone.all():
        large = f"of the {len(groups)} (topic, country) groups that are large enough, each has {reason}"
        advice = "Give images of another country, lower min_n, or compare with high-resource data of the same topics (coverage)"
        raise NoRowsError(f"nothing to compare: {large}. {advice}.")
    return groups.without(is_alone, reason), sums[~is_alone]


def group_table(groups: Groups, sums: npt.NDArray[np.float64]) -> pd.DataFrame:
    """The groups with how alike their own images are."""
    columns = (groups.topic, groups.country, groups.n, within(sums, groups.n))
    return pd.DataFrame(dict(zip(GROUPS, columns, strict=True)))


def require_rule(rule: str, resamples: int) -> None:
    """Refuse an unknown rule for averaging and a number of resamples below 0.

    Raises:
        ConfigError: naming it.
    """
    if rule not in RULES:
        raise ConfigError(f"average={rule!r} is no rule.{did_you_mean(str(rule), RULES)} Known: {', '.join(RULES)}.", "average")
    if resamples < 0:
        raise ConfigError(
            f"resamples must be 0 (no intervals) or more, got {resamples}. 200 give steady ends of a 95 % interval.", "resamples"
        )


def _require(average: str, distances: Sequence[str], resamples: int) -> None:
    require_rule(average, resamples)
    for name in distances:
        if name not in DISTANCES:
            known = f"{did_you_mean(name, DISTANCES)} Known: {', '.join(DISTANCES)}"
            raise ConfigError(f"distances: {name!r} is none of them.{known}.", "distances")


def _is_alone(groups: Groups) -> npt.NDArray[np.bool_]:
    return np.concatenate([np.full(len(topic), len(topic) == 1) for topic in groups.by_topic()] or [np.zeros(0, np.bool_)])
