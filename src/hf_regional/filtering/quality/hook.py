"""Hook: a function of the caller's in, what it says of each row as scores out. Who made the rows knows best how good they are."""

import math
from collections.abc import Callable
from numbers import Real
from typing import Any, ClassVar

import pyarrow as pa

from hf_regional.errors import ConfigError
from hf_regional.filtering.quality.scores import MISSING, SCORED, Scores, scores_of


class HookScorer:
    """Asks a function of every row, which it sees as a dict of Python values, pictures as bytes and path; null and NaN are missing."""

    reads_all: ClassVar[bool] = True  # the names of the columns are not known before the rows are
    scale: ClassVar[tuple[float, float]] = (-math.inf, math.inf)

    def __init__(self, ask: Callable[[dict[str, Any]], float | None]) -> None:
        """Take the function."""
        self._ask, self.name = ask, "quality"
        self.reads: tuple[str, ...] = ()

    def score(self, rows: pa.Table) -> Scores:
        """What the function says.

        Raises:
            ConfigError: it gave something else than a number or null.
        """
        values = [self._value(row) for row in rows.to_pylist()]
        return scores_of(self, self.scale, values, [MISSING if math.isnan(value) else SCORED for value in values])

    def _value(self, row: dict[str, Any]) -> float:
        answer: object = self._ask(row)
        if answer is None:
            return math.nan
        if not isinstance(answer, Real):  # numpy's numbers are Real too
            raise ConfigError(f"quality gave {answer!r}; it should give a number, the more the better, or None.", "quality")
        return float(answer)
