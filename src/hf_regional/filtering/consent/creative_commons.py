"""Creative Commons in words: "Attribution-NonCommercial 2.0 Generic" in, "cc-by-nc-2.0" out, or nothing.

Elements, versions and what may stand around them are in `licence_words.csv`.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

from hf_regional.filtering.consent.tables import key, table
from hf_regional.licences import licences
from hf_regional.regions.countries import country_code

_ORDER: Final = ("by", "nc", "nd", "sa")  # in which a code names its elements
_CODES: Final = {code: code for code in ("by", "by-sa", "by-nc", "by-nd", "by-nc-sa", "by-nc-nd", "sa")} | {"by-nd-nc": "by-nc-nd"}


class _Word(NamedTuple):
    means: str  # mark, element, version, scope, filler
    value: str


_PORT: Final = _Word("scope", "")


class _Naming(NamedTuple):
    elements: frozenset[str]
    version: str | None


def read_creative_commons(plain: str) -> str | None:
    """Read one licence of Creative Commons from words; null where a word has nothing to do with one, or where two are named.

    >>> read_creative_commons("Attribution-NonCommercial 4.0 International (CC BY-NC 4.0)")
    'cc-by-nc-4.0'
    """
    words = _meanings(key(plain))
    if words is None:
        return None
    namings = [naming for naming in _namings(words) if naming.elements]
    elements = {naming.elements for naming in namings}
    versions = {naming.version for naming in namings if naming.version}
    code = _CODES.get("-".join(part for part in _ORDER if part in next(iter(elements), ())))
    if code is None or len(elements) > 1 or len(versions) > 1:
        return None
    marked = any(word.means == "mark" for word in words)
    # "Attribution License" alone is what other licences are called too.
    sure = marked or versions or code.count("-") or key(plain) == "by"
    return cc_identifier(code, next(iter(versions), None)) if sure else None


def _meanings(words: str) -> list[_Word] | None:
    """What each word or phrase of the table means, null where one is not in it. A port follows its version."""
    tokens, found = words.split(), list[_Word]()
    while tokens:
        heads = [(size, " ".join(tokens[:size])) for size in (3, 2, 1)]
        size, word = next(((size, _words()[head]) for size, head in heads if head in _words()), (0, _PORT))
        if not size and found and found[-1].means == "version":
            size = next((size for size, head in heads if head == "scotland" or country_code(head)), 0)
        if not size:
            return None
        found.append(word)
        tokens = tokens[size:]
    return found


def _namings(words: Sequence[_Word]) -> Iterator[_Naming]:
    """Cut words where a licence is named anew: at "cc", and at an element that was there already."""
    elements, versions = set[str](), set[str]()
    for word in words:
        if word.means == "mark" or (word.means == "element" and (word.value in elements or versions)):
            yield _Naming(frozenset(elements), max(versions, default=None))
            elements, versions = set[str](), set[str]()
        elements |= {word.value} if word.means == "element" else set()
        versions |= {word.value} if word.means == "version" else set()
    yield _Naming(frozenset(elements), max(versions, default=None))


def cc_identifier(code: str, version: str | None) -> str | None:
    """The identifier of a code such as "by-nc-nd" (or "by-nd-nc", as 1.0 wrote it), if there is such a licence."""
    name = "-".join(part for part in ("cc", _CODES.get(code, code), version) if part)
    return name if name in licences() else None


@cache
def _words() -> dict[str, _Word]:
    return {row["words"]: _Word(row["means"], row["value"]) for row in table("licence_words.csv")}
