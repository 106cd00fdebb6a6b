"""Texts: normalised texts in, which are equal and which pairs are nearly so out, in time linear in the texts."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hf_regional.errors import OutOfRangeError
from hf_regional.filtering.duplicates.shingles import distinct, jaccard
from hf_regional.filtering.duplicates.signatures import BANDS, band_keys, lengths, minima, spans

SIMILARITY: Final = 0.8
_LEADERS: Final = 32  # texts of a bucket that all others of it are compared with
_PART: Final = 1 << 16  # pairs estimated at a time: 5 MB
# An estimate from 80 minima has a standard error of 0.045 at 0.8: what it puts this far below is not worth the exact figure.
_DOUBT: Final = 0.2


@dataclass(frozen=True, slots=True)
class SimilarTexts:
    """Near pairs of unequal texts: places (p,) int64, first < second, ascending, and their Jaccard similarity (p,) float64.

    capped: texts that shared a bucket with more than 32 before them and were compared with the first 32 of it only.
    """

    first: np.ndarray
    second: np.ndarray
    similarity: np.ndarray
    capped: int


def equal_texts(texts: pa.Array) -> np.ndarray:
    """Number texts: (n,) int64, the same number for equal ones; -1 for null.

    >>> equal_texts(pa.array(["pho", None, "rendang", "pho"])).tolist()
    [0, -1, 1, 0]
    """
    calls: Any = pc  # its functions are made at run time, unknown to the type checker
    numbers = calls.dictionary_encode(texts).indices.cast(pa.int64())
    return calls.fill_null(numbers, -1).to_numpy(zero_copy_only=False)


def similar_texts(texts: pa.Array, similarity: float = SIMILARITY, *, threads: int = 2) -> SimilarTexts:
    """Find pairs of texts that share most of their shingles.

    Candidates come from MinHash signatures (see `signatures`, which says how many pairs that misses); theirs is the exact similarity.

    Args:
        texts: (n,) large_string, normalised, unequal, without nulls; in a bucket of many the first are compared with all others.
        similarity: least Jaccard similarity of the shingles, in (0, 1].
        threads: pieces of the column worked on at a time.

    Raises:
        OutOfRangeError: the similarity is outside (0, 1].

    >>> twins = ["a plate of rendang with rice in padang", "the plate of rendang with rice in padang", "a bowl of pho in hanoi"]
    >>> found = similar_texts(pa.array(twins, pa.large_string()))
    >>> list(zip(found.first.tolist(), found.second.tolist(), found.similarity.round(2).tolist()))
    [(0, 1, 0.89)]
    """
    require_similarity(similarity)
    sizes = lengths(texts)
    with ThreadPoolExecutor(threads) as pool:
        signed = list(pool.map(lambda span: _signed(texts[span]), spans(sizes)))
        keys, low = (np.concatenate(parts) for parts in zip(_signed(texts[:0]), *signed, strict=True))
        first, second, capped = _candidates(keys)
        likely = _estimates(low, first, second) >= similarity - _DOUBT
        first, second = first[likely], second[likely]
        pairs = spans(sizes[first] + sizes[second])
        shares = np.concatenate([np.zeros(0), *pool.map(lambda span: jaccard(texts, first[span], second[span]), pairs)])
    near = shares >= similarity
    return SimilarTexts(first[near], second[near], shares[near], capped)


def require_similarity(similarity: float) -> None:
    """Refuse what is no share.

    Raises:
        OutOfRangeError: the similarity is outside (0, 1].
    """
    if not 0 < similarity <= 1:
        raise OutOfRangeError(f"the similarity must be in (0, 1], got {similarity}: it is the share of character runs in common.")


def _signed(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The keys of the bands, (n, 16) uint64, and the low byte of each of the 80 minima, (n, 80) uint8."""
    found = minima(texts)
    return band_keys(found), found.astype(np.uint8)


def _estimates(low: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The share of equal bytes of pairs of texts, (p,): their similarity, give or take."""
    parts = [slice(begin, begin + _PART) for begin in range(0, len(first), _PART)]
    return np.concatenate([np.zeros(0), *((low[first[part]] == low[second[part]]).mean(axis=1) for part in parts)])


def _candidates(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    pairs, crowded = np.zeros(0, np.int64), np.zeros(len(keys), bool)
    for band in range(BANDS if len(keys) else 0):
        order = np.argsort(keys[:, band], kind="stable")
        begins = np.flatnonzero(np.diff(keys[order, band], prepend=~keys[order[0], band]))
        behind = np.arange(len(order)) - np.repeat(begins, np.diff(begins, append=len(order)))
        crowded[order[behind > _LEADERS]] = True
        pairs = distinct(np.concatenate([pairs, *_with_leaders(order, behind)]))
    return pairs // max(len(keys), 1), pairs % max(len(keys), 1), int(crowded.sum())


def _with_leaders(order: np.ndarray, behind: np.ndarray) -> Iterator[np.ndarray]:
    """Pair each text with the first of its bucket; a pair is one number, n · first + second."""
    for leader in range(_LEADERS):
        places = np.flatnonzero(behind > leader)
        yield order[places - behind[places] + leader] * len(order) + order[places]
