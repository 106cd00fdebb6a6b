"""Kinship: two checkpoints in, whether one was trained from the other, or both from a third, out. Reads a sample of every tensor."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from hf_regional.merging.checkpoint import Checkpoint
from hf_regional.merging.codecs import WIDE, widen, width_of
from hf_regional.merging.header import Stored
from hf_regional.merging.sources import Files

_STRETCH: Final = 1 << 14  # elements
_STRETCHES: Final = 16  # of a tensor, evenly spread; smaller tensors are compared whole
_RELATED: Final = 0.5  # cosine: weights of separate trainings lie near 0, those of one ancestor above 0.9 in published models


@dataclass(frozen=True, slots=True)
class Kinship:
    """What a sample of the shared tensors says. `cosine` is over the matrices; None where there are none."""

    tensors: int
    equal: int
    values: int
    cosine: float | None
    relative_distance: float | None  # ||regional - base|| / ||base||

    @property
    def is_related(self) -> bool:
        """Whether averaging them can make sense."""
        return self.equal == self.tensors or (self.cosine is not None and self.cosine > _RELATED)

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def __str__(self) -> str:
        """One sentence."""
        if not self.tensors:
            return "no tensor in common"
        counted = f"{self.equal} of {self.tensors} shared tensors equal"
        if self.cosine is None or self.relative_distance is None:
            return counted
        verdict = "of one ancestor" if self.is_related else "NOT of one ancestor: their mix will be neither"
        return f"{counted}, cosine of the weights {self.cosine:.4f}, distance {self.relative_distance:.2g} of the base's length: {verdict}"


def kinship(base: Checkpoint, regional: Checkpoint) -> Kinship:
    """Compare a sample of every tensor that both have in one shape, up to 262,144 values each."""
    shared = [
        (ours, regional.tensors[name])
        for name, ours in base.tensors.items()
        if name in regional.tensors
        and regional.tensors[name].shape == ours.shape
        and {ours.dtype, regional.tensors[name].dtype} <= WIDE.keys()
    ]
    equal = values = 0
    sums = np.zeros(4)  # base·base, base·regional, regional·regional, difference·difference
    with Files() as files:
        for side in (base, regional):
            for shard in side.shards:
                files.add(shard.file)
        for ours, theirs in shared:
            differs = False
            for a, b in _samples(files, ours, theirs):
                differs |= not np.array_equal(a, b)
                values += len(a)
                if len(ours.shape) > 1:
                    sums += [a @ a, a @ b, b @ b, (b - a) @ (b - a)]
            equal += not differs
    own, cross, other, apart = sums.tolist()
    measured = own > 0 and other > 0
    return Kinship(
        len(shared), equal, values, cross / math.sqrt(own * other) if measured else None, math.sqrt(apart / own) if measured else None
    )


def _samples(files: Files, ours: Stored, theirs: Stored) -> Iterator[tuple[Any, Any]]:
    count = ours.size // width_of(ours.dtype)
    whole = count <= _STRETCH * _STRETCHES
    firsts = range(0, count, _STRETCH) if whole else np.linspace(0, count - _STRETCH, _STRETCHES).astype(int).tolist()
    for first in firsts:
        length = min(_STRETCH, count - first)
        yield _values(files, ours, first, length), _values(files, theirs, first, length)


def _values(files: Files, stored: Stored, first: int, length: int) -> Any:
    width = width_of(stored.dtype)
    raw = np.empty(length * width, np.uint8)
    files.read(stored.file, stored.start + first * width, raw.data)
    return widen(raw, stored.dtype, np.float64)
