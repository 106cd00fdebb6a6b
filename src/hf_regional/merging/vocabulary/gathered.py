"""Gathered: a tensor's rows picked from the files of several sides, as a `Source`. Reads what is asked for and nothing before it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from hf_regional.errors import MismatchedCheckpointsError
from hf_regional.merging.codecs import WIDE, Bytes, narrow, widen, width_of
from hf_regional.merging.header import Stored
from hf_regional.merging.sources import Files, Plain, Source
from hf_regional.merging.vocabulary.rows import RowMap, Rows

_ROWS: Final = 1 << 16  # looked up at a time: half a megabyte of row numbers
_SPAN: Final = 1 << 22  # bytes that are rather read whole than row by row
_PIECE: Final = 1 << 16  # elements converted at a time, on their way through float64
_MANY: Final = 64  # stretches of consecutive rows, from which on that is so


@dataclass(frozen=True, slots=True)
class Origin:
    """A tensor that rows are taken from. `via` is a dtype that they are rounded to on the way."""

    stored: Stored
    via: str | None = None


def gather(name: str, stored: Sequence[Stored], axis: int, rows: RowMap, *, only_base: bool = False) -> tuple[Source, ...]:
    """One tensor of every side with the rows of the output; the base's in its own dtype.

    A row that a side lacks is the base's, or where the base has none the carrier's: what only one side knows is the same on all, and
    no method moves it. Where dtypes differ such a row is rounded once to the base's, and a regional tensor that takes rows of two
    dtypes becomes the wider.

    Args:
        name: of the tensor, for messages.
        stored: where it lies, by side.
        axis: the one that tokens index.
        rows: which row of each side.
        only_base: whether nobody wants the regional models' rows.

    Raises:
        MismatchedCheckpointsError: rows would have to be converted from or to a dtype that is not floating, or has less than a byte.
    """
    return tuple(_gathered(name, stored, axis, rows, side) for side in range(1 if only_base else len(stored)))


def _gathered(name: str, stored: Sequence[Stored], axis: int, rows: RowMap, side: int) -> Source:
    own, world, shape = rows.rows[side], rows.world, stored[side].shape
    base, carrier = stored[0], stored[rows.carrier]
    is_rounded = base.dtype != carrier.dtype
    new = len(stored) if is_rounded else rows.carrier  # whence the rows come that the base lacks
    origin = np.where(own >= 0, side, np.where(world >= 0, 0, new))
    if side == rows.carrier:
        origin[world < 0] = new
    row = np.where(own >= 0, own, np.where(world >= 0, world, rows.rows[rows.carrier]))
    if bool((origin == side).all()) and np.array_equal(row, np.arange(shape[axis])):
        return Plain(stored[side])
    origins = (*(Origin(one) for one in stored), *([Origin(carrier, base.dtype)] if is_rounded else []))
    used = [origins[place] for place in np.unique(origin).tolist()]
    _require_convertible(name, used)
    dtype = base.dtype if side == 0 else _wider({one.via or one.stored.dtype for one in used})
    lengths = tuple(one.stored.shape[axis] for one in origins)
    return GatheredRows(dtype, math.prod(shape[:axis]), math.prod(shape[axis + 1 :]), origins, lengths, origin, row)


def _wider(dtypes: set[str]) -> str:
    if len(dtypes) == 1:
        return next(iter(dtypes))
    return "F64" if "F64" in dtypes else "F32"  # holds every number of both


def _require_convertible(name: str, origins: Sequence[Origin]) -> None:
    dtypes = sorted({one.stored.dtype for one in origins} | {one.via for one in origins if one.via})
    whole = all(one.stored.size == math.prod(one.stored.shape) * width_of(one.stored.dtype) for one in origins)
    if not whole or (len(dtypes) > 1 and not set(dtypes) <= WIDE.keys()):
        why = f"{' and '.join(dtypes)} have no common one" if whole else f"{dtypes[0]} has less than a byte"
        raise MismatchedCheckpointsError(
            f"{origins[0].stored.file}: the rows of tensor {name!r} cannot be matched by token, which takes numbers of one dtype in whole "
            f"bytes: {why}. Save both models in one floating dtype first, or keep the base's rows: vocabulary='base' and skip=[{name!r}]."
        )


@dataclass(frozen=True, slots=True, eq=False)
class GatheredRows:
    """A tensor whose rows along one axis lie in other places, in one file or several, in one dtype or several.

    Seen as (outer, n, inner) elements, row i of the n is row `row[i]` of `origins[origin[i]]`.
    """

    dtype: str
    outer: int
    inner: int
    origins: tuple[Origin, ...]
    lengths: tuple[int, ...]  # rows of each origin
    origin: Rows
    row: Rows

    @property
    def files(self) -> frozenset[Path]:
        """All that hold rows of it."""
        return frozenset(origin.stored.file for place, origin in enumerate(self.origins) if bool((self.origin == place).any()))

    def read(self, files: Files, first: int, into: memoryview) -> None:
        """Fill `into` with the elements from `first` on; its length is a whole number of elements.

        Raises:
            DamagedFileError: a file ended before its header said.
        """
        count = len(into) // width_of(self.dtype)
        if count:
            last = -(-(first + count) // self.inner)
            for begin in range(first // self.inner, last, _ROWS):
                self._read_rows(files, np.arange(begin, min(begin + _ROWS, last)), first, into)

    def _read_rows(self, files: Files, numbers: Rows, first: int, into: memoryview) -> None:
        """Fill in the rows of some numbers, counted through all of (outer, n), as far as `into` reaches."""
        slab, place = np.divmod(numbers, len(self.row))
        origin = self.origin[place]
        row = self.row[place] + slab * np.array(self.lengths)[origin]
        cuts = np.flatnonzero((np.diff(origin) != 0) | (np.diff(row) != 1)) + 1
        starts, stops = np.concatenate([[0], cuts]).tolist(), [*cuts.tolist(), len(numbers)]
        if len(starts) > _MANY and self._is_narrow(origin, row):
            self._copy(self._picked(files, origin, row), int(numbers[0]), first, into)
            return
        for start, stop in zip(starts, stops, strict=True):
            self._read_run(files, int(origin[start]), int(row[start]), int(numbers[start]), stop - start, first, into)

    def _read_run(self, files: Files, origin: int, row: int, number: int, count: int, first: int, into: memoryview) -> None:
        """Fill in consecutive rows of one origin, as far as `into` reaches."""
        width, inner = width_of(self.dtype), self.inner
        begin, end = max(first, number * inner), min(first + len(into) // width, (number + count) * inner)
        target = into[(begin - first) * width : (end - first) * width]
        start = row * inner + begin - number * inner
        if self._is_verbatim(origin):
            stored = self.origins[origin].stored
            files.read(stored.file, stored.start + start * width, target)
            return
        for piece in range(0, end - begin, _PIECE):
            raw = self._converted(files, origin, start + piece, min(_PIECE, end - begin - piece))
            target[piece * width : piece * width + len(raw)] = raw.data

    def _picked(self, files: Files, origin: Rows, row: Rows) -> Bytes:
        """Scattered rows out of short stretches of the files, each of which is read once: (rows, bytes)."""
        out = np.empty((len(row), self.inner * width_of(self.dtype)), np.uint8)
        for place in np.unique(origin).tolist():
            mine = origin == place
            low, high = int(row[mine].min()), int(row[mine].max()) + 1
            raw = self._converted(files, place, low * self.inner, (high - low) * self.inner)
            out[mine] = raw.reshape(high - low, -1)[row[mine] - low]
        return out

    def _copy(self, rows: Bytes, number: int, first: int, into: memoryview) -> None:
        width = width_of(self.dtype)
        flat, ahead = rows.reshape(-1), (first - number * self.inner) * width
        piece = flat[max(0, ahead) : ahead + len(into)]
        start = max(0, -ahead)
        into[start : start + len(piece)] = piece.data

    def _converted(self, files: Files, origin: int, first: int, count: int) -> Bytes:
        stored, via = self.origins[origin].stored, self.origins[origin].via
        raw = np.empty(count * width_of(stored.dtype), np.uint8)
        files.read(stored.file, stored.start + first * width_of(stored.dtype), raw.data)
        dtypes = [stored.dtype, *([via] if via else []), self.dtype]
        for theirs, ours in pairwise(dtypes):
            raw = raw if theirs == ours else narrow(widen(raw, theirs, np.float64), ours)
        return raw

    def _is_verbatim(self, origin: int) -> bool:
        return {self.dtype} == {self.origins[origin].stored.dtype, self.origins[origin].via or self.dtype}

    def _is_narrow(self, origin: Rows, row: Rows) -> bool:
        spans = [np.ptp(row[origin == place]) + 1 for place in np.unique(origin)]
        return int(max(spans)) * self.inner * width_of(self.dtype) <= _SPAN
