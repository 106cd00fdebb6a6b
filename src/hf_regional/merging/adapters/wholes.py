"""Wholes: tensors that an adapter holds whole, or some rows of, in, sources of their elements out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hf_regional.merging.adapters.adapter import TokenRows
from hf_regional.merging.adapters.matrices import columns_of
from hf_regional.merging.codecs import WIDE, Bytes, widen
from hf_regional.merging.header import Stored
from hf_regional.merging.sources import Files


@dataclass(frozen=True, slots=True)
class ReplacedRows:
    """A source of the base's embedding with some rows of the adapter's in their places; of the base's dtype where both have one."""

    base: Stored
    rows: TokenRows

    @property
    def dtype(self) -> str:
        """The dtype of both, or else float64 or float32, by the base's."""
        if self.base.dtype == self.rows.values.dtype:
            return self.base.dtype
        return "F64" if WIDE[self.base.dtype] is np.float64 else "F32"

    @property
    def files(self) -> frozenset[Path]:
        """The base's and the adapter's."""
        return frozenset({self.base.file, self.rows.values.file})

    def read(self, files: Files, first: int, into: memoryview) -> None:
        """Fill `into` with the elements from `first` on."""
        width, out = columns_of(self.base), np.frombuffer(into, np.uint8)
        unit = Stored(self.base.file, self.dtype, (), 0, 0).width
        last = first + len(out) // unit
        out[:] = self._elements(files, self.base, first, last)
        for place, index in enumerate(self.rows.indices):
            begin, end = max(first, index * width), min(last, (index + 1) * width)
            if begin < end:
                there = (place - index) * width  # from an element of the embedding to that of the rows
                out[(begin - first) * unit : (end - first) * unit] = self._elements(files, self.rows.values, begin + there, end + there)

    def _elements(self, files: Files, stored: Stored, first: int, last: int) -> Bytes:
        raw = np.empty((last - first) * stored.width, np.uint8)
        files.read(stored.file, stored.start + first * stored.width, raw.data)
        return raw if stored.dtype == self.dtype else widen(raw, stored.dtype, WIDE[self.base.dtype]).view(np.uint8)


@dataclass(frozen=True, slots=True)
class PickedRows:
    """A source of some rows of an embedding, in the order of their indices."""

    base: Stored
    indices: tuple[int, ...]

    @property
    def dtype(self) -> str:
        """The embedding's."""
        return self.base.dtype

    @property
    def files(self) -> frozenset[Path]:
        """Its file."""
        return frozenset({self.base.file})

    def read(self, files: Files, first: int, into: memoryview) -> None:
        """Fill `into` with the elements from `first` on."""
        width, unit = columns_of(self.base), self.base.width
        filled = 0
        while filled < len(into):
            place, column = divmod(first + filled // unit, width)
            count = min((width - column) * unit, len(into) - filled)
            start = self.base.start + (self.indices[place] * width + column) * unit
            files.read(self.base.file, start, into[filled : filled + count])
            filled += count


@dataclass(frozen=True, slots=True)
class ShiftedBias:
    """A source of b + s·b_B, the bias of a module whose B has one (PEFT's lora_bias); float32 over 16 bits and fewer, else float64."""

    base: Stored
    shift: Stored
    scale: float

    @property
    def dtype(self) -> str:
        """F32 or F64."""
        return "F64" if WIDE[self.base.dtype] is np.float64 else "F32"

    @property
    def files(self) -> frozenset[Path]:
        """The base's and the adapter's."""
        return frozenset({self.base.file, self.shift.file})

    def read(self, files: Files, first: int, into: memoryview) -> None:
        """Fill `into` with the elements from `first` on."""
        out = np.frombuffer(into, WIDE[self.base.dtype])
        out[:] = self._numbers(files, self.base, first, len(out)) + self.scale * self._numbers(files, self.shift, first, len(out))

    def _numbers(self, files: Files, stored: Stored, first: int, count: int) -> np.ndarray:
        raw = np.empty(count * stored.width, np.uint8)
        files.read(stored.file, stored.start + first * stored.width, raw.data)
        return widen(raw, stored.dtype, WIDE[self.base.dtype])
