"""Words: what every source gives and how two spellings are compared."""

import unicodedata
from dataclasses import dataclass, replace

from hf_regional.regions.folding import fold

# P(country | word) by what the word is, before its homonyms are counted. A country's name says where, a dish is eaten elsewhere too.
SURE = {
    "country": 0.95,
    "capital": 0.95,
    "province": 0.9,
    "landmark": 0.95,
    "city": 0.9,
    "demonym": 0.85,
    "former": 0.9,
    "culture": 0.75,
    "dish": 0.75,
    "language-name": 0.6,
}
ORDER = tuple(SURE)  # of one word that is several things in a country, the first is kept
_STROKED = str.maketrans("đĐøØłŁıħĦ", "dDoOlLihH")  # letters that Unicode does not take apart


@dataclass(frozen=True, slots=True)
class Word:
    """One spelling and one country; `weight` is P(country | word alone), in (0, 1]."""

    text: str
    country: str
    category: str
    language: str
    weight: float


def word(text: str, country: str, category: str, language: str = "", weight: float | None = None) -> Word:
    """Make a word, its spelling composed and trimmed, its weight that of its category unless one is given."""
    return Word(tidy(text), country, category, language, SURE[category] if weight is None else weight)


def tidy(text: str) -> str:
    """NFC, without the zero-width spaces that CLDR writes between Khmer words, and single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).replace("\u200b", "").replace("\u200e", "").replace("\u200f", "").split())


def key(text: str) -> str:
    """The spelling by which words are compared: no case, diacritics, punctuation, and "Đà Nẵng" as "da nang"."""
    return fold(text.translate(_STROKED))


def lighter(one: Word, factor: float) -> Word:
    """The same word, believed less."""
    return replace(one, weight=one.weight * factor)
