"""Points and bootstrap draws of a task's rows, by side and by slice; the same draws for every model, so differences are paired."""

import numpy as np

from hf_regional.evaluating.task import Scope, Side, TaskRows
from hf_regional.metrics.bounds import Estimate, Resampled
from hf_regional.metrics.intervals import ClusterBootstrap, macro_mean


class Resampler:
    """Means of one task under resampled pictures.

    A side's score is the mean over its groups of each group's mean over rows; a draw takes pictures with replacement, and all
    their rows with them.
    """

    def __init__(self, rows: TaskRows, *, resamples: int = 2000, seed: int = 0, scope: Scope = "others") -> None:
        self.rows = rows
        self.scope: Scope = scope
        self._bootstrap = ClusterBootstrap(np.arange(rows.n_clusters), resamples=resamples, seed=seed)

    def of(self, side: Side) -> np.ndarray:
        """(m,) the indices of a side's rows; with the scope "all" the world has those of the region too."""
        return self.rows.of(side, self.scope)

    def point(self, values: np.ndarray, side: Side) -> float:
        """The score of a side from (n,) scores by row."""
        chosen = self.of(side)
        return macro_mean(values[chosen], self.rows.groups[chosen])

    def resampled(self, values: np.ndarray, side: Side) -> Resampled:
        """The score of a side, with its draws and influences: what differences and ratios are made of."""
        return self.resampled_over(values, self.of(side), self.rows.groups)

    def draws(self, values: np.ndarray, side: Side) -> np.ndarray:
        """(resamples,) the score of a side under every draw of pictures."""
        return self.resampled(values, side).draws

    def estimate(self, values: np.ndarray, side: Side) -> Estimate:
        """The score of a side with its two-sided 95 % interval and its number of rows."""
        return self.resampled(values, side).estimate(len(self.of(side)))

    def by_slice(self, values: np.ndarray, name: str) -> dict[str, dict[str, float | int]]:
        """Label -> estimate over the rows of that label, labels in order; rows without a label belong to none."""
        labels = self.rows.slices[name]
        return {
            label: self.of_label(values, name, label).as_dict() for label in sorted({found for found in labels if isinstance(found, str)})
        }

    def of_label(self, values: np.ndarray, name: str, label: str) -> Estimate:
        """The mean over the rows of one label of a slice, with its two-sided 95 % interval."""
        return self.resampled_label(values, name, label).estimate(int((self.rows.slices[name] == label).sum()))

    def resampled_label(self, values: np.ndarray, name: str, label: str) -> Resampled:
        """The mean over the rows of one label, with its draws and influences."""
        labels = self.rows.slices[name]
        return self.resampled_over(values, np.flatnonzero(labels == label), labels)

    def few(self, name: str) -> frozenset[str]:
        """The labels of a slice whose rows lie in fewer than 30 pictures."""
        labels = self.rows.slices[name]
        chosen = np.flatnonzero([isinstance(label, str) for label in labels])
        if not len(chosen):
            return frozenset()
        return frozenset(self._bootstrap.few_clusters(labels[chosen].astype(str), self.rows.clusters[chosen]))

    def resampled_over(self, values: np.ndarray, chosen: np.ndarray, groups: np.ndarray) -> Resampled:
        """The mean over groups, (n,) labels, of each group's mean over the chosen rows, (m,) indices."""
        return self._bootstrap.resample(values[chosen], groups[chosen].astype(str), self.rows.clusters[chosen])
