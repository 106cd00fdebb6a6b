"""Groups of countries: a name or a UN M49 code in; the name's canonical spelling and the members out."""

from functools import cache

from hf_regional.regions.countries import code_only, country_code, english_names
from hf_regional.regions.folding import fold
from hf_regional.regions.languages import homes_of_language, known_languages, language_code
from hf_regional.regions.tables import table

Named = tuple[str, frozenset[str]]  # canonical spelling, alpha-3 members


def find(text: str) -> Named | None:
    """Find what a part of a region names, in this order, or None: "UN:035", "language:az", alpha-3, alias, group of CLDR, country."""
    prefix, colon, rest = text.strip().partition(":")
    if colon:
        readers = {"un": _by_number, "language": _by_language}
        return readers[prefix.lower()](rest.strip()) if prefix.lower() in readers else None
    return _by_code(prefix) or _named().get(fold(prefix)) or _by_number(prefix) or _by_name(prefix)


def spellings() -> frozenset[str]:
    """Every name a message may propose."""
    rows = table("region_aliases.csv")
    countries = table("countries.csv")
    return frozenset(
        [row["alias"] for row in rows]
        + [name for row in table("groups.csv") for name in (row["name"], f"UN:{row['code']}")]
        + [name for row in countries for name in (row["alpha3"], row["name"])]
        + [f"language:{code}" for code in known_languages() if len(code) <= 3]
    )


@cache
def group_members() -> dict[str, frozenset[str]]:
    """Group code of CLDR ("035", "EU") -> alpha-3 members."""
    return {row["code"]: frozenset(row["members"].split()) for row in table("groups.csv")}


def _by_code(text: str) -> Named | None:
    # Alpha-3 alone: two letters are as often a language ("id", "my", "ms") as a country.
    code = text.upper()
    return (code, frozenset({code})) if len(code) == 3 and code_only(code) == code else None


def _by_number(text: str) -> Named | None:
    code = text.zfill(3) if text.isdigit() else text.upper()
    if code in group_members():
        return (f"UN:{code}" if code.isdigit() else code), group_members()[code]
    alpha3 = code_only(code) if code.isdigit() else None
    return (alpha3, frozenset({alpha3})) if alpha3 else None


def _by_language(text: str) -> Named | None:
    code = language_code(text)
    homes = homes_of_language(code) if code else frozenset[str]()
    return (f"language:{code}", homes) if homes else None


def _by_name(text: str) -> Named | None:
    code = country_code(text) if len(text) > 3 or fold(text) in english_names() else None
    return (code, frozenset({code})) if code else None


@cache
def _named() -> dict[str, Named]:
    """Folded name -> group, CLDR's and the hand-kept aliases; an alias names its parts by code or by number."""
    groups = {fold(row["name"]): (row["name"], group_members()[row["code"]]) for row in table("groups.csv")}
    return groups | {fold(row["alias"]): (row["alias"], _members(row["parts"])) for row in table("region_aliases.csv")}


def _members(parts: str) -> frozenset[str]:
    return frozenset(code for part in parts.split() for code in (group_members()[part[3:]] if part.startswith("UN:") else {part}))
