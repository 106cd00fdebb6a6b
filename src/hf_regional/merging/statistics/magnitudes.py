"""Magnitudes: task vectors in, for each the band of magnitudes that holds its largest elements out, in one pass and bounded memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np

from hf_regional.merging.kinds import to_numpy
from hf_regional.merging.task_vectors import task_vectors

Array = np.ndarray[Any, np.dtype[Any]]
_EXACT: Final = 1 << 22  # values kept as they are, of all regional models together: 32 MB in float64
# Of the 31 bits of a float32 magnitude the first 20 name its bin: 8 of the exponent, 12 of the fraction. 8 MB a regional model.
_DROPPED: Final = np.uint32(11)
_BINS: Final = 1 << 20
_INFINITE: Final = 0x7F800000 >> 11  # the bin of what float32 cannot hold


@dataclass(frozen=True, slots=True)
class Band:
    """The magnitudes from `low` to `high`, both included.

    >>> import numpy
    >>> Band(1.0, 2.0).holds(numpy.array([0.5, -1.0, 2.0, -3.0])).tolist()
    [False, True, True, False]
    """

    low: float
    high: float = float("inf")

    def holds(self, vector: Any) -> Any:
        """Where a (n,) array has its magnitude in the band, as booleans of its kind."""
        low, high = self._within_float32() if vector.dtype.itemsize == 4 else (self.low, self.high)
        magnitude = abs(vector)
        return (magnitude >= low) & (magnitude <= high)

    def _within_float32(self) -> tuple[float, float]:
        # Both libraries would round the bounds to the nearest float32, which may lie outside.
        with np.errstate(over="ignore"):
            low, high = np.float32(self.low), np.float32(self.high)
        # float(): beside a float32 numpy would round the bound before it compares them
        low = np.nextafter(low, np.float32(np.inf)) if float(low) < self.low else low
        high = np.nextafter(high, np.float32(0)) if float(high) > self.high else high
        return float(low), float(high)


@dataclass(slots=True)
class Tally:
    """The magnitudes of one task vector so far: as they are, or counted by bins."""

    count: int = 0
    values: list[Array] = field(default_factory=list[Array])
    bins: Array | None = None

    def add(self, other: "Tally", exact: int) -> None:
        """Take in another; beyond `exact` values they are only counted."""
        self.count += other.count
        self.values += other.values
        if other.bins is not None:
            self.bins = other.bins if self.bins is None else self.bins + other.bins
        if self.count > exact:
            self._spill()

    def ranked(self, rank: int) -> tuple[float, float]:
        """The `rank`-th largest magnitude, 1 is the largest: twice the same number, or the lowest and highest of its bin."""
        if self.bins is None:
            value = float(np.partition(np.concatenate(self.values), self.count - rank)[self.count - rank])
            return value, value
        above = np.cumsum(self.bins[::-1])
        place = _BINS - 1 - int(np.searchsorted(above, rank))
        return _lowest(place), float(np.nextafter(_lowest(place + 1), 0))

    def _spill(self) -> None:
        self.bins = np.zeros(_BINS, np.int64) if self.bins is None else self.bins
        for values in self.values:
            with np.errstate(over="ignore"):
                codes = values.astype(np.float32, copy=False).view(np.uint32) >> _DROPPED
            np.add.at(self.bins, codes.astype(np.intp), 1)
        self.values = []


@dataclass(frozen=True, slots=True)
class Magnitudes:
    """For each regional model the band of |region - world| that holds the `density` of all elements that are largest.

    Up to `exact` values, of all regional models together, the band begins at the value of that rank exactly, and what ties with it
    is inside. Beyond, it begins at the foot of the bin of that value: up to 1/4096 lower, so that a little more is kept: of
    normally distributed numbers at most 0.012 % of all. Magnitudes under 2**-138 are not told apart. Memory: 64 MB, and 8 MB a
    regional model.

    >>> import numpy
    >>> whole = Magnitudes(density=0.5)
    >>> whole.finish(whole.measure(numpy.zeros(4), [numpy.array([3.0, -1.0, 2.0, 4.0])]))
    (Band(low=3.0, high=inf),)
    """

    density: float  # in [0, 1]; above 0 at least one element is kept
    outliers: float = 0.0  # the share that is larger still and stays outside, in [0, 0.5]; what ties with the rest is not dropped
    scope: Literal["tensor", "model"] = "tensor"
    exact: int = _EXACT

    def measure(self, world: Any, regions: Sequence[Any]) -> list[Tally]:
        """The magnitudes of a stretch, one tally a regional model."""
        with np.errstate(all="ignore"):
            return [Tally(len(vector), [abs(to_numpy(vector))]) for vector in task_vectors(world, regions)]

    def join(self, first: list[Tally], second: list[Tally]) -> list[Tally]:
        """Both together: whether there are few enough to be kept depends on their number alone, not on the order."""
        for ours, theirs in zip(first, second, strict=True):
            ours.add(theirs, self.exact // len(first))
        return first

    def finish(self, joined: list[Tally]) -> tuple[Band, ...]:
        """The band of each regional model."""
        return tuple(self._band(tally, self.exact // len(joined)) for tally in joined)

    def _band(self, tally: Tally, exact: int) -> Band:
        tally.add(Tally(), exact)  # one large stretch was never joined
        if not tally.count or not self.density:
            return Band(float("inf"))
        above = round(self.outliers * tally.count)
        kept = max(1, round(self.density * tally.count))
        low, _ = tally.ranked(min(above + kept, tally.count))
        _, high = tally.ranked(above + 1) if above else (0.0, float("inf"))
        return Band(low, high)


def _lowest(place: int) -> float:
    """The smallest number whose float32 lies in a bin: half a step of float32 below the bin's first, to which such a tie rounds."""
    if place == 0:
        return 0.0
    if place >= _INFINITE:
        return 2.0**128 - 2.0**103 if place == _INFINITE else float("inf")
    first = (np.array([place], np.uint32) << _DROPPED).view(np.float32)
    return float((first[0].astype(np.float64) + np.nextafter(first, np.float32(0))[0].astype(np.float64)) / 2)
