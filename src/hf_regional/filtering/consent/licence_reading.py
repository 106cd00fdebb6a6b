"""Licences as people write them in; an identifier of `licences.csv`, an expression of several, or "unknown" out.

A text is read whole or not at all: one word that no table explains makes it "unknown". Nothing is guessed, since a licence that
was read where there is none is a permission that nobody gave.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Final

from hf_regional.filtering.consent.creative_commons import cc_identifier, read_creative_commons
from hf_regional.filtering.consent.tables import key, table
from hf_regional.licences import UNKNOWN, licences

NO_AI: Final = "no-ai"  # a licence text that forbids training, whatever else it permits
AND: Final = " AND "
OR: Final = " OR "

_LONGEST: Final = 400  # characters; longer ones are whole licence texts, which are nobody's identifier
_ADDRESS: Final = re.compile(r"(?:(?:https?:)?//|www\.)[^\s<>\"'()\[\]]+|\bcreativecommons\.org/[^\s<>\"'()\[\]]+")
_CC_ADDRESS: Final = re.compile(r"creativecommons\.org/licenses/([a-z]{2}(?:-[a-z]{2}){0,3})(?:/(\d\.\d))?(?:/[\w.\-]*)*")
_NO_AI: Final = re.compile(
    r"\bno[ \-]?(?:gen(?:erative)?[ \-]?)?(?:ai|ml|machine learning)\b|\bnoimageai\b"
    r"|\b(?:not|no|never|without)\b(?! (?:restrict|limit|object))[^.;]{0,40}"
    r"\b(?:train(?:ing)?\b[^.;]{0,30}\b(?:ai|ml|models?)|(?:ai|ml|machine[ \-]learning)\b[^.;]{0,20}\btraining)\b"
)
_COPYRIGHT: Final = re.compile(r"(?:©|\(c\)|copyright(?:ed)?\b|all rights reserved)")
_ODD: Final = frozenset({"So", "Sm", "Cc", "Cs", "Co", "Cn"})
_HARMLESS: Final = frozenset("©®℗™+|<>=~")
_CUTS: Final = re.compile(r"\s*(?:[,;|\n/]|\s&|\s\+|\.(?=\s)|\band\b)\s*")
_CHOICE: Final = re.compile(r"\s+or\s+")


@lru_cache(maxsize=1 << 14)
def read_licence(text: str) -> str:
    """Read one licence text.

    Args:
        text: what stands in the cell: an identifier of the Hub or of SPDX, an address, or words.

    Returns:
        An identifier in lower case. Ports to one country's law read as their version ("CC BY 3.0 IGO" is "cc-by-3.0": the same
        rights, and the row keeps its text); of several versions offered, the last. "a AND b" where both bind or where it is not
        said, "a OR b" where the text offers a choice, "no-ai" where it forbids training, "unknown" where anything stays unread.

    >>> read_licence("CC BY-SA 4.0"), read_licence("http://creativecommons.org/licenses/by/3.0/igo/")
    ('cc-by-sa-4.0', 'cc-by-3.0')
    >>> read_licence("GFDL, CC-BY-SA-3.0"), read_licence("free to use")
    ('gfdl AND cc-by-sa-3.0', 'unknown')
    """
    if len(text) > _LONGEST:
        return UNKNOWN
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\ufe0f", "").strip()
    if _NO_AI.search(plain):
        return NO_AI
    if any(_is_odd(sign) for sign in plain):
        return UNKNOWN
    return _whole(plain) or _choice(plain) or _several(plain) or _reserved(plain) or UNKNOWN


def _is_odd(sign: str) -> bool:
    """Signs that may say anything: pictures, "≠", U+FFFD for bytes that were lost."""
    return unicodedata.category(sign) in _ODD and sign not in _HARMLESS and not sign.isspace()


@cache
def known_identifiers() -> frozenset[str]:
    """Every identifier that a text can be read as."""
    return frozenset({*licences(), *(row["id"] for row in table("licence_names.csv")), NO_AI})


def _whole(plain: str) -> str | None:
    """Read a text as one licence: by name, by address, or by the words of Creative Commons; all that it says must agree."""
    if (named := _names().get(key(plain))) is not None:
        return named
    addresses = _ADDRESS.findall(plain)
    rest = _ADDRESS.sub(" ", plain)
    said = [_address(address) for address in addresses]
    if key(rest).strip(" ()"):
        said.append(_names().get(key(rest)) or read_creative_commons(rest))
    return agreed(said) if None not in said else None


def agreed(said: Iterable[str | None]) -> str | None:
    """The one licence that several readings name; "cc-by" gives way to "cc-by-4.0"."""
    found = {one for one in said if one}
    exact = {one for one in found if not any(other != one and other.rpartition("-")[0] == one for other in found)}
    return exact.pop() if len(exact) == 1 else None


def _address(address: str) -> str | None:
    bare = re.sub(r"^(?:(?:https?:)?//)?(?:www\.)?", "", address).rstrip("/.,;")
    if parts := _CC_ADDRESS.fullmatch(bare):
        return cc_identifier(parts[1], parts[2])
    while bare and bare not in _addresses():  # a deed or a language below the licence's own page: /deed.id, /legalcode
        bare = re.sub(r"(?:/|\.)(?:deed[\w.\-]*|legalcode[\w.\-]*|html|htm|txt|php|[a-z]{2})$", "", shorter := bare).rstrip("/")
        if bare == shorter:
            return None
    return _addresses().get(bare)


def _choice(plain: str) -> str | None:
    parts = _CHOICE.split(plain)
    read = [_whole(part.strip(" ()")) for part in parts]
    return _joined(read, OR) if len(parts) > 1 else None


def _several(plain: str) -> str | None:
    """Read a list of licences; a notice such as "© 2020 Jane Doe" in it names an author and no licence."""
    parts = [part for part in _CUTS.split(plain) if key(part)]
    licensed = [part for part in parts if not _COPYRIGHT.match(part)]
    return _joined([_whole(part.strip(" ()")) for part in licensed], AND) if len(parts) > 1 and licensed else None


def _joined(read: list[str | None], word: str) -> str | None:
    found = list(dict.fromkeys(one for one in read if one))
    return word.join(found) if None not in read else None


def _reserved(plain: str) -> str | None:
    """A notice of copyright that grants nothing, and beside it nothing that looks like a licence."""
    if not _COPYRIGHT.match(plain) or re.search(r"licen[sc]e|creative|commons|permi|free|public domain", plain):
        return None
    return "all-rights-reserved"


@cache
def _names() -> dict[str, str]:
    listed = {key(row["text"]): row["id"] for row in table("licence_names.csv")}
    return {key(one.id): one.id for one in licences().values()} | {key(one.name): one.id for one in licences().values()} | listed


@cache
def _addresses() -> dict[str, str]:
    listed = {row["text"].casefold(): row["id"] for row in table("licence_names.csv") if "/" in row["text"]}
    return {re.sub(r"^https?://(?:www\.)?", "", one.url).rstrip("/").casefold(): one.id for one in licences().values() if one.url} | listed
