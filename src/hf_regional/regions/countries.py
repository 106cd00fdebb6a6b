"""Countries: a code or a name as people write it in; an ISO 3166-1 alpha-3 code, or a name in 24 languages, out.

The codes are the 249 in force in ISO 3166-1; names are CLDR's. Kosovo has no code in the standard and is unknown here.
"""

from collections import defaultdict
from functools import cache, lru_cache

from hf_regional.errors import UnknownNameError
from hf_regional.regions.folding import fold, nearest, read_bracketed
from hf_regional.regions.languages import language_code
from hf_regional.regions.tables import table


def country_code(text: str) -> str | None:
    """Read a country from a code or a name: its ISO 3166-1 alpha-3 code, or None where the text names no country or more than one.

    Takes alpha-2, alpha-3 and numeric codes, withdrawn ones too, and names: CLDR's in 24 languages, those of ISO, the UN and
    the World Bank, and former ones. Case, diacritics and punctuation do not matter.

    >>> [country_code(text) for text in ("mm", "Burma", "Myanmar (mm)", "Viet Nam", "CÔTE D'IVOIRE", "ไทย", "Congo")]
    ['MMR', 'MMR', 'MMR', 'VNM', 'CIV', 'THA', None]
    """
    return _country_code(text.strip())


def country_name(code: str, locale: str = "en") -> str:
    """Name a country in one of 24 languages; in English where the language has no name of its own.

    Args:
        code: alpha-3, alpha-2 or numeric code.
        locale: language code, any that `language_code` reads ("my", "mya").

    Raises:
        UnknownNameError: no such country or no such locale.

    >>> country_name("IDN", "ja"), country_name("MMR", "vi")
    ('インドネシア', 'Myanmar (Miến Điện)')
    """
    alpha3 = code_only(code)
    if alpha3 is None:
        raise UnknownNameError(f"no country has the code {code!r}.{nearest(code, countries())} ISO 3166-1 codes are expected.")
    return local_name(alpha3, locale)


@cache
def countries() -> frozenset[str]:
    """All 249 alpha-3 codes."""
    return frozenset(row["alpha3"] for row in table("countries.csv"))


def code_only(text: str) -> str | None:
    """As `country_code`, from codes alone: for columns where "EAS" is an aggregate and no misspelt name."""
    return _codes().get(text.strip().upper())


def local_name(key: str, locale: str) -> str:
    """Name a country (alpha-3) or a group (its code) in a locale. Raises UnknownNameError for the locale."""
    names = _names()[key]
    column = locale if locale in names else language_code(locale)
    if column is None or column not in names:
        known = sorted(names)
        raise UnknownNameError(f"no names in the locale {locale!r}.{nearest(locale, known)} Known: {', '.join(known)}.")
    return names[column] or names["en"]


@cache
def english_names() -> dict[str, str]:
    """Folded English name or alias -> alpha-3, or "" where the name is two countries' ("Congo")."""
    names: dict[str, str] = {}
    for row in table("countries.csv"):
        names |= {fold(name): row["alpha3"] for name in (row["name"], *row["aliases"].split("|")) if name}
    return names | {fold(row["alias"]): row["alpha3"] for row in table("country_aliases.csv")}


@lru_cache(maxsize=4096)
def _country_code(text: str) -> str | None:
    return read_bracketed(text, _one_reading)


def _one_reading(text: str) -> str | None:
    # In Vietnamese "Áo" is Austria and "Nga" is Russia, not Angola (AO) and Nigeria (NGA): a code is ASCII and of one case.
    code = code_only(text) if text.isascii() and text in {text.upper(), text.lower()} else None
    folded = fold(text)
    found = code or english_names().get(folded)
    return (_names_of_all_locales().get(folded) if found is None else found) or None


@cache
def _codes() -> dict[str, str]:
    codes: dict[str, str] = {}
    for row in table("countries.csv"):
        # Withdrawn codes are CLDR's aliases in capitals or digits; they come first, so that no current code gives way to one.
        former = [alias for alias in row["aliases"].split("|") if alias.isdigit() or (alias.isupper() and len(alias) in {2, 3})]
        codes = dict.fromkeys(former, row["alpha3"]) | codes
        codes |= {row[kind]: row["alpha3"] for kind in ("alpha2", "alpha3", "numeric")}
    hand_kept = {row["alias"]: row["alpha3"] for row in table("country_aliases.csv") if len(row["alias"]) == 3 and row["alias"].isupper()}
    return hand_kept | codes


@cache
def _names() -> dict[str, dict[str, str]]:
    """Alpha-3 or group code -> locale -> name."""
    return {row["code"]: {locale: name for locale, name in row.items() if locale != "code"} for row in table("names.csv")}


@cache
def _names_of_all_locales() -> dict[str, str]:
    """Folded name in any locale -> alpha-3, without the spellings that mean different countries in two languages."""
    meanings: dict[str, set[str]] = defaultdict(set)
    for code in countries():
        for name in _names()[code].values():
            meanings[fold(name)].add(code)
    return {name: codes.pop() for name, codes in meanings.items() if name and len(codes) == 1}
