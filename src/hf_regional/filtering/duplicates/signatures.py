"""Signatures: normalised texts in, 80 numbers each out, by which similar texts are found without comparing all with all.

MinHash (Broder 1997): under a random order of all shingles the least one of a text is that of another text with a probability equal
to their Jaccard similarity J. Cut into 16 bands of 5 (locality-sensitive hashing: Leskovec, Rajaraman and Ullman, Mining of Massive
Datasets, ch. 3), two signatures agree in a whole band with probability 1 - (1 - J^5)^16: 99.98 % at 0.85, 99.8 % at 0.8, 94 % at
0.7, one in 6,000 at 0.1.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hf_regional.filtering.duplicates.shingles import LONGEST, distinct, shingles
from hf_regional.filtering.duplicates.wording import mixed

BANDS: Final = 16
_ROWS: Final = 5  # minima in a band
MINIMA: Final = BANDS * _ROWS
_MOST: Final = 32  # signatures of a bucket that one is compared with
_CHUNK: Final = 1 << 18  # characters worked on at a time


def minima(texts: pa.Array) -> np.ndarray:
    """The signatures of normalised texts without nulls, (n, 80) uint32. Part of the format of files of fingerprints."""
    hashes, starts = shingles(texts)
    found = np.zeros((MINIMA, len(texts)), np.uint32)
    for place, order in enumerate(_orders() if len(texts) else ()):
        found[place] = np.minimum.reduceat(hashes * order >> np.uint64(32), starts[:-1])
    return np.ascontiguousarray(found.T)


def band_keys(signatures: np.ndarray) -> np.ndarray:
    """(n, 80) to (n, 16) uint64: the five minima of each band as one number."""
    found = signatures.reshape(len(signatures), BANDS, _ROWS)
    keys = np.zeros((len(signatures), BANDS), np.uint64)
    for row in range(_ROWS):
        keys = mixed(keys ^ found[:, :, row])
    return keys


def nearest_signatures(ours: np.ndarray, theirs: np.ndarray, similarity: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find for each signature the most similar of others.

    Args:
        ours: (n, 80) uint32.
        theirs: (m, 80) uint32.
        similarity: least share of equal minima, which estimates the Jaccard similarity to within 0.045 (one standard error at 0.8).

    Returns:
        Places in `ours` that have one, ascending; its place in `theirs`, the first of equally similar ones; the share; (k,) each.
    """
    left, right = _candidates(band_keys(ours), band_keys(theirs))
    shares = np.concatenate([np.zeros(0), *((ours[left[part]] == theirs[right[part]]).mean(axis=1) for part in _parts(len(left)))])
    near = shares >= similarity
    left, right, shares = left[near], right[near], shares[near]
    order = np.lexsort((right, -shares, left))
    best = order[np.diff(left[order], prepend=-1) > 0]
    return left[best], right[best], shares[best]


def lengths(texts: pa.Array) -> np.ndarray:
    """How many characters of each text are looked at, (n,) int64."""
    calls: Any = pc  # its functions are made at run time, unknown to the type checker
    return np.minimum(calls.utf8_length(texts).to_numpy(zero_copy_only=False), LONGEST).astype(np.int64)


def spans(sizes: np.ndarray) -> Iterator[slice]:
    """Cut things in a row into pieces of about a quarter of a million characters, given how many each has.

    >>> list(spans(np.array([200_000, 100_000, 100_000])))
    [slice(0, 1, None), slice(1, 3, None)]
    """
    begin = 0
    for end in [*np.flatnonzero(np.diff(np.cumsum(sizes) // _CHUNK)).tolist(), len(sizes) - 1]:
        if end >= begin:
            yield slice(begin, end + 1)
            begin = end + 1


def _candidates(ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pairs = np.zeros(0, np.int64)
    for band in range(BANDS):
        order = np.argsort(theirs[:, band], kind="stable")
        keys = theirs[order, band]
        begins, ends = np.searchsorted(keys, ours[:, band]), np.searchsorted(keys, ours[:, band], "right")
        for place in range(_MOST):
            left = np.flatnonzero(begins + place < ends)
            pairs = distinct(np.concatenate([pairs, left * len(theirs) + order[begins[left] + place]]))
            if not len(left):
                break
    return pairs // max(len(theirs), 1), pairs % max(len(theirs), 1)


def _parts(count: int) -> Iterator[slice]:
    return (slice(begin, begin + _CHUNK) for begin in range(0, count, _CHUNK))


def _orders() -> np.ndarray:
    """80 odd numbers: to multiply by one puts all 64-bit hashes into an order of its own."""
    return mixed(np.arange(MINIMA, dtype=np.uint64)) | np.uint64(1)
