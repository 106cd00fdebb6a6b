"""Pairs: one tensor in both checkpoints in, its bytes chunk by chunk out, checked, the same stretch of both at a time."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from typing import Final

import torch
from torch import Tensor

from hf_regional.errors import DamagedFileError, NonFiniteError
from hf_regional.merging.checkpoint import Checkpoint
from hf_regional.merging.header import FLOATS, Stored

_CHUNK: Final = 1 << 22  # bytes of the wider of the two: small enough for the cache of one core, large enough for a disk
_DTYPES: Final = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class Chunk:
    """The same stretch of one tensor in both inputs: (n,) uint8 as stored. `region` is None where nobody wants it."""

    world: Tensor
    region: Tensor | None
    is_equal: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """One tensor where it lies in the base and, if any output wants it, in the regional checkpoint."""

    name: str
    world: Stored
    region: Stored | None

    @property
    def is_float(self) -> bool:
        """Whether it can be averaged."""
        return self.world.dtype in FLOATS

    def chunks(self, source: FileIO, twin: FileIO | None) -> Iterator[Chunk]:
        """Read both, a few megabytes at a time; a chunk is valid until the next one is asked for.

        Raises:
            NonFiniteError: a floating value is NaN or infinity.
            DamagedFileError: a file ended before its header said.
        """
        if self.region is None or twin is None:
            for ours in _pieces(self.name, self.world, source, _CHUNK):
                yield Chunk(ours, None, is_equal=True)
            return
        count = _CHUNK // max(self.world.width, self.region.width)
        ours = _pieces(self.name, self.world, source, count * self.world.width)
        theirs = _pieces(self.name, self.region, twin, count * self.region.width)
        for world, region in zip(ours, theirs, strict=True):
            # float16 and bfloat16 of the same bytes are other numbers
            yield Chunk(world, region, is_equal=self.world.dtype == self.region.dtype and _same_bytes(world, region))

    def values(self, chunk: Chunk) -> tuple[Tensor, Tensor]:
        """View the bytes as numbers of both sides; only for floating tensors that are wanted."""
        if self.region is None or chunk.region is None:
            raise TypeError(f"{self.name} was not read from the regional checkpoint")
        return chunk.world.view(_DTYPES[self.world.dtype]), chunk.region.view(_DTYPES[self.region.dtype])


def is_finite(values: Tensor) -> bool:
    """Whether a floating tensor, not empty, holds neither NaN nor infinity."""
    # min and max pass both on, and cost a tenth of isfinite().all()
    return all(math.isfinite(bound.item()) for bound in torch.aminmax(values))


def require_finite(checkpoint: Checkpoint) -> None:
    """Read every tensor of a checkpoint once.

    Raises:
        NonFiniteError: a floating tensor holds NaN or infinity; the message names file and tensor.
        DamagedFileError: a file ended before its header said.
    """
    for shard in checkpoint.shards:
        with shard.file.open("rb", buffering=0) as source:
            for name, stored in shard.tensors.items():
                for _ in _pieces(name, stored, source, _CHUNK):
                    pass


def _pieces(name: str, stored: Stored, source: FileIO, step: int) -> Iterator[Tensor]:
    # One buffer for all pieces: touching fresh memory costs more than the arithmetic.
    buffer = torch.empty(min(step, stored.size), dtype=torch.uint8)
    source.seek(stored.start)
    for begin in range(0, stored.size, step):
        piece = buffer[: min(step, stored.size - begin)]
        _fill(piece, stored, source)
        if stored.dtype in FLOATS and not is_finite(piece.view(_DTYPES[stored.dtype])):
            raise NonFiniteError(
                f"{stored.file}: tensor {name!r} holds NaN or infinity. Take an earlier checkpoint of that model, or repair it.", name
            )
        yield piece


def _fill(piece: Tensor, stored: Stored, source: FileIO) -> None:
    view = piece.numpy().data
    filled = 0
    while filled < len(view):
        read = source.readinto(view[filled:])
        if not read:
            raise DamagedFileError(f"{stored.file} ended while it was read. Download or save it again.")
        filled += read


def _same_bytes(a: Tensor, b: Tensor) -> bool:
    whole = a.numel() // 8 * 8
    # eight bytes at a time: byte by byte takes six times as long
    return torch.equal(a[:whole].view(torch.int64), b[:whole].view(torch.int64)) and torch.equal(a[whole:], b[whole:])
