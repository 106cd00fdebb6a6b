"""Write the tables of src/hf_regional/regions/data/ from an unpacked Unicode CLDR.

    apt-get download unicode-cldr-core && dpkg -x unicode-cldr-core_*.deb cldr
    python scripts/build_regions.py cldr/usr/share/unicode/cldr/common

Run again on the same CLDR it writes the same bytes. The hand-kept tables (`region_aliases.csv`, `country_aliases.csv`,
`language_aliases.csv`) are not touched. CLDR is under the Unicode licence, see NOTICE.
"""

import argparse
import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree

OUTPUT = Path(__file__).parents[1] / "src" / "hf_regional" / "regions" / "data"
LOCALES = (
    *("en", "id", "ms", "th", "vi", "my", "km", "lo", "fil", "ta", "zh", "jv"),
    *("az", "es", "fr", "de", "pt", "ru", "ja", "ko", "ar", "hi", "tr", "sw"),
)
# CLDR's own codes beside ISO 3166-1: no alpha-3 of the standard, or numbers from the private range.
PRIVATE_NUMERIC = 900
NATIONAL = {"official", "de_facto_official"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cldr", type=Path, help="the folder `common` of CLDR")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    build(arguments.cldr, arguments.output)


def build(cldr: Path, output: Path) -> None:
    """Read the folder `common` of a CLDR and write five CSV files and `source.json` into `output`."""
    data = ElementTree.parse(cldr / "supplemental" / "supplementalData.xml").getroot()
    metadata = ElementTree.parse(cldr / "supplemental" / "supplementalMetadata.xml").getroot()
    territory_names = {locale: names_in(cldr, locale, "territories") for locale in LOCALES}
    countries = iso_countries(data, cldr)
    groups = groups_of(data, countries)
    tables = {
        "countries.csv": (("alpha3", "alpha2", "numeric", "name", "aliases"), country_rows(countries, metadata, territory_names["en"])),
        "groups.csv": (("code", "name", "members"), group_rows(groups, territory_names["en"])),
        "languages.csv": (("language", "country", "speakers", "official"), speaker_rows(data, countries)),
        "language_codes.csv": (("alias", "language", "reason"), language_code_rows(cldr, metadata)),
        "names.csv": (("code", *LOCALES), name_rows(territory_names, countries, groups)),
    }
    output.mkdir(parents=True, exist_ok=True)
    for name, (header, rows) in tables.items():
        write_csv(output / name, header, rows)
    source = {"name": "Unicode CLDR", "version": cldr_version(cldr), "licence": "Unicode-DFS-2016", "left_out": left_out(data, countries)}
    (output / "source.json").write_text(json.dumps(source, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def cldr_version(cldr: Path) -> str:
    """Read the release, which CLDR writes only as a fixed attribute of its DTD."""
    dtd = (cldr / "dtd" / "ldmlSupplemental.dtd").read_text(encoding="utf-8")
    found = re.search(r'cldrVersion CDATA #FIXED "([\d.]+)"', dtd)
    if found is None:
        raise SystemExit(f"{cldr}: no cldrVersion in dtd/ldmlSupplemental.dtd. Is this the folder `common` of CLDR?")
    return found[1]


def iso_countries(data: ElementTree.Element, cldr: Path) -> dict[str, dict[str, str]]:
    """Alpha-2 -> {"alpha3", "numeric"} of the countries in force in ISO 3166-1."""
    regular = set(regular_regions(cldr))
    return {
        code.attrib["type"]: {"alpha3": code.attrib["alpha3"], "numeric": code.attrib["numeric"]}
        for code in data.iter("territoryCodes")
        if code.attrib["type"] in regular and 0 < int(code.get("numeric", "0")) < PRIVATE_NUMERIC
    }


def regular_regions(cldr: Path) -> Iterator[str]:
    """Expand CLDR's list of current codes, where `AC~G` stands for AC, AD, AE, AF, AG."""
    root = ElementTree.parse(cldr / "validity" / "region.xml").getroot()
    (text,) = [element.text or "" for element in root.iter("id") if element.get("idStatus") == "regular"]
    for token in text.split():
        first, _, last = token.partition("~")
        for letter in range(ord(first[-1]), ord(last or first[-1]) + 1):
            yield first[:-1] + chr(letter)


def names_in(cldr: Path, locale: str, kind: str) -> dict[str, list[str]]:
    """Code -> names in a locale, the plain one first, then CLDR's short and variant ones. `kind`: territories, languages."""
    root = ElementTree.parse(cldr / "main" / f"{locale}.xml").getroot()
    found: dict[str, list[str]] = defaultdict(list)
    for element in root.findall(f"localeDisplayNames/{kind}/*"):
        if element.text and element.text != "↑↑↑":  # the arrows say: as in the parent locale
            found[element.attrib["type"]].insert(0 if element.get("alt") is None else len(found[element.attrib["type"]]), element.text)
    return found


def groups_of(data: ElementTree.Element, countries: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    """Group code -> sorted alpha-3 members, all the way down. `grouping` groups count: they overlap M49's tree and are useful."""
    children: dict[str, list[str]] = defaultdict(list)
    for group in data.findall("territoryContainment/group"):
        # The grouping rows of 001, 002 and 019 repeat members that their own row reaches already.
        if group.get("status") is None:
            children[group.attrib["type"]] += group.attrib["contains"].split()

    def below(code: str) -> Iterator[str]:
        for child in children[code]:
            yield from below(child) if child in children else [child]

    return {
        code: members
        for code in sorted(children)
        if (members := sorted(countries[child]["alpha3"] for child in set(below(code)) & set(countries)))
    }


def country_rows(
    countries: dict[str, dict[str, str]], metadata: ElementTree.Element, english: dict[str, list[str]]
) -> Iterator[tuple[str, ...]]:
    """One row a country; aliases are CLDR's other English names and the codes that were withdrawn in favour of it."""
    former: dict[str, list[str]] = defaultdict(list)
    for alias in metadata.iter("territoryAlias"):
        former[alias.attrib["replacement"]].append(alias.attrib["type"])
    for alpha2, codes in sorted(countries.items(), key=lambda item: item[1]["alpha3"]):
        current = {alpha2, codes["alpha3"], codes["numeric"]}
        aliases = [*english[alpha2][1:], *sorted(set(former[alpha2]) - current)]
        yield codes["alpha3"], alpha2, codes["numeric"], english[alpha2][0], "|".join(aliases)


def group_rows(groups: dict[str, list[str]], english: dict[str, list[str]]) -> Iterator[tuple[str, ...]]:
    for code, members in groups.items():
        yield code, english[code][0], " ".join(members)


def speaker_rows(data: ElementTree.Element, countries: dict[str, dict[str, str]]) -> list[tuple[str, ...]]:
    """One row a language and country: people = population x percentage; official: national, regional, or neither."""
    rows: list[tuple[str, ...]] = []
    for territory in data.findall("territoryInfo/territory"):
        if territory.attrib["type"] in countries:
            alpha3 = countries[territory.attrib["type"]]["alpha3"]
            rows += ((language, alpha3, *facts) for language, facts in spoken_in(territory).items())
    return sorted(rows)


def spoken_in(territory: ElementTree.Element) -> dict[str, tuple[str, str]]:
    """Language -> (people, official) in one territory; the scripts of a language (`ms`, `ms_Arab`) are one language."""
    entries: dict[str, list[ElementTree.Element]] = defaultdict(list)
    for entry in territory.iter("languagePopulation"):
        entries[entry.attrib["type"].split("_")[0]].append(entry)
    population, spoken = float(territory.attrib["population"]), {}
    for language, variants in entries.items():
        # Distinct figures are different people (uz 85 %, uz_Cyrl 15 %), equal ones the same people with two scripts (sr, sr_Latn 99 %).
        percent = min(100.0, sum({float(variant.attrib["populationPercent"]) for variant in variants}))
        people = round(population * percent / 100)
        if people:
            spoken[language] = str(people), officiality({variant.get("officialStatus") for variant in variants})
    return spoken


def officiality(statuses: set[str | None]) -> str:
    if statuses & NATIONAL:
        return "national"
    return "regional" if statuses - {None} else ""


def language_code_rows(cldr: Path, metadata: ElementTree.Element) -> list[tuple[str, ...]]:
    """Alias -> CLDR's code: ISO 639-2/3 and withdrawn codes with CLDR's reason, and English names."""
    rows = [
        (alias.attrib["type"], alias.attrib["replacement"].split("_")[0], alias.attrib["reason"])
        for alias in metadata.iter("languageAlias")
        if re.fullmatch("[a-z]{2,3}", alias.attrib["type"])
    ]
    for code, names in names_in(cldr, "en", "languages").items():
        if re.fullmatch("[a-z]{2,3}", code):
            rows += [(name, code, "name" if position == 0 else "variant") for position, name in enumerate(dict.fromkeys(names))]
    return sorted(rows)


def name_rows(
    names: dict[str, dict[str, list[str]]], countries: dict[str, dict[str, str]], groups: dict[str, list[str]]
) -> Iterator[tuple[str, ...]]:
    """One row a country (alpha-3) or group, one column a locale; empty where the locale has no name of its own."""
    keys = chain(((codes["alpha3"], alpha2) for alpha2, codes in countries.items()), ((code, code) for code in groups))
    for code, key in sorted(keys):
        yield code, *(names[locale].get(key, [""])[0] for locale in LOCALES)


def left_out(data: ElementTree.Element, countries: dict[str, dict[str, str]]) -> list[str]:
    """Territories with a population in CLDR that ISO 3166-1 does not list: their speakers are counted nowhere."""
    return sorted({territory.attrib["type"] for territory in data.findall("territoryInfo/territory")} - set(countries))


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
