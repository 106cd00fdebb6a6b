"""Quantiles: a column of numbers (income, a score) in; the part of the distribution that each row lies in, named with its bounds, out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hf_regional.errors import BadRowError, ConfigError, NoRowsError, OutOfRangeError


@dataclass(frozen=True, slots=True)
class Quantiles:
    """A slice by equal shares of rows.

    Attributes:
        column: of numbers.
        quantiles: how many parts, 4 for quartiles.
        unit: what the bounds are in, for the labels ("USD").
    """

    column: str
    quantiles: int = 4
    unit: str = ""

    def __post_init__(self) -> None:
        """Check the number of parts.

        Raises:
            OutOfRangeError: fewer than two.
        """
        if not 2 <= self.quantiles <= 100:
            raise OutOfRangeError(f"slice {self.column}: {self.quantiles} quantiles; 2 to 100 are asked for.")

    def labels(self, column: "pd.Series[Any]", counted: np.ndarray) -> np.ndarray:
        """Label every row by where its number lies among those of the counted rows.

        Args:
            column: (n) numbers; an empty cell has no part.
            counted: (m,) the places of the rows whose distribution it is.

        Returns:
            (n,) such as "Q1 26–195 USD", or null. A number on a bound belongs below it. Parts that equal bounds leave empty fall
            together, so that there may be fewer.

        Raises:
            BadRowError: a cell is neither number nor empty. NoRowsError: no counted row has a number.
        """
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(float)
        strange = np.flatnonzero(np.isnan(numbers) & column.notna().to_numpy())
        if len(strange):
            raise BadRowError(f"row {strange[0]}: {self.column} is {column.iloc[strange[0]]!r}, and quantiles are made of numbers.")
        known = numbers[counted][np.isfinite(numbers[counted])]
        if not len(known):
            raise NoRowsError(f"no row has a number in {self.column}: there is nothing to part into quantiles.")
        bounds = np.unique(np.quantile(known, np.linspace(0, 1, self.quantiles + 1)))
        places = np.clip(np.searchsorted(bounds[1:-1], numbers, side="left"), 0, max(0, len(bounds) - 2))
        names = [self._name(place, bounds) for place in range(max(1, len(bounds) - 1))]
        return np.array([names[place] if np.isfinite(number) else None for place, number in zip(places, numbers, strict=True)], object)

    def _name(self, place: int, bounds: np.ndarray) -> str:
        low, high = bounds[place], bounds[min(place + 1, len(bounds) - 1)]
        return f"Q{place + 1} {_figure(low)}–{_figure(high)} {self.unit}".strip()


def _figure(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def read_slice(said: object, where: str) -> str | Quantiles:
    """A slice as YAML gives it: a column, or {column: {quantiles: 4, unit: USD}}.

    >>> read_slice({"income": {"quantiles": 4, "unit": "USD"}}, "mine.yaml")
    Quantiles(column='income', quantiles=4, unit='USD')

    Raises:
        ConfigError: it is neither.
    """
    match said:
        case str():
            return said
        case Mapping() if len(said) == 1:
            ((column, chosen),) = said.items()
            if isinstance(chosen, Mapping) and set(chosen) <= {"quantiles", "unit"} and isinstance(chosen.get("quantiles", 4), int):
                return Quantiles(str(column), chosen.get("quantiles", 4), str(chosen.get("unit", "")))
        case _:
            pass
    raise ConfigError(f"{where}: the slice {said!r} is neither a column nor {{column: {{quantiles: 4, unit: USD}}}}.", "tasks.slices")
