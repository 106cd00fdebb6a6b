"""Hashing: grey thumbnails in, one 64-bit perceptual hash each out.

The hash is that of `imagehash.phash`: an image in grey, 32 pixels a side; the 8 by 8 lowest frequencies of its cosine transform
(DCT-II along both axes); a bit says whether a frequency lies above the median of the 64. Two copies of a picture, recompressed,
resized or brightened, differ in a few bits; two pictures differ in 32 on average. Colour has no part in it.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final

import numpy as np

SIDE: Final = 32  # pixels a side of a thumbnail
_KEPT: Final = 8  # frequencies along each axis
_CHUNK: Final = 512  # thumbnails: 4 MB of float64, which stay in the cache of a core
# Frequencies that are mathematically equal (0 in a flat or a mirrored picture) differ by 1e-9 of rounding. Without a tolerance their
# bits would be noise, and two blank pictures would be 30 bits apart. Coefficients of photographs lie around 1e3.
_TIE: Final = 1e-6


def perceptual_hashes(thumbnails: np.ndarray, *, threads: int = 2) -> np.ndarray:
    """Hash thumbnails.

    Args:
        thumbnails: (n, 32, 32) uint8, grey.
        threads: how many chunks are worked on at a time.

    Returns:
        (n,) uint64; the highest bit is the mean (frequency 0, 0), then row by row, as imagehash writes its hexadecimal digits.

    Raises:
        ValueError: another shape or dtype.

    >>> [hex(hash) for hash in perceptual_hashes(np.full((1, 32, 32), 200, np.uint8))]
    ['0x8000000000000000']
    """
    if thumbnails.dtype != np.uint8 or thumbnails.shape[1:] != (SIDE, SIDE):
        found = f"{thumbnails.shape} {thumbnails.dtype}"
        raise ValueError(f"thumbnails must be (n, {SIDE}, {SIDE}) uint8, got {found}: shrink and grey the images first.")
    pixels = thumbnails.reshape(len(thumbnails), SIDE * SIDE)
    hashes = np.empty(len(pixels), np.uint64)

    def hash_chunk(begin: int) -> None:
        hashes[begin : begin + _CHUNK] = _hash(pixels[begin : begin + _CHUNK])

    begins = range(0, len(pixels), _CHUNK)
    if threads > 1 and len(begins) > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(hash_chunk, begins))
    else:
        list(map(hash_chunk, begins))
    return hashes


def _hash(pixels: np.ndarray) -> np.ndarray:
    frequencies = pixels.astype(np.float64) @ _cosines()
    ranked = np.sort(frequencies, axis=1)
    middle = len(ranked.T) // 2
    median = (ranked[:, middle - 1 : middle] + ranked[:, middle : middle + 1]) / 2
    return np.packbits(frequencies > median + _TIE, axis=1).view(">u8").ravel()


@cache
def _cosines() -> np.ndarray:
    """(1024, 64): the 64 lowest two-dimensional DCT-II functions, 4 cos(π(2y+1)u/64) cos(π(2x+1)v/64)."""
    places, waves = np.arange(SIDE), np.arange(_KEPT)
    along = 2 * np.cos(np.pi * (2 * places[:, None] + 1) * waves / (2 * SIDE))
    return np.einsum("yu,xv->yxuv", along, along).reshape(SIDE * SIDE, _KEPT * _KEPT)
