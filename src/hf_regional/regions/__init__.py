"""Regions: names, codes and languages in; sets of countries, names in 24 languages, distances and the globalization factor α out.

Region("SEA").countries                        # frozenset of 11 ISO 3166-1 alpha-3 codes
Region("SEA").share_of_language("ms")          # P(region | language), from the populations in CLDR
alpha("KOFGI_2025.xlsx", Region("SEA"), year=2023).value
"""

from hf_regional.regions.centres import distance_km as distance_km
from hf_regional.regions.countries import country_code as country_code
from hf_regional.regions.countries import country_name as country_name
from hf_regional.regions.globalization import Alpha as Alpha
from hf_regional.regions.globalization import alpha as alpha
from hf_regional.regions.languages import countries_of_language as countries_of_language
from hf_regional.regions.languages import language_code as language_code
from hf_regional.regions.languages import language_name as language_name
from hf_regional.regions.region import Region as Region

__all__ = [
    "Alpha",
    "Region",
    "alpha",
    "countries_of_language",
    "country_code",
    "country_name",
    "distance_km",
    "language_code",
    "language_name",
]
