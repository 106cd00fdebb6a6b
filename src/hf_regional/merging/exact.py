"""Exact mixes: β·region + (1-β)·world as the exact value rounded once, in float64. The careful way, for the few numbers that need it.

β is the fraction that it was written as: the 0.7 of a computer is a little less than 7/10, which in 16 bits, where 1 sum in 20
falls right between two numbers, would show.
"""

from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import numpy as np

from hf_regional.merging.codecs import FIRST_SPECIAL, MAGNITUDE, Bytes, Wide, is_finite, narrow, widen, width_of

Codes = np.ndarray[Any, np.dtype[np.uint16]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
_LARGEST_DENOMINATOR: Final = 10_000
# Codes of one number and of another that is 2²³ times as large are this far from each other.
_APART: Final = {"BF16": 23 << 7, "F16": 23 << 10}
_NO_SUBNORMAL: Final = 64 << 7  # with such an end, and the other one no farther, a mix has a numerator above 2⁻¹⁰⁶, or is 0
_PIECE: Final = 1 << 16  # elements: several arrays of float64 fit a core's cache


@lru_cache(maxsize=1024)
def as_fraction(beta: float) -> Fraction:
    """The fraction with a denominator up to 10,000 that `beta` is the nearest float64 of, else its exact value.

    >>> as_fraction(0.7), as_fraction(1 / 3)
    (Fraction(7, 10), Fraction(1, 3))
    """
    short = Fraction(beta).limit_denominator(_LARGEST_DENOMINATOR)
    return short if float(short) == beta else Fraction(beta)


def mix_exactly(world: Bytes, region: Bytes, dtypes: tuple[str, str], beta: float, out: Bytes) -> bool:
    """Fill `out` with the mix of numbers of any two dtypes; returns whether it is finite."""
    ours, theirs = width_of(dtypes[0]), width_of(dtypes[1])
    count = len(world) // ours
    cuts = [(first, min(first + _PIECE, count)) for first in range(0, count, _PIECE)]
    return all(
        [_piece(world[a * ours : b * ours], region[a * theirs : b * theirs], dtypes, beta, out[a * ours : b * ours]) for a, b in cuts]
    )


def mix_by_ratio(world: Codes, region: Codes, dtype: str, share: Fraction, out: Codes) -> Flags:
    """Fill `out` with the mix of 16-bit numbers by p/q, ((q-p)·world + p·region)/q; returns where it is sure to be the nearest.

    A numerator has at most 11 + 14 + 24 + 1 binary digits, all of which a float64 holds, if the ends are within 2²⁴ of each other.
    So the quotient is rounded once, and with 53 digits it comes out on the middle between two numbers of 16 bits only if it lies
    there: else it is off it by a q-th of the numerator's last digit, 2⁻⁴⁹ of itself at least.
    """
    if share.denominator > _LARGEST_DENOMINATOR:
        return np.zeros(len(out), np.bool_)
    mask = np.uint16(MAGNITUDE[dtype])
    ours, theirs = world & mask, region & mask
    larger = np.maximum(ours, theirs)
    sure = (larger - np.minimum(ours, theirs) <= _APART[dtype]) & (larger < FIRST_SPECIAL[dtype])
    start, end = (widen(codes.view(np.uint8), dtype, np.float64) for codes in (world, region))
    equal = start == end
    start *= share.denominator - share.numerator
    end *= share.numerator
    start += end
    start /= share.denominator
    if dtype == "BF16":
        sure &= (larger >= _NO_SUBNORMAL) | (larger == 0)
        out[:] = _narrow_normal(start)
    else:
        out[:] = start.astype(np.float16).view(np.uint16)
    np.copyto(out, world, where=equal)
    return sure


def _narrow_normal(quotients: Wide) -> Codes:
    """Finite float64 as bfloat16, where that is 0 or has all its 8 digits."""
    bits = quotients.view(np.uint64)
    odd = bits >> np.uint64(45)
    odd &= np.uint64(1)
    bits += odd
    bits += np.uint64((1 << 44) - 1)
    bits &= np.uint64(2**64 - (1 << 45))
    return (quotients.astype(np.float32).view(np.uint32) >> np.uint32(16)).astype(np.uint16)


def keep_equal(out: Bytes, world: Bytes, equal: Flags) -> None:
    """Where nothing was learned not even a sign may change: between -0.0 and -0.0 a sum answers 0.0."""
    width = len(world) // len(equal)
    np.copyto(out.reshape(-1, width), world.reshape(-1, width), where=equal[:, None])


def _piece(world: Bytes, region: Bytes, dtypes: tuple[str, str], beta: float, out: Bytes) -> bool:
    start, end = widen(world, dtypes[0], np.float64), widen(region, dtypes[1], np.float64)
    with np.errstate(all="ignore"):
        step = end - start
        share = as_fraction(beta)
        near, factor = (start, share) if beta < 0.5 else (end, share - 1)
        # The factor is cut in two so that no digit of the products is lost where the sum cancels.
        coarse = float(np.float32(factor))  # 24 digits: times a step of 29 or fewer it is exact
        total = _sum_to_odd(near, step * coarse, step * float(factor - Fraction(coarse)))
        if dtypes[0] == "F64":  # whose differences overflow
            total = np.where(np.isfinite(step), total, start * (1 - beta) + end * beta)
        out[:] = narrow(total, dtypes[0])
    keep_equal(out, world, start == end)
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
