"""Weighted sums: a·α + b·β, by the compiled kernels of simsimd where these were tried and found sound, else in numpy.

A kernel reads bfloat16 as it is stored, and takes a tenth of the time of the same sum in numpy. Which one runs depends on the
processor. They agree in their digits, but not in how they break ties, and nobody knows a later version: so each is asked once for
sums whose answers are known. They are called in C: simsimd's functions for Python lose a reference to None at each call, which
before Python 3.12 ends the process sooner or later.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np
import simsimd

from hf_regional.merging.codecs import narrow, widen

Array = np.ndarray[Any, np.dtype[Any]]
Codes = np.ndarray[Any, np.dtype[np.unsignedinteger[Any]]]
Singles = np.ndarray[Any, np.dtype[np.float32]]
Kernel = Callable[[Array, Array, float, float, Array], None]  # as many as the last one has room for
_LANES: Final = 64  # elements: what is left over a multiple of this, some kernels reckon in another way


def sum16(a: Codes, b: Codes, dtype: str, alpha: float, beta: float, out: Codes) -> None:
    """`out` = a·alpha + b·beta, (n,) stored float16 or bfloat16.

    The factors are rounded to float32, products and sum to float32 or better, the result to the nearest number, ties to either
    side. What is below 2⁻¹²⁶ in between may become 0.
    """
    kernel, fast = kernel_of(dtype), 0
    if kernel:
        fast = len(out) // _LANES * _LANES
        kernel(a, b, alpha, beta, out[:fast])
    if fast < len(out):
        start, end = (widen(codes[fast:].view(np.uint8), dtype, np.float32) for codes in (a, b))
        start *= np.float32(alpha)
        end *= np.float32(beta)
        start += end
        out[fast:] = narrow(start, dtype).view(np.uint16)


def add_product(a: Singles, b: Singles, beta: np.float32, out: Singles) -> None:
    """`out` = a + b·beta, (n,), multiplied and added with one rounding."""
    kernel, fast = kernel_of("F32"), 0
    if kernel:
        fast = len(out) // _LANES * _LANES
        kernel(a, b, 1.0, float(beta), out[:fast])
    for first in range(fast, len(out), _LANES * _LANES):
        mine = slice(first, first + _LANES * _LANES)
        # A float64 holds the product of two float32 exactly, so that its sum rounds to the same but for 1 value in 10**8.
        np.add(b[mine] * np.float64(beta), a[mine], out=out[mine], casting="unsafe")


def _address(array: Array) -> int:
    # What numpy says of its own arrays takes seven times as long; it is asked where memory is empty or not to be written.
    return ctypes.addressof(ctypes.c_char.from_buffer(array.data)) if array.size and array.flags.writeable else array.ctypes.data


@cache
def kernel_of(dtype: str) -> Kernel | None:
    """The compiled sum a·alpha + b·beta of (n,) numbers, if there is one and it passes its trial."""
    try:
        function = getattr(ctypes.CDLL(simsimd.__file__), {"BF16": "simsimd_wsum_bf16", "F32": "simsimd_wsum_f32"}[dtype])
    except (KeyError, OSError, AttributeError):
        return None
    address, factor = ctypes.c_void_p, ctypes.c_double
    function.argtypes, function.restype = (address, address, ctypes.c_uint64, factor, factor, address), None

    def kernel(a: Array, b: Array, alpha: float, beta: float, out: Array) -> None:
        function(_address(a), _address(b), len(out), alpha, beta, _address(out))

    return kernel if {"BF16": is_bfloat16_sound, "F32": is_float32_sound}[dtype](kernel) else None


def is_bfloat16_sound(kernel: Kernel) -> bool:
    """Whether it rounds to nearest, keeps 24 digits in between, and lets infinity be seen."""
    ours, theirs = ((numbers.view(np.uint32) >> np.uint32(16)).astype(np.uint16) for numbers in _trial())
    wide = [widen(codes.view(np.uint8), "BF16", np.float64) for codes in (ours, theirs)]
    out = np.empty_like(ours)
    for alpha, beta in ((0.6, 0.4), (0.25, 0.75), (0.999, 0.001)):
        kernel(ours, theirs, alpha, beta, out)
        exact = wide[0] * np.float32(alpha) + wide[1] * np.float32(beta)
        summed = np.abs(wide[0] * alpha) + np.abs(wide[1] * beta)
        half_a_unit = np.ldexp(0.5, np.frexp(exact)[1] - 8)
        if (np.abs(widen(out.view(np.uint8), "BF16", np.float64) - exact) > half_a_unit + summed * 2.0**-23).any():
            return False
    ours[:] = 0x7F80
    kernel(ours, theirs, 0.5, 0.5, out)
    return bool(((out & np.uint16(0x7F80)) == 0x7F80).all())


def is_float32_sound(kernel: Kernel) -> bool:
    """Whether it multiplies and adds with one rounding."""
    a, b = _trial()
    out = np.empty_like(a)
    for beta in (np.float32(0.4), np.float32(-0.3)):
        kernel(a, b, 1.0, float(beta), out)
        # None of these sums lies so near a tie that the second rounding of the float64 would show.
        if not np.array_equal(out, (a + b * np.float64(beta)).astype(np.float32)):
            return False
    return True


def _trial() -> tuple[Singles, Singles]:
    a, b = (_scattered(place) * np.float32(0.05) for place in range(2))
    tuned = len(b) // 2
    b[:tuned] = a[:tuned] + _scattered(2)[:tuned] * np.float32(1e-3)
    return a, b


def _scattered(place: int) -> Singles:
    # In [-1, 1), as far from each other as multiples of the golden ratio are: loading numpy.random takes longer than all trials.
    count = _LANES * _LANES
    numbers = np.arange(place * count, (place + 1) * count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    numbers ^= numbers >> np.uint64(29)
    return (numbers * np.uint64(0xBF58476D1CE4E5B9)).view(np.int64).astype(np.float32) * np.float32(2.0**-63)
