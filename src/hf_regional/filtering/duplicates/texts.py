"""Texts: normalised texts in, which are equal and which pairs are nearly so out, in time linear in the texts.

Near ones are found by MinHash and locality-sensitive hashing (Broder 1997; Leskovec, Rajaraman and Ullman, ch. 3): the least of a
text's hashed shingles is that of another with a probability equal to the share of shingles they have in common, J. Texts that agree
in all 5 minima of one of 16 bands are compared: with J = 0.8 that is 99.8 % of the pairs, with J = 0.1 one in 6,000.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hf_regional.errors import OutOfRangeError
from hf_regional.filtering.duplicates.shingles import LONGEST, jaccard, shingles
from hf_regional.filtering.duplicates.wording import mixed

SIMILARITY: Final = 0.8
BANDS: Final = 16
_ROWS: Final = 5  # minima in a band
MINIMA: Final = BANDS * _ROWS
_LEADERS: Final = 32  # texts of a bucket that all others of it are compared with
_CHUNK: Final = 1 << 18  # characters worked on at a time


@dataclass(frozen=True, slots=True)
class SimilarTexts:
    """Near pairs of unequal texts: places (p,) int64, first < second, ascending, and their Jaccard similarity (p,) float64.

    `capped` counts texts that shared a bucket with more than 32 before them and were compared with the first 32 of it only.
    """

    first: np.ndarray
    second: np.ndarray
    similarity: np.ndarray
    capped: int


def equal_texts(texts: pa.Array) -> np.ndarray:
    """Number the texts: (n,) int64, the same number for equal ones, in the order in which they appear; -1 for null."""
    numbers = pc.dictionary_encode(texts).indices  # pyright: ignore[reportAttributeAccessIssue]
    return pc.fill_null(numbers.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)


def similar_texts(texts: pa.Array, similarity: float = SIMILARITY, *, threads: int = 2) -> SimilarTexts:
    """Find pairs of texts that share most of their shingles.

    Args:
        texts: (n,) large_string, normalised, unequal, without nulls; in a bucket of many the first are compared with all.
        similarity: least Jaccard similarity of the shingles, in (0, 1]; below 0.7 the search begins to miss pairs.
        threads: chunks of texts worked on at a time.

    Raises:
        OutOfRangeError: the similarity is outside (0, 1].

    >>> twins = ["a plate of rendang with rice in padang", "the plate of rendang with rice in padang", "a bowl of pho in hanoi"]
    >>> found = similar_texts(pa.array(twins, pa.large_string()))
    >>> list(zip(found.first.tolist(), found.second.tolist(), found.similarity.round(2).tolist()))
    [(0, 1, 0.89)]
    """
    if not 0 < similarity <= 1:
        raise OutOfRangeError(f"the similarity must be in (0, 1], got {similarity}: it is the share of character runs in common.")
    with ThreadPoolExecutor(threads) as pool:
        sizes = lengths(texts)
        keys = np.concatenate([np.zeros((0, BANDS), np.uint64), *pool.map(lambda span: _band_keys(texts[span]), spans(sizes))])
        first, second, capped = _candidates(keys)
        pairs = spans(np.take(sizes, first) + np.take(sizes, second))
        alike = list(pool.map(lambda span: jaccard(texts, first[span], second[span]), pairs))
    shares = np.concatenate([np.zeros(0), *alike])
    near = shares >= similarity
    return SimilarTexts(first[near], second[near], shares[near], capped)


def minima(texts: pa.Array) -> np.ndarray:
    """MinHash signatures: the least of a text's shingles under 80 orders, (n, 80) uint32."""
    hashes, starts = shingles(texts)
    found = np.empty((MINIMA, len(texts)), np.uint32)
    for place, order in enumerate(_orders()):
        found[place] = np.minimum.reduceat(hashes * order >> np.uint64(32), starts[:-1]) if len(texts) else 0
    return np.ascontiguousarray(found.T)


def lengths(texts: pa.Array) -> np.ndarray:
    """How many characters of each text are looked at, (n,) int64."""
    return np.minimum(pc.utf8_length(texts).to_numpy(zero_copy_only=False), LONGEST).astype(np.int64)  # pyright: ignore[reportAttributeAccessIssue]


def spans(sizes: np.ndarray) -> Iterator[slice]:
    """Cut a row of things into pieces of about a quarter of a million characters, given how many each has."""
    begin = 0
    for end in [*np.flatnonzero(np.diff(np.cumsum(sizes) // _CHUNK)).tolist(), len(sizes) - 1]:
        if end >= begin:
            yield slice(begin, end + 1)
            begin = end + 1


def _band_keys(texts: pa.Array) -> np.ndarray:
    """(n, 16) uint64: the five minima of each band as one number."""
    found = minima(texts).reshape(len(texts), BANDS, _ROWS)
    keys = np.zeros((len(texts), BANDS), np.uint64)
    for row in range(_ROWS):
        keys = mixed(keys ^ found[:, :, row])
    return keys


def _candidates(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    pairs = np.zeros(0, np.int64)
    crowded = np.zeros(len(keys), bool)
    for band in range(keys.shape[1]):
        order = np.argsort(keys[:, band], kind="stable")
        begins = np.flatnonzero(np.diff(keys[order, band], prepend=~keys[order[:1], band]))
        behind = np.arange(len(order)) - np.repeat(begins, np.diff(begins, append=len(order)))
        crowded[order[behind > _LEADERS]] = True
        pairs = np.union1d(pairs, np.concatenate([np.zeros(0, np.int64), *_with_leaders(order, behind)]))
    return pairs // max(len(keys), 1), pairs % max(len(keys), 1), int(crowded.sum())


def _with_leaders(order: np.ndarray, behind: np.ndarray) -> Iterator[np.ndarray]:
    """Pair each text with the first of its bucket; a pair is one number, n · first + second."""
    for leader in range(_LEADERS):
        places = np.flatnonzero(behind > leader)
        yield order[places - behind[places] + leader] * len(order) + order[places]


def _orders() -> np.ndarray:
    """80 odd numbers: multiplying by one is an order of its own of all 64-bit hashes. Part of the format of hash files."""
    return mixed(np.arange(MINIMA, dtype=np.uint64)) | np.uint64(1)
