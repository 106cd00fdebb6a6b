"""Truth: what a model wrote of a statement in; whether it holds it for true, or None where nobody can tell, out.

`truth.csv` has the words of each language, the first of which a model is asked to choose from. A word behind "=" says it only where an
answer begins with it and a pause: inside a sentence "no", "không" or "是" is said of something else ("there are no dogs").
"""

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from hf_regional.evaluating.parsing import folded, stands_in

_TABLE: Final = Path(__file__).with_name("truth.csv")
_ENGLISH: Final = "en"
_ALONE: Final = "="
_PAUSE: Final = re.compile(r"[.,:;!?*\n。，、！；：।။]")


def read_truth(text: str, language: str | None = None) -> bool | None:
    """Read yes, no, true or false, in English or in the language of the statement.

    An answer that begins with such a word and a pause is read by it. Else the longest words count, since a denial is longer than what it
    denies ("tidak benar", "不正确"); an answer that says both, or neither, is not read.

    Args:
        text: what the model wrote.
        language: its code; of a language that the table lacks only English is read.

    >>> [read_truth(text, "id") for text in ("Benar.", "Itu tidak benar", "No, it is not", "benar atau salah", "mungkin")]
    [True, False, False, None, None]
    """
    spoken = language or _ENGLISH
    begins = folded(_PAUSE.split(text.lstrip(" *_(\"'`[\n"), maxsplit=1)[0])
    if begins in (words := dict(_words(spoken, alone=True))):
        return words[begins]
    found = {truth for truth, _ in _mentions(folded(text), spoken)}
    return found.pop() if len(found) == 1 else None


def truth_words(language: str | None = None) -> tuple[str, str]:
    """The words for true and false that a model is asked to choose from, in the language, or in English where it has none here.

    >>> truth_words("id"), truth_words("xx")
    (('benar', 'salah'), ('true', 'false'))
    """
    true, false = _table().get(language or _ENGLISH, _table()[_ENGLISH])
    return true[0].removeprefix(_ALONE), false[0].removeprefix(_ALONE)


def truth_languages() -> frozenset[str]:
    """Codes of the languages whose words are known."""
    return frozenset(_table())


def _mentions(said: str, language: str) -> Iterator[tuple[bool, str]]:
    """Each word that is said, the longest first; what it covers is read no more."""
    for word, truth in _words(language, alone=False):
        while stands_in(word, said):
            yield truth, word
            said = re.sub(re.escape(word), " \n ", said, count=1)  # nothing that is folded holds a line's end


@cache
def _words(language: str, *, alone: bool) -> tuple[tuple[str, bool], ...]:
    """The words of English and of the language with what they say, the longest first; those that must stand alone where asked for."""
    known = [_table()[code] for code in dict.fromkeys((_ENGLISH, language)) if code in _table()]
    said = [(word, truth) for true, false in known for truth, some in ((True, true), (False, false)) for word in some]
    words = {folded(word.removeprefix(_ALONE)): truth for word, truth in said if alone or not word.startswith(_ALONE)}
    return tuple(sorted(words.items(), key=lambda item: -len(item[0])))


@cache
def _table() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return {row["language"]: (tuple(row["true"].split("|")), tuple(row["false"].split("|"))) for row in csv.DictReader(file)}
