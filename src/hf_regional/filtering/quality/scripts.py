"""Scripts: texts in, letters by script out, counted in Arrow; and the scripts that a language is written in.

data/scripts.csv           script (ISO 15924), its class in regular expressions, English letters that one of its letters amounts to
data/language_scripts.csv  language (CLDR's code), the scripts it is written in
Both are written by scripts/build_scripts.py.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import compute

pc: Any = compute  # its functions are made at import, out of a type checker's sight

_HERE: Final = "hf_regional.filtering.quality"
_LETTER: Final = r"[\p{L}\p{M}]"
_ASCII_LETTER: Final = "[A-Za-z]"
_DIGIT: Final = "[0-9]"


@cache
def script_classes() -> Mapping[str, str]:
    """Script -> its class: {"Thai": "Thai", "Hani": "Han", ...}."""
    return {row["script"]: row["class"] for row in _table("scripts.csv")}


@cache
def script_weights() -> Mapping[str, float]:
    """Script -> English letters that one of its letters amounts to, where it is not 1.

    Measured on the names of 1,846 pictures in the embedded corpus emoji-world: 井号 says in 2 letters what "hash sign" does in 8.
    """
    return {row["script"]: float(row["weight"]) for row in _table("scripts.csv") if row["weight"] and float(row["weight"]) != 1}


@cache
def language_scripts() -> Mapping[str, tuple[str, ...]]:
    """Language -> scripts: {"th": ("Thai",), "az": ("Arab", "Cyrl", "Latn"), ...}."""
    return {row["language"]: tuple(row["scripts"].split()) for row in _table("language_scripts.csv")}


def weighted_length(texts: pa.Array) -> np.ndarray:
    """Length (n,) float64 of texts in English letters: letters and marks by the weight of their script, and digits; null is NaN.

    >>> weighted_length(pa.array(["hash sign", "井号", None])).round(1).tolist()
    [8.0, 6.5, nan]
    """
    length = _count(texts, _DIGIT) + letters_of(texts)
    foreign = _beyond_ascii(texts)
    some = texts.filter(pa.array(foreign))
    for script, weight in script_weights().items() if len(some) else ():
        length[foreign] += (weight - 1) * _count(some, rf"\p{{{script_classes()[script]}}}")
    return length


def letters_of(texts: pa.Array, scripts: tuple[str, ...] | None = None) -> np.ndarray:
    """Letters and marks (n,) float64 of texts, all or those of some scripts; null is NaN."""
    if scripts is None:
        counts, pattern = _count(texts, _ASCII_LETTER), _LETTER
    else:
        counts = _count(texts, _ASCII_LETTER if "Latn" in scripts else "[^\\x00-\\x{10FFFF}]")
        pattern = "|".join(rf"\p{{{script_classes()[script]}}}" for script in scripts)
    foreign = _beyond_ascii(texts)
    if foreign.any():
        counts[foreign] = _count(texts.filter(pa.array(foreign)), pattern)
    return counts


def _count(texts: pa.Array, pattern: str) -> np.ndarray:
    counts = pc.count_substring_regex(texts, pattern=pattern)
    return pc.fill_null(counts.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False).copy()


def _beyond_ascii(texts: pa.Array) -> np.ndarray:
    """Whether a text has more than ASCII; most of a corpus does not, and Unicode's classes take four times as long."""
    return ~pc.fill_null(pc.string_is_ascii(texts), True).to_numpy(zero_copy_only=False)


def _table(name: str) -> list[dict[str, str]]:
    text = files(_HERE).joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
