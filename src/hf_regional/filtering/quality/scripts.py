"""Scripts: texts in, their letters weighed by script out; and the scripts that a language is written in.

data/letters.csv           first and last code point (hexadecimal) and script (ISO 15924) of letters, marks and digits; of digits Zyyy
data/script_weights.csv    script, English letters that one of its letters amounts to; 1 where it is not named
data/language_scripts.csv  language (CLDR's code), the scripts it is written in
All are written by scripts/build_scripts.py. Accents that stand by themselves are in no script: composed or not, a text is as long.
"""

import csv
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import pyarrow as pa

DIGITS: Final = "Zyyy"

_HERE: Final = "hf_regional.filtering.quality"
_POINTS: Final = 0x110000
_WINDOW: Final = 1 << 22  # bytes that are looked at together; each takes about 40 bytes of memory meanwhile
# UTF-8: how a character begins, by the first byte's upper four bits: the bits of the character in it, and how many bytes follow.
_PAYLOAD: Final = np.array([0x7F] * 8 + [0] * 4 + [0x1F] * 2 + [0x0F, 0x07], np.uint32)
_FOLLOWING: Final = np.array([0] * 12 + [1] * 2 + [2, 3])


@cache
def script_weights() -> Mapping[str, float]:
    """Script -> English letters that one of its letters amounts to, where that is not 1.

    Measured on the names of 1,846 pictures in the embedded corpus emoji-world: 井号 says in 2 letters what "hash sign" does in 8.
    """
    return {row["script"]: float(row["weight"]) for row in _table("script_weights.csv")}


@cache
def language_scripts() -> Mapping[str, tuple[str, ...]]:
    """Language -> scripts: {"th": ("Thai",), "az": ("Arab", "Cyrl", "Latn"), ...}."""
    return {row["language"]: tuple(row["scripts"].split()) for row in _table("language_scripts.csv")}


def weighted_length(texts: pa.Array) -> np.ndarray:
    """Length (n,) float64 of texts (large_string) in English letters: letters by the weight of their script, and digits; null is NaN.

    >>> weighted_length(pa.array(["hash sign", "井号", None], pa.large_string())).round(1).tolist()
    [8.0, 6.5, nan]
    """
    weights = script_weights()
    return _sums(texts, np.array([0.0, *(weights.get(script, 1.0) for script in _scripts())]))


def letters_of(texts: pa.Array, scripts: Collection[str] | None = None) -> np.ndarray:
    """Letters (n,) float64 of texts (large_string), digits aside: all, or those of some scripts; null is NaN."""
    wanted = set(_scripts() if scripts is None else scripts) - {DIGITS}
    return _sums(texts, np.array([0.0, *(float(script in wanted) for script in _scripts())]))


def _sums(texts: pa.Array, worth: np.ndarray) -> np.ndarray:
    """Sums (n,) of what the characters of each text are worth, by `_places`; no Python runs per text or character."""
    _, offsets_buffer, content = texts.buffers()
    offsets = np.frombuffer(offsets_buffer or b"\0" * 8, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    encoded = np.frombuffer(content or b"", np.uint8)
    sums = np.zeros(len(texts))
    start = int(offsets[0])
    while start < offsets[-1]:
        end = _boundary(encoded, min(start + _WINDOW, int(offsets[-1])), start)
        begins, points = _decoded(encoded[start:end])
        total = np.concatenate([[0.0], np.cumsum(worth[_places()[points]])])
        # The texts that reach into the window, and where in it each begins and ends.
        first, last = np.searchsorted(offsets, [start, end], side="right")
        edges = np.clip(offsets[first - 1 : last + 1], start, end) - start
        sums[first - 1 : first - 2 + len(edges)] += np.diff(total[np.searchsorted(begins, edges)])
        start = end
    return np.where(texts.is_null().to_numpy(zero_copy_only=False), np.nan, sums)


def _decoded(encoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places (m,) where characters begin, and their code points (m,); bytes that are no UTF-8 give some point or other."""
    begins = np.flatnonzero((encoded & 0xC0) != 0x80)
    leads = encoded[begins]
    points, following = leads & _PAYLOAD[leads >> 4], _FOLLOWING[leads >> 4]
    for place in (1, 2, 3):
        has = np.flatnonzero(following >= place)
        if len(has):
            tails = encoded[np.minimum(begins[has] + place, len(encoded) - 1)]
            points[has] = (points[has] << 6) | (tails & 0x3F)
    return begins, np.minimum(points, _POINTS - 1)


def _boundary(encoded: np.ndarray, end: int, start: int) -> int:
    """The nearest place before `end` where no character is cut; `end` itself where there is none near."""
    if end < len(encoded):
        for place in range(end, max(end - 4, start), -1):
            if encoded[place] & 0xC0 != 0x80:
                return place
    return end


@cache
def _scripts() -> tuple[str, ...]:
    return tuple(sorted({row["script"] for row in _table("letters.csv")}))


@cache
def _places() -> np.ndarray:
    """Code point -> 1 + the place of its script in `_scripts`, 0 for what is no letter; uint8."""
    places = np.zeros(_POINTS, np.uint8)
    number = {script: 1 + place for place, script in enumerate(_scripts())}
    for row in _table("letters.csv"):
        places[int(row["first"], 16) : int(row["last"], 16) + 1] = number[row["script"]]
    return places


def _table(name: str) -> list[dict[str, Any]]:
    text = files(_HERE).joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
