"""Words of everyday: names of cities in; how far each may be believed, given how often people write that word at all, out.

Frequencies are wordfreq's (Zipf scale: 3 is once in a million words). They only filter; none of them is written anywhere.
"""

import math
from functools import cache

from wordfreq import get_frequency_dict

from lexicon_sources.words import key

LATIN = ("en", "id", "ms", "fil", "vi", "fr", "es", "de", "pt", "it", "nl")
BY_LANGUAGE = {"zh": ("zh", "ja"), "ja": ("ja",), "ko": ("ko",), "ar": ("ar",), "ru": ("ru",), "ta": ("ta",), "hi": ("hi",), "": LATIN}
# London (9 million people) is written with a Zipf of 5.2; a town of 50 thousand with 3.7 or so in its own language.
_EXPECTED = 1.3
_DOUBTFUL = 0.6


def belief(name: str, language: str, population: int) -> float:
    """1 for a name that is written about as often as a city of its size, 0.4 for one written more often, 0 for a common word."""
    excess = frequency(name, language) - (math.log10(max(population, 1)) - _EXPECTED)
    if excess <= 0:
        return 1.0
    return 0.4 if excess <= _DOUBTFUL else 0.0


def frequency(name: str, language: str) -> float:
    """The Zipf frequency of a spelling where it is most common, diacritics aside; 0 for more than one word."""
    spelling = key(name)
    return max((_zipf(one).get(spelling, 0.0) for one in BY_LANGUAGE.get(language, ())), default=0.0)


@cache
def _zipf(language: str) -> dict[str, float]:
    totals: dict[str, float] = {}
    for spelling, share in get_frequency_dict(language, "best").items():
        totals[key(spelling)] = totals.get(key(spelling), 0.0) + share
    return {spelling: math.log10(share) + 9 for spelling, share in totals.items()}
