"""Text as people write it in; one spelling out, by which names of countries, groups and languages are compared."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

# Marks of Latin, Greek and Cyrillic letters only: in Thai, Burmese or Khmer, combining marks are vowels and carry the meaning.
_DIACRITICS: Final = re.compile("[\u0300-\u036f]")
_BREAKS: Final = re.compile(r"[\s\-‐-―_,;:/()\[\]]+")
_SILENT: Final = re.compile(r"['’ʻʼ`´.]")
_BRACKETED: Final = re.compile(r"\s*(?P<outer>[^()]+?)\s*\((?P<inner>[^()]+)\)\s*")


def fold(text: str) -> str:
    """One spelling for all of a name's: no case, no diacritics, no punctuation, `&` as "and", no leading article.

    >>> fold("Côte d’Ivoire"), fold("St. Vincent & Grenadines"), fold("The Gambia")
    ('cote divoire', 'st vincent and grenadines', 'gambia')
    """
    plain = _DIACRITICS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    words = _BREAKS.sub(" ", _SILENT.sub("", plain).replace("&", " and ")).split()
    return unicodedata.normalize("NFC", " ".join(words[1:] if len(words) > 1 and words[0] == "the" else words))


def readings(text: str) -> Iterator[str]:
    """List what a text may name: itself, or, where it ends in brackets, what stands before and inside them.

    >>> list(readings("Myanmar (mm)"))
    ['Myanmar (mm)', 'Myanmar', 'mm']
    """
    yield text
    if bracketed := _BRACKETED.fullmatch(text):
        yield from bracketed.groups()


def nearest(text: str, known: Iterable[str]) -> str:
    """Word the part of an error message that names the closest known spelling: " Did you mean 'IDN'?", or nothing."""
    import difflib  # only on the way to an error

    spellings = {fold(name): name for name in known}
    near = difflib.get_close_matches(fold(text), spellings, n=1)
    return f" Did you mean {spellings[near[0]]!r}?" if near else ""
