"""Interpolation: the bytes of one tensor in two models in, its linear mixes at several β out. The fast road of the method "linear".

What comes out: with 16 bits the exact value rounded once, to nearest, ties to even; with float32 the bits of `torch.lerp`, which
the road in memory takes; with float64 what float64 gives. Loads no torch, and keeps to pieces that fit a core's cache: memory
traffic is what this costs.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from hf_regional.merging.codecs import FIRST_SPECIAL, MAGNITUDE, Bytes, Wide, is_finite, narrow, widen

Places = np.ndarray[Any, np.dtype[np.intp]]
_NOWHERE: Final[Places] = np.empty(0, np.intp)
_PIECE: Final = 1 << 17  # elements
_WIDTH: Final = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}
_FAST: Final = {"BF16": np.uint16, "F16": np.uint16, "F32": np.uint32}
# The bits that a 16-bit float drops from a float32, and what they are halfway between two of its values (subnormals aside).
_TIES: Final = {"BF16": (np.uint32(0xFFFF), np.uint32(0x8000)), "F16": (np.uint32(0x1FFF), np.uint32(0x1000))}
_SMALLEST: Final = 2.0**-12  # for a smaller share, a difference that matters can take more digits than float32 has
# Codes that lie 40 powers of two apart: so far below what was summed, float64 may have lost the digits that are kept.
_FAR_BELOW: Final = {"BF16": 40 << 7, "F16": 40 << 10}


class Interpolation:
    """Linear mixing, with the scratch memory of one thread."""

    def __init__(self) -> None:
        self._world, self._region, self._step, self._mixed = (np.empty(_PIECE, np.float32) for _ in range(4))
        self._sum, self._low = np.empty(_PIECE, np.float64), np.empty(_PIECE, np.uint32)
        self._codes, self._flags = np.empty(_PIECE, np.uint32), np.empty(_PIECE, np.bool_)

    def mix(self, world: Bytes, region: Bytes, dtypes: tuple[str, str], betas: Sequence[float], outs: Sequence[Bytes]) -> bool:
        """Write θ_β = β·region + (1-β)·world into `outs`, one array of bytes a β in (0, 1); False if one holds NaN or infinity."""
        ours, theirs = _WIDTH[dtypes[0]], _WIDTH[dtypes[1]]
        count, finite = len(world) // ours, True
        is_fast = dtypes[0] == dtypes[1] and dtypes[0] in _FAST
        again: list[list[Places]] = [[] for _ in betas]
        for first in range(0, count, _PIECE):
            last = min(first + _PIECE, count)
            mine, other = slice(first * ours, last * ours), slice(first * theirs, last * theirs)
            pieces = [out[mine] for out in outs]
            if is_fast:
                found = self._fast(world[mine], region[other], dtypes[0], betas, pieces)
                for places, more in zip(again, found, strict=True):
                    places.append(more + first)
            else:
                finite &= all([_exact(world[mine], region[other], dtypes, beta, out) for beta, out in zip(betas, pieces, strict=True)])
        for places, beta, out in zip(again, betas, outs, strict=True):
            if places:
                finite &= _mend(world, region, dtypes[0], beta, out, np.concatenate(places))
        return finite

    def _fast(self, world: Bytes, region: Bytes, dtype: str, betas: Sequence[float], outs: Sequence[Bytes]) -> list[Places]:
        """Mix one piece; returns, for each β, where it must be done again with care.

        That is where something overflowed, where sums are far smaller than what was summed, and at zeros, whose sign may be lost.
        """
        start, end = self._float32(world, dtype, self._world), self._float32(region, dtype, self._region)
        again: list[Places] = []
        with np.errstate(all="ignore"):
            step = np.subtract(end, start, out=self._step[: len(start)])
            delicate = max(0, int(_magnitudes(world, dtype, self._codes).max()) - _FAR_BELOW[dtype]) if dtype in _FAR_BELOW else 0
            for beta, out in zip(betas, outs, strict=True):
                if dtype == "F32":
                    self._like_torch(start, end, step, beta, out)
                else:
                    self._rounded(start, end, step, beta, dtype, out)
                codes, flags = _magnitudes(out, dtype, self._codes), self._flags[: len(step)]
                if int(codes.max()) >= FIRST_SPECIAL[dtype] or (dtype != "F32" and min(beta, 1 - beta) < _SMALLEST):
                    again.append(np.arange(len(step)))
                else:
                    again.append(np.flatnonzero(np.less_equal(codes, delicate, out=flags)) if int(codes.min()) <= delicate else _NOWHERE)
        return again

    def _float32(self, raw: Bytes, dtype: str, scratch: Wide) -> Wide:
        if dtype == "F32":
            return raw.view(np.float32)
        values = scratch[: len(raw) // 2]
        if dtype == "F16":
            values[:] = raw.view(np.float16)
        else:
            bits = values.view(np.uint32)
            bits[:] = raw.view(np.uint16)
            bits <<= np.uint32(16)
        return values

    def _like_torch(self, start: Wide, end: Wide, step: Wide, beta: float, out: Bytes) -> None:
        # lerp rounds β to float32, sets out from the nearer end, and multiplies and adds with one rounding. float64 holds the
        # product of two float32 exactly, so that its sum rounds to the same but for 1 value in 10**8.
        share = np.float32(beta)
        near, factor = (start, share) if share < 0.5 else (end, share - np.float32(1))
        product = np.multiply(step, np.float64(factor), out=self._sum[: len(step)])
        np.add(product, near, out=out.view(np.float32), casting="unsafe")

    def _rounded(self, start: Wide, end: Wide, step: Wide, beta: float, dtype: str, out: Bytes) -> None:
        near, factor = (start, beta) if beta < 0.5 else (end, beta - 1)
        total, single = self._sum[: len(step)], self._mixed[: len(step)]
        np.multiply(step, np.float64(factor), out=total)
        np.add(total, near, out=single, casting="unsafe")
        bits, low = single.view(np.uint32), self._low[: len(step)]
        below, half = _TIES[dtype]
        if float(np.float32(factor)) != factor:  # else float64 has lost nothing, and a tie is one
            np.bitwise_and(bits, below, out=low)
            ties = np.flatnonzero(np.equal(low, half, out=self._flags[: len(step)]))
            if len(ties):
                _break_ties(bits, ties, near[ties], step[ties], factor)
        if dtype == "F16":
            out.view(np.float16)[:] = single
            return
        # half a unit less one, and the last bit that is kept, carry into it
        np.right_shift(bits, np.uint32(16), out=low)
        low &= np.uint32(1)
        low += np.uint32(0x7FFF)
        bits += low
        out.view(np.uint16)[:] = bits.view(np.uint16)[1::2]


def _break_ties(bits: np.ndarray[Any, np.dtype[np.uint32]], ties: Any, near: Wide, step: Wide, factor: float) -> None:
    """Move sums that look halfway between two results, for their last digits are lost, to the side on which they are.

    With β = 0.7 and numbers of a few digits that is 1 value in 200: 0.7 is a little less than seven tenths.
    """
    single, coarse = bits[ties].view(np.float32).astype(np.float64), float(np.float32(factor))
    total, lost = _two_sum(near.astype(np.float64), step * np.float64(coarse))  # that product is exact
    beyond = (total - single) + (lost + step * np.float64(factor - coarse))
    bits[ties] += np.sign(beyond * np.sign(single)).astype(np.int32).view(np.uint32)


def _exact(world: Bytes, region: Bytes, dtypes: tuple[str, str], beta: float, out: Bytes) -> bool:
    """The careful way, in float64: β is cut in two so that no digit of the products is lost where the sum cancels."""
    start, end = widen(world, dtypes[0], np.float64), widen(region, dtypes[1], np.float64)
    with np.errstate(all="ignore"):
        step = end - start
        near, factor = (start, beta) if beta < 0.5 else (end, beta - 1)
        coarse = float(np.float32(factor))  # 24 digits: times a step of 29 or fewer it is exact
        total = _sum_to_odd(near, step * coarse, step * (factor - coarse))
        if dtypes[0] == "F64":  # whose differences overflow
            total = np.where(np.isfinite(step), total, start * (1 - beta) + end * beta)
        out[:] = narrow(total, dtypes[0])
    _keep_equal(out, world, start == end)
    return is_finite(out, dtypes[0])


def _sum_to_odd(large: Wide, medium: Wide, small: Wide) -> Wide:
    """The sum of three, where it is inexact to the odd one of the two next numbers, which a second rounding cannot mistake for a tie."""
    first, lost = _two_sum(large, medium)
    total, rest = _two_sum(first, lost + small)
    is_even = (total.view(np.uint64) & np.uint64(1)) == 0
    return np.where((rest != 0) & is_even, np.nextafter(total, np.copysign(np.inf, rest)), total)


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
    width = _WIDTH[dtype]
    ours, theirs, mixed = (raw.reshape(-1, width)[places].ravel() for raw in (world, region, out))
    if dtype == "F32" and is_finite(mixed, dtype):  # zeros only
        _keep_equal(mixed, ours, ours.view(np.float32) == theirs.view(np.float32))
    else:
        _exact(ours, theirs, (dtype, dtype), beta, mixed)
    out.reshape(-1, width)[places] = mixed.reshape(-1, width)
    return is_finite(mixed, dtype)


def _magnitudes(raw: Bytes, dtype: str, scratch: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    # The codes without their sign are in the order of what they stand for.
    codes = raw.view(_FAST[dtype])
    return np.bitwise_and(codes, _FAST[dtype](MAGNITUDE[dtype]), out=scratch.view(_FAST[dtype])[: len(codes)])
