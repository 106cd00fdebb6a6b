"""Shingles: normalised texts in, the hashes of their overlapping runs of characters out; how alike two texts are by them.

A run has five characters where words are of letters, and fewer where a character says more or words are not spaced: the table.
"""

from functools import cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hf_regional.filtering.duplicates.wording import characters, mixed

LONGEST: Final = 100_000  # characters; beyond, two texts are told apart well enough by these
_LENGTH: Final = 5
_SHORTER: Final = (  # first and last code point, length of a run
    (0x0E00, 0x0EFF, 3),  # Thai, Lao
    (0x0F00, 0x0FFF, 3),  # Tibetan
    (0x1000, 0x109F, 3),  # Burmese
    (0x1780, 0x17FF, 3),  # Khmer
    (0x1980, 0x1AAF, 3),  # New Tai Lue, Tai Tham
    (0x3040, 0x30FF, 2),  # kana
    (0x3400, 0x9FFF, 2),  # Chinese characters
    (0xA9E0, 0xA9FF, 3),  # Burmese, extended
    (0xAA60, 0xAADF, 3),  # Burmese, extended; Tai Viet
    (0xAC00, 0xD7BF, 2),  # Hangul
    (0x20000, 0x3FFFF, 2),  # rarer Chinese characters
)
_BLOCK: Final = 5  # bits: the table is kept for blocks of 32 characters, on whose borders all its ranges lie
_BASE: Final = np.uint64(0x100000001B3)


def shingles(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Cut texts into overlapping runs of characters.

    Args:
        texts: (n,) large_string, normalised, without nulls or empty ones.

    Returns:
        (m,) uint64 hashes of the runs, and (n + 1,) int64 where those of each text begin. A text shorter than a run is one run, and
        of a text beyond 100,000 characters the first 100,000 are cut.

    >>> [np.diff(shingles(pa.array([text], pa.large_string()))[1]).item() for text in ("rendang", "สวัสดี", "東京都庁", "mi")]
    [3, 4, 3, 1]
    """
    codes, starts = characters(_beginnings(texts))
    ends = np.repeat(starts[1:], np.diff(starts))
    places, wanted = np.arange(len(codes)), _lengths()[codes >> np.uint64(_BLOCK)]
    hashes = np.zeros(len(codes), np.uint64)
    for step in range(_LENGTH):
        ahead = np.zeros_like(codes)
        ahead[: max(len(codes) - step, 0)] = codes[step:]
        ahead[places + step >= ends] = 0
        hashes = np.where(wanted > step, mixed(hashes * _BASE + ahead), hashes)
    whole = places + wanted <= ends
    whole[starts[:-1]] = True
    return hashes[whole], np.concatenate([[0], np.cumsum(whole)])[starts]


def jaccard(texts: pa.Array, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The shingles that two texts share over those that either has.

    Args:
        texts: (n,) large_string, normalised.
        first: (p,) int64, places in `texts`.
        second: (p,) int64, the other text of each pair.

    Returns:
        (p,) float64 in [0, 1].
    """
    chosen, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    hashes, starts = shingles(texts.take(pa.array(chosen)))  # once a text, however many pairs it is in
    left, right = (_numbered(hashes, starts, side) for side in (places[: len(first)], places[len(first) :]))
    shared = np.bincount(_pair(np.intersect1d(left, right, assume_unique=True)), minlength=len(first))
    sizes = np.bincount(_pair(left), minlength=len(first)) + np.bincount(_pair(right), minlength=len(first))
    return shared / np.maximum(sizes - shared, 1)


_PAIR_BITS: Final = np.uint64(20)  # a key is a pair's number and 44 bits of a hash


def _numbered(hashes: np.ndarray, starts: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """The distinct shingles of one text of each pair, with the pair's number before them, ascending."""
    sizes = starts[texts + 1] - starts[texts]
    pairs = np.repeat(np.arange(len(texts)), sizes)
    within = np.arange(len(pairs)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    found = hashes[starts[texts][pairs] + within]
    return distinct((pairs.astype(np.uint64) << (np.uint64(64) - _PAIR_BITS)) | (found >> _PAIR_BITS))


def distinct(numbers: np.ndarray) -> np.ndarray:
    """The different ones of some whole numbers, ascending; `np.unique` counts them in a hash table and takes forty times as long."""
    ordered = np.sort(numbers)
    return ordered[np.concatenate([np.ones(min(len(ordered), 1), bool), ordered[1:] != ordered[:-1]])]


def _pair(keys: np.ndarray) -> np.ndarray:
    return (keys >> (np.uint64(64) - _PAIR_BITS)).astype(np.int64)


def _beginnings(texts: pa.Array) -> pa.Array:
    calls: Any = pc  # its functions are made at run time, unknown to the type checker
    return calls.utf8_slice_codeunits(texts, 0, LONGEST)


@cache
def _lengths() -> np.ndarray:
    """(34816,) uint8: how long a run is that begins with a character of each block."""
    table = np.full(0x110000 >> _BLOCK, _LENGTH, np.uint8)
    for begin, end, length in _SHORTER:
        table[begin >> _BLOCK : (end >> _BLOCK) + 1] = length
    return table
