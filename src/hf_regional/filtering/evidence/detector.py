"""Detector: texts in, the language that Compact Language Detector 2 hears in each and how surely out.

`pycld2` is Apache-2.0, one wheel of 14 MB, with the tables of its languages inside.
"""

import importlib
import re
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute

from hf_regional.regions import language_code
from hf_regional.regions.tables import table

pc: Any = compute  # its functions are made at import, out of a type checker's sight

SPAN: Final = 1000  # bytes of a text that are listened to
SHORTEST: Final = 12  # bytes of words: below it, names and loan words decide
RARE: Final = 20_000_000  # speakers
# A language that few speak needs more: of the texts of the development traps below 60 bytes that are heard as one, 5 of 5 are another's,
# mostly English or Filipino with names of places in it; of those heard as a language that many speak, 12 of 294.
SHORTEST_RARE: Final = 60
# Its own codes, or groups of what it takes for one another, that `language_code` would not read.
_GROUPS: Final = {"id": "id-ms", "ms": "id-ms", "zh-Hant": "zh-Hant"}
# What the detector refuses: controls, halves of surrogates, points that are no characters.
_UNFIT: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|[\U0001fffe-\U0001ffff]")


class Heard(NamedTuple):
    """Of k texts: `language` (k,) int16, places in `languages`, -1 for none; `share` (k,) float32, of the text that is in it."""

    languages: tuple[str, ...]
    language: np.ndarray
    share: np.ndarray


def heard_in(texts: pa.Array) -> Heard:
    """Detect the main language of each text; of short ones, and where the detector is not sure, none.

    Args:
        texts: (k,) large_binary.

    Returns:
        CLDR's codes of languages, and "id-ms" and "zh-Hant".
    """
    detect, refused = _pycld2()
    places: dict[str, int] = {}
    language, share = [-1] * len(texts), [0] * len(texts)
    for row, text in enumerate(pc.binary_slice(texts, 0, SPAN).to_pylist()):
        try:
            sure, size, found = detect(text, True)
        except refused:
            sure, size, found = _again(text)
        if sure and size >= SHORTEST and (code := _code(found[0][1])) and size >= _shortest(code):
            language[row] = places.setdefault(code, len(places))
            share[row] = found[0][2]
            for one in found[1:]:
                if one[2] and _code(one[1]) == code:
                    share[row] += one[2]
    return Heard(tuple(places), np.array(language, np.int16), (np.array(share) / 100).astype(np.float32))


@cache
def _shortest(code: str) -> int:
    speakers = sum(int(row["speakers"]) for row in table("languages.csv") if row["language"] == code)
    return SHORTEST_RARE if speakers < RARE and code not in _GROUPS.values() else SHORTEST


@cache
def _pycld2() -> tuple[Any, type[Exception]]:
    module: Any = importlib.import_module("pycld2")  # loaded with the first text: it maps 14 MB of tables
    return module.detect, module.error


def _again(text: bytes) -> tuple[bool, int, tuple[tuple[str, str, int, float], ...]]:
    detect, refused = _pycld2()
    try:
        return detect(_UNFIT.sub(" ", text.decode("utf-8", "ignore")), True)
    except refused:
        return False, 0, ()


@cache
def _code(code: str) -> str | None:
    return _GROUPS.get(code) or language_code(code)
