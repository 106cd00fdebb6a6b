import math

import pytest

from hf_regional.errors import UnknownNameError
from hf_regional.regions import distance_km
from hf_regional.regions.centres import centre
from hf_regional.regions.countries import countries


@pytest.mark.parametrize(
    ("code", "latitude", "longitude"), [("KEN", 0.5, 37.9), ("FJI", -17.8, 178.0), ("USA", 45, -103), ("VAT", 41.9, 12.45)]
)
def test_the_middle_of_a_country_is_where_the_atlas_has_it(code, latitude, longitude):
    """To within a degree, on either side of the antimeridian and for the smallest country."""
    high, wide = centre(code)
    assert (high, wide) == pytest.approx((latitude, longitude), abs=1.0)


def test_every_country_has_a_middle_on_the_globe():
    for code in countries():
        high, wide = centre(code)
        assert -90 <= high <= 90
        assert -180 <= wide <= 180


def test_distance_is_the_angle_between_two_directions():
    for a, b in (("IDN", "KEN"), ("FJI", "WSM"), ("NZL", "ESP")):
        x, y = (
            [math.cos(h) * math.cos(w), math.cos(h) * math.sin(w), math.sin(h)] for h, w in (map(math.radians, centre(c)) for c in (a, b))
        )
        angle = math.acos(sum(p * q for p, q in zip(x, y, strict=True)))
        assert distance_km(a, b) == pytest.approx(6371 * angle)
        assert distance_km(a, b) == distance_km(b, a)
    assert distance_km("FJI", "WSM") < 1200  # over the antimeridian, not round the world


def test_a_country_is_no_distance_from_itself():
    assert distance_km("IDN", "IDN") == 0


def test_what_is_no_code_is_named():
    with pytest.raises(UnknownNameError, match="'Indonesia'"):
        distance_km("Indonesia", "KEN")
