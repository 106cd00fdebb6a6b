"""Codecs: stored numbers in, wide arrays to reckon with out, and back, rounded once, to nearest, ties to even. Loads no torch."""

from functools import cache
from typing import Any, Final

import numpy as np

from hf_regional.merging.header import EXACT, FLOATS, OTHERS

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Wide = np.ndarray[Any, np.dtype[Any]]  # float32 or float64

# 16 bits and fewer are reckoned in float32, the rest in float64: at least 13 binary digits more than are kept.
WIDE: Final[dict[str, type[np.floating[Any]]]] = {
    "F64": np.float64,
    "F32": np.float64,
    "F16": np.float32,
    "BF16": np.float32,
    "F8_E4M3": np.float32,
    "F8_E5M2": np.float32,
}
_NATIVE: Final[dict[str, type[np.floating[Any]]]] = {"F64": np.float64, "F32": np.float32, "F16": np.float16}
# The unsigned integers that hold a number, the bits of its exponent, and those of exponent and fraction together.
_CODES: Final = {"F64": np.uint64, "F32": np.uint32, "F16": np.uint16, "BF16": np.uint16, "F8_E4M3": np.uint8, "F8_E5M2": np.uint8}
FIRST_SPECIAL: Final = {"F64": 0x7FF << 52, "F32": 0xFF << 23, "F16": 0x1F << 10, "BF16": 0xFF << 7, "F8_E4M3": 0x7F, "F8_E5M2": 0x7C}
MAGNITUDE: Final = {"F64": 2**63 - 1, "F32": 2**31 - 1, "F16": 0x7FFF, "BF16": 0x7FFF, "F8_E4M3": 0x7F, "F8_E5M2": 0x7F}


def width_of(dtype: str) -> int:
    """Bytes an element; 1 for formats of fewer bits, which are copied byte by byte."""
    return (FLOATS | EXACT | OTHERS)[dtype] // 8 or 1


def widen(raw: Bytes, dtype: str, wide: type[np.floating[Any]] | None = None) -> Wide:
    """The numbers of `raw`, (n·width,) bytes, as a fresh (n,) array of `wide`, by default the type to reckon in."""
    wide = wide or WIDE[dtype]
    if dtype == "BF16":
        return np.left_shift(raw.view(np.uint16), 16, dtype=np.uint32).view(np.float32).astype(wide, copy=False)
    if dtype in _NATIVE:
        return raw.view(_NATIVE[dtype]).astype(wide)
    return _table(dtype)[raw].astype(wide, copy=False)


def narrow(wide: Wide, dtype: str) -> Bytes:
    """Numbers as the bytes of `dtype`; what is too large for it becomes one of its codes for infinity or NaN."""
    if dtype == "BF16":
        return _as_bfloat16(wide).view(np.uint8)
    if dtype in _NATIVE:
        with np.errstate(over="ignore"):
            return wide.astype(_NATIVE[dtype]).view(np.uint8)
    return _as_float8(wide, dtype)


def is_finite(raw: Bytes, dtype: str) -> bool:
    """Whether stored floating numbers hold neither NaN nor infinity."""
    codes = raw.view(_CODES[dtype])
    # One mask and one maximum cost a tenth of isfinite().all(), and need no float to exist for the format.
    return not codes.size or int((codes & codes.dtype.type(MAGNITUDE[dtype])).max()) < FIRST_SPECIAL[dtype]


def _as_bfloat16(wide: Wide) -> np.ndarray[Any, np.dtype[np.uint16]]:
    bits = _as_float32_to_odd(wide).view(np.uint32)
    odd = (bits >> np.uint32(16)) & np.uint32(1)
    rounded = bits + (odd + np.uint32(0x7FFF))
    special = (bits & np.uint32(0x7F800000)) == np.uint32(0x7F800000)
    if special.any():
        # Adding would carry the fraction of a NaN into the sign.
        rounded = np.where(special, bits | ((bits & np.uint32(0x7FFFFF)) != 0).astype(np.uint32) << np.uint32(22), rounded)
    return (rounded >> np.uint32(16)).astype(np.uint16)


def _as_float32_to_odd(wide: Wide) -> np.ndarray[Any, np.dtype[np.float32]]:
    # Of the two float32 beside a float64 the odd one, which a second rounding cannot mistake for a tie.
    with np.errstate(over="ignore"):
        single = wide.astype(np.float32, copy=False)
    if wide.dtype == np.float32:
        return single
    is_even = (single.view(np.uint32) & np.uint32(1)) == 0
    off = is_even & (single != wide) & np.isfinite(single)
    toward = np.where(wide > single, np.float32(np.inf), np.float32(-np.inf))
    return np.where(off, np.nextafter(single, toward), single)


def _as_float8(wide: Wide, dtype: str) -> Bytes:
    table = _table(dtype)[: FIRST_SPECIAL[dtype]]  # the finite ones from 0 up
    step = float(table[-1]) - float(table[-2])
    halves = np.append((table[1:].astype(np.float64) + table[:-1]) / 2, float(table[-1]) + step / 2)
    size = np.abs(wide).astype(np.float64)
    below, above = np.searchsorted(halves, size, side="left"), np.searchsorted(halves, size, side="right")
    codes = np.where(below % 2 == 0, below, above).astype(np.uint8)  # they differ at a tie, and one of them is even
    return codes | (np.signbit(wide).astype(np.uint8) << np.uint8(7))


@cache
def _table(dtype: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    """What each of the 256 codes of an 8-bit float means (OCP 8-bit floating point, 2023; E4M3 has no infinity)."""
    bits, bias = (3, 7) if dtype == "F8_E4M3" else (2, 15)
    codes = np.arange(128)
    exponent, fraction = codes >> bits, (codes & ((1 << bits) - 1)) / (1 << bits)
    values = np.where(exponent > 0, np.ldexp(1 + fraction, exponent - bias), np.ldexp(fraction, 1 - bias))
    if dtype == "F8_E4M3":
        values[-1] = np.nan
    else:
        values[124], values[125:] = np.inf, np.nan
    return np.concatenate([values, -values]).astype(np.float32)
