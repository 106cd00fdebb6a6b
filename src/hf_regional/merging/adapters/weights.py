"""Weights: a tensor of the base and a module's factors in, the elements of θ_regional = W + s·B·A out, stretch by stretch.

Only the rows that a stretch covers are read. With DoRA every output is then brought to its learnt length,

    θ_regional = m · (W + s·B·A) / ‖W + s·B·A‖        (arXiv:2402.09353, eq. 5, as PEFT's merge computes it)

where the norm is taken over the inputs of one output: over a row where W is stored (out, in), over a column of an embedding or of
a weight stored (in, out), which needs one pass over the whole tensor before the first element.
"""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from hf_regional.merging.adapters.adapter import LowRank
from hf_regional.merging.adapters.matrices import columns_of, read_rectangle
from hf_regional.merging.codecs import WIDE, Wide
from hf_regional.merging.header import Stored
from hf_regional.merging.sources import Files

# Elements of a block: in float64 each of its few arrays is 2 MB, which a core's cache nearly holds.
_BLOCK: Final = 1 << 18
# Elements of the right factor that are kept for one stretch, 16 MB in float64; read again for every block it took most of the time
# at rank 256. A larger one is read in pieces of half the size, for blocks that are taller.
_HELD: Final = 1 << 21


class AdaptedWeights:
    """A source (`hf_regional.merging.sources`) of one adapted tensor, float32 over 16 bits and fewer, else float64. For any thread.

    Args:
        base: W: (out, in), (out, in, kernel...), of an embedding (rows, width), or (in, out) where `is_transposed`.
        low_rank: the factors.
        is_transposed: the gain is (B·A)ᵀ: an embedding, or a weight stored (in, out) as GPT-2 does (PEFT's fan_in_fan_out).
    """

    def __init__(self, base: Stored, low_rank: LowRank, *, is_transposed: bool) -> None:
        self._base, self._low_rank, self._is_transposed = base, low_rank, is_transposed
        self._rows, self._columns = base.shape[0], columns_of(base)
        self._wide = WIDE[base.dtype]
        self._is_held = low_rank.rank * self._columns <= _HELD
        # A block of so many rows keeps W's rows and those of the left factor small.
        self._tall = max(1, (_BLOCK if self._is_held else 4 * _BLOCK) // max(self._columns, low_rank.rank))
        self._lock = threading.Lock()
        self._column_norms: Wide | None = None
        self._row_norms: dict[int, float] = {}

    @property
    def dtype(self) -> str:
        """F32 or F64."""
        return "F64" if self._wide is np.float64 else "F32"

    @property
    def files(self) -> frozenset[Path]:
        """The base's file and the adapter's."""
        parts = (self._base, self._low_rank.a, self._low_rank.b, self._low_rank.magnitude)
        return frozenset(part.file for part in parts if part is not None)

    def read(self, files: Files, first: int, into: memoryview) -> None:
        """Fill `into` with the elements from `first` on."""
        out = np.frombuffer(into, self._wide)
        for rows, columns, values in self._sums(files, first, first + len(out)):
            if self._low_rank.magnitude is not None:
                values *= self._lengths(files, rows, columns, values)
            begin = rows.start * self._columns + columns.start - first
            out[begin : begin + values.size] = values.reshape(-1)

    def _blocks(self, first: int, last: int) -> Iterator[tuple[range, range]]:
        """Whole rows, several at a time, and pieces of one row where the stretch begins or ends inside it or a row is very long."""
        while first < last:
            row, column = divmod(first, self._columns)
            whole = 0 if column or self._columns > _BLOCK else min((last - first) // self._columns, self._tall)
            end = self._columns if whole else min(self._columns, column + min(last - first, _BLOCK))
            yield range(row, row + max(whole, 1)), range(column, end)
            first += max(whole, 1) * (end - column)

    def _sums(self, files: Files, first: int, last: int) -> Iterator[tuple[range, range, Wide]]:
        """W + s·B·A, block by block."""
        every = range(self._low_rank.rank)
        held = self._right(files, every, range(self._columns)) if self._is_held and first < last else None
        for rows, columns in self._blocks(first, last):
            values = read_rectangle(files, self._base, rows, columns, self._wide)
            left = self._left(files, rows)
            left *= self._low_rank.scale
            if held is not None:
                values += left @ held[:, columns.start : columns.stop]
            else:
                for ranks, piece in self._pieces(columns):
                    there = slice(piece.start - columns.start, piece.stop - columns.start)
                    values[:, there] += left[:, ranks.start : ranks.stop] @ self._right(files, ranks, piece)
            yield rows, columns, values

    def _pieces(self, columns: range) -> Iterator[tuple[range, range]]:
        """The right factor cut so that each piece is one read where it can: A into rows, B into columns of its transpose."""
        rank = self._low_rank.rank
        if self._is_transposed:
            step = max(1, _HELD // 2 // rank)
            yield from ((range(rank), columns[begin : begin + step]) for begin in range(0, len(columns), step))
        else:
            step = max(1, _HELD // 2 // len(columns))
            yield from ((range(rank)[begin : begin + step], columns) for begin in range(0, rank, step))

    def _left(self, files: Files, rows: range) -> Wide:
        """The factor that goes with the rows of W, (len(rows), r)."""
        every = range(self._low_rank.rank)
        if self._is_transposed:
            return read_rectangle(files, self._low_rank.a, every, rows, self._wide).T.copy()
        return read_rectangle(files, self._low_rank.b, rows, every, self._wide)

    def _right(self, files: Files, ranks: range, columns: range) -> Wide:
        """The factor that goes with its columns, (len(ranks), len(columns))."""
        if self._is_transposed:
            return read_rectangle(files, self._low_rank.b, columns, ranks, self._wide).T
        return read_rectangle(files, self._low_rank.a, ranks, columns, self._wide)

    def _lengths(self, files: Files, rows: range, columns: range, values: Wide) -> Wide:
        """The factor m / ‖W + s·B·A‖, to be broadcast over `values`. A norm of 0 gives NaN, as in PEFT, which a merge refuses."""
        outputs = columns if self._is_transposed else rows
        magnitude = self._magnitude(files, outputs)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self._is_transposed:
                return magnitude / self._norms_of_columns(files)[columns.start : columns.stop]
            if len(columns) == self._columns:
                return (magnitude / _norms(values, 1))[:, None]
            return magnitude / self._norm_of_row(files, rows.start)

    def _magnitude(self, files: Files, outputs: range) -> Wide:
        magnitude = self._low_rank.magnitude
        if magnitude is None:
            raise TypeError("no magnitude without DoRA")
        # (out,), of a convolution (1, out, 1, 1): the same numbers in the same order
        row = Stored(magnitude.file, magnitude.dtype, (1, magnitude.size // magnitude.width), magnitude.start, magnitude.size)
        return read_rectangle(files, row, range(1), outputs, self._wide)[0]

    def _norm_of_row(self, files: Files, row: int) -> float:
        # A few rows a stretch: those that it cuts. Two threads may reckon the same one; they find the same.
        if row not in self._row_norms:
            first = row * self._columns
            squares = sum(float(np.square(values).sum()) for _, _, values in self._sums(files, first, first + self._columns))
            self._row_norms[row] = squares**0.5
        return self._row_norms[row]

    def _norms_of_columns(self, files: Files) -> Wide:
        with self._lock:
            if self._column_norms is None:
                squares = np.zeros(self._columns)  # float64: an embedding sums a quarter of a million squares a column
                for _, columns, values in self._sums(files, 0, self._rows * self._columns):
                    squares[columns.start : columns.stop] += np.square(values).sum(axis=0, dtype=np.float64)
                self._column_norms = np.sqrt(squares).astype(self._wide)
            return self._column_norms


def _norms(values: Wide, axis: int) -> Wide:
    return np.sqrt(np.square(values).sum(axis=axis))
