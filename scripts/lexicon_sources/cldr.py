"""CLDR, through babel: a list of locales in; names of countries, of languages and of the cities of time zones out."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from babel import Locale  # pyright: ignore[reportMissingImports]  # as the two below, wanted only to build the lexicon
from babel.core import get_global  # pyright: ignore[reportMissingImports]
from babel.localedata import locale_identifiers  # pyright: ignore[reportMissingImports]

from hf_regional.regions.languages import countries_of_language
from lexicon_sources.words import SURE, Word, word

# Zones named after no city of theirs, or after its old name; CLDR keeps the identifiers for ever.
OLD_ZONES = {"Saigon": "Ho Chi Minh City", "Rangoon": "Yangon", "Calcutta": "Kolkata", "Katmandu": "Kathmandu", "Kiev": "Kyiv"}
SECOND_NAMES = {"Burma", "Miến Điện", "พม่า", "ភូមា", "ເບີມາ", "பர்மா", "Birmania", "Birmanie", "Birma", "Birmânia", "Бирма", "Islas Malvinas"}
_BRACKETED = re.compile(r"\s*(.+?)\s*[(（](.+?)[)）]\s*")
_SPOKEN_MOSTLY = 0.5  # a language tells a country only where half its speakers live


def country_words(locales: Sequence[str], alpha3: Mapping[str, str]) -> Iterator[Word]:
    """Names of the countries in every locale; "Myanmar (Burma)" is two names. A name that is two countries' in a locale is left out."""
    for locale in locales:
        names = Locale.parse(locale).territories
        spelt = [(name, alpha3[code]) for code in alpha3 for name in unbracketed(str(names.get(code, "")))]
        meanings = Counter(name for name, _ in set(spelt))
        yield from (word(name, country, "country", language_of(locale)) for name, country in dict.fromkeys(spelt) if meanings[name] == 1)


def unbracketed(name: str) -> list[str]:
    """Names in a name with brackets: what stands before, and inside where that is a second name and no remark ("SAR China")."""
    found = _BRACKETED.fullmatch(name)
    if found is None:
        return [name] if name else []
    before, inside = found.groups()
    return [before, inside] if inside in SECOND_NAMES else [before]


def language_words(locales: Sequence[str], languages: Iterable[str]) -> Iterator[Word]:
    """Names of languages, for those countries where most of their speakers live."""
    for language in languages:
        shares = {country: share for country, share in (countries_of_language(language) or {}).items() if share >= _SPOKEN_MOSTLY}
        for locale in locales:
            name = Locale.parse(locale).languages.get(language)
            if name:
                yield from (
                    word(str(name), country, "language-name", language_of(locale), SURE["language-name"] * share)
                    for country, share in shares.items()
                )


def city_words(locales: Sequence[str], alpha3: Mapping[str, str], cities: Mapping[tuple[str, str], str]) -> Iterator[Word]:
    """Names of the cities after which time zones are called, in every locale. `cities`: (English name, alpha-2) -> category."""
    for zone, code in sorted(zone_countries().items()):
        last = zone.rpartition("/")[2].replace("_", " ")
        category = cities.get((OLD_ZONES.get(last, last), code))
        for locale in locales if category and code in alpha3 else ():
            name = Locale.parse(locale).time_zones.get(zone, {}).get("city")
            if name:
                yield word(str(name), alpha3[code], category or "city", language_of(locale))


@cache
def zone_countries() -> dict[str, str]:
    """Time zone -> alpha-2."""
    return dict(get_global("zone_territories"))


def language_of(locale: str) -> str:
    """The language of a locale: zh of zh_Hant."""
    return locale.partition("_")[0]


def is_locale(identifier: str) -> bool:
    """Whether CLDR has names in a locale."""
    return identifier in _identifiers()


@cache
def _identifiers() -> frozenset[str]:
    return frozenset(locale_identifiers())
