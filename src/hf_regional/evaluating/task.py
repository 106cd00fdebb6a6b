"""What a task is: something that measures a model row by row and knows which rows speak for the region and which for the world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

import numpy as np

from hf_regional.encoding import ImageSource

Side = Literal["global", "regional"]
SIDES: Final[tuple[Side, Side]] = ("global", "regional")
Scope = Literal["others", "all"]  # whose rows are the world's: those outside the region, or all (as GG-EZ has it, arXiv:2604.11490)


@dataclass(frozen=True, slots=True)
class TaskRows:
    """The rows of a task, the same for every model: what a score is averaged and resampled over.

    Attributes:
        groups: (n,) the group of each row (its language, its country); a side's score is the mean over its groups.
        clusters: (n,) int64; rows that share a picture share a cluster, in [0, n_clusters).
        sides: (n,) "global" or "regional".
        chance: (n,) float64, the expected score of a random answer.
        n_clusters: how many clusters there are; both sides draw from the same.
        slices: name -> (n,) labels to report by ("language", "country"); a null label belongs to no slice.
    """

    groups: np.ndarray
    clusters: np.ndarray
    sides: np.ndarray
    chance: np.ndarray
    n_clusters: int
    slices: Mapping[str, np.ndarray] = field(default_factory=dict)

    def of(self, side: Side, scope: Scope = "others") -> np.ndarray:
        """(m,) the indices of a side's rows."""
        if scope == "all" and side == "global":
            return np.arange(len(self.sides))
        return np.flatnonzero(self.sides == side)

    def part(self, chosen: np.ndarray) -> "TaskRows":
        """The rows at (m,) indices, their clusters numbered anew."""
        names, clusters = np.unique(self.clusters[chosen], return_inverse=True)
        slices = {name: labels[chosen] for name, labels in self.slices.items()}
        return TaskRows(self.groups[chosen], clusters.astype(np.int64), self.sides[chosen], self.chance[chosen], len(names), slices)


class Encodes(Protocol):
    """What gives features: a loaded encoder, or a `Subject` that has one."""

    def encode_images(self, images: Sequence[ImageSource]) -> np.ndarray: ...  # (n, d) float32, unit norm

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray: ...  # (n, d) float32, unit norm


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a task found out about a model.

    Attributes:
        scores: metric -> (n,) float64 in [0, 1], one a row; RefCLIPScore and CLIPScore, whose cosines count 2.5 times, may pass 1.
        details: name -> (n,) what was answered, for people who look through it.
        extras: JSON-able: "answers", how many of those written were read, unparsed or unanswered; scores of the whole set that are no
            mean over rows (a Vendi score, precision and coverage by region).
    """

    scores: Mapping[str, np.ndarray]
    details: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)


class Task(Protocol):
    """A corpus, a protocol and a metric. `measure` gives named scores a row, of which `metric` is the one that counts.

    It is given a `Subject`, or the loaded encoder of one; a task that asks for what the model does not give raises ConfigError.
    """

    @property
    def name(self) -> str: ...

    @property
    def metric(self) -> str: ...

    @property
    def rows(self) -> TaskRows: ...

    @property
    def counts(self) -> dict[str, int]: ...  # what was left out of the score, by reason

    def chance(self, metric: str) -> np.ndarray: ...  # (n,) float64, the expected score of a random answer

    def measure(self, model: Any) -> "Outcome | dict[str, np.ndarray]": ...
