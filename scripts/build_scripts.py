"""Write the tables of src/hf_regional/filtering/quality/data/: how languages are written, and how much a letter of each script says.

    apt-get download unicode-cldr-core unicode-data
    for package in unicode-*.deb; do dpkg -x "$package" unicode; done
    python scripts/build_scripts.py unicode/usr/share/unicode

Languages and their scripts are CLDR's `languageData`, letters and their scripts the Unicode Character Database; both are under the
Unicode licence, see NOTICE. The weight of a script is measured on the embedded corpus emoji-world, where 1,846 pictures have a name in
each language: letters of the English names over letters of the names in that script. Run again on the same packages it writes the same
bytes.
"""

import argparse
import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import pyarrow.parquet as pq

from hf_regional.corpora.emoji_pictures import PARQUET

OUTPUT = Path(__file__).parents[1] / "src" / "hf_regional" / "filtering" / "quality" / "data"
# CLDR names the way a language is written; Unicode names what single characters belong to.
WRITINGS = {"Hans": ("Hani",), "Hant": ("Hani",), "Jpan": ("Hani", "Hira", "Kana"), "Kore": ("Hang", "Hani"), "Hrkt": ("Hira", "Kana")}
SHARED = frozenset({"Zyyy", "Zinh"})  # what several scripts use
DIGIT, OTHER = "Zyyy", "Zzzz"
KANA = ("Hira", "Kana")
# The corpus's language of each script. Japanese comes last: its Han letters weigh what Chinese ones do, the rest falls on its kana.
MEASURED = (
    *((("Thai",), "th"), (("Laoo",), "lo"), (("Khmr",), "km"), (("Mymr",), "my"), (("Taml",), "ta"), (("Hani",), "zh")),
    *((("Hang",), "ko"), (("Arab",), "ar"), (("Deva",), "hi"), (("Cyrl",), "ru"), (KANA, "ja")),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("unicode", type=Path, help="usr/share/unicode of both packages")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    build(arguments.unicode, arguments.output)


def build(unicode: Path, output: Path) -> None:
    """Read CLDR's `supplementalData.xml`, Unicode's scripts and the corpus, and write three CSV files into `output`."""
    languages = language_scripts(ElementTree.parse(unicode / "cldr" / "common" / "supplemental" / "supplementalData.xml").getroot())
    ranges = letter_ranges(unicode, {code for written in languages.values() for code in written})
    known = sorted({script for _, _, script in ranges})
    output.mkdir(parents=True, exist_ok=True)
    write_csv(output / "letters.csv", ("first", "last", "script"), [(f"{first:X}", f"{last:X}", script) for first, last, script in ranges])
    rows = [(language, " ".join(code for code in written if code in known)) for language, written in sorted(languages.items())]
    write_csv(output / "language_scripts.csv", ("language", "scripts"), [row for row in rows if row[1]])
    weights = measured_weights(names_by_language(), ranges)
    write_csv(output / "script_weights.csv", ("script", "weight"), sorted(weights.items()))


def language_scripts(data: ElementTree.Element) -> dict[str, list[str]]:
    """Language -> the scripts that it is written in, by whomever."""
    found: dict[str, list[str]] = defaultdict(list)
    for entry in data.iterfind("languageData/language"):
        for writing in entry.get("scripts", "").split():
            found[entry.attrib["type"]].extend(WRITINGS.get(writing, (writing,)))
    return {language: list(dict.fromkeys(codes)) for language, codes in found.items()}


def letter_ranges(unicode: Path, known: Container[str]) -> list[tuple[int, int, str]]:
    """(first, last, script) of all letters, of the marks that belong to a script, and of digits."""
    codes = {name: code for _, code, name, *_ in fields_of(unicode / "PropertyValueAliases.txt", "sc")}
    scripts: list[str | None] = [None] * (sys.maxunicode + 1)
    for first, last, script, category in properties(unicode / "Scripts.txt"):
        scripts[first : last + 1] = [letter_script(codes[script], category, known)] * (last + 1 - first)
    for first, last, users, category in properties(unicode / "ScriptExtensions.txt"):
        for point in range(first, last + 1):  # letters that several scripts share, such as the long sound of both kanas
            if scripts[point] == OTHER and category[0] == "L":
                scripts[point] = letter_script(min(users.split()), category, known)
    ends = [point for point in range(1, len(scripts) + 1) if point == len(scripts) or scripts[point] != scripts[point - 1]]
    return [(first, end - 1, script) for first, end in zip([0, *ends], ends, strict=False) if (script := scripts[first])]


def letter_script(script: str, category: str, known: Container[str]) -> str | None:
    """What a character counts as: digits of any script as "Zyyy", letters that no living language is written in as "Zzzz".

    None for what is no letter, and for accents: with or without them composed, a text is as long.
    """
    if category == "Nd":
        return DIGIT
    if category[0] not in "LM" or (category[0] == "M" and script in SHARED):
        return None
    return script if script in known else OTHER


def properties(file: Path) -> Iterator[tuple[int, int, str, str]]:
    """(first, last, value, general category) of each line of a file of the Unicode Character Database."""
    for points, value, category in fields_of(file):
        first, _, last = points.partition("..")
        yield int(first, 16), int(last or first, 16), value, category[:2]


def fields_of(file: Path, kind: str = "") -> Iterator[list[str]]:
    """The fields of each line that begins with `kind`, its comment the last of them."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith(kind) and not line.startswith("#") and ";" in line:
            yield [field.strip() for field in line.replace("#", ";", 1).split(";")]


def names_by_language() -> dict[str, dict[str, str]]:
    """Language -> picture -> its name."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in pq.read_table(PARQUET, columns=["picture", "texts"]).to_pylist():
        for text in row["texts"]:
            if text["kind"] == "name":
                found[text["language"]][row["picture"]] = text["text"]
    return found


def measured_weights(names: Mapping[str, Mapping[str, str]], ranges: Sequence[tuple[int, int, str]]) -> dict[str, str]:
    """Script -> English letters a letter of it: what the other scripts of the names do not account for, over its own letters."""
    scripts_of = {chr(point): script for first, last, script in ranges for point in range(first, last + 1)}
    weights = {"Latn": 1.0, DIGIT: 1.0}
    for scripts, language in MEASURED:
        pictures = sorted(names[language].keys() & names["en"].keys())
        english = letters([names["en"][picture] for picture in pictures], scripts_of).total()
        counted = letters([names[language][picture] for picture in pictures], scripts_of)
        rest = english - sum(weights[script] * counted[script] for script in weights)
        own = sum(counted[script] for script in scripts)
        weights |= dict.fromkeys(scripts, rest / own)
        print(f"{language}: {len(pictures)} names, {english} English letters, {own} of {'+'.join(scripts)}")
    return {script: f"{weight:.2f}" for script, weight in weights.items() if weight != 1}


def letters(texts: Iterable[str], scripts_of: Mapping[str, str]) -> Counter[str]:
    """Letters, marks and digits of some texts, by script."""
    return Counter(scripts_of[character] for text in texts for character in text if character in scripts_of)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
