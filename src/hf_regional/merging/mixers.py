"""Mixers: the bytes of one stretch of a tensor in every model in, its mixes at several β out. One mixer a thread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np

from hf_regional.errors import NonFiniteError
from hf_regional.merging.codecs import WIDE, Bytes, is_finite, narrow, widen
from hf_regional.merging.draw import Draw
from hf_regional.merging.interpolation import Interpolation
from hf_regional.merging.methods import Method
from hf_regional.merging.targets import Segment

_PIECE: Final = 1 << 16  # elements: several arrays of them fit a core's cache


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to mix: the method, its options, the weight of each regional model, and what its statistic found."""

    method: Method
    options: Mapping[str, Any]
    weights: tuple[float, ...]
    wholes: Mapping[str, Any]  # by tensor; under "" that of the whole model
    allow_nonfinite: bool = False

    def whole(self, name: str) -> Any:
        """What the statistic found for a tensor."""
        return self.wholes.get(name, self.wholes.get(""))


class Mixer(Protocol):
    """Writes `outs`, one array of bytes a β in (0, 1], like those of `world`."""

    def mix(self, segment: Segment, world: Bytes, regions: Sequence[Bytes], betas: Sequence[float], outs: Sequence[Bytes]) -> None:
        """Mix.

        Raises:
            NonFiniteError: an input holds NaN or infinity, or an output would.
        """
        ...


def make_mixer(recipe: Recipe) -> Mixer:
    """The mixer of a recipe: a road of its own for two models and the method "linear", one for everything else."""
    return _Pair(recipe) if is_interpolation(recipe) else _Any(recipe)


def is_interpolation(recipe: Recipe) -> bool:
    """Whether a recipe has that road of its own, on which mixing is hardly dearer than reading."""
    return recipe.method.name == "linear" and len(recipe.weights) == 1


class _Pair:
    def __init__(self, recipe: Recipe) -> None:
        self._recipe, self._interpolation = recipe, Interpolation()

    def mix(self, segment: Segment, world: Bytes, regions: Sequence[Bytes], betas: Sequence[float], outs: Sequence[Bytes]) -> None:
        part, (region,) = segment.part, regions
        dtypes = (part.place.dtype, part.regions[0].dtype)
        inner = [place for place, beta in enumerate(betas) if beta < 1]
        finite = self._interpolation.mix(world, region, dtypes, [betas[place] for place in inner], [outs[place] for place in inner])
        for place in set(range(len(betas))) - set(inner):
            outs[place][:] = region if dtypes[0] == dtypes[1] else narrow(widen(region, dtypes[1], np.float64), dtypes[0])
            finite &= is_finite(outs[place], dtypes[0])
        if not finite or not inner:  # a copy of the region says nothing of the base
            _explain(segment, world, regions, betas, outs, self._recipe)


class _Any:
    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe

    def mix(self, segment: Segment, world: Bytes, regions: Sequence[Bytes], betas: Sequence[float], outs: Sequence[Bytes]) -> None:
        recipe, part, unit = self._recipe, segment.part, segment.part.unit
        for first in range(0, segment.count, _PIECE):
            last = min(first + _PIECE, segment.count)
            mine = slice(first * unit, last * unit)
            ours, theirs = wide_values(segment, world, regions, first, last)
            draw = Draw(0, part.name, segment.first + first, last - first)
            for beta, out in zip(betas, outs, strict=True):
                mixed = recipe.method(
                    ours, theirs, beta=beta, weights=recipe.weights, options=recipe.options, whole=recipe.whole(part.name), draw=draw
                )
                piece = narrow(mixed, part.place.dtype)
                # Where nothing was learned and nothing turned the bytes stay: not even the sign of a zero may change.
                still = np.logical_and.reduce([ours == other for other in theirs])
                still &= True if recipe.method.elementwise else mixed == ours
                np.copyto(piece.reshape(-1, unit), world[mine].reshape(-1, unit), where=still[:, None])
                out[mine] = piece
        if not all(is_finite(out, part.place.dtype) for out in outs):
            _explain(segment, world, regions, betas, outs, recipe)


def wide_values(segment: Segment, world: Bytes, regions: Sequence[Bytes], first: int, last: int) -> tuple[Any, list[Any]]:
    """The elements `first` to `last` of a stretch as numbers to reckon with, all sides of one type."""
    part, dtype = segment.part, segment.part.place.dtype
    dtypes = [dtype, *(source.dtype for source in part.regions)]
    wide = np.float64 if any(WIDE[one] is np.float64 for one in dtypes) else np.float32
    ours = widen(world[first * part.unit : last * part.unit], dtype, wide)
    theirs = [
        widen(region[first * width : last * width], source.dtype, wide)
        for region, source in zip(regions, part.regions, strict=True)
        for width in [len(region) // segment.count]
    ]
    return ours, theirs


def require_finite(segment: Segment, world: Bytes, regions: Sequence[Bytes], recipe: Recipe) -> None:
    """Find out which input is not finite and say it; `regions` may be empty.

    Raises:
        NonFiniteError: naming file and tensor.
    """
    if recipe.allow_nonfinite:
        return
    part = segment.part
    for source, raw in zip((part.world, *part.regions), (world, *regions), strict=False):
        if not is_finite(raw, source.dtype):
            files = ", ".join(sorted(str(file) for file in source.files))
            advice = "Take an earlier checkpoint of that model, repair it, or let it through with allow_nonfinite"
            raise NonFiniteError(f"{files}: tensor {part.name!r} holds NaN or infinity. {advice}.", part.name)


def _explain(
    segment: Segment, world: Bytes, regions: Sequence[Bytes], betas: Sequence[float], outs: Sequence[Bytes], recipe: Recipe
) -> None:
    require_finite(segment, world, regions, recipe)
    part = segment.part
    for beta, out in zip(betas, outs, strict=True):
        if not recipe.allow_nonfinite and not is_finite(out, part.place.dtype):
            found = f"tensor {part.name!r} overflows {part.place.dtype} at β = {beta:g}, though all inputs are finite"
            raise NonFiniteError(f"{found}. Save the base in a wider dtype first, or keep its tensor with skip=[{part.name!r}].", part.name)
