"""Write the tables of src/hf_regional/filtering/quality/data/: how languages are written, and how much a letter of each script says.

    apt-get download unicode-cldr-core && dpkg -x unicode-cldr-core_*.deb cldr
    python scripts/build_scripts.py cldr/usr/share/unicode/cldr/common

Languages and their scripts are CLDR's `languageData`; CLDR is under the Unicode licence, see NOTICE. The weight of a script is measured
on the embedded corpus emoji-world, where 1,846 pictures have a name in each language: letters of the English names over letters of the
names in that script. Run again on the same CLDR it writes the same bytes.
"""

import argparse
import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
from fontTools import unicodedata
from pyarrow import compute

from hf_regional.corpora.emoji_pictures import PARQUET

pc: Any = compute  # its functions are made at import, out of a type checker's sight

OUTPUT = Path(__file__).parents[1] / "src" / "hf_regional" / "filtering" / "quality" / "data"
# CLDR names the way a language is written; Unicode names what single characters belong to.
WRITINGS = {"Hans": ("Hani",), "Hant": ("Hani",), "Jpan": ("Hani", "Hira", "Kana"), "Kore": ("Hang", "Hani"), "Hrkt": ("Hira", "Kana")}
KANA = ("Hira", "Kana")
# The corpus's language of each script. Japanese comes last: its Han letters weigh what Chinese ones do, the rest falls on its kana.
MEASURED = (
    *((("Thai",), "th"), (("Laoo",), "lo"), (("Khmr",), "km"), (("Mymr",), "my"), (("Taml",), "ta"), (("Hani",), "zh")),
    *((("Hang",), "ko"), (("Arab",), "ar"), (("Deva",), "hi"), (("Cyrl",), "ru"), (KANA, "ja")),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cldr", type=Path, help="the folder `common` of CLDR")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    build(arguments.cldr, arguments.output)


def build(cldr: Path, output: Path) -> None:
    """Read CLDR's `supplementalData.xml` and the corpus, and write two CSV files into `output`."""
    languages = language_scripts(ElementTree.parse(cldr / "supplemental" / "supplementalData.xml").getroot())
    codes = sorted({code for written in languages.values() for code in written})
    classes = {code: name for code in codes if (name := class_of(code))}
    weights = measured_weights(names_by_language(), classes)
    output.mkdir(parents=True, exist_ok=True)
    write_csv(output / "scripts.csv", ("script", "class", "weight"), [(code, classes[code], weights.get(code, "")) for code in classes])
    rows = [(language, " ".join(code for code in written if code in classes)) for language, written in sorted(languages.items())]
    write_csv(output / "language_scripts.csv", ("language", "scripts"), [row for row in rows if row[1]])


def language_scripts(data: ElementTree.Element) -> dict[str, list[str]]:
    """Language -> the scripts that it is written in, by whomever."""
    found: dict[str, list[str]] = defaultdict(list)
    for entry in data.iterfind("languageData/language"):
        for writing in entry.get("scripts", "").split():
            found[entry.attrib["type"]].extend(WRITINGS.get(writing, (writing,)))
    return {language: list(dict.fromkeys(codes)) for language, codes in found.items()}


def class_of(code: str) -> str | None:
    """Unicode's name of a script, where Arrow's regular expressions know it."""
    try:
        name = unicodedata.script_name(code)
        pc.count_substring_regex(pa.array(["a"]), pattern=rf"\p{{{name}}}")
    except (KeyError, pa.ArrowInvalid):
        return None
    return name


def names_by_language() -> dict[str, dict[str, str]]:
    """Language -> picture -> its name."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in pq.read_table(PARQUET, columns=["picture", "texts"]).to_pylist():
        for text in row["texts"]:
            if text["kind"] == "name":
                found[text["language"]][row["picture"]] = text["text"]
    return found


def measured_weights(names: Mapping[str, Mapping[str, str]], classes: Mapping[str, str]) -> dict[str, str]:
    """Script -> English letters a letter of it: what the other scripts of the names do not account for, over its own letters."""
    weights = {"Latn": 1.0}
    for scripts, language in MEASURED:
        pictures = sorted(names[language].keys() & names["en"].keys())
        english = letters([names["en"][picture] for picture in pictures], classes).total()
        counted = letters([names[language][picture] for picture in pictures], classes)
        rest = english - sum(weights[script] * counted[script] for script in weights)
        own = sum(counted[script] for script in scripts)
        weights |= dict.fromkeys(scripts, rest / own)
        print(f"{language}: {len(pictures)} names, {english} English letters, {own} of {'+'.join(scripts)}")
    return {script: f"{weight:.2f}" for script, weight in weights.items()}


def letters(texts: Sequence[str], classes: Mapping[str, str]) -> Counter[str]:
    """Letters and marks of some texts, by script."""
    column = pa.array(texts)
    return Counter({code: pc.sum(pc.count_substring_regex(column, pattern=rf"\p{{{name}}}")).as_py() for code, name in classes.items()})


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
