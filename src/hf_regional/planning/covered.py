"""Coverage: low- and high-resource features in; how alike each (topic, country) is to what models train on, and who is missing, out.

clip = coverage(features, topics, countries, laion_features, laion_topics, encoder="clip")
missing = who_is_missing([clip, align], threshold=0.8)
missing.table, missing.by_country, missing.by_region
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hf_regional.errors import MismatchedScoresError
from hf_regional.planning.groups import Groups, grouped, joined
from hf_regional.planning.resampling import directions, held, interval, mean_of, resampled_means
from hf_regional.planning.similarity import MIN_N, require_rule, with_direction, with_partners
from hf_regional.planning.sums import Floats, UnitRows

ABSENT: Final = "no high-resource images of the topic"
HIGH: Final = "high-resource data"  # stands where a country would


@dataclass(frozen=True, slots=True)
class Coverage:
    """Similarity of each low-resource (topic, country) group to the high-resource images of its topic, under one encoder.

    Attributes:
        table: topic, country, similarity in [-1, 1], n and n_high (images), sorted by topic and country; low and high, the ends of a 95 %
            interval, where resamples were asked for.
        left_out: what could not be compared: topic, country, n, reason. A group whose topic has no high-resource images stands here: it
            is missing altogether. So do high-resource images, under the name "high-resource data".
        rule, encoder, min_n, resamples, seed: as in `Similarity`.
    """

    table: pd.DataFrame
    left_out: pd.DataFrame
    rule: str
    encoder: str = ""
    min_n: int = 0
    resamples: int = 0
    seed: int = 0


def coverage(
    features: Any,
    topics: Sequence[Any] | npt.ArrayLike,
    countries: Sequence[Any] | npt.ArrayLike,
    high_features: Any,
    high_topics: Sequence[Any] | npt.ArrayLike,
    *,
    average: str = "pairs",
    resamples: int = 0,
    seed: int = 0,
    min_n: int = MIN_N,
    encoder: str = "",
) -> Coverage:
    """Compare the images of each (topic, country) with the high-resource images of the topic (RQ1 of arXiv 2403.07687).

    Args:
        features: (n, d) of the low-resource images, as in `geo_similarity`.
        topics: (n,) their topics.
        countries: (n,) their countries.
        high_features: (m, d) features of what models are trained on (ImageNet and LAION in the paper), by the same encoder.
        high_topics: (m,) their topics, in the same words.
        average: "pairs" or "centroid".
        resamples: for the intervals, in which both sides are drawn anew; 0 for none.
        seed: of the draws.
        min_n: groups with fewer images are set aside, and topics with fewer high-resource images.
        encoder: what made the features; `who_is_missing` tells encoders apart by it.

    Raises:
        MismatchedScoresError: labels and features differ in number, or the two sets of features in width.
        BadRowError, NonFiniteError, NoRowsError, ConfigError: as in `geo_similarity`.
    """
    require_rule(average, resamples)
    low = _side(UnitRows(features), topics, countries, average, min_n)
    high = _side(UnitRows(high_features, "high_features"), high_topics, None, average, min_n)
    if low.vectors.width != high.vectors.width:
        widths = f"features have {low.vectors.width} columns and high_features {high.vectors.width}"
        raise MismatchedScoresError(f"{widths}: both must come from one encoder.")
    low = low.sharing(high, ABSENT)
    high = high.sharing(low, "no low-resource images of the topic")
    place = {topic: number for number, topic in enumerate(high.groups.topic)}
    partner = np.array([place[topic] for topic in low.groups.topic])
    values = np.einsum("gd,gd->g", low.means(average), high.means(average)[partner]).clip(-1, 1)
    counts = {"n": low.groups.n, "n_high": high.groups.n[partner]}
    columns = {"topic": low.groups.topic, "country": low.groups.country, "similarity": values} | counts
    if resamples:
        draws = np.concatenate([_draws(low, high, own, partner[own.start], average, resamples, seed) for own in low.groups.by_topic()])
        columns |= dict(zip(("low", "high"), interval(values, draws, average), strict=True))
    left_out = joined(low.groups.left_out, high.groups.left_out)
    return Coverage(pd.DataFrame(columns), left_out, average, encoder, min_n, resamples, seed)


@dataclass(frozen=True, slots=True)
class _Side:
    """Low- or high-resource images with the sums of their groups."""

    vectors: UnitRows
    groups: Groups
    sums: npt.NDArray[np.float64]

    def sharing(self, other: "_Side", reason: str) -> "_Side":
        topics = set(other.groups.topic)
        is_alone = np.array([topic not in topics for topic in self.groups.topic], np.bool_)
        return _Side(self.vectors, *with_partners(self.groups, self.sums, is_alone, reason))

    def means(self, rule: str) -> npt.NDArray[np.float64]:
        return directions(self.sums) if rule == "centroid" else mean_of(self.sums, self.groups.n)


def _side(vectors: UnitRows, topics: Any, countries: Any, rule: str, min_n: int) -> _Side:
    labels = [HIGH] * len(vectors) if countries is None else countries
    groups = grouped(topics, labels, len(vectors), min_n)
    return _Side(vectors, *with_direction(groups, vectors.sums(groups), rule))


def _draws(low: _Side, high: _Side, topic: range, partner: int, rule: str, resamples: int, seed: int) -> Floats:
    """Similarity of the groups of one topic to its high-resource images in each resample, (groups, resamples)."""
    at_once = held(low.vectors, len(topic) + 1)
    own = resampled_means(low.vectors, low.groups, topic, rule, resamples, seed, at_once)
    theirs = resampled_means(high.vectors, high.groups, range(partner, partner + 1), rule, resamples, seed, at_once)
    return np.concatenate([np.einsum("grd,rd->gr", a, b[0]) for a, b in zip(own, theirs, strict=True)], axis=1)
