"""Correlation: how alike countries look and how far apart they are, on the map or in income, in; Pearson's r by country and overall out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Correlation:
    """Pearson's correlation of visual similarity with a distance; below 0 where countries that are close look alike.

    Attributes:
        by_country: country, r, n (pairs of numbers), sorted by r; r is null where n < 3 or nothing varies. One country's partners are
            far from independent of each other: read it as a description.
        r: over all pairs of countries, each with its mean over topics; NaN where there are fewer than 3 pairs.
        p: the share of permutations of the countries with a correlation as strong (Mantel 1967), two-sided; NaN where r is.
        pairs: pairs of countries in r.
        unknown: countries without a place, or an income, which are in none of this.
    """

    by_country: pd.DataFrame
    r: float
    p: float
    pairs: int
    unknown: tuple[str, ...]


def correlate(entries: pd.DataFrame, similarity: pd.DataFrame, distance: Matrix, *, permutations: int, seed: int) -> Correlation:
    """Correlate similarity with a distance.

    Args:
        entries: country_a, country_b, similarity: what the correlation of each country_a is taken over.
        similarity: (c, c) means over topics, NaN where two were not compared.
        distance: (c, c) in the order of `similarity`; the row of a country of which nothing is known is NaN off the diagonal.
        permutations: of the countries, drawn for the test.
        seed: of those draws.
    """
    countries = similarity.index.tolist()
    known = ~np.isnan(distance).all(axis=1, where=~np.eye(len(countries), dtype=bool))
    place = {name: number for number, name in enumerate(countries)}
    a, b = (entries[column].map(place).to_numpy() for column in ("country_a", "country_b"))
    rows = entries.assign(distance=distance[a, b]).dropna(subset=["distance", "similarity"])
    by_country = [(name, pearson(one["similarity"], one["distance"]), len(one)) for name, one in rows.groupby("country_a")]
    table = pd.DataFrame(by_country, columns=["country", "r", "n"]).sort_values(["r", "country"], ignore_index=True)
    r, p, pairs = mantel(similarity.to_numpy(np.float64)[np.ix_(known, known)], distance[np.ix_(known, known)], permutations, seed)
    return Correlation(table, r, p, pairs, tuple(np.array(countries, object)[~known]))


def mantel(similarity: Matrix, distance: Matrix, permutations: int, seed: int) -> tuple[float, float, int]:
    """Correlation r of two symmetric (c, c) tables off the diagonal, its p under permutations of the countries, and the pairs used."""
    a, b = np.triu_indices(len(similarity), k=1)
    used = ~np.isnan(similarity[a, b])
    a, b = a[used], b[used]
    r = pearson(similarity[a, b], distance[a, b])
    if np.isnan(r):
        return r, r, len(a)
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(len(similarity)) for _ in range(permutations)]
    others = np.array([pearson(similarity[a, b], distance[order[a], order[b]]) for order in drawn])
    as_strong = int((np.abs(others) >= abs(r) - 1e-12).sum())  # the same r again is as strong, whatever its last digit
    return r, (1 + as_strong) / (1 + permutations), len(a)


def pearson(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Pearson's r, in [-1, 1]; NaN below three pairs, or where x or y does not vary.

    >>> pearson([1, 2, 3], [30, 20, 10])
    -1.0
    """
    left, right = (np.asarray(values, np.float64) for values in (x, y))
    if len(left) < 3 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return float("nan")
    return float(np.clip(np.corrcoef(left, right)[0, 1], -1, 1))
