"""The tables beside this package: a name in, its rows out; and the spelling by which their texts are compared."""

import re
import unicodedata
from functools import cache
from typing import Final

_BREAKS: Final = re.compile(r"[^\w.+]+|_|(?<!\d)\.|\.(?!\d)")


@cache
def table(name: str) -> tuple[dict[str, str], ...]:
    """Read a CSV file of `data/`, once."""
    import csv
    import io
    from importlib.resources import files  # here, so that importing the room costs nothing

    text = files("hf_regional.filtering.consent").joinpath("data", name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(io.StringIO(text)))


def key(text: str) -> str:
    """One spelling for all of a name's: no case, no punctuation but the dots of numbers, single blanks.

    >>> key("Apache License, Version 2.0.")
    'apache license version 2.0'
    """
    return " ".join(_BREAKS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).split()) or text.strip()
