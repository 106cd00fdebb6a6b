"""Interpolation: the bytes of one tensor in two models in, its linear mixes at several β out. The fast road of the method "linear".

What comes out: with 16 bits the exact value rounded once, to nearest, ties to even; with float32 the bits of `torch.lerp`, which
the road in memory takes; with float64 what float64 gives. β is the fraction that it was written as: the 0.7 of a computer is a
little less than 7/10, which in 16 bits, where 1 sum in 20 falls right between two numbers, would show.

Loads no torch, and keeps to pieces that fit a core's cache: memory traffic is what this costs. Stored numbers are little-endian,
and so are the machines that this runs on.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

import numpy as np

from hf_regional.merging.codecs import FIRST_SPECIAL, MAGNITUDE, Bytes, Wide, is_finite, narrow, widen, width_of

Codes = np.ndarray[Any, np.dtype[np.unsignedinteger[Any]]]
Places = np.ndarray[Any, np.dtype[np.intp]]
_PIECE: Final = 1 << 18  # elements, even
_FAST: Final = {"BF16": np.uint16, "F16": np.uint16, "F32": np.uint32}
# The bits that a 16-bit float drops from a float32, and where they are halfway between two of its values.
_DROPPED: Final = {"BF16": (np.uint32(0xFFFF), np.uint32(0x8000)), "F16": (np.uint32(0x1FFF), np.uint32(0x1000))}
_ONE_BINADE: Final = {"BF16": 1 << 7, "F16": 1 << 10}
# How far float32 may be off, in its last units: by 4 where nothing cancels, by 28 where an eighth is left (see `_sum16`).
_UNSURE: Final = np.uint32(32)
_CANCELLED: Final = 3  # powers of two


class Interpolation:
    """Linear mixing, with the scratch memory of one thread."""

    def __init__(self) -> None:
        self._world, self._region, self._step, self._mixed = (np.empty(_PIECE, np.float32) for _ in range(4))
        self._sum, self._low = np.empty(_PIECE, np.float64), np.empty(_PIECE, np.uint32)
        self._codes, self._flags = np.empty(_PIECE, np.uint32), np.empty(_PIECE, np.bool_)

    def mix(self, world: Bytes, region: Bytes, dtypes: tuple[str, str], betas: Sequence[float], outs: Sequence[Bytes]) -> bool:
        """Write θ_β = β·region + (1-β)·world into `outs`, one array of bytes a β in (0, 1); False if one holds NaN or infinity."""
        ours, theirs = width_of(dtypes[0]), width_of(dtypes[1])
        count = len(world) // ours
        if dtypes[0] != dtypes[1] or dtypes[0] not in _FAST:
            return all([_by_pieces(world, region, dtypes, beta, out) for beta, out in zip(betas, outs, strict=True)])
        again: list[list[Places]] = [[] for _ in betas]
        for first in range(0, count, _PIECE):
            mine = slice(first * ours, min(first + _PIECE, count) * ours)
            pieces = [out[mine] for out in outs]
            with np.errstate(all="ignore"):
                self._fast(world[mine], region[slice(first * theirs, min(first + _PIECE, count) * theirs)], dtypes[0], betas, pieces)
                for places, beta, piece in zip(again, betas, pieces, strict=True):
                    places.append(self._doubtful(world[mine], region[mine], dtypes[0], beta, piece) + first)
        return all(
            [
                _mend(world, region, dtypes[0], beta, out, np.concatenate(some))
                for some, beta, out in zip(again, betas, outs, strict=True)
                if some
            ]
        )

    def _fast(self, world: Bytes, region: Bytes, dtype: str, betas: Sequence[float], outs: Sequence[Bytes]) -> None:
        if dtype == "F32":
            start, end = world.view(np.float32), region.view(np.float32)
            step = np.subtract(end, start, out=self._step[: len(start)])
            for beta, out in zip(betas, outs, strict=True):
                self._like_torch(start, end, step, beta, out.view(np.float32))
        elif dtype == "F16":
            start, end = self._world[: len(world) // 2], self._region[: len(world) // 2]
            start[:], end[:] = world.view(np.float16), region.view(np.float16)
            step = np.subtract(end, start, out=self._step[: len(start)])
            for beta, out in zip(betas, outs, strict=True):
                out.view(np.float16)[:] = self._sum16(start, end, step, beta, dtype)
        else:
            even = len(world) // 4 * 4
            self._bfloat16(world[:even].view(np.uint32), region[:even].view(np.uint32), betas, [out[:even].view(np.uint32) for out in outs])
            for beta, out in zip(betas, outs, strict=True):
                if even < len(world):
                    _exact(world[even:], region[even:], (dtype, dtype), beta, out[even:])

    def _bfloat16(self, world: Codes, region: Codes, betas: Sequence[float], outs: Sequence[Codes]) -> None:
        # Two numbers lie in 32 bits, and a bfloat16 is the upper half of a float32: a shift or a mask makes a float of it.
        start, end = (scratch[: len(world)] for scratch in (self._world, self._region))
        for upper in (False, True):
            for codes, floats in ((world, start), (region, end)):
                if upper:
                    np.bitwise_and(codes, np.uint32(0xFFFF0000), out=floats.view(np.uint32))
                else:
                    np.left_shift(codes, np.uint32(16), out=floats.view(np.uint32))
            step = np.subtract(end, start, out=self._step[: len(start)])
            for beta, out in zip(betas, outs, strict=True):
                bits, odd = self._sum16(start, end, step, beta, "BF16").view(np.uint32), self._low[: len(start)]
                # to nearest, ties to even: half a unit less one, and the last bit that is kept, carry into it
                np.right_shift(bits, np.uint32(16), out=odd)
                odd &= np.uint32(1)
                odd += np.uint32(0x7FFF)
                bits += odd
                if upper:
                    bits &= np.uint32(0xFFFF0000)
                    out |= bits
                else:
                    np.right_shift(bits, np.uint32(16), out=out)

    def _sum16(self, start: Wide, end: Wide, step: Wide, beta: float, dtype: str) -> Wide:
        """The sum in float32, exact where it must be: what lies halfway between two results is on its right side.

        The factor, the step and their product are each off by 2⁻²⁴ of themselves at most, and the sum by half a unit. Where both
        ends have one sign nothing cancels, |step·factor| <= |sum|, and what may lie on the wrong side of a midpoint is at most 4
        units from it; where the sum is an eighth of what was summed, 28. `_doubtful` finds those where less is left.
        """
        near, factor = (start, beta) if beta < 0.5 else (end, beta - 1)
        single = np.multiply(step, np.float32(factor), out=self._mixed[: len(step)])
        single += near
        if not _is_short(factor):
            bits, low = single.view(np.uint32), self._low[: len(step)]
            dropped, half = _DROPPED[dtype]
            np.bitwise_and(bits, dropped, out=low)
            low -= half - _UNSURE
            places = np.flatnonzero(np.less_equal(low, 2 * _UNSURE, out=self._flags[: len(step)]))
            if len(places):
                middle = (bits[places] & ~dropped) | half
                bits[places] = middle + _side(middle.view(np.float32), near[places], step[places], _from_nearer_end(beta))
        return single

    def _like_torch(self, start: Wide, end: Wide, step: Wide, beta: float, out: Wide) -> None:
        # lerp rounds β to float32, sets out from the nearer end, and multiplies and adds with one rounding. float64 holds the
        # product of two float32 exactly, so that its sum rounds to the same but for 1 value in 10**8.
        share = np.float32(beta)
        near, factor = (start, share) if share < 0.5 else (end, share - np.float32(1))
        product = np.multiply(step, np.float64(factor), out=self._sum[: len(step)])
        np.add(product, near, out=out, casting="unsafe")

    def _doubtful(self, world: Bytes, region: Bytes, dtype: str, beta: float, out: Bytes) -> Places:
        """Where a mix must be done again with care: where it overflowed, at zeros, whose sign may be lost, where digits cancelled."""
        code = _FAST[dtype]
        codes, flags = self._codes.view(code)[: len(out) // code().itemsize], self._flags[: len(out) // code().itemsize]
        # Without its sign a code is in the order of what it stands for.
        np.bitwise_and(out.view(code), code(MAGNITUDE[dtype]), out=codes)
        if int(codes.max()) >= FIRST_SPECIAL[dtype]:
            return np.arange(len(codes))
        smallest_sure = _ONE_BINADE[dtype] if dtype == "F16" else 1  # below it float16 drops more bits than `_sum16` looks at
        doubtful = np.flatnonzero(np.less(codes, smallest_sure, out=flags)) if int(codes.min()) < smallest_sure else _NOWHERE
        if dtype == "F32" or _is_short(beta if beta < 0.5 else beta - 1):
            return doubtful
        near = (world if beta < 0.5 else region).view(code)
        np.bitwise_xor(world.view(code), region.view(code), out=codes)
        opposite = np.flatnonzero(np.greater(codes, MAGNITUDE[dtype], out=flags))
        left = (out.view(code)[opposite] & MAGNITUDE[dtype]).astype(np.int32)
        cancelled = opposite[left + _CANCELLED * _ONE_BINADE[dtype] <= (near[opposite] & MAGNITUDE[dtype])]
        return np.concatenate([doubtful, cancelled]) if len(doubtful) else cancelled


_NOWHERE: Final[Places] = np.empty(0, np.intp)


def _is_short(factor: float) -> bool:
    """Whether a factor (1/4, 1/2, 3/4) has so few digits that its product with a difference of two 16-bit floats is exact."""
    return float(factor * 16).is_integer()


def _from_nearer_end(beta: float) -> Fraction:
    share = as_fraction(beta)
    return share if beta < 0.5 else share - 1


def as_fraction(beta: float) -> Fraction:
    """The fraction with a denominator up to 10,000 that `beta` is the nearest float64 of, else its exact value.

    >>> as_fraction(0.7), as_fraction(1 / 3)
    (Fraction(7, 10), Fraction(1, 3))
    """
    short = Fraction(beta).limit_denominator(10_000)
    return short if float(short) == beta else Fraction(beta)


def _side(middle: Wide, near: Wide, step: Wide, factor: Fraction) -> Codes:
    """On which side of `middle` near + step·factor lies, as what to add to its bits: 1 farther from 0, -1 nearer, 0 on it."""
    if factor.denominator <= 10_000:
        # In whole multiples of 1/denominator all is exact.
        beyond = (near.astype(np.float64) - middle) * factor.denominator + step * np.float64(factor.numerator)
    else:
        coarse = float(np.float32(factor))
        total, lost = _two_sum(near.astype(np.float64), step * np.float64(coarse))  # that product is exact
        beyond = (total - middle) + (lost + step * np.float64(float(factor - Fraction(coarse))))
    return np.sign(beyond * np.sign(middle)).astype(np.int32).view(np.uint32)


def _by_pieces(world: Bytes, region: Bytes, dtypes: tuple[str, str], beta: float, out: Bytes) -> bool:
    ours, theirs = width_of(dtypes[0]), width_of(dtypes[1])
    count = len(world) // ours
    cuts = [(first, min(first + _PIECE, count)) for first in range(0, count, _PIECE)]
    return all(
        [_exact(world[a * ours : b * ours], region[a * theirs : b * theirs], dtypes, beta, out[a * ours : b * ours]) for a, b in cuts]
    )


def _exact(world: Bytes, region: Bytes, dtypes: tuple[str, str], beta: float, out: Bytes) -> bool:
    """The careful way, in float64: β is cut in two so that no digit of the products is lost where the sum cancels."""
    start, end = widen(world, dtypes[0], np.float64), widen(region, dtypes[1], np.float64)
    with np.errstate(all="ignore"):
        step = end - start
        near, factor = start if beta < 0.5 else end, _from_nearer_end(beta)
        coarse = float(np.float32(factor))  # 24 digits: times a step of 29 or fewer it is exact
        total = _sum_to_odd(near, step * coarse, step * float(factor - Fraction(coarse)))
        if dtypes[0] == "F64":  # whose differences overflow
            total = np.where(np.isfinite(step), total, start * (1 - beta) + end * beta)
        out[:] = narrow(total, dtypes[0])
    _keep_equal(out, world, start == end)
    return is_finite(out, dtypes[0])


def _sum_to_odd(large: Wide, medium: Wide, small: Wide) -> Wide:
    """The sum of three, where it is inexact to the odd one of the two next numbers, which a second rounding cannot mistake for a tie."""
    first, lost = _two_sum(large, medium)
    total, rest = _two_sum(first, lost + small)
    # `small` has 53 digits of its own: what is below them is the dust of a sum that came out even.
    rest[np.abs(rest) < np.abs(small) * 2.0**-48] = 0
    bits = total.view(np.int64)
    # One unit towards what was lost, unless the last bit is odd already (a sum of 0 is exact).
    bits += ((rest != 0) & ((bits & 1) == 0)) * np.where((rest > 0) == (total > 0), 1, -1)
    return total


def _two_sum(a: Wide, b: Wide) -> tuple[Wide, Wide]:
    """The sum rounded, and what the rounding lost, exactly (Knuth, The Art of Computer Programming 2, 4.2.2)."""
    total = a + b
    rest = total - a
    return total, (a - (total - rest)) + (b - rest)


def _keep_equal(out: Bytes, world: Bytes, equal: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
    """Where nothing was learned not even a sign may change: between -0.0 and -0.0 a sum answers 0.0."""
    width = len(world) // len(equal)
    np.copyto(out.reshape(-1, width), world.reshape(-1, width), where=equal[:, None])


def _mend(world: Bytes, region: Bytes, dtype: str, beta: float, out: Bytes, places: Places) -> bool:
    if not len(places):
        return True
    width = width_of(dtype)
    ours, theirs, mixed = (raw.reshape(-1, width)[places].ravel() for raw in (world, region, out))
    if dtype == "F32" and is_finite(mixed, dtype):  # zeros only
        _keep_equal(mixed, ours, ours.view(np.float32) == theirs.view(np.float32))
    else:
        _exact(ours, theirs, (dtype, dtype), beta, mixed)
    out.reshape(-1, width)[places] = mixed.reshape(-1, width)
    return is_finite(mixed, dtype)
