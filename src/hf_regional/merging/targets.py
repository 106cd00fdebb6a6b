"""Targets: the files of weights to write: for each tensor where it will lie, and where its bytes come from on every side."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hf_regional.merging.codecs import width_of
from hf_regional.merging.header import Shard, Stored
from hf_regional.merging.sources import Plain, Source

ALIGNED: Final = 4096  # bytes: what direct I/O asks of offsets and lengths


@dataclass(frozen=True, slots=True)
class Part:
    """One tensor of the output. `regions` is empty where no output wants anything but the base's."""

    name: str  # qualified by its component
    place: Stored  # dtype, shape, first byte and size in the output file
    world: Source
    regions: tuple[Source, ...] = ()

    @property
    def unit(self) -> int:
        """Bytes that stay together: of one element, or 1 for formats of fewer bits."""
        return width_of(self.place.dtype)


@dataclass(frozen=True, slots=True)
class Target:
    """One file of weights of each output: `path` below the output folder, its first bytes, and the tensors behind them in order."""

    path: str
    head: bytes
    parts: tuple[Part, ...]
    size: int

    def mirrors(self) -> Path | None:
        """The base's file that it has byte for byte the layout of, header included, if there is one."""
        files = {part.world.stored.file for part in self.parts if isinstance(part.world, Plain) and _same_place(part, part.world)}
        plain = all(isinstance(part.world, Plain) and _same_place(part, part.world) for part in self.parts)
        return files.pop() if plain and len(files) == 1 else None

    def follows(self, side: int, shards: Iterable[Shard]) -> Shard | None:
        """The regional file number `side` whose bytes pass from beginning to end as this file is made, if there is one."""
        sources = [part.regions[side] if part.regions else None for part in self.parts]
        stored = [source.stored for source in sources if isinstance(source, Plain)]
        if len(stored) < len(sources) or len({one.file for one in stored}) != 1:
            return None
        shard = next((shard for shard in shards if shard.file == stored[0].file), None)
        return shard if shard is not None and [one.start for one in stored] == [one.start for one in shard.tensors.values()] else None


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive elements of one tensor inside a block, `at` bytes behind the block's first."""

    part: Part
    first: int
    count: int
    at: int

    @property
    def size(self) -> int:
        """Bytes in the output."""
        return self.count * self.part.unit


@dataclass(frozen=True, slots=True)
class Block:
    """The bytes `start` to `stop` of a target, the `number`-th of its blocks; `head` of them are header."""

    target: Target
    number: int
    start: int
    stop: int
    head: int
    segments: tuple[Segment, ...]
    is_last: bool

    @property
    def size(self) -> int:
        """Bytes."""
        return self.stop - self.start


def cut(target: Target, size: int) -> Iterator[Block]:
    """Cut a target into blocks of `size` bytes, or a little less where an element would be cut."""
    starts = [0]
    while starts[-1] + size < target.size:
        starts.append(_between_elements(target, starts[-1] + size))
    first = 0
    for number, (start, stop) in enumerate(zip(starts, [*starts[1:], target.size], strict=True)):
        segments: list[Segment] = []
        while first < len(target.parts) and target.parts[first].place.start + target.parts[first].place.size <= start:
            first += 1
        for part in target.parts[first:]:
            begin, end = max(start, part.place.start), min(stop, part.place.start + part.place.size)
            if part.place.start >= stop:
                break
            if begin < end:
                segments.append(Segment(part, (begin - part.place.start) // part.unit, (end - begin) // part.unit, begin - start))
        head = max(0, min(stop, len(target.head)) - start)
        yield Block(target, number, start, stop, head, tuple(segments), is_last=stop == target.size)


def _between_elements(target: Target, mark: int) -> int:
    part = next((part for part in target.parts if part.place.start < mark < part.place.start + part.place.size), None)
    return mark if part is None else mark - (mark - part.place.start) % part.unit


def _same_place(part: Part, world: Plain) -> bool:
    return (world.stored.start, world.stored.size) == (part.place.start, part.place.size)
