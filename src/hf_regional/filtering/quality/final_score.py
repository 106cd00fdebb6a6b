"""Final score: what a judging model writes in, the number behind "Final Score:" out, or nothing where there is none on the scale."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

# Behind the label: emphasis, "(1-5)", a colon or a dash; then the number, perhaps with what it is out of.
_BETWEEN: Final = r"[\s*_`\"']*(?:[(\[][^)\]\n]{0,20}[)\]])?[\s*_`\"']*(?:[:：=]|is\b|-(?=\s))[\s*_`\"'\[(<]*"
_NUMBER: Final = r"(?P<value>[-+]?\d+(?:[.,]\d+)?)(?![.,]?\d)"
_OUT_OF: Final = r"(?:[\s*_`\"'\])>]*(?:/|out of)\s*(?P<of>\d+(?:[.,]\d+)?))?"
# "1-5", "1 to 5": the scale repeated, not a score.
_NO_RANGE: Final = r"(?!\s*(?:-|–|to\b)\s*\d)"


def final_score(low: float, high: float, label: str = "Final Score") -> Callable[[str], float | None]:
    r"""Make a parser of answers that end with a score.

    The last one counts: models that reason first may name others on the way. It must lie on the scale, and what it is out of, where
    that is said, must be the scale's end: "80/100" is no score from 1 to 5, and neither is "4/10".

    >>> read = final_score(1, 5)
    >>> read("The caption is met.\n**Final Score:** 4"), read("Final Score: 3.5/5"), read("Final Score: 80"), read("Four, I think.")
    (4.0, 3.5, None, None)
    """
    pattern = _pattern(label)

    def parse(text: str) -> float | None:
        found = list(pattern.finditer(text))
        if not found:
            return None
        value, of = (None if part is None else float(part.replace(",", ".")) for part in found[-1].group("value", "of"))
        return value if value is not None and low <= value <= high and of in (None, high) else None

    return parse


@lru_cache
def _pattern(label: str) -> re.Pattern[str]:
    words = r"[\s_-]*".join(map(re.escape, label.split()))
    return re.compile(words + _BETWEEN + _NUMBER + _NO_RANGE + _OUT_OF, re.IGNORECASE)
