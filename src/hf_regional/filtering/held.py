"""Held against rows: reasons that only a look at all rows could give; those of a batch out."""

from dataclasses import dataclass
from typing import Final

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What is held against some rows of a split: their numbers (k,) int64, ascending, and a reason each."""

    rows: np.ndarray
    reasons: tuple[str, ...]

    def within(self, first: int, count: int) -> tuple[np.ndarray, list[str]]:
        """The places in a batch that begins at row `first`, and their reasons."""
        low, high = np.searchsorted(self.rows, [first, first + count])
        return self.rows[low:high] - first, list(self.reasons[low:high])

    def touches(self, first: int, count: int) -> bool:
        """Whether anything is held against any of these rows."""
        low, high = np.searchsorted(self.rows, [first, first + count])
        return bool(high > low)


NOTHING: Final = Held(np.zeros(0, np.int64), ())
