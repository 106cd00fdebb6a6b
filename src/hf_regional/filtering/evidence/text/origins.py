"""Origins: places in folded text in; the characters that they stem from, and the way back, out."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Origins(Protocol):
    """Where the n characters of a folded text came from; ascending."""

    def given(self, places: np.ndarray) -> np.ndarray:
        """The character as it was given that each of some folded ones, (k,), stems from."""
        ...

    def folded(self, given: np.ndarray) -> np.ndarray:
        """The last folded character that stems from each given one, (k,), or from one before it; -1 where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Listed:
    """One by one: `origin`, (n,) int32."""

    origin: np.ndarray

    def given(self, places: np.ndarray) -> np.ndarray:
        """Look them up."""
        return self.origin[places]

    def folded(self, given: np.ndarray) -> np.ndarray:
        """Search for them."""
        return np.searchsorted(self.origin, given.astype(np.int32), "right") - 1


@dataclass(frozen=True, slots=True)
class Shifted:
    """By stretches: where little goes and little is put in, a few steps say as much as an entry for every character.

    first: (s,) int64, the folded characters with which stretches begin, the first of them 0. shift: (s,) int64, how much later than in
    the folded text the characters of a stretch stand in the given one. size: n.
    """

    first: np.ndarray
    shift: np.ndarray
    size: int

    def given(self, places: np.ndarray) -> np.ndarray:
        """Add the shifts of their stretches."""
        return places + self.shift[np.searchsorted(self.first, places, "right") - 1]

    def folded(self, given: np.ndarray) -> np.ndarray:
        """Take the shifts of their stretches away."""
        stretch = np.searchsorted(self.first + self.shift, given, "right") - 1
        ends = np.append(self.first[1:], self.size) - 1  # what is gone between two stretches counts to the first
        return np.minimum(given - self.shift[stretch], ends[stretch])
