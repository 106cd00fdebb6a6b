"""Places: countries as a table names them in; their codes, regions, incomes and distances out."""

import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from hf_regional.errors import ConfigError
from hf_regional.regions import country_code, distance_km
from hf_regional.regions.groups import group_members
from hf_regional.regions.tables import table

T = TypeVar("T")
_QUARTERS: Final = ("1 lowest quarter", "2", "3", "4 highest quarter")


def region_of(countries: Iterable[str]) -> dict[str, str]:
    """The sub-region of UN M49 of each country that can be read: the smallest numbered group that holds it.

    >>> region_of(["IDN", "Kenya", "Atlantis"])
    {'IDN': 'Southeast Asia', 'Kenya': 'Eastern Africa'}
    """
    codes = {name: country_code(name) for name in countries}
    return {name: _sub_regions()[code] for name, code in codes.items() if code in _sub_regions()}


def matched(given: Mapping[str, T], countries: Iterable[str]) -> dict[str, T]:
    """What is given by country for some countries, which may be spelt another way ("Kenya" for "KEN")."""
    by_code = {country_code(name): value for name, value in given.items()}
    by_code.pop(None, None)
    found: dict[str, T] = {}
    for name in countries:
        code = country_code(name)
        if name in given:
            found[name] = given[name]
        elif code in by_code:
            found[name] = by_code[code]
    return found


def income_numbers(incomes: Mapping[str, float | str], countries: Iterable[str]) -> dict[str, float]:
    """Incomes of some countries, above 0, without those that are NaN.

    Raises:
        ConfigError: one is no number above 0.
    """
    found = matched(incomes, countries)
    for name, value in found.items():
        if not isinstance(value, (int, float, np.number)) or value <= 0:
            raise ConfigError(f"incomes: {name!r} has {value!r}, and a number above 0 is expected.", "incomes")
    return {name: float(value) for name, value in found.items() if not math.isnan(float(value))}


def income_groups(incomes: Mapping[str, float | str], countries: Iterable[str]) -> dict[str, str]:
    """The income group of each country: as it is named, or, where incomes are numbers, the quarter of these countries that it lies in.

    >>> income_groups({"BDI": 30, "KEN": 200, "IDN": 500, "USA": 3000}, ["BDI", "USA", "IDN", "Kenya"])["Kenya"]
    '2'

    Raises:
        ConfigError: some are numbers and some are names, or a number is not above 0.
    """
    given = matched(incomes, dict.fromkeys(countries))
    named = {name: value for name, value in given.items() if isinstance(value, str)}
    if len(named) == len(given):
        return named
    if named:
        raise ConfigError(
            f"incomes: some are numbers, and {next(iter(named))!r} has {next(iter(named.values()))!r}. Give one kind.", "incomes"
        )
    numbers = income_numbers(given, given)
    ordered = sorted(numbers.values())
    return {name: _QUARTERS[min(3, 4 * ordered.index(value) // len(ordered))] for name, value in numbers.items()}


def distances_km(countries: Iterable[str]) -> npt.NDArray[np.float64]:
    """Kilometres between the middles of every two countries, (c, c); NaN where a name cannot be read."""
    codes = [country_code(name) for name in countries]
    out = np.full((len(codes), len(codes)), np.nan)
    for i, a in enumerate(codes):
        for j, b in enumerate(codes[:i]):
            if a is not None and b is not None:
                out[i, j] = out[j, i] = distance_km(a, b)
        out[i, i] = 0.0
    return out


@cache
def _sub_regions() -> dict[str, str]:
    names = {row["code"]: row["name"] for row in table("groups.csv")}
    groups = sorted(((code, members) for code, members in group_members().items() if code.isdigit()), key=lambda each: -len(each[1]))
    return {country: names[code] for code, members in groups for country in members}
