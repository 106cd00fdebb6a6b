"""Preference: what is known of rows in, an order out in which the row that should stay of two copies comes first."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hf_regional.errors import ConfigError
from hf_regional.filtering.duplicates.places import Places


def preferred(countries: Places, languages: Places, quality: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Order rows: the rarer country first, then the rarer language, the higher quality, the larger image, the earlier row.

    A set that is thinned must not lose what it has least of: of a picture that a hundred rows from Thailand and one from Laos share,
    the row from Laos stays.

    Args:
        countries: of n rows.
        languages: of the same rows.
        quality: (n,) float64, higher is better; NaN, unknown, comes last.
        area: (n,) pixels; 0 where unknown.

    Returns:
        (n,) int64, the rows, best first.
    """
    # Stable, so the earlier row comes first; NaN sorts last.
    return np.lexsort((-area, -quality, languages.rarity(), countries.rarity()))


def read_quality(column: pa.Array | pa.ChunkedArray | np.ndarray | None, rows: int) -> np.ndarray:
    """Scores as (n,) float64, NaN where there is none.

    Raises:
        ConfigError: the column holds no numbers.
    """
    if column is None:
        return np.full(rows, np.nan)
    numbers = pa.array(column) if isinstance(column, np.ndarray) else column
    kind = numbers.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)):
        raise ConfigError(f"quality holds {kind}, not numbers: cast it first.", "quality")
    return pc.fill_null(numbers.cast(pa.float64()), float("nan")).to_numpy(zero_copy_only=False)
