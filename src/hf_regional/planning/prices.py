"""Prices: a CSV, a table or nothing in; what an image, a start and the smallest batch cost in each country out.

Columns: country, price_usd, start_usd, batch. Only the first two are needed; the country "*" stands for all that are not named.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from hf_regional.errors import BadRowError, MissingColumnError, OutOfRangeError
from hf_regional.planning.tables import read_csv
from hf_regional.regions import country_code

ANYWHERE: Final = "*"
_COLUMNS: Final = ("country", "price_usd", "start_usd", "batch")


@dataclass(frozen=True, slots=True)
class Price:
    """What annotating costs in one country.

    Attributes:
        price_usd: an image, US dollars. 1.0 is about what the paper's poster states (Ignat et al., arXiv 2403.07687).
        start_usd: starting in the country at all, paid once; 0 where you work already. No source gives a figure, so the default is 0.
        batch: the fewest images of one (topic, country) that are worth ordering. 10 is the size from which the paper compares groups.
    """

    price_usd: float = 1.0
    start_usd: float = 0.0
    batch: int = 10


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by country, as the caller wrote the country or by its code, and the price of all others."""

    by_country: Mapping[str, Price] = field(default_factory=dict[str, Price])
    elsewhere: Price | None = Price()

    def of(self, country: str) -> Price:
        """The price in a country.

        Raises:
            BadRowError: no row names it and there is no "*".
        """
        found = self.by_country.get(country) or self.by_country.get(country_code(country) or country) or self.elsewhere
        if found is None:
            raise BadRowError(f"prices: no row for {country!r} and none for {ANYWHERE!r}. Add one of them.")
        return found

    @classmethod
    def read(cls, source: "Prices | pd.DataFrame | str | Path | None") -> "Prices":
        """Take prices from a CSV file or a table; None is one dollar an image anywhere, in batches of ten.

        Raises:
            MissingFileError, MissingColumnError: the file or a column is not there.
            BadRowError: a row cannot be read, or a country stands twice.
            OutOfRangeError: a price below 0, or a batch below 1.

        >>> rows = pd.DataFrame({"country": ["Vietnam", "*"], "price_usd": [0.8, 1.5]})
        >>> Prices.read(rows).of("VNM").price_usd, Prices.read(rows).of("Kenya").price_usd
        (0.8, 1.5)
        """
        if isinstance(source, Prices):
            return source
        if source is None:
            return cls()
        table = source if isinstance(source, pd.DataFrame) else read_csv(Path(source), "prices")
        where = "prices" if isinstance(source, pd.DataFrame) else str(source)
        _require_columns(table.columns, where)
        found: dict[str, Price] = {}
        for line, row in enumerate(table.to_dict("records"), start=2):
            name = str(row["country"]).strip()
            key = country_code(name) or name
            if not name or key in found:
                raise BadRowError(f"{where}, line {line}: {f'{name!r} stands there twice' if name else 'no country'}. Repair the row.")
            found[key] = _price(row, f"{where}, line {line} ({name})")
        return cls({key: price for key, price in found.items() if key != ANYWHERE}, found.get(ANYWHERE))


def _require_columns(columns: Iterable[Any], where: str) -> None:
    names = [str(name) for name in columns]
    missing = [name for name in _COLUMNS[:2] if name not in names]
    unknown = [name for name in names if name not in _COLUMNS]
    if missing or unknown:
        what = f"lacks the column {missing[0]!r}" if missing else f"has the column {unknown[0]!r}, which means nothing here"
        raise MissingColumnError(f"{where} {what}. Prices have the columns {', '.join(_COLUMNS)}.", frozenset(missing))


def _price(row: Mapping[Any, Any], where: str) -> Price:
    default = Price()
    price, start, batch = (_number(row.get(name), name, where) for name in _COLUMNS[1:])
    if price is None:
        raise BadRowError(f"{where}: no price_usd. Give US dollars an image, 0 where it costs nothing.")
    if batch is not None and (batch < 1 or batch != int(batch)):
        raise OutOfRangeError(f"{where}: batch {batch:g} is no whole number of images from 1 up.")
    return Price(price, default.start_usd if start is None else start, default.batch if batch is None else int(batch))


def _number(cell: Any, name: str, where: str) -> float | None:
    if cell is None or str(cell).strip() in ("", "nan", "<NA>"):
        return None
    try:
        number = float(cell)
    except ValueError as error:
        raise BadRowError(f"{where}: {name} is {cell!r}, not a number.") from error
    if not (math.isfinite(number) and number >= 0):
        raise OutOfRangeError(f"{where}: {name} is {number:g}; it must be 0 or more.")
    return number
