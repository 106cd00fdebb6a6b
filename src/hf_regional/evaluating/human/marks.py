"""Marks: a rating as somebody wrote it in; its level, "cannot judge", or an error that says what is wrong with it, out."""

import math
from typing import Final

from hf_regional.errors import OutOfRangeError
from hf_regional.evaluating.human.words import LEVELS

CANNOT: Final = "?"


def read_mark(written: object) -> float:
    """1, 2 or 3 in any script's digits, or NaN for "?": the rater could not judge.

    Raises:
        OutOfRangeError: it is anything else.

    >>> read_mark("๓"), read_mark("2.0"), read_mark(1), read_mark("?")
    (3.0, 2.0, 1.0, nan)
    """
    if written == CANNOT:
        return math.nan
    try:
        level = float(written) if isinstance(written, int | float | str) and not isinstance(written, bool) else math.nan
    except ValueError:
        level = math.nan
    if level not in range(1, LEVELS + 1):
        raise OutOfRangeError(f"{written!r} is no rating: write 1 to {LEVELS}, or {CANNOT} for “cannot judge”.")
    return level
