"""Sixteen bits: the codes of a bfloat16 or float16 tensor in two models in, their linear mixes at several β out, each rounded once.

A compiled sum in float32 says most of it. It is taken twice, a little farther from 0 and a little nearer to it: what might lie
between two numbers comes out as both, and those few are done again with care.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from hf_regional.merging.codecs import FIRST_SPECIAL, MAGNITUDE, is_finite
from hf_regional.merging.exact import as_fraction, mix_by_ratio, mix_exactly
from hf_regional.merging.weighted_sums import sum16

Codes = np.ndarray[Any, np.dtype[np.uint16]]
Places = np.ndarray[Any, np.dtype[np.intp]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
_PIECE: Final = 1 << 18  # elements: with fewer, calling numpy costs more than memory does
_BINADE: Final = {"BF16": 1 << 7, "F16": 1 << 10}  # what a code grows by from one power of 2 to the next
# Below this a mix is done again: float16 drops more bits of a float32 there, and bfloat16 is near the end of float32's own range.
_SMALLEST_SURE: Final = {"BF16": 32 << 7, "F16": 1 << 10}
# How far a sum in float32 may be off, as a share of it. Weights, products and sum are each off by 2⁻²⁴ of themselves at most,
# together by 1.5·2⁻²³ of what is summed up. Where both ends have one sign that is the sum itself; where an eighth of the nearer
# end is left, 17 times the sum: 25.5·2⁻²³, less than this. Where less is left the sum is done again.
_UNSURE: Final = 2.0**-18
_CANCELLED: Final = 3  # powers of 2
_TIES: Final = range(2, 102, 2)  # the denominators of β with which mixes often lie in the middle between two numbers
_SPARE: Final = {"BF16": 9, "F16": 6}  # binary digits from half a unit down to what `_UNSURE` leaves open


class SixteenBits:
    """Linear mixing of one dtype, with the scratch memory of one thread."""

    def __init__(self, dtype: str) -> None:
        self._dtype, self._binade, self._mask = dtype, _BINADE[dtype], np.uint16(MAGNITUDE[dtype])
        self._cancelled = np.uint16(_CANCELLED * _BINADE[dtype])
        self._inner, self._size = np.empty(_PIECE, np.uint16), np.empty(_PIECE, np.uint16)
        self._sizes = np.empty((3, _PIECE), np.uint16)
        self._flags, self._more_flags = np.empty(_PIECE, np.bool_), np.empty(_PIECE, np.bool_)

    def mix(self, world: Codes, region: Codes, betas: Sequence[float], outs: Sequence[Codes]) -> bool:
        """Write the mixes, one array a β in (0, 1); False if one holds NaN or infinity."""
        shares = [_Share(beta) for beta in betas]
        again: list[list[Places]] = [[] for _ in betas]
        for first in range(0, len(world), _PIECE):
            mine = slice(first, first + _PIECE)
            ends = _Ends(world[mine], region[mine], self._mask, self._sizes)
            for places, share, out in zip(again, shares, outs, strict=True):
                places.append(self._piece(ends, share, out[mine]) + first)
        found = zip(shares, outs, again, strict=True)
        return all([self._mend(world, region, share, out, np.concatenate(places)) for share, out, places in found if places])

    def _piece(self, ends: "_Ends", share: "_Share", out: Codes) -> Places:
        """Mix; returns the places that must be done again with care."""
        count, inner, more = len(out), self._inner[: len(out)], self._more_flags[: len(out)]
        sum16(ends.world, ends.region, self._dtype, *share.farther, out)
        sum16(ends.world, ends.region, self._dtype, *share.nearer, inner)
        unsure = np.not_equal(out, inner, out=self._flags[:count])
        if share.has_ties:
            _make_even(out, inner)
        size = np.bitwise_and(out, self._mask, out=self._size[:count])
        # Without its sign a code is in the order of what it stands for.
        if int(np.maximum.reduce(size)) >= FIRST_SPECIAL[self._dtype]:
            return np.arange(count)
        if share.has_ties:
            self._keep_far_ties(unsure, ends, share.exact.denominator, size)
        smallest = _SMALLEST_SURE[self._dtype]
        if int(np.minimum.reduce(size)) < smallest:
            unsure |= np.less(size, np.uint16(smallest), out=more)
        size += self._cancelled
        unsure |= np.less_equal(size, ends.size(share.side), out=more)
        return unsure.nonzero()[0]

    def _keep_far_ties(self, unsure: Flags, ends: "_Ends", denominator: int, size: Codes) -> None:
        """Take away the ties that the even number settles.

        What lies near the middle of two numbers lies on it, or off it by one unit of the smaller end over the denominator at least.
        Only where that end is much smaller than the mix need this not show.
        """
        powers = int(_SPARE[self._dtype] - math.log2(denominator))
        if powers >= 0:
            smaller = np.add(ends.smaller(), np.uint16(powers * self._binade), out=self._inner[: len(size)])
            unsure &= np.less(smaller, size, out=self._more_flags[: len(size)])

    def _mend(self, world: Codes, region: Codes, share: "_Share", out: Codes, places: Places) -> bool:
        if not len(places):
            return True
        ours, theirs = world[places], region[places]
        mixed = np.empty_like(ours)
        left = np.flatnonzero(~mix_by_ratio(ours, theirs, self._dtype, share.exact, mixed))
        if len(left):
            some = mixed[left]
            dtypes = (self._dtype, self._dtype)
            mix_exactly(ours[left].view(np.uint8), theirs[left].view(np.uint8), dtypes, share.beta, some.view(np.uint8))
            mixed[left] = some
        out[places] = mixed
        return is_finite(mixed.view(np.uint8), self._dtype)


class _Share:
    """A β, and what is needed of it for every piece."""

    __slots__ = ("beta", "exact", "farther", "has_ties", "nearer", "side")

    def __init__(self, beta: float) -> None:
        self.beta, self.exact = beta, as_fraction(beta)
        world, region = float(1 - self.exact), float(self.exact)
        self.farther = (world * (1 + _UNSURE), region * (1 + _UNSURE))
        self.nearer = (world * (1 - _UNSURE), region * (1 - _UNSURE))
        self.has_ties = self.exact.denominator in _TIES
        self.side = int(2 * self.exact)  # 0: nearer to the world


class _Ends:
    """A piece of both models, and the codes of both without their signs, made when they are first asked for, once for every β."""

    def __init__(self, world: Codes, region: Codes, mask: np.uint16, scratch: np.ndarray[Any, np.dtype[np.uint16]]) -> None:
        self.world, self.region, self._mask = world, region, mask
        self._scratch, self._made = scratch[:, : len(world)], [False, False, False]

    def size(self, side: int) -> Codes:
        """Of the world (0) or of the region (1)."""
        if not self._made[side]:
            np.bitwise_and((self.world, self.region)[side], self._mask, out=self._scratch[side])
            self._made[side] = True
        return self._scratch[side]

    def smaller(self) -> Codes:
        """Of whichever is the smaller."""
        if not self._made[2]:
            np.minimum(self.size(0), self.size(1), out=self._scratch[2])
            self._made[2] = True
        return self._scratch[2]


def _make_even(out: Codes, inner: Codes) -> None:
    """Where `out` is one farther from 0 than `inner`, the even one of both; leaves nothing of `inner`."""
    inner ^= out
    inner &= out
    inner &= np.uint16(1)
    out -= inner
