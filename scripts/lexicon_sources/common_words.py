"""Words of everyday: names of cities in; how far each may be believed, given how often people write that word at all, out.

Frequencies are wordfreq's (Zipf scale: 3 is once in a million words). They only filter; none of them is written anywhere.
"""

import math
from collections.abc import Collection, Sequence
from functools import cache

from wordfreq import get_frequency_dict  # pyright: ignore[reportMissingImports]  # wanted only to build the lexicon

from lexicon_sources.words import key

LATIN = ("en", "id", "ms", "fil", "vi", "fr", "es", "de", "pt", "it", "nl")
BY_LANGUAGE = {"zh": ("zh", "ja"), "ja": ("ja",), "ko": ("ko",), "ar": ("ar",), "ru": ("ru",), "ta": ("ta",), "hi": ("hi",), "": LATIN}
# A town of 50 thousand people may be written with a Zipf of 3.4, London's 9 million with 5.7, and more often at home.
_EXPECTED, _AT_HOME, _AT_HOME_IN_LATIN = 1.3, 0.8, 1.3
_DOUBTFUL = 0.6
_BELIEF_IN_DOUBT = 0.4
_ZIPF_OF_1 = 9.0  # of a word that is all there is


def belief(name: str, language: str, population: int, at_home: Collection[str]) -> float:
    """1 for a name that is written about as often as a city of its size, 0.4 for one written more often, 0 for a common word."""
    usual = math.log10(max(population, 1)) - _EXPECTED
    excess = frequency(name, language, at_home) - usual
    if excess <= 0:
        return 1.0
    return _BELIEF_IN_DOUBT if excess <= _DOUBTFUL else 0.0


def frequency(name: str, language: str, at_home: Collection[str] = ()) -> float:
    """The Zipf frequency of a spelling where it is most common, diacritics aside, less in the languages of its home; 0 if unknown.

    Several words are as frequent as if they met by chance: "la gi" is common in Vietnamese, "kota kinabalu" nowhere.
    """
    words, less = key(name).split(), _AT_HOME if language else _AT_HOME_IN_LATIN
    return max((_joint(words, one) - less * (one in at_home) for one in BY_LANGUAGE.get(language, ())), default=0.0)


def _joint(words: Sequence[str], language: str) -> float:
    found = [_zipf(language).get(one, 0.0) for one in words]
    return sum(one - _ZIPF_OF_1 for one in found) + _ZIPF_OF_1 if found and all(found) else 0.0


@cache
def _zipf(language: str) -> dict[str, float]:
    totals: dict[str, float] = {}
    for spelling, share in get_frequency_dict(language, "best").items():
        folded = spelling if spelling.isascii() else key(spelling)
        totals[folded] = totals.get(folded, 0.0) + share
    return {spelling: math.log10(share) + _ZIPF_OF_1 for spelling, share in totals.items()}
