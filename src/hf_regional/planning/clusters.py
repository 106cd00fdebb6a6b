"""Clusters: a country by country table of similarities in, with holes; a tree by average linkage, and groups of countries, out."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from hf_regional.errors import OutOfRangeError
from hf_regional.planning.groups import Ints

Matrix = npt.NDArray[np.float64]
UNKNOWN = 2.0  # 1 - cosine at its most: the height at which countries are joined that share no topic


def tree(similarity: pd.DataFrame) -> Matrix:
    """Join countries by average linkage (UPGMA, Sokal and Michener 1958) of the distance 1 - similarity.

    The distance of two clusters is the mean over the pairs of countries that were compared; clusters without one are joined last.

    Args:
        similarity: (c, c), symmetric; NaN where two were not compared. The diagonal is not read.

    Returns:
        (c - 1, 4) in the form of `scipy.cluster.hierarchy.linkage`: the two clusters joined (countries are 0 to c - 1, the i-th join is
        c + i), the distance, and the number of countries.
    """
    distance = 1 - similarity.to_numpy(np.float64)
    known = ~np.isnan(distance)
    np.fill_diagonal(known, False)
    sums, counts = np.where(known, distance, 0.0), known.astype(np.float64)
    names, sizes = list(range(len(sums))), [1] * len(sums)
    joins: list[tuple[float, ...]] = []
    while len(names) > 1:
        means = np.divide(sums, counts, out=np.full_like(sums, UNKNOWN), where=counts > 0)
        np.fill_diagonal(means, np.inf)
        a, b = sorted(np.unravel_index(means.argmin(), means.shape))
        joins.append((*sorted((names[a], names[b])), means[a, b], sizes[a] + sizes[b]))
        sums, counts = _merged(sums, int(a), int(b)), _merged(counts, int(a), int(b))
        names[a], sizes[a] = len(similarity) + len(joins) - 1, sizes[a] + sizes[b]
        del names[b], sizes[b]
    return np.array(joins).reshape(-1, 4)


def cut(joins: Matrix, groups: int) -> Ints:
    """Numbers of the clusters, (c,) from 1, when a tree of c countries is cut into some groups; the first country is in cluster 1.

    Raises:
        OutOfRangeError: there are fewer countries.
    """
    count = len(joins) + 1
    if not 1 <= groups <= count:
        raise OutOfRangeError(f"groups={groups}: {count} countries make 1 to {count} clusters.")
    members = [[country] for country in range(count)]
    for a, b, *_ in joins[: count - groups]:
        members.append(members[int(a)] + members[int(b)])
        members[int(a)], members[int(b)] = [], []
    labels = np.zeros(count, np.intp)
    for number, cluster in enumerate(sorted(filter(None, members), key=min), start=1):
        labels[cluster] = number
    return labels


def best_cut(joins: Matrix, similarity: pd.DataFrame) -> Ints:
    """Cut a tree where the mean silhouette (Rousseeuw 1987) is the highest; fewer than three countries are one cluster."""
    candidates = [cut(joins, groups) for groups in range(2, len(similarity))]
    if not candidates:
        return np.ones(len(similarity), np.intp)
    return max(candidates, key=lambda labels: silhouette(similarity, labels))


def silhouette(similarity: pd.DataFrame, labels: Ints) -> float:
    """Mean silhouette of a partition, in [-1, 1], with the distance 1 - similarity; countries alone in their cluster count 0."""
    distance = 1 - similarity.to_numpy(np.float64)
    known = ~np.isnan(distance)
    np.fill_diagonal(known, False)
    member = (labels[:, None] == np.unique(labels)).astype(np.float64)
    counts = known @ member
    means = np.divide(np.where(known, distance, 0.0) @ member, counts, out=np.full_like(counts, np.nan), where=counts > 0)
    own = means[member == 1]  # one cluster a country, in the order of the countries
    other = np.where(member == 1, np.inf, np.where(np.isnan(means), UNKNOWN, means)).min(axis=1)
    width = np.maximum(own, other)
    scores = np.divide(other - own, width, out=np.zeros_like(own), where=~np.isnan(own) & (width > 0))
    return float(scores.mean())


def _merged(table: Matrix, a: int, b: int) -> Matrix:
    """Add row and column b of a symmetric table to a, and leave b out."""
    table[a] += table[b]
    table[:, a] += table[:, b]
    return np.delete(np.delete(table, b, axis=0), b, axis=1)
