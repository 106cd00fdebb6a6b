"""Text as people write it in; one spelling out, by which names of countries, groups and languages are compared."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Final

# Marks of Latin, Greek and Cyrillic letters only: in Thai, Burmese or Khmer, combining marks are vowels and carry the meaning.
_DIACRITICS: Final = re.compile("[\u0300-\u036f]")
_BREAKS: Final = re.compile(r"[\s\-‐-―_,;:/()\[\]]+")
_SILENT: Final = re.compile(r"['’ʻʼ`´.]")
_BRACKETED: Final = re.compile(r"\s*([^()]+?)\s*\(([^()]+)\)\s*")


def fold(text: str) -> str:
    """One spelling for all of a name's: no case, no diacritics, no punctuation, `&` as "and", no leading article.

    >>> fold("Côte d’Ivoire"), fold("St. Vincent & Grenadines"), fold("The Gambia")
    ('cote divoire', 'st vincent and grenadines', 'gambia')
    """
    # Twice: compatibility forms hide capitals from casefold (𝕊), and casefold makes forms that decompose again.
    plain = _DIACRITICS.sub("", unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()))
    words = _BREAKS.sub(" ", _SILENT.sub("", plain).replace("&", " and ")).split()
    while len(words) > 1 and words[0] == "the":
        words = words[1:]
    return unicodedata.normalize("NFC", " ".join(words))


def read_bracketed(text: str, read: Callable[[str], str | None]) -> str | None:
    """Read a text whole, or, where that fails, what stands before and inside its closing brackets, if these do not disagree.

    "Myanmar (mm)" is one country said twice, "Guinea (Conakry)" is Guinea, and "Thailand (Laos)" is neither.
    """
    whole = read(text)
    if whole is not None or (bracketed := _BRACKETED.fullmatch(text)) is None:
        return whole
    found = {code for part in bracketed.groups() if (code := read(part)) is not None}
    return found.pop() if len(found) == 1 else None


def nearest(text: str, known: Iterable[str]) -> str:
    """Word the part of an error message that names the closest known spelling: " Did you mean 'IDN'?", or nothing."""
    import difflib  # only on the way to an error

    spellings, folded = {fold(name): name for name in known}, fold(text)
    near = difflib.get_close_matches(folded, spellings, n=12)
    if not near:
        return ""
    # Among equally close names, swapped letters are the likelier slip: "SAE" is SEA rather than USA.
    swapped = [name for name in near if sorted(name) == sorted(folded)]
    return f" Did you mean {spellings[(swapped or near)[0]]!r}?"
