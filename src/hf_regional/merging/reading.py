"""Reading: a block of the output in, the bytes of all models for each of its segments out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hf_regional.merging.codecs import Bytes, width_of
from hf_regional.merging.sinks import aligned_buffer
from hf_regional.merging.sources import Files, Plain, Source
from hf_regional.merging.targets import ALIGNED, Block, Segment, Target


@dataclass(frozen=True, slots=True)
class Loaded:
    """One stretch of a tensor in every model, as stored; `regions` is empty where nobody wants them."""

    segment: Segment
    world: Bytes
    regions: tuple[Bytes, ...]


class Buffers:
    """What one thread reads into. `used`: how many bytes of each regional buffer the last block filled."""

    def __init__(self, size: int, widening: Sequence[int]) -> None:
        self.world = aligned_buffer(size + ALIGNED)
        self.regions = [aligned_buffer(size * ratio + ALIGNED) for ratio in widening]
        self.used = [0] * len(widening)

    def load(self, files: Files, block: Block) -> list[Loaded]:
        """Read a block: the base's bytes where the output's will be, those of each regional model side by side."""
        self.world[: block.head] = block.target.head[block.start : block.start + block.head]
        _fill(files, self.world, [(segment.part.world, segment.first, segment.at, segment.size) for segment in block.segments])
        sides = [self._load_side(files, block, side) for side in range(len(self.regions))]
        return [
            Loaded(segment, _bytes(self.world, segment.at, segment.size), tuple(side[place] for side in sides if segment.part.regions))
            for place, segment in enumerate(block.segments)
        ]

    def _load_side(self, files: Files, block: Block, side: int) -> list[Bytes]:
        reads: list[tuple[Source, int, int, int]] = []
        views: list[Bytes] = []
        place = 0
        for segment in block.segments:
            size = segment.count * width_of(segment.part.regions[side].dtype) if segment.part.regions else 0
            views.append(_bytes(self.regions[side], place, size))
            if size:
                reads.append((segment.part.regions[side], segment.first, place, size))
            place += size
        _fill(files, self.regions[side], reads)
        self.used[side] = place
        return views


def opened(targets: Iterable[Target]) -> Files:
    """Every input file of some targets, open."""
    files = Files()
    for target in targets:
        for part in target.parts:
            for source in (part.world, *part.regions):
                for file in source.files:
                    files.add(file)
    return files


def _fill(files: Files, buffer: memoryview, reads: Sequence[tuple[Source, int, int, int]]) -> None:
    """Read (source, first element, place in the buffer, bytes) each; neighbours in a file and in the buffer in one go."""
    run: tuple[Path, int, int, int] | None = None  # file, its byte, the buffer's, how many
    for source, first, at, size in reads:
        if not isinstance(source, Plain):
            source.read(files, first, buffer[at : at + size])
            continue
        start = source.stored.start + first * width_of(source.dtype)
        if run and run[0] == source.stored.file and run[1] + run[3] == start and run[2] + run[3] == at:
            run = (*run[:3], run[3] + size)
            continue
        _read_run(files, buffer, run)
        run = (source.stored.file, start, at, size)
    _read_run(files, buffer, run)


def _read_run(files: Files, buffer: memoryview, run: tuple[Path, int, int, int] | None) -> None:
    if run:
        files.read(run[0], run[1], buffer[run[2] : run[2] + run[3]])


def _bytes(buffer: memoryview, start: int, size: int) -> Bytes:
    return np.frombuffer(buffer, np.uint8, size, start)
