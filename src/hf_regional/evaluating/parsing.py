"""Parsing: what a model wrote in; which option it chose, or None where nobody can tell, out. Unparsed is not wrong."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# "B", "(B)", "B.", "**B**", "B: sate": a letter that stands by itself at the beginning.
_AT_START: Final = re.compile(r"^[\s(\[*\"'`]*([A-Za-z])(?:[)\].:,*\"'`]|\s*$)")
# "the answer is C", "Jawaban: (c)", "答案是C": a letter behind a word that announces it, the last one counts.
_ANNOUNCED: Final = re.compile(
    r"(?:answer|option|choice|jawaban(?:nya)?|jawapan|sagot|đáp án|คำตอบ|答案|選擇|选择|விடை|အဖြေ|ចម្លើយ|ຄໍາຕອບ|ຄຳຕອບ)"
    r"(?:\s+(?:is|adalah|ialah|là|ay)|\s*[是为為คือ])?\s*[:：=]?\s*[(\[*\"'`]*([A-Za-z])(?![A-Za-z])",
    re.IGNORECASE,
)

# First words of the names of their letters in Unicode.
_WITHOUT_EDGES: Final = frozenset(
    {"THAI", "LAO", "KHMER", "MYANMAR", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "TIBETAN", "JAVANESE", "BALINESE"}
)


def read_option(text: str, options: Sequence[str]) -> int | None:
    """Which option an answer names: by its letter, or by its words.

    Args:
        text: what the model wrote.
        options: the texts it could choose from, in the order in which they were lettered.

    Returns:
        The place of the option; None where no option or more than one is named.

    >>> read_option("The answer is (B).", ["soto", "sate"])
    1
    >>> read_option("It looks like sate to me", ["soto", "sate"])
    1
    >>> read_option("soto or sate", ["soto", "sate"]) is None
    True
    """
    known = [folded(option) for option in options]
    said = folded(text)
    if said in known and known.count(said) == 1:  # before letters: an option may be "A" itself
        return known.index(said)
    if announced := _ANNOUNCED.findall(text):
        return _place(announced[-1], options)
    if begins := _AT_START.match(text):
        return _place(begins[1], options)
    return _named(said, known)


def read_name(text: str, names: Sequence[str]) -> int | None:
    """Which of several names an answer gives; no letter stands for one.

    Args:
        text: what the model wrote.
        names: the texts it could choose from.

    Returns:
        The place of the name; None where no name or more than one is given.

    >>> read_name("I see a street light.", ["light", "street light", "tree"])
    1
    """
    known = [folded(name) for name in names]
    said = folded(text)
    return known.index(said) if known.count(said) == 1 else _named(said, known)


def folded(text: str) -> str:
    """A text as answers are compared: NFKC, case folded, blanks single, without punctuation at its ends."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return plain.strip(" .,:;!?\"'`*()[]。、，！？")


def stands_in(words: str, said: str) -> bool:
    """Whether words stand in an answer and are no part of other words; both are `folded`.

    Scripts without blanks between words (Thai, Lao, Khmer, Burmese, Chinese, Japanese) and those that join particles to a word (Korean)
    have no edges to look at.

    >>> stands_in("12", "in 2012"), stands_in("12", "12,500"), stands_in("12", "it is 12."), stands_in("ต้มยำ", "ฉันว่าต้มยำนะ")
    (False, False, True, True)
    """
    before = (r"(?<![^\W_])" if _has_edges(words[0]) else "") + (r"(?<!\d[.,])" if words[0].isdigit() else "")
    after = (r"(?![^\W_])" if _has_edges(words[-1]) else "") + (r"(?![.,]\d)" if words[-1].isdigit() else "")
    return re.search(f"{before}{re.escape(words)}{after}", said) is not None


def _has_edges(char: str) -> bool:
    return char.isalnum() and unicodedata.name(char, "").split(" ")[0] not in _WITHOUT_EDGES


def _place(letter: str, options: Sequence[str]) -> int | None:
    place = LETTERS.index(letter.upper())
    return place if place < len(options) else None


def _named(said: str, known: Sequence[str]) -> int | None:
    """The only option whose words stand in the answer; one that is part of another that is named does not count ("rice", "fried rice")."""
    found = [option for option in known if option and stands_in(option, said)]
    longest = [option for option in found if not any(option != other and option in other for other in found)]
    return known.index(longest[0]) if len(longest) == 1 and known.count(longest[0]) == 1 else None
