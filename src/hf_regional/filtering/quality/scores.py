"""Scores: what a scorer gives back for a batch of rows, a number or a reason a row; and what a scorer is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

from hf_regional.errors import MismatchedScoresError

SCORED, MISSING, UNPARSED, FAILED = range(4)
# Why a row has no score: a cell it needs is empty; what the model said, or the cell holds, cannot be read; it could not be scored.
FAULTS: Final = ("", "missing", "unparsed", "failed")


class Detail(NamedTuple):
    """What was wrong with one row, in words."""

    row: int  # within the batch
    fault: int  # place in FAULTS
    what: str


@dataclass(frozen=True, slots=True)
class Scores:
    """n scores and their scale.

    Attributes:
        values: (n,) float32, or float64 where a column holds such; NaN exactly where there is a fault.
        faults: (n,) int8, places in `FAULTS`; 0 where there is a score.
        scale: (lowest, highest) that the scorer can give; infinite where there is no bound.
        name: of the scorer.
        higher_is_better: whether a larger value is the better one.
        details: on rows with a fault, not necessarily all, by row.
    """

    values: np.ndarray
    faults: np.ndarray
    scale: tuple[float, float]
    name: str
    higher_is_better: bool = True
    details: tuple[Detail, ...] = ()

    def __post_init__(self) -> None:
        """Check that values and faults fit: whoever writes a scorer may forget one of them.

        Raises:
            MismatchedScoresError: they differ in length, or a row has both a score and a fault, or neither.
        """
        if self.values.shape != self.faults.shape or self.values.ndim != 1:
            shapes = f"values of shape {self.values.shape} and faults of shape {self.faults.shape}"
            raise MismatchedScoresError(f"the scorer {self.name!r} gave {shapes}; both must be (n,) for n rows.")
        odd = np.flatnonzero(np.isnan(self.values) != (self.faults != SCORED))
        if len(odd):
            said = f"{self.values[odd[0]]} with the fault {FAULTS[self.faults[odd[0]]]!r}"
            raise MismatchedScoresError(f"the scorer {self.name!r} gave row {odd[0]} {said}; NaN and a fault go together, always.")

    def counts(self) -> dict[str, int]:
        """Rows by fault, "scored" first; they add up to n."""
        found = Counter(self.faults.tolist())
        return {FAULTS[code] or "scored": found[code] for code in range(len(FAULTS))}


@runtime_checkable
class Scorer(Protocol):
    """What scores rows. A class of yours needs no more than this; `make_scorer` takes it as it is."""

    @property
    def name(self) -> str:
        """For reports and reasons."""
        ...

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that it looks into."""
        ...

    def score(self, rows: pa.Table) -> Scores:
        """Score n rows. Called with no rows to check that the columns are there and of a type it can read."""
        ...


def scores_of(
    scorer: Scorer,
    scale: tuple[float, float],
    values: Sequence[float] | np.ndarray,
    faults: Sequence[int] | np.ndarray,
    details: Sequence[Detail] = (),
) -> Scores:
    """Scores in float32 from one value a row, which is ignored where there is a fault."""
    codes = np.asarray(faults, np.int8)
    numbers = np.where(codes == SCORED, np.asarray(values, np.float64), np.nan).astype(np.float32)
    return Scores(numbers, codes, scale, scorer.name, details=tuple(sorted(details)))
