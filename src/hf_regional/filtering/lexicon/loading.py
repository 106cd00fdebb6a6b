"""Loading: the compressed table of place words and the user's own in; one record of equally long columns out."""

import lzma
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from hf_regional.errors import ConfigError, UnknownNameError
from hf_regional.filtering.lexicon.extra import Row, read_extra
from hf_regional.regions.folding import fold
from hf_regional.regions.languages import language_code

FILE: Final = "terms.tsv.xz"


@dataclass(frozen=True, slots=True)
class Terms:
    """n place words, sorted by text. A word of several countries, or of several languages, has a row for each.

    Attributes:
        text: display spelling, NFC, at least two characters.
        country: ISO 3166-1 alpha-3.
        category: one of `CATEGORIES`.
        language: code of the language that writes it so, or "" where no single one does.
        weight: P(country | the word stands alone in a caption), in (0, 1]; below 0.5 the word says little by itself.
    """

    text: list[str]
    country: list[str]
    category: list[str]
    language: list[str]
    weight: list[float]

    def __len__(self) -> int:
        return len(self.text)


def load_terms(languages: Collection[str] | None = None, extra: Mapping[str, str] | str | Path | tuple[Row, ...] | None = None) -> Terms:
    """Load the lexicon, all of it or the words of some languages, with terms of the user's own.

    Args:
        languages: codes or names of languages ("th", "tha", "Thai"); words without a language always come along. None: all.
        extra: term -> country as people write it ("Indonesia", "id"), or a CSV file with the columns text and country, and, where
            wanted, category ("culture" without), language and weight (1 without). A term replaces the lexicon's rows of the same
            word, whatever its case and diacritics.

    Raises:
        UnknownNameError: a language or a country that nobody knows.
        ConfigError: `languages` is one string.
        MissingFileError, MissingColumnError, BadRowError: the file of `extra` is not there, lacks a column, or has a bad row.

    >>> terms = load_terms(extra={"Kampung Naga": "Indonesia"})
    >>> place = terms.text.index("Kampung Naga")
    >>> terms.country[place], terms.category[place], terms.weight[place]
    ('IDN', 'culture', 1.0)
    """
    rows: Iterable[Row] = _shipped()
    if languages is not None:
        wanted = {"", *_codes(languages)}
        rows = [row for row in rows if row[3] in wanted]
    if extra is not None:
        own = read_extra(extra)
        replaced = {fold(row[0]) for row in own}
        rows = sorted([*(row for row in rows if fold(row[0]) not in replaced), *own])
    text, country, category, language, weight = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    return Terms([*text], [*country], [*category], [*language], [*weight])


@cache
def _shipped() -> tuple[Row, ...]:
    packed = files("hf_regional.filtering.lexicon").joinpath(FILE).read_bytes()
    lines = lzma.decompress(packed).decode("utf-8").splitlines()[1:]
    return tuple(
        (text, country, category, language, float(weight))
        for text, country, category, language, weight in (line.split("\t") for line in lines)
    )


def _codes(languages: Collection[str]) -> list[str]:
    if isinstance(languages, str):
        raise ConfigError(f"languages={languages!r}: a list of languages is expected, as in languages=[{languages!r}].")
    codes = {language: language_code(language) for language in languages}
    for language, code in codes.items():
        if code is None:
            raise UnknownNameError(f"no language {language!r}. ISO 639 codes and English names are known.")
    return [code for code in codes.values() if code]
