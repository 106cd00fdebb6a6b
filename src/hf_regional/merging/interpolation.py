"""Interpolation: the bytes of one tensor in two models in, its linear mixes at several β out. The fast road of the method "linear".

What comes out: with 16 bits the exact value rounded once, to nearest, ties to even; with float32 the bits of `torch.lerp`, which
the road in memory takes; with other dtypes the exact value rounded once. β is read as by `exact.as_fraction`.

Loads no torch, and keeps to pieces that fit a core's cache: memory traffic is what this costs. Stored numbers are little-endian,
and so are the machines that this runs on.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from hf_regional.merging.codecs import FIRST_SPECIAL, MAGNITUDE, Bytes, is_finite
from hf_regional.merging.exact import as_fraction, keep_equal, mix_exactly
from hf_regional.merging.weighted_sums import add_product, sum16

Codes = np.ndarray[Any, np.dtype[np.unsignedinteger[Any]]]
Places = np.ndarray[Any, np.dtype[np.intp]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
_PIECE: Final = 1 << 18  # elements
_FAST: Final = {"BF16": np.uint16, "F16": np.uint16, "F32": np.uint32}
_BINADE: Final = {"BF16": 1 << 7, "F16": 1 << 10}  # what a code grows by from one power of 2 to the next
# Below this a mix is done again: float16 drops more bits of a float32 there, and bfloat16 is near the end of float32's own range.
_SMALLEST_SURE: Final = {"BF16": 32 << 7, "F16": 1 << 10, "F32": 1}
# How far a sum in float32 may be off, as a share of it. Weights, products and sum are each off by 2⁻²⁴ of themselves at most,
# together by 1.5·2⁻²³ of what is summed up. Where both ends have one sign that is the sum itself; where an eighth of the nearer
# end is left, 17 times the sum: 25.5·2⁻²³, less than this. Where less is left the sum is done again.
_UNSURE: Final = 2.0**-18
_CANCELLED: Final = 3  # powers of 2
_TIES: Final = range(2, 102, 2)  # the denominators of β with which mixes often lie in the middle between two numbers
_SPARE: Final = {"BF16": 9, "F16": 6}  # binary digits from half a unit down to what `_UNSURE` leaves open


class Interpolation:
    """Linear mixing, with the scratch memory of one thread."""

    def __init__(self) -> None:
        self._step, self._codes = np.empty(_PIECE, np.float32), np.empty(_PIECE, np.uint32)
        self._flags, self._more_flags = np.empty(_PIECE, np.bool_), np.empty(_PIECE, np.bool_)
        self._inner, self._smaller = np.empty(_PIECE, np.uint16), np.empty(_PIECE, np.uint16)

    def mix(self, world: Bytes, region: Bytes, dtypes: tuple[str, str], betas: Sequence[float], outs: Sequence[Bytes]) -> bool:
        """Write θ_β = β·region + (1-β)·world into `outs`, one array of bytes a β in (0, 1); False if one holds NaN or infinity."""
        dtype = dtypes[0]
        if dtype != dtypes[1] or dtype not in _FAST:
            return all([mix_exactly(world, region, dtypes, beta, out) for beta, out in zip(betas, outs, strict=True)])
        code = _FAST[dtype]
        ours, theirs, mixes = world.view(code), region.view(code), [out.view(code) for out in outs]
        again: list[list[Places]] = [[] for _ in betas]
        with np.errstate(all="ignore"):
            for first in range(0, len(ours), _PIECE):
                mine = slice(first, first + _PIECE)
                pieces = [codes[mine] for codes in mixes]
                for places, some in zip(again, self._piece(ours[mine], theirs[mine], dtype, betas, pieces), strict=True):
                    places.append(some + first)
        return all(
            [
                _mend(ours, theirs, dtype, beta, codes, np.concatenate(some))
                for some, beta, codes in zip(again, betas, mixes, strict=True)
                if some
            ]
        )

    def _piece(self, world: Codes, region: Codes, dtype: str, betas: Sequence[float], outs: Sequence[Codes]) -> list[Places]:
        """Mix; returns for each β the places that must be done again with care."""
        if dtype != "F32":
            return [self._sixteen(world, region, dtype, beta, out) for beta, out in zip(betas, outs, strict=True)]
        start, end = world.view(np.float32), region.view(np.float32)
        step = np.subtract(end, start, out=self._step[: len(start)])
        for beta, out in zip(betas, outs, strict=True):
            # lerp rounds β to float32, sets out from the nearer end, and multiplies and adds with one rounding.
            share = np.float32(beta)
            near, factor = (start, share) if share < 0.5 else (end, share - np.float32(1))
            add_product(near, step, factor, out.view(np.float32))
        return [self._special(dtype, out) for out in outs]

    def _special(self, dtype: str, out: Codes) -> Places:
        """Where a mix overflowed, or is so small that it has lost digits, or the sign of a zero."""
        size = np.bitwise_and(out, out.dtype.type(MAGNITUDE[dtype]), out=self._codes.view(out.dtype)[: len(out)])
        # Without its sign a code is in the order of what it stands for.
        if int(size.max()) >= FIRST_SPECIAL[dtype]:
            return np.arange(len(out))
        smallest = _SMALLEST_SURE[dtype]
        return np.flatnonzero(size < smallest) if int(size.min()) < smallest else _NOWHERE

    def _sixteen(self, world: Codes, region: Codes, dtype: str, beta: float, out: Codes) -> Places:
        # Summed twice, a little farther from 0 and a little nearer to it: what might lie between two numbers comes out as both.
        share, inner = as_fraction(beta), self._inner[: len(out)]
        for codes, stretch in ((out, 1 + _UNSURE), (inner, 1 - _UNSURE)):
            sum16(world, region, dtype, float(1 - share) * stretch, float(share) * stretch, codes)
        unsure = np.not_equal(out, inner, out=self._flags[: len(out)])
        if share.denominator in _TIES:
            self._even(inner, out)
            unsure &= self._is_end_smaller(world, region, dtype, share.denominator, out)
        special = self._special(dtype, out)
        # What is left of `_special` is the size of the mix.
        size, near = self._codes.view(np.uint16)[: len(out)], self._smaller[: len(out)]
        size += np.uint16(_CANCELLED * _BINADE[dtype])
        np.bitwise_and(world if beta < 0.5 else region, np.uint16(MAGNITUDE[dtype]), out=near)
        unsure |= np.less_equal(size, near, out=self._more_flags[: len(out)])
        places = np.flatnonzero(unsure)
        return np.union1d(places, special) if len(special) else places

    def _even(self, inner: Codes, out: Codes) -> None:
        """Of two numbers beside each other, the even one; leaves nothing of `inner`."""
        inner ^= out
        inner &= out
        inner &= np.uint16(1)
        out -= inner

    def _is_end_smaller(self, world: Codes, region: Codes, dtype: str, denominator: int, out: Codes) -> Flags:
        """Where an end is so much smaller than the mix that what lies near the middle of two numbers need not lie on it.

        Otherwise it is off it by one unit of the smaller end over the denominator, or not at all.
        """
        size, flags = np.uint16(MAGNITUDE[dtype]), self._more_flags[: len(out)]
        powers = int(_SPARE[dtype] - math.log2(denominator))
        if powers < 0:
            flags[:] = True
            return flags
        smaller, other = self._smaller[: len(out)], self._codes.view(np.uint16)[: len(out)]
        np.bitwise_and(world, size, out=smaller)
        np.minimum(smaller, np.bitwise_and(region, size, out=other), out=smaller)
        smaller += np.uint16(powers * _BINADE[dtype])
        return np.less(smaller, np.bitwise_and(out, size, out=other), out=flags)


_NOWHERE: Final[Places] = np.empty(0, np.intp)


def _mend(world: Codes, region: Codes, dtype: str, beta: float, out: Codes, places: Places) -> bool:
    if not len(places):
        return True
    ours, theirs, mixed = (codes[places].view(np.uint8) for codes in (world, region, out))
    if dtype == "F32" and is_finite(mixed, dtype):  # zeros only
        keep_equal(mixed, ours, ours.view(np.float32) == theirs.view(np.float32))
    else:
        mix_exactly(ours, theirs, (dtype, dtype), beta, mixed)
    out[places] = mixed.view(out.dtype)
    return is_finite(mixed, dtype)
