"""Features as they are handed over in; checked arrays, or blocks of them from a file that no memory holds, out.

What cannot be measured is refused with the number of its row: NaN, infinity, a vector of length 0 where an angle is asked for.
"""

import mmap
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hf_regional.errors import MismatchedScoresError, NonFiniteError, NoRowsError, OutOfRangeError

Floats = npt.NDArray[np.float64]
Block = npt.NDArray[np.floating[Any]]
_CELLS: Final = 2_000_000  # numbers at a time: 8 MB in float32
_MAPPED: Final = 64 << 20  # bytes of a mapped file that may stay in the process's account
_SMALL: Final = 1e-12  # squared length below which a square may have vanished


def matrix(features: npt.ArrayLike, what: str) -> npt.NDArray[Any]:
    """Take (n, d) features as they lie, a memory-mapped file included; nothing is read yet.

    Raises:
        MismatchedScoresError: they are no matrix of numbers. NoRowsError: no row, or rows without a number.

    >>> matrix([[3, 4]], "images").shape
    (1, 2)
    """
    try:
        array = np.asarray(features)
    except ValueError as error:  # rows of unlike lengths
        raise MismatchedScoresError(f"{what}: the rows are not of one length; give (n, d), one vector a row.") from error
    if array.ndim != 2 or array.dtype.kind not in "fiub":
        if array.size == 0:
            raise NoRowsError(f"{what} is empty: give at least one row.")
        raise MismatchedScoresError(f"{what} is {array.dtype} of shape {array.shape}; give numbers (n, d), one vector a row.")
    if 0 in array.shape:
        raise NoRowsError(f"{what} is empty, shape {array.shape}: give at least one row.")
    return array


def blocks(features: npt.NDArray[Any], what: str, rows: int | None = None) -> Iterator[tuple[int, Block]]:
    """Go through (n, d) features: number of the first row and the checked rows, float32, or float64 where they are wider than float32.

    Raises:
        NonFiniteError: a number is NaN or infinite, or too large for the product of two rows; `.name` is the row.
    """
    step = rows or max(1, _CELLS // features.shape[1])
    wanted, mapping, read = working_dtype(features), _read_only_mapping(features), 0
    for first in range(0, len(features), step):
        block = np.ascontiguousarray(features[first : first + step], dtype=wanted)
        check_finite(block, what, first)
        yield first, block
        read += features[first : first + step].nbytes
        if mapping is not None and read >= _MAPPED:
            mapping.madvise(mmap.MADV_DONTNEED)  # or the whole file counts as this process's memory, and a limit on that kills it
            read = 0


def _read_only_mapping(features: npt.NDArray[Any]) -> mmap.mmap | None:
    """The mapping behind features, if it can be let go of: one that was opened to be changed may hold what is not in its file."""
    base: Any = features
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap) and base.mode != "r":
            return None
        base = base.base
    return base if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED") else None


def working_dtype(features: npt.NDArray[Any]) -> np.dtype[Any]:
    """Float32 for what float32 holds, float64 for float64 and for whole numbers above 16 bits."""
    return np.promote_types(features.dtype, np.float32)


def check_finite(block: Block, what: str, first: int = 0) -> None:
    """Refuse NaN and infinity by row; `first` is the number of the block's first row.

    The sum of all squares tells in one pass without a copy; that it did not overflow also keeps every product of two rows finite.
    """
    if np.isfinite(np.vdot(block, block)):
        return
    with np.errstate(over="ignore", invalid="ignore"):
        bad = np.flatnonzero(~np.isfinite(np.einsum("nd,nd->n", block, block)))
    row = first + int(bad[0]) if len(bad) else first
    if len(bad) and not np.isfinite(block[bad[0]]).all():
        raise NonFiniteError(f"{what}: row {row} holds NaN or infinity. Encode that item again, or leave it out.", name=str(row))
    raise NonFiniteError(f"{what}: row {row} is too large for {block.dtype}: bring features to unit length first.", name=str(row))


def unit_rows(block: Block, what: str, first: int = 0) -> Block:
    """Bring rows to length 1.

    Raises:
        OutOfRangeError: a row has length 0: it points nowhere.

    >>> unit_rows(np.array([[3.0, 4.0]]), "images").tolist()
    [[0.6, 0.8]]
    """
    squares = np.einsum("nd,nd->n", block, block)
    if (squares > _SMALL).all():
        return block / np.sqrt(squares)[:, None]
    largest = np.abs(block).max(axis=1)  # first, since the square of a number below 1e-23 is 0 in float32
    if (zero := np.flatnonzero(largest == 0)).size:
        raise OutOfRangeError(f"{what}: row {first + zero[0]} is all zeros and has no direction. Encode that item again, or leave it out.")
    scaled = block / largest[:, None]
    return scaled / np.sqrt(np.einsum("nd,nd->n", scaled, scaled))[:, None]


def unit_matrix(features: npt.ArrayLike, what: str) -> Floats:
    """Check and bring to length 1 in memory: (n, d) of any numbers to (n, d) float64; errors as in `matrix`, `blocks` and `unit_rows`."""
    array = matrix(features, what).astype(np.float64)
    check_finite(array, what)
    return unit_rows(array, what).astype(np.float64, copy=False)


def same_width(one: npt.NDArray[Any], other: npt.NDArray[Any], names: tuple[str, str]) -> None:
    """Refuse features of two encoders: widths that differ.

    Raises:
        MismatchedScoresError: the widths differ.
    """
    if one.shape[1] != other.shape[1]:
        raise MismatchedScoresError(
            f"{names[0]} have {one.shape[1]} dimensions and {names[1]} {other.shape[1]}: both must come from one encoder's shared space."
        )
