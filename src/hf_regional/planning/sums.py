"""Sums: features and the rows of groups in; sums of unit vectors, and means of resampled images, out. No two images are ever compared.

The mean cosine over all pairs of images of two groups is the dot product of their mean unit vectors:
1/(n·m) Σᵢ Σⱼ uᵢ·vⱼ = (1/n Σᵢ uᵢ)·(1/m Σⱼ vⱼ).
"""

import zlib
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hf_regional.errors import BadRowError, ConfigError, NonFiniteError, NoRowsError
from hf_regional.planning.groups import Groups, Ints

Floats = npt.NDArray[np.floating[Any]]

_BLOCK: Final = 1024  # rows read at a time: 3 MB of 768 features, which stay in the processor's cache
_DRAWS: Final = 4_000_000  # drawn at a time: 32 MB
_SAFE: Final = (1e-30, 1e30)  # squared norms that float32 holds in full
_ALONE: Final = 2**18  # multiplications up to which OpenBLAS (interface/gemm.c) takes one thread
_ORDER: Final = 4  # features by which the images of a group are put in order


class UnitRows:
    """Features (n, d) of any float type, in memory or in a mapped file, read a few rows at a time as unit vectors.

    float64 is computed in float64 and everything else in float32.

    Raises:
        ConfigError: not a table of numbers, one row an image.
        NoRowsError: there is no image.
    """

    def __init__(self, features: Any, name: str = "features") -> None:
        self.name = name
        try:
            self.features: npt.NDArray[Any] = np.asarray(features)  # a mapped file stays one
        except ValueError as error:  # rows of unlike length
            raise ConfigError(f"{name} must be numbers, one row an image, all rows of one length: {error}", name) from error
        shape, kind = self.features.shape, self.features.dtype.kind
        if len(shape) != 2 or kind not in "fiu":
            raise ConfigError(f"{name} must be numbers, one row an image: (n, d). Got shape {shape} of {self.features.dtype}.", name)
        if 0 in shape:
            raise NoRowsError(f"{name}: there are none, their shape is {shape}.")
        self.dtype = np.result_type(self.features.dtype, np.float32)
        self._raw = np.empty((_BLOCK, shape[1]), self.features.dtype)

    def __len__(self) -> int:
        return len(self.features)

    @property
    def width(self) -> int:
        """Features an image, d."""
        return self.features.shape[1]

    def read(self, rows: Ints) -> tuple[Floats, Floats]:
        """Read at most `_BLOCK` rows (k, d) with the factors (k,) that make them unit vectors; the next call overwrites them.

        Raises:
            BadRowError: a row is all zeros and points nowhere.
            NonFiniteError: a row holds NaN or infinity.
        """
        raw = self._raw[: len(rows)]
        np.take(self.features, rows, axis=0, out=raw, mode="clip")  # "clip" alone writes into `out` without a copy
        block = raw.astype(self.dtype, copy=False)
        squares = np.einsum("ij,ij->i", block, block)
        if not (_SAFE[0] < squares.min() and squares.max() < _SAFE[1]):  # NaN fails too
            squares = _rescaled(block, rows, self.name)
        return block, 1 / np.sqrt(squares)

    def unit(self, rows: Ints) -> Floats:
        """Unit vectors (k, d) of any number of rows, in memory of their own."""
        out = np.empty((len(rows), self.width), self.dtype)
        for start in range(0, len(rows), _BLOCK):
            block, factors = self.read(rows[start : start + _BLOCK])
            np.multiply(block, factors[:, None], out=out[start : start + _BLOCK])
        return out

    def sums(self, groups: Groups) -> npt.NDArray[np.float64]:
        """Sum of the unit vectors of each group, (g, d), in one pass over the features."""
        out = np.zeros((len(groups), self.width))
        for start in range(0, len(groups.rows), _BLOCK):
            block, factors = self.read(groups.rows[start : start + _BLOCK])
            low, bounds = _segments(groups.first, start, start + len(block))
            part = np.empty((len(bounds) - 1, self.width), self.dtype)
            for place, (a, b) in enumerate(pairwise(bounds)):
                np.dot(factors[a:b], block[a:b], out=part[place])
            out[low : low + len(part)] += part
        return out

    def resampled(self, rows: Ints, weights: npt.NDArray[np.integer[Any]]) -> Floats:
        """Means (r, d) of the unit vectors of some rows (n,), each weighed by how often it was drawn, (r, n)."""
        out = np.zeros((len(weights), self.width), self.dtype)
        for start in range(0, len(rows), _BLOCK):
            block, factors = self.read(rows[start : start + _BLOCK])
            counts = weights[:, start : start + _BLOCK] * factors
            step = rows_on_one_thread(block.size, len(counts))
            for low in range(0, len(counts), step):
                out[low : low + step] += counts[low : low + step] @ block
        out /= len(rows)
        return out

    def in_order(self, rows: Ints) -> Ints:
        """The rows of one group in an order that depends on their features alone, so that draws don't hang on how a file is sorted."""
        keys = np.stack([self.features[rows, column] for column in range(min(_ORDER, self.width))][::-1])
        return rows[np.lexsort(keys)]


def rows_on_one_thread(size: int, rows: int) -> int:
    """How many rows at a time to multiply by a matrix of some size: so few that OpenBLAS does it on one thread, or all.

    Waking a second thread for a product of a tenth of a millisecond costs more than it saves, and where other programs keep the cores
    busy it waits for its turn: a thousand such products then took five times as long. Longer products are worth it.
    """
    return _ALONE // size or rows


def drawn(n: int, resamples: int, seed: int, *names: str) -> npt.NDArray[np.uint8]:
    """How often each of n images is drawn in each resample, (r, n): multinomial counts, as many draws as images.

    The names of the group go into the seed: a group's draws are its own, whatever other groups there are. uint8: a count is
    Poisson(1) in all but name, above 255 in less than 1 of 10^500 cells.
    """
    rng = np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])
    out = np.empty((resamples, n), np.uint8)
    step = max(1, _DRAWS // n)
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        draws = rng.integers(n, size=(size, n)) + np.arange(size)[:, None] * n
        out[start : start + size] = np.bincount(draws.ravel(), minlength=size * n).reshape(size, n)
    return out


def _segments(first: Ints, start: int, stop: int) -> tuple[int, list[int]]:
    """The first group within rows `start` to `stop`, and where it and those that follow begin and end, counted from `start`."""
    low, high = int(np.searchsorted(first, start, side="right")) - 1, int(np.searchsorted(first, stop, side="left"))
    return low, np.clip(first[low : high + 1] - start, 0, stop - start).tolist()


def _rescaled(block: Floats, rows: Ints, name: str) -> Floats:
    """Scale rows whose squares leave the range of their type, in place, and give the squared norms."""
    largest = np.abs(block).max(axis=1)
    for bad, error in ((~np.isfinite(largest), NonFiniteError), (largest == 0, BadRowError)):
        if bad.any():
            what = "holds NaN or infinity" if error is NonFiniteError else "is all zeros, and a vector without length has no direction"
            others = f" ({bad.sum()} such rows among the {len(rows)} read with it)" if bad.sum() > 1 else ""
            raise error(f"{name}: row {rows[bad].min()} {what}{others}. Encode its image again or remove the row.")
    block /= largest[:, None]
    return np.einsum("ij,ij->i", block, block)
