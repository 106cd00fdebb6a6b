"""Column: a column that holds a score already in, its numbers as scores out."""

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyarrow import compute

from hf_regional.errors import ConfigError
from hf_regional.filtering.quality.cells import column_of
from hf_regional.filtering.quality.scores import MISSING, SCORED, Scores

pc = compute


@dataclass(frozen=True, slots=True)
class ColumnScorer:
    """Somebody has scored the rows: "column:avg_cultural_relevance". Null and NaN are missing.

    A float32 column stays float32, so that a threshold of 4.7 lets 4.7 pass; other numbers are compared as float64.
    """

    column: str
    scale: tuple[float, float] = (-math.inf, math.inf)

    @property
    def name(self) -> str:
        """With the column's."""
        return f"column:{self.column}"

    @property
    def reads(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def score(self, rows: pa.Table) -> Scores:
        """The numbers that stand there.

        Raises:
            MissingColumnError: there is no such column.
            ConfigError: it holds no numbers.
        """
        found = column_of(rows, self.column, self.name)
        if not _holds_numbers(found.type):
            raise ConfigError(f"quality column {self.column!r} holds {found.type}, not numbers: cast it first.", "quality")
        kind = np.float32 if pa.types.is_float32(found.type) else np.float64
        numbers = pc.fill_null(found.cast(pa.float64()), math.nan).to_numpy(zero_copy_only=False).astype(kind)
        return Scores(numbers, np.where(np.isnan(numbers), MISSING, SCORED).astype(np.int8), self.scale, self.name)


def _holds_numbers(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)
