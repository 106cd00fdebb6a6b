"""Interpolation: the bytes of one tensor in two models in, its linear mixes at several β out. The fast road of the method "linear".

What comes out: with 16 bits the exact value rounded once, to nearest, ties to even; with float32 the bits of `torch.lerp`, which
the road in memory takes; with other dtypes the exact value rounded once. β is read as by `exact.as_fraction`.

Loads no torch, and keeps to pieces that fit a core's cache: memory traffic is what this costs. Stored numbers are little-endian,
and so are the machines that this runs on.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from hf_regional.merging.codecs import FIRST_SPECIAL, Bytes
from hf_regional.merging.exact import mix_exactly
from hf_regional.merging.sixteen_bits import SixteenBits
from hf_regional.merging.weighted_sums import add_product

Singles = np.ndarray[Any, np.dtype[np.float32]]
_PIECE: Final = 1 << 18  # elements
_SIXTEEN: Final = ("BF16", "F16")
_MINUS_ZERO: Final = -(1 << 31)  # of a float32, read as an integer


class Interpolation:
    """Linear mixing, with the scratch memory of one thread."""

    def __init__(self) -> None:
        self._step = np.empty(_PIECE, np.float32)
        self._sixteen: dict[str, SixteenBits] = {}

    def mix(self, world: Bytes, region: Bytes, dtypes: tuple[str, str], betas: Sequence[float], outs: Sequence[Bytes]) -> bool:
        """Write θ_β = β·region + (1-β)·world into `outs`, one array of bytes a β in (0, 1); False if one holds NaN or infinity."""
        dtype = dtypes[0]
        with np.errstate(all="ignore"):
            if dtype == dtypes[1] and dtype in _SIXTEEN:
                mixing = self._sixteen.setdefault(dtype, SixteenBits(dtype))
                return mixing.mix(world.view(np.uint16), region.view(np.uint16), betas, [out.view(np.uint16) for out in outs])
            if dtype == dtypes[1] == "F32":
                return self._singles(world.view(np.float32), region.view(np.float32), betas, [out.view(np.float32) for out in outs])
        return all([mix_exactly(world, region, dtypes, beta, out) for beta, out in zip(betas, outs, strict=True)])

    def _singles(self, world: Singles, region: Singles, betas: Sequence[float], outs: Sequence[Singles]) -> bool:
        finite = True
        for first in range(0, len(world), _PIECE):
            mine = slice(first, first + _PIECE)
            start, end = world[mine], region[mine]
            step = np.subtract(end, start, out=self._step[: len(start)])
            negative = np.minimum.reduce(start.view(np.int32)) == _MINUS_ZERO
            for beta, whole in zip(betas, outs, strict=True):
                out = whole[mine]
                # lerp rounds β to float32, sets out from the nearer end, and multiplies and adds with one rounding.
                share = np.float32(beta)
                near, factor = (start, share) if share < 0.5 else (end, share - np.float32(1))
                add_product(near, step, factor, out)
                if not _is_finite(out):  # perhaps the step alone overflowed
                    finite &= mix_exactly(start.view(np.uint8), end.view(np.uint8), ("F32", "F32"), beta, out.view(np.uint8))
                elif negative:
                    # Where nothing was learned not even a sign may change: between -0.0 and -0.0 the sum is 0.0.
                    np.copyto(out, start, where=(start == 0) & (end == 0))
        return finite


def _is_finite(numbers: Singles) -> bool:
    # The largest codes of either sign are those of infinity and NaN.
    special = FIRST_SPECIAL["F32"]
    return int(np.maximum.reduce(numbers.view(np.int32))) < special and int(np.maximum.reduce(numbers.view(np.uint32))) < special | 1 << 31
