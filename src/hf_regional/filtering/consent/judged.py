"""What is held against rows, as codes: one code a row, and what each code means."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Judged:
    """n rows: row i is refused for `reasons[codes[i]]`; `codes` is (n,) int32, 0 where nothing is held against it, and `reasons[0]` ""."""

    codes: np.ndarray
    reasons: tuple[str, ...]

    @property
    def passes(self) -> np.ndarray:
        """Which rows may stay, (n,) bool."""
        return self.codes == 0

    @property
    def counts(self) -> Counter[str]:
        """Rows by reason; those that pass are not in it."""
        sizes = np.bincount(self.codes, minlength=len(self.reasons))
        return Counter({reason: int(size) for reason, size in zip(self.reasons, sizes, strict=True) if reason and size})


def nothing_against(rows: int) -> Judged:
    """All rows pass."""
    return Judged(np.zeros(rows, np.int32), ("",))


def first_of(rulings: Sequence[Judged], rows: int) -> Judged:
    """Put rulings on the same rows together: what the first of them holds against a row is its reason.

    >>> one, other = Judged(np.array([0, 1]), ("", "licence:unknown")), Judged(np.array([1, 1]), ("", "opt-out:noai"))
    >>> both = first_of([one, other], 2)
    >>> [both.reasons[code] for code in both.codes]
    ['opt-out:noai', 'licence:unknown']
    """
    codes, reasons = np.zeros(rows, np.int32), [""]
    for ruling in rulings:
        places = [0] * len(ruling.reasons)
        for place, reason in enumerate(ruling.reasons[1:], 1):
            if reason not in reasons:
                reasons.append(reason)
            places[place] = reasons.index(reason)
        codes = np.where(codes == 0, np.array(places, np.int32)[ruling.codes], codes)
    return Judged(codes, tuple(reasons))
