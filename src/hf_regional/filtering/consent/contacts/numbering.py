"""How phone numbers are written: a stretch of digits and separators in; whether it is one out.

After "+" the tables of `calling_codes.csv` decide, without it the forms of `phone_forms.csv`; a word beside it (`cues.py`) lets
any number of a fitting length pass that is nothing else.
"""

import re
from functools import cache
from typing import Final

from hf_regional.filtering.consent.tables import table

LEAST, MOST = 7, 15  # digits: ITU-T E.164 allows 15, and nobody reaches a person with fewer than 7

_MOST_DIALLED: Final = 13
_MOST_GROUPS: Final = 6
_YEAR: Final = r"(?:1[5-9]|20|2[45])\d\d"  # of the Christian and the Buddhist era
_DATE: Final = re.compile(rf"{_YEAR}([-./ ])[01]?\d\1[0-3]?\d|[0-3]?\d([-./ ])[0-3]?\d\2{_YEAR}")
_DECIMAL: Final = re.compile(r"\+?\d{1,3}\.\d{4,}")
_HOURS: Final = re.compile(r"(?:[01]\d|2[0-4])[0-5][05] ?[- ] ?(?:[01]\d|2[0-4])[0-5][05]")
_YEARS: Final = re.compile(rf"{_YEAR}(?:[-./ ]{_YEAR})+")
_ROW_OF_DIGITS: Final = "012345678901234567890 9876543210"
_NO_DIGITS: Final = re.compile(r"[^0-9]")


def is_number(written: str, cued: bool, refused: bool) -> bool:
    """Whether a stretch is a phone number.

    Args:
        written: ASCII digits, blanks, "+", "(", ")", ".", "-" and "/".
        cued: a word beside it says that it is one.
        refused: a word beside it says that it is something else; what has its country's code is one all the same.

    >>> is_number("0812-3456-7890", False, False), is_number("6123 4567", False, False), is_number("6123 4567", True, False)
    (True, False, True)
    """
    digits = _NO_DIGITS.sub("", written)
    if not LEAST <= len(digits) <= MOST or _DECIMAL.fullmatch(written):
        return False
    if written.startswith(("+", "(+")):
        return _is_international(written) or (cued and _may_be_dialled(written, digits))
    if refused or _DATE.fullmatch(written) or _HOURS.fullmatch(written):
        return False
    if written.startswith("00") and len(digits) > 10 and _is_international(written[2:]):
        return True
    if (form := _forms().get(len(digits))) and form.fullmatch(_spelled(written)):
        return cued or not (_counts_up(written) or written in _ROW_OF_DIGITS)
    return cued and _may_be_dialled(written, digits)


def _is_international(written: str) -> bool:
    number = _NO_DIGITS.sub("", written.replace("(0)", ""))
    for size in (3, 2, 1):
        if national := _calling_codes().get(number[:size]):
            rest = number[size:]  # people write "+62 0812", though the 0 is dialled at home alone; Italy's belongs to the number
            return national.fullmatch(rest) is not None or national.fullmatch(rest.removeprefix("0")) is not None
    return False


def _may_be_dialled(written: str, digits: str) -> bool:
    """Digits behind a cue: grouped as people dictate them, and not a list of years or the like."""
    groups = re.findall(r"\d+", written)
    lone = sum(len(group) == 1 for group in groups)
    return (
        len(digits) <= _MOST_DIALLED
        and len(groups) <= _MOST_GROUPS
        and lone <= 1
        and not (_YEARS.fullmatch(written) or _counts_up(written))
    )


def _counts_up(written: str) -> bool:
    """Four pairs or more that only rise, all below 60: a draw of numbers or a list, not "01 99 00 12 34"."""
    pairs = re.findall(r"\d+", written)
    return len(pairs) > 3 and all(len(pair) == 2 for pair in pairs) and pairs == sorted(set(pairs)) and pairs[-1] < "60"


def _spelled(written: str) -> str:
    """One spelling of the separators: " - " is "-", brackets stand without blanks."""
    return re.sub(r" ?([-./]) ?", r"\1", re.sub(r"[ .\-]?([()])[ .\-]?", r"\1", re.sub(" +", " ", written)))


@cache
def _calling_codes() -> dict[str, re.Pattern[str]]:
    return {row["code"]: re.compile(row["national"]) for row in table("calling_codes.csv")}


@cache
def _forms() -> dict[int, re.Pattern[str]]:
    """Number of digits -> the forms of all countries that have numbers of so many."""
    rows = table("phone_forms.csv")
    by_size = {size: [row["form"] for row in rows if int(row["least"]) <= size <= int(row["most"])] for size in range(LEAST, MOST + 1)}
    return {size: re.compile("|".join(f"(?:{form})" for form in forms)) for size, forms in by_size.items() if forms}
