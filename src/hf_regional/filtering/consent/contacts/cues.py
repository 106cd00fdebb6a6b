"""Words before a number: the text up to it in; whether they say that it is a phone number, or that it is not, out.

The words are in `phone_cues.csv`. They are looked for from the number backwards, by patterns of reversed words on the reversed
text: anchored there, a search costs a microsecond, and forwards it would begin anew at each of the characters before the number.
"""

import re
from functools import cache
from typing import Final

from hf_regional.filtering.consent.tables import table

REACH: Final = 48  # characters before a number in which a word is looked for

_LETTER: Final = r"[^\W\d_]"
_DIALS: Final = re.compile(r"(?:wa\.me/|tel:|sms:|callto:|[?&]phone=)\+?\Z")


def is_dialled(head: str) -> bool:
    """Whether an address that dials ends here: "https://wa.me/", "tel:"."""
    return _DIALS.search(head) is not None


def says_phone(head: str) -> bool:
    """Whether the words before a number say that it is a phone number, such as "Tel.", "WhatsApp us at", "โทร".

    >>> says_phone("foto; hubungi kami di "), says_phone("telur ")
    (True, False)
    """
    return _says().match(head[::-1]) is not None


def says_other(head: str) -> bool:
    """Whether they say that it is the number of something else: "ISBN", "order #".

    >>> says_other("ISBN: "), says_other("isi ")
    (True, False)
    """
    return _refuses().match(head[::-1]) is not None


@cache
def _says() -> re.Pattern[str]:
    whole = rf"(?<!{_LETTER})(?:{_reversed('yes')}|(?<=[.:])hp)(?!{_LETTER})"
    between = rf"(?:[\s.,:;=/*()\[\]\-–—_'\"’៖：。]|(?<!{_LETTER})(?:{_reversed('between')})(?!{_LETTER})){{0,10}}?"
    return re.compile(rf"{between}(?:{whole}|{_reversed('unspaced')})", re.IGNORECASE)


@cache
def _refuses() -> re.Pattern[str]:
    return re.compile(rf"[\s.:;=#\-(]{{0,4}}(?<!{_LETTER})(?:{_reversed('refuses')})(?!{_LETTER})", re.IGNORECASE)


def _reversed(kind: str) -> str:
    words = [word for row in table("phone_cues.csv") if row["kind"] == kind for word in row["words"].split()]
    longest_first = sorted(words, key=len, reverse=True)
    return "|".join(re.escape(word[::-1]).replace("_", r"\s") for word in longest_first)
