"""Languages: any code or English name in; CLDR's code, where its speakers live, and where it is official, out.

    P(country | language) = speakers in the country / speakers in all 249 countries,  speakers = population x percentage in CLDR

CLDR counts second-language speakers, to a country's own standard: a share is evidence about where a text may be from, not a census.
"""

import math
import re
from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from hf_regional.regions.folding import fold, read_bracketed
from hf_regional.regions.tables import table

_TAG: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{2,8})*")


def language_code(text: str) -> str | None:
    """CLDR's code for a language given as ISO 639-1, 639-2 or 639-3 code, tag with a script or country, or English name.

    Macrolanguages swallow their main member (zsm is ms, cmn is zh) and withdrawn codes give way (in is id, tl is fil). None
    where the text names no language; where a text is both, a code wins over a name ("Ga" is ga, Irish).

    >>> [language_code(text) for text in ("ind", "in", "tgl", "zlm", "zho_Hans", "Filipino (fil)", "Myanmar (mm)", "Klingonese")]
    ['id', 'id', 'fil', 'ms', 'zh', 'fil', 'my', None]
    """
    return _language_code(text.strip())


def language_name(code: str) -> str | None:
    """Name a language in English, or None where CLDR has no name.

    >>> language_name("ind"), language_name("my")
    ('Indonesian', 'Burmese')
    """
    return _english().get(language_code(code) or "")


def countries_of_language(language: str) -> Mapping[str, float] | None:
    """P(country | language) by alpha-3 code, summing to 1, most speakers first; None for a language without figures."""
    return _shares().get(language_code(language) or "")


def share_in(countries: Collection[str], language: str) -> float | None:
    """P(region | language) in [0, 1]: the share of a language's speakers who live in these countries (alpha-3).

    >>> round(share_in({"IDN", "MYS"}, "ms"), 3)
    0.965
    """
    shares = countries_of_language(language)
    return None if shares is None else min(1.0, math.fsum(share for country, share in shares.items() if country in countries))


def languages_in(countries: Collection[str], at_least: float = 0.5) -> tuple[str, ...]:
    """Codes, sorted, of the languages with P(region | language) >= `at_least`."""
    return tuple(sorted(code for code in _speakers() if (share_in(countries, code) or 0.0) >= at_least))


def homes_of_language(language: str, at_least: float = 0.05) -> frozenset[str]:
    """Countries where a language is official nationwide or where `at_least` of its speakers live; empty without figures.

    Official is CLDR's `official` and `de_facto_official`; a province's official language (`official_regional`) is not enough.

    >>> sorted(homes_of_language("az"))
    ['AZE', 'IRN']
    """
    shares = countries_of_language(language) or {}
    return frozenset(country for country, share in shares.items() if share >= at_least) | _official().get(
        language_code(language) or "", frozenset()
    )


@cache
def known_languages() -> frozenset[str]:
    """Every code, alias and English name that `language_code` reads."""
    return frozenset(_speakers()) | frozenset(
        row["alias"] for name in ("language_codes.csv", "language_aliases.csv") for row in table(name)
    )


@lru_cache(maxsize=4096)
def _language_code(text: str) -> str | None:
    return read_bracketed(text, _one_reading)


def _one_reading(text: str) -> str | None:
    tag = _TAG.fullmatch(text)
    code = tag[1].lower() if tag else ""
    found = code if code in _speakers() else _aliases().get(code) or _aliases().get(fold(text))
    # A name may lead to a code that is itself an alias: Tagalog -> tl -> fil.
    return _aliases().get(found, found) if found else None


@cache
def _aliases() -> dict[str, str]:
    """Folded code or name -> code; hand-kept rows win."""
    built = table("language_codes.csv")
    names = {fold(row["alias"]): row["language"] for row in built if row["reason"] in {"name", "variant"}}
    own_codes = {row["language"]: row["language"] for row in built}
    codes = {row["alias"]: row["language"] for row in built if row["reason"] not in {"name", "variant"}}
    return names | own_codes | codes | {fold(row["alias"]): row["language"] for row in table("language_aliases.csv")}


@cache
def _english() -> dict[str, str]:
    return {row["language"]: row["alias"] for row in table("language_codes.csv") if row["reason"] == "name"}


@cache
def _speakers() -> dict[str, dict[str, int]]:
    speakers: dict[str, dict[str, int]] = {}
    for row in table("languages.csv"):
        speakers.setdefault(row["language"], {})[row["country"]] = int(row["speakers"])
    return speakers


@cache
def _shares() -> dict[str, Mapping[str, float]]:
    """Language -> read-only country -> share, most speakers first."""
    shares: dict[str, Mapping[str, float]] = {}
    for language, speakers in _speakers().items():
        total, falling = sum(speakers.values()), sorted(speakers.items(), key=lambda item: (-item[1], item[0]))
        shares[language] = MappingProxyType({country: people / total for country, people in falling})
    return shares


@cache
def _official() -> dict[str, frozenset[str]]:
    official: dict[str, frozenset[str]] = {}
    for row in table("languages.csv"):
        if row["official"] == "national":
            official[row["language"]] = official.get(row["language"], frozenset()) | {row["country"]}
    return official
