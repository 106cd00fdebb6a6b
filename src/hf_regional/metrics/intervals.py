"""Intervals: scores by row, the group and the cluster of each row in; bootstrap samples and estimates with intervals out.

boot = ClusterBootstrap(picture_of_row, resamples=2000, seed=0)
boot.macro_mean(base_rr, language_of_row)                # (2000,): the same resamples for every system, so comparisons are paired
gain = boot.resample(merged_rr, language_of_row) - boot.resample(base_rr, language_of_row)
gain.estimate(n=5200), gain.lower_bound()
"""

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hf_regional.errors import MismatchedScoresError, NonFiniteError, NoRowsError, OutOfRangeError, UnknownNameError
from hf_regional.metrics.bounds import Estimate, Floats, Resampled
from hf_regional.metrics.bounds import lower_bound as lower_bound
from hf_regional.metrics.bounds import two_sided as two_sided

FEWEST_CLUSTERS: Final = 30  # below, percentile intervals are too narrow to be trusted; such groups are marked
_BLOCK: Final = 4_000_000  # draws at a time: about 100 MB with their counts, whatever the number of clusters
_KEPT: Final = 64_000_000  # bytes of weights kept between calls; beyond, they are drawn again


class ClusterBootstrap:
    """Resample whole clusters (pictures), with the same resamples for every system, so that comparisons are paired.

    Rows that share a picture stand or fall together: each resample draws as many clusters as there are, with replacement, and a row
    weighs as often as its cluster was drawn. With one cluster a row and one group it is the ordinary bootstrap of the mean.
    The weights depend on the set of clusters, `resamples` and `seed` alone: not on values, groups, rows or their order.

    Args:
        clusters: (n,) cluster id of each row, integers or strings, repeats welcome. Ids of every row set that will be compared belong
            here (the pictures of global and regional rows together), or their samples cannot be paired.
        resamples: number of bootstrap resamples.
        seed: seed of the draws.

    Raises:
        NoRowsError: there is no cluster.
        OutOfRangeError: `resamples` is below 1.
    """

    def __init__(self, clusters: npt.ArrayLike, *, resamples: int = 2000, seed: int) -> None:
        ids = np.asarray(clusters)
        if ids.size == 0:
            raise NoRowsError("no clusters to resample: give the cluster id (picture) of each row.")
        if resamples < 1:
            raise OutOfRangeError(f"resamples must be at least 1, got {resamples}.")
        self.universe, self._own = np.unique(ids, return_inverse=True)
        self.resamples, self.seed = resamples, seed

    def macro_mean(self, values: npt.ArrayLike, groups: npt.ArrayLike, clusters: npt.ArrayLike | None = None) -> Floats:
        """Take the mean over groups (languages) of each group's mean, in every resample.

        A group of few clusters may be drawn not once: that resample's mean is then over the groups that were drawn, for every system
        alike (a group of k clusters is missed with probability about exp(-k): once in 10¹³ at 30, in 37 % of resamples at 1).

        Args:
            values: (n,) score of each row, or (n, s) for s systems at once.
            groups: (n,) group of each row.
            clusters: (n,) cluster id of each row, from the universe; the constructor's own rows where left out.

        Returns:
            (resamples,) float64, or (resamples, s); NaN only where not one row was drawn.

        Raises:
            MismatchedScoresError: values, groups and clusters differ in length.
            NonFiniteError: a value is NaN or infinite; the message names the row.
            UnknownNameError: a cluster is not in the universe.
            NoRowsError: there is no row.
        """
        return mean_of_present(self._means(*self._aligned(values, groups, clusters)))

    def group_means(self, values: npt.ArrayLike, groups: npt.ArrayLike, clusters: npt.ArrayLike | None = None) -> dict[Any, Floats]:
        """Take the mean of each group in every resample, by group in sorted order; arguments and errors as in `macro_mean`.

        Returns:
            group -> (resamples,) float64, or (resamples, s); NaN in the resamples that drew no row of the group.
        """
        numbers, names, group, cluster = self._aligned(values, groups, clusters)
        means = self._means(numbers, names, group, cluster)
        return {name: means[:, place] for place, name in enumerate(names.tolist())}

    def resample(self, values: npt.ArrayLike, groups: npt.ArrayLike, clusters: npt.ArrayLike | None = None) -> Resampled:
        """Score one system: the macro mean of its (n,) values with its draws and influences; errors as in `macro_mean`.

        A group that a resample missed has its own mean there: to leave it out, as `macro_mean` does, would swing the score by how far
        the groups lie apart, which is no doubt about any of them, and tilt the interval.
        """
        by_group = self.resample_groups(values, groups, clusters)
        influence = np.mean([one.influence[self._place] for one in by_group.values()], axis=0)
        draws = np.mean([np.where(np.isnan(one.draws), one.value, one.draws) for one in by_group.values()], axis=0)
        return Resampled(macro_mean(values, groups), draws, {self._place: influence}, self._occupied(groups, clusters))

    def resample_groups(self, values: npt.ArrayLike, groups: npt.ArrayLike, clusters: npt.ArrayLike | None = None) -> dict[Any, Resampled]:
        """Score one system by group, in sorted order: (n,) values to group -> mean with its draws and influences."""
        numbers, names, group, cluster = self._aligned(values, groups, clusters)
        means = self._means(numbers, names, group, cluster)
        return {
            name: self._one(numbers[group == place], cluster[group == place], means[:, place]) for place, name in enumerate(names.tolist())
        }

    def estimate(
        self, values: npt.ArrayLike, groups: npt.ArrayLike, clusters: npt.ArrayLike | None = None, *, level: float = 0.95
    ) -> Estimate:
        """Score one system: the macro mean of its (n,) values with its two-sided BCa interval; errors as in `macro_mean`."""
        scored = self.resample(values, groups, clusters)  # first, since it checks the rows
        return scored.estimate(len(np.asarray(groups)), level)

    def estimates(
        self, values: npt.ArrayLike, groups: npt.ArrayLike, clusters: npt.ArrayLike | None = None, *, level: float = 0.95
    ) -> dict[Any, Estimate]:
        """Score one system by group, in sorted order: (n,) values to group -> mean with its two-sided BCa interval."""
        scored, labels = self.resample_groups(values, groups, clusters), np.asarray(groups)
        return {name: one.estimate(int((labels == name).sum()), level) for name, one in scored.items()}

    def few_clusters(
        self, groups: npt.ArrayLike, clusters: npt.ArrayLike | None = None, *, fewest: int = FEWEST_CLUSTERS
    ) -> tuple[Any, ...]:
        """Name the groups with rows in fewer than `fewest` clusters, sorted: their intervals deserve a mark.

        >>> ClusterBootstrap([1, 1, 2], seed=0).few_clusters(["id", "th", "th"], fewest=2)
        ('id',)
        """
        _, names, group, cluster = self._aligned(np.zeros(np.shape(groups)), groups, clusters)
        seen = np.unique(np.stack([group, cluster]), axis=1)
        counts = np.bincount(seen[0], minlength=len(names))
        return tuple(names[counts < fewest].tolist())

    @property
    def _place(self) -> tuple[int, int]:
        return len(self.universe), self.seed

    def _one(self, values: Floats, cluster: npt.NDArray[np.intp], draws: Floats) -> Resampled:
        """The mean of one group: a cluster adds its rows' deviations from the mean, by the number of all rows."""
        mean, size = float(values.mean()), len(self.universe)
        influence = np.bincount(cluster, weights=values - mean, minlength=size) / len(values)
        return Resampled(mean, draws, {self._place: influence}, len(np.unique(cluster)))

    def _occupied(self, groups: npt.ArrayLike, clusters: npt.ArrayLike | None) -> int:
        return len(np.unique(self._aligned(np.zeros(np.shape(groups)), groups, clusters)[3]))

    def _aligned(
        self, values: npt.ArrayLike, groups: npt.ArrayLike, clusters: npt.ArrayLike | None
    ) -> tuple[Floats, npt.NDArray[Any], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Values, group names, and each row's group and cluster as numbers."""
        numbers, names, group = _checked(values, groups)
        cluster = self._own if clusters is None else self._placed(np.asarray(clusters))
        if len(group) != len(cluster):
            way_out = "name the clusters of these rows with clusters=" if clusters is None else "give one for every row"
            raise MismatchedScoresError(f"{len(group)} rows and {len(cluster)} clusters: {way_out}.")
        return numbers, names, group, cluster

    def _placed(self, ids: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
        places = np.searchsorted(self.universe, ids).clip(max=len(self.universe) - 1)
        unknown = ids[self.universe[places] != ids]
        if len(unknown):
            raise UnknownNameError(
                f"cluster {unknown[:1].tolist()[0]!r} is not among the {len(self.universe)} the bootstrap was built with; add it there."
            )
        return places

    def _means(self, values: Floats, names: npt.NDArray[Any], group: npt.NDArray[np.intp], cluster: npt.NDArray[np.intp]) -> Floats:
        """(resamples, groups, ...) weighted means: sums by cluster and group once, then a matrix product with the weights."""
        columns = values.reshape(len(values), -1).T
        shape = (len(self.universe), len(names))
        cell = np.ravel_multi_index((cluster, group), shape)
        stacked = (*columns, np.ones(len(values)))  # the last for counts
        table = [np.bincount(cell, weights=each, minlength=math.prod(shape)).astype(np.float32).reshape(shape) for each in stacked]
        sums = np.concatenate(table, axis=1)  # (clusters, (s + 1)·groups)
        product = np.concatenate([weights.astype(np.float32) @ sums for weights in self._blocks()]).astype(np.float64)
        totals, counts = np.split(product.reshape(self.resamples, -1, len(names)), [len(columns)], axis=1)
        means = np.divide(totals, counts, out=np.full_like(totals, np.nan), where=counts > 0)
        return means.transpose(0, 2, 1).reshape(self.resamples, len(names), *values.shape[1:])

    def _blocks(self) -> Iterator[npt.NDArray[np.uint8]]:
        return iter(self._kept) if self.resamples * len(self.universe) <= _KEPT else self._drawn()

    @cached_property
    def _kept(self) -> list[npt.NDArray[np.uint8]]:
        return list(self._drawn())

    def _drawn(self) -> Iterator[npt.NDArray[np.uint8]]:
        """How often each cluster was drawn, (block, clusters) at a time: multinomial counts: counted uniform draws (3x faster).

        uint8: a count is Poisson(1) in all but name, above 255 in less than 1 of 10^500 cells.
        """
        rng, size = np.random.default_rng(self.seed), len(self.universe)
        step = max(1, _BLOCK // size)
        for start in range(0, self.resamples, step):
            rows = min(step, self.resamples - start)
            draws = rng.integers(size, size=(rows, size), dtype=np.int32) + np.arange(rows, dtype=np.int32)[:, None] * size
            yield np.bincount(draws.ravel(), minlength=rows * size).reshape(rows, size).astype(np.uint8)


def macro_mean(values: npt.ArrayLike, groups: npt.ArrayLike) -> float:
    """Take the mean over groups of each group's mean of (n,) values: every language counts alike, however many rows it has.

    >>> macro_mean([1.0, 1.0, 1.0, 0.0], ["id", "id", "id", "th"])
    0.5
    """
    numbers, _, group = _checked(values, groups)
    return float((np.bincount(group, weights=numbers) / np.bincount(group)).mean())


def _checked(values: npt.ArrayLike, groups: npt.ArrayLike) -> tuple[Floats, npt.NDArray[Any], npt.NDArray[np.intp]]:
    """Values, group names, and each row's group as a number; at least one row, all finite."""
    numbers, labels = np.asarray(values, dtype=np.float64), np.asarray(groups)
    if len(numbers) != len(labels):
        raise MismatchedScoresError(f"{len(numbers)} values and {len(labels)} groups: give one of each for every row.")
    if len(numbers) == 0:
        raise NoRowsError("no rows to take the mean of: was everything filtered away?")
    bad = np.flatnonzero(~np.isfinite(numbers.reshape(len(numbers), -1)).all(axis=1))
    if len(bad):
        raise NonFiniteError(f"row {bad[0]} has the score {numbers[bad[0]]}: score it again or leave it out.", name=str(bad[0]))
    names, group = np.unique(labels, return_inverse=True)
    return numbers, names, group


def mean_of_present(means: Floats) -> Floats:
    """Mean over axis 1 of the entries that are not NaN, (resamples, groups) to (resamples,); NaN only where all are.

    >>> mean_of_present(np.array([[1.0, np.nan], [0.0, 1.0]])).tolist()
    [1.0, 0.5]
    """
    present = ~np.isnan(means)
    counts = present.sum(axis=1)
    totals = np.where(present, means, 0.0).sum(axis=1)
    return np.divide(totals, counts, out=np.full_like(totals, np.nan), where=counts > 0)
