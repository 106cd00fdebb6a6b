"""The hand-kept tables: CSV files in; words, and what is known of single words, out."""

import csv
from collections.abc import Iterator
from pathlib import Path

from lexicon_sources.words import Word, word


def table_words(folder: Path) -> Iterator[Word]:
    """Words of every table but `words.csv`; without a weight of its own a word has that of its category."""
    for path in sorted(folder.glob("*.csv")):
        if path.name != "words.csv":
            for row in read_table(path):
                weight = float(row["weight"]) if row["weight"] else None
                yield word(row["text"], row["country"], row["category"], row["language"], weight)


def read_table(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
