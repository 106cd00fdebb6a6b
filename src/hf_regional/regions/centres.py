"""Centres: countries in; how far apart their middles are, in kilometres, out.

The middle of a country is the centroid of its area on the sphere, from Natural Earth's outlines by `scripts/build_centres.py`. Nobody may
live there, and of a country of many islands it may be the sea.
"""

import math
from functools import cache
from typing import Final

from hf_regional.errors import UnknownNameError
from hf_regional.regions.tables import table

RADIUS_KM: Final = 6371.0  # of a sphere of the earth's volume


def centre(country: str) -> tuple[float, float] | None:
    """Latitude and longitude, in degrees, of the middle of a country; None where it has no outline.

    >>> centre("CZE")
    (49.73, 15.33)
    """
    return _centres().get(country)


def distance_km(a: str, b: str) -> float:
    """Great-circle distance between the middles of two countries, in km, by the haversine formula.

    Args:
        a: ISO 3166-1 alpha-3 code.
        b: the other's.

    Raises:
        UnknownNameError: a country has no outline, or the text is no code.

    >>> round(distance_km("SGP", "MYS"), -2)
    700.0
    """
    (high_a, wide_a), (high_b, wide_b) = (map(math.radians, _required(code)) for code in (a, b))
    half = math.sin((high_a - high_b) / 2) ** 2 + math.cos(high_a) * math.cos(high_b) * math.sin((wide_a - wide_b) / 2) ** 2
    return 2 * RADIUS_KM * math.asin(math.sqrt(min(1.0, half)))


def _required(code: str) -> tuple[float, float]:
    found = centre(code)
    if found is None:
        raise UnknownNameError(f"no middle is known of {code!r}. Give the alpha-3 code of a country with an outline, such as 'IDN'.")
    return found


@cache
def _centres() -> dict[str, tuple[float, float]]:
    return {row["alpha3"]: (float(row["latitude"]), float(row["longitude"])) for row in table("centres.csv")}
