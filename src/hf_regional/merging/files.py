"""Files: a plan in, checkpoints out, streamed: one pass over the inputs for however many mixes, in blocks of a few megabytes.

A block is read from every model, mixed, and written by one thread; several threads take the blocks in their order. Nothing is
held but their buffers, whatever the size of a tensor.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from hf_regional.durable import Journal, file_sha256
from hf_regional.errors import CannotWriteError
from hf_regional.merging.check import Plan
from hf_regional.merging.codecs import WIDE, Bytes, is_finite, width_of
from hf_regional.merging.digests import Digest
from hf_regional.merging.header import read_shard
from hf_regional.merging.mixers import Mixer, Recipe, make_mixer, require_finite
from hf_regional.merging.sinks import Sink, aligned_buffer
from hf_regional.merging.sources import Files, Plain, Source
from hf_regional.merging.targets import ALIGNED, Block, Segment, Target, cut
from hf_regional.merging.workers import run_blocks, worker_count

_MEMORY: Final = 128 << 20  # bytes of all buffers together
_GLANCE: Final = 4096  # bytes
_LARGEST: Final = 4 << 20  # bytes a block: more is not faster


@dataclass(slots=True)
class Written:
    """One finished target, as the journal keeps it: the tensors whose bytes differ between the models, and digests by file."""

    changed: list[str]
    outputs: dict[str, str] = field(default_factory=dict[str, str])  # "beta-0.5/model.safetensors" -> SHA-256
    inputs: dict[str, str] = field(default_factory=dict[str, str])  # absolute path -> SHA-256


def write_weights(
    plan: Plan, recipe: Recipe, folder: Path, journal: Journal, *, hash_files: bool, progress: Callable[[int], object]
) -> dict[str, Written]:
    """Write every file of weights of every output below `folder`; those that the journal has are left as they are.

    Returns:
        What became of each target, by its path, those of the journal included.

    Raises:
        NonFiniteError: a tensor holds NaN or infinity, or would after mixing.
        DamagedFileError: an input ended before its header said.
        CannotWriteError: what was written does not read back as planned.
    """
    done = {target.path: _resumed(journal.done(target.path), target, plan, folder) for target in plan.targets}
    left = [target for target in plan.targets if done[target.path] is None]
    progress(sum(target.size for target in plan.targets if done[target.path] is not None))
    with ExitStack() as stack:
        engine = _Engine(plan, recipe, folder, journal, stack.enter_context(_opened(left)), progress, hash_files)
        stack.callback(engine.close)
        size = block_size(plan)
        blocks = (block for target in left for block in cut(target, size))
        run_blocks(blocks, lambda: _Scratch(plan, size, make_mixer(recipe)), engine.take, engine.stop)
    return {path: written or engine.written[path] for path, written in done.items()}


def block_size(plan: Plan) -> int:
    """Bytes of a block: such that the buffers of all threads together stay within their share of memory."""
    sides = 1 + len(plan.outputs) + sum(plan.widening)
    return max(ALIGNED * 16, min(_LARGEST, _MEMORY // (worker_count() * sides) // ALIGNED * ALIGNED))


def digests_of(files: list[Path]) -> dict[Path, str]:
    """SHA-256 of whole files that did not pass by in their order, several at a time."""
    found: dict[Path, str] = {}
    run_blocks(files, lambda: None, lambda _, file: found.update({file: file_sha256(file)}), threading.Event())
    return found


class _Scratch:
    """The buffers of one thread."""

    def __init__(self, plan: Plan, size: int, mixer: Mixer) -> None:
        self.world = aligned_buffer(size + ALIGNED)
        self.regions = [aligned_buffer(size * ratio + ALIGNED) for ratio in plan.widening]
        self.outs = [aligned_buffer(size + ALIGNED) for _ in plan.outputs]
        self.mixer = mixer


class _Engine:
    """What the threads share: open files, digests, and the count of what is finished."""

    def __init__(
        self, plan: Plan, recipe: Recipe, folder: Path, journal: Journal, files: Files, progress: Callable[[int], object], hashing: bool
    ) -> None:
        self._plan, self._recipe, self._folder, self._journal, self._files = plan, recipe, folder, journal, files
        self._progress, self._hashing = progress, hashing
        self._lock = threading.Lock()
        self._open: dict[str, _Open] = {}
        self.stop = threading.Event()
        self.written: dict[str, Written] = {}

    def take(self, scratch: _Scratch, block: Block) -> None:
        """Read, mix and write one block; the thread that ends a target finishes its files."""
        target = self._opened(block.target)
        used = [self._read(scratch, block, side) for side in range(len(scratch.regions))]
        self._read_world(scratch, block)
        if target.world:
            target.world.update(block.number, [scratch.world[: block.size]])
        for digest, head, buffer, length in zip(target.regions, target.heads, scratch.regions, used, strict=True):
            if digest:
                digest.update(block.number, [*([] if block.number else [head]), buffer[:length]])
        self._mix(scratch, block, target)
        for sink, digest, out in zip(target.sinks, target.outs, scratch.outs, strict=True):
            if digest:
                digest.update(block.number, [out[: block.size]])
            sink.write(out, block.start, block.size)
        self._progress(block.size)
        with self._lock:
            target.left -= block.size
            ended = target.left == 0
        if ended and not self.stop.is_set():
            self._finish(block.target, target)

    def close(self) -> None:
        """Close what an error left open."""
        for target in self._open.values():
            for sink in target.sinks:
                sink.close()

    def _opened(self, target: Target) -> "_Open":
        with self._lock:
            if target.path not in self._open:
                self._open[target.path] = _Open(target, self._plan, self._folder, self._hashing, self.stop)
            return self._open[target.path]

    def _read_world(self, scratch: _Scratch, block: Block) -> None:
        if block.head:
            scratch.world[: block.head] = block.target.head[block.start : block.start + block.head]
        reads = [(segment.part.world, segment, segment.at, segment.size) for segment in block.segments]
        _read(self._files, scratch.world, reads)

    def _read(self, scratch: _Scratch, block: Block, side: int) -> int:
        """Fill the buffer of one regional model, segment behind segment; returns the bytes filled."""
        reads: list[tuple[Source, Segment, int, int]] = []
        place = 0
        for segment in block.segments:
            if segment.part.regions:
                source = segment.part.regions[side]
                size = segment.count * width_of(source.dtype)
                reads.append((source, segment, place, size))
                place += size
        _read(self._files, scratch.regions[side], reads)
        return place

    def _mix(self, scratch: _Scratch, block: Block, target: "_Open") -> None:
        for out in scratch.outs:
            out[: block.head] = scratch.world[: block.head]
        places = [0] * len(scratch.regions)
        for segment in block.segments:
            world = _bytes(scratch.world, segment.at, segment.size)
            regions: list[Bytes] = []
            if segment.part.regions:
                for side, source in enumerate(segment.part.regions):
                    size = segment.count * width_of(source.dtype)
                    regions.append(_bytes(scratch.regions[side], places[side], size))
                    places[side] += size
            outs = [_bytes(out, segment.at, segment.size) for out in scratch.outs]
            if self._write_segment(scratch.mixer, segment, world, regions, outs):
                target.changed.add(segment.part.name)

    def _write_segment(self, mixer: Mixer, segment: Segment, world: Bytes, regions: list[Bytes], outs: list[Bytes]) -> bool:
        """Fill the outputs with one stretch; returns whether a regional model differs from the base there."""
        part = segment.part
        is_float = part.place.dtype in WIDE
        changed = any(source.dtype != part.place.dtype or not _same(world, region) for source, region in zip(part.regions, regions, strict=True))
        betas = [output.betas.get(part.name) for output in self._plan.outputs]
        mixed = [place for place, beta in enumerate(betas) if beta and changed and is_float]
        for place in set(range(len(outs))) - set(mixed):
            outs[place][:] = world
        if mixed:
            mixer.mix(segment, world, regions, [betas[place] or 0.0 for place in mixed], [outs[place] for place in mixed])
        if is_float and len(mixed) < len(outs) and not is_finite(world, part.place.dtype):
            require_finite(segment, world, regions, (), (), self._recipe)
        return changed

    def _finish(self, target: Target, opened: "_Open") -> None:
        for sink, output in zip(opened.sinks, self._plan.outputs, strict=True):
            sink.finish()
            verify(target, self._folder / output.folder / target.path)
        record = opened.record(target, self._plan)
        self._journal.finish(target.path, {"changed": record.changed, "outputs": record.outputs, "inputs": record.inputs})
        with self._lock:
            self.written[target.path] = record
            del self._open[target.path]


class _Open:
    """A target in the making: its files, and the digests of all that passes by in order."""

    def __init__(self, target: Target, plan: Plan, folder: Path, hashing: bool, stop: threading.Event) -> None:
        direct = all(part.place.start % part.unit == 0 for part in target.parts)  # else blocks end where elements do
        files = [folder / output.folder / target.path for output in plan.outputs]
        for file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
        self.sinks = [Sink(file, target.size, direct=direct) for file in files]
        self.left, self.changed = target.size, set[str]()
        self.mirrored = target.mirrors() if hashing else None
        self.world = Digest(stop) if self.mirrored else None
        followed = [target.follows(side, one.shards) if hashing else None for side, one in enumerate(plan.regionals)]
        self.followed = [shard.file if shard else None for shard in followed]
        self.regions = [Digest(stop) if shard else None for shard in followed]
        self.heads = [shard.head if shard else b"" for shard in followed]
        self.outs = [Digest(stop) if hashing else None for _ in plan.outputs]

    def record(self, target: Target, plan: Plan) -> Written:
        """What the journal keeps."""
        outputs = {
            f"{output.folder}/{target.path}" if output.folder else target.path: digest.hexdigest()
            for output, digest in zip(plan.outputs, self.outs, strict=True)
            if digest
        }
        passed = [(self.mirrored, self.world), *zip(self.followed, self.regions, strict=True)]
        inputs = {str(file): digest.hexdigest() for file, digest in passed if file and digest}
        return Written(sorted(self.changed), outputs, inputs)


def verify(target: Target, file: Path) -> None:
    """Read a written file's header back and compare it with the plan.

    Raises:
        CannotWriteError: it is not what was written.
    """
    found = read_shard(file)
    if found.head != target.head or found.size != target.size:
        raise CannotWriteError(f"{file} does not read back as it was written. Check the disk, then merge again.")


def _opened(targets: list[Target]) -> Files:
    files = Files()
    for target in targets:
        for part in target.parts:
            for source in (part.world, *part.regions):
                for file in source.files:
                    files.add(file)
    return files


def _resumed(record: dict[str, Any] | None, target: Target, plan: Plan, folder: Path) -> Written | None:
    """What a killed run had finished, if its files are still there whole."""
    files = [folder / output.folder / target.path for output in plan.outputs]
    if record is None or not all(file.is_file() and file.stat().st_size == target.size for file in files):
        return None
    return Written(record["changed"], record["outputs"], record["inputs"])


def _read(files: Files, buffer: memoryview, reads: list[tuple[Source, Segment, int, int]]) -> None:
    """Fill a buffer; what lies side by side in one file and in the buffer is read in one go."""
    run: tuple[Path, int, int, int] | None = None  # file, its byte, the buffer's, how many
    for source, segment, at, size in reads:
        if not isinstance(source, Plain):
            source.read(files, segment.first, buffer[at : at + size])
            continue
        start = source.stored.start + segment.first * width_of(source.dtype)
        if run and run[0] == source.stored.file and run[1] + run[3] == start and run[2] + run[3] == at:
            run = (*run[:3], run[3] + size)
            continue
        if run:
            files.read(run[0], run[1], buffer[run[2] : run[2] + run[3]])
        run = (source.stored.file, start, at, size)
    if run:
        files.read(run[0], run[1], buffer[run[2] : run[2] + run[3]])


def _bytes(buffer: memoryview, start: int, size: int) -> Bytes:
    return np.frombuffer(buffer, np.uint8, size, start)


def _same(a: Bytes, b: Bytes) -> bool:
    # Models that were trained differ at once; only what looks equal is compared to its end, eight bytes at a time.
    whole = len(a) // 8 * 8
    if not np.array_equal(a[:_GLANCE], b[:_GLANCE]):
        return False
    return bool(np.array_equal(a[:whole].view(np.uint64), b[:whole].view(np.uint64)) and np.array_equal(a[whole:], b[whole:]))
