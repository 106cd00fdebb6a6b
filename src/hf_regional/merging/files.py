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
from hf_regional.merging.codecs import WIDE, Bytes
from hf_regional.merging.digests import Digest, published_digest
from hf_regional.merging.header import read_shard
from hf_regional.merging.mixers import Mixer, Recipe, is_interpolation, make_mixer, require_finite
from hf_regional.merging.plan import Plan
from hf_regional.merging.reading import Buffers, Loaded, opened
from hf_regional.merging.sinks import Sink, aligned_buffer
from hf_regional.merging.sources import Files
from hf_regional.merging.targets import ALIGNED, Block, Target, cut
from hf_regional.merging.workers import mixing_count, run_blocks, worker_count

_MEMORY: Final = 128 << 20  # bytes of all buffers together
Progress = Callable[[int], object]  # called with the bytes that were written
_GLANCE: Final = 4096  # bytes
_LARGEST: Final = 4 << 20  # bytes a block: more is not faster


@dataclass(slots=True)
class Written:
    """One finished target, as the journal keeps it: the tensors whose bytes differ between the models, and digests by file."""

    changed: list[str]
    outputs: dict[str, str] = field(default_factory=dict[str, str])  # "beta-0.5/model.safetensors" -> SHA-256
    inputs: dict[str, str] = field(default_factory=dict[str, str])  # absolute path -> SHA-256


def write_weights(
    plan: Plan, recipe: Recipe, folder: Path, journal: Journal, *, hash_files: bool, progress: Progress
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
        engine = _Engine(plan, recipe, folder, journal, stack.enter_context(opened(left)), progress, hash_files)
        stack.callback(engine.close)
        size = block_size(plan)
        blocks = (block for target in left for block in cut(target, size))
        run_blocks(blocks, lambda: _Scratch(plan, size, recipe), engine.take, engine.stop)
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
    """What one thread works with."""

    def __init__(self, plan: Plan, size: int, recipe: Recipe) -> None:
        self.inputs = Buffers(size, plan.widening)
        self.outs = [aligned_buffer(size + ALIGNED) for _ in plan.outputs]
        self.mixer = make_mixer(recipe)


class _Engine:
    """What the threads share: open files, digests, and the count of what is finished."""

    def __init__(self, plan: Plan, recipe: Recipe, folder: Path, journal: Journal, files: Files, progress: Progress, hashing: bool) -> None:
        self._plan, self._recipe, self._folder, self._journal, self._files = plan, recipe, folder, journal, files
        self._progress, self._hashing = progress, hashing
        self._lock = threading.Lock()
        self._turns = threading.Semaphore(mixing_count() if is_interpolation(recipe) else worker_count())
        self._making: dict[str, _Making] = {}
        self.stop = threading.Event()
        self.written: dict[str, Written] = {}

    def take(self, scratch: _Scratch, block: Block) -> None:
        """Read, mix and write one block; the thread that ends a target finishes its files."""
        making = self._target(block.target)
        loaded = scratch.inputs.load(self._files, block)
        making.hash_inputs(block, scratch.inputs)
        for out in scratch.outs:
            out[: block.head] = scratch.inputs.world[: block.head]
        with self._turns:
            for one in loaded:
                outs = [np.frombuffer(out, np.uint8, one.segment.size, one.segment.at) for out in scratch.outs]
                if self._mix(scratch.mixer, one, outs):
                    making.changed.add(one.segment.part.name)
        making.write(block, scratch.outs)
        self._progress(block.size)
        with self._lock:
            making.left -= block.size
            is_last = making.left == 0
        if is_last and not self.stop.is_set():
            self._finish(block.target, making)

    def close(self) -> None:
        """Close what an error left open."""
        for making in self._making.values():
            for sink in making.sinks:
                sink.close()

    def _target(self, target: Target) -> "_Making":
        with self._lock:
            if target.path not in self._making:
                self._making[target.path] = _Making(target, self._plan, self._folder, self._hashing, self.stop)
            return self._making[target.path]

    def _mix(self, mixer: Mixer, loaded: Loaded, outs: list[Bytes]) -> bool:
        """Fill the outputs with one stretch; returns whether a regional model differs from the base there."""
        segment, world, regions = loaded.segment, loaded.world, loaded.regions
        part = segment.part
        is_float = part.place.dtype in WIDE
        pairs = zip(part.regions, regions, strict=True)
        changed = any(source.dtype != part.place.dtype or not _same(world, region) for source, region in pairs)
        betas = [output.betas.get(part.name) for output in self._plan.outputs]
        # Inside a tensor that turned as a whole, a stretch may move that is equal on both sides.
        moves = is_float and bool(regions) and (changed or not self._recipe.method.elementwise)
        mixed = [place for place, beta in enumerate(betas) if beta and moves]
        for place in set(range(len(outs))) - set(mixed):
            outs[place][:] = world
        if mixed:
            mixer.mix(segment, world, regions, [betas[place] or 0.0 for place in mixed], [outs[place] for place in mixed])
        if is_float and len(mixed) < len(outs):  # where all are mixed, what is not finite shows in them
            require_finite(segment, world, regions if changed else (), self._recipe)
        return changed

    def _finish(self, target: Target, making: "_Making") -> None:
        for sink, output in zip(making.sinks, self._plan.outputs, strict=True):
            sink.finish()
            verify(target, self._folder / output.folder / target.path)
        record = making.record(target, self._plan)
        self._journal.finish(target.path, {"changed": record.changed, "outputs": record.outputs, "inputs": record.inputs})
        with self._lock:
            self.written[target.path] = record
            del self._making[target.path]


class _Making:
    """A target in the making: its files, and the digests of all that passes by in order."""

    def __init__(self, target: Target, plan: Plan, folder: Path, hashing: bool, stop: threading.Event) -> None:
        direct = all(part.place.start % part.unit == 0 for part in target.parts)  # else blocks end where elements do
        files = [folder / output.folder / target.path for output in plan.outputs]
        for file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
        self.sinks = [Sink(file, target.size, direct=direct) for file in files]
        self.left, self.changed = target.size, set[str]()
        mirrored = target.mirrors() if hashing else None
        followed = [target.follows(side, one.shards) if hashing else None for side, one in enumerate(plan.regionals)]
        self._mirrored = mirrored if mirrored and not published_digest(mirrored) else None
        self._followed = [shard if shard and not published_digest(shard.file) else None for shard in followed]
        self._world = Digest(stop) if self._mirrored else None
        self._regions = [Digest(stop) if shard else None for shard in self._followed]
        self._outs = [Digest(stop) if hashing else None for _ in plan.outputs]

    def hash_inputs(self, block: Block, inputs: Buffers) -> None:
        """Take a block into the digests of those inputs that pass by from beginning to end."""
        if self._world:
            self._world.update(block.number, [inputs.world[: block.size]])
        for digest, shard, buffer, used in zip(self._regions, self._followed, inputs.regions, inputs.used, strict=True):
            if digest and shard:
                digest.update(block.number, [*([] if block.number else [shard.head]), buffer[:used]])

    def write(self, block: Block, outs: list[memoryview]) -> None:
        """Write a block into every output."""
        for sink, digest, out in zip(self.sinks, self._outs, outs, strict=True):
            if digest:
                digest.update(block.number, [out[: block.size]])
            sink.write(out, block.start, block.size)

    def record(self, target: Target, plan: Plan) -> Written:
        """What the journal keeps."""
        names = [f"{output.folder}/{target.path}" if output.folder else target.path for output in plan.outputs]
        passed = [
            (self._mirrored, self._world),
            *((shard and shard.file, one) for shard, one in zip(self._followed, self._regions, strict=True)),
        ]
        return Written(
            sorted(self.changed),
            {name: digest.hexdigest() for name, digest in zip(names, self._outs, strict=True) if digest},
            {str(file): digest.hexdigest() for file, digest in passed if file and digest},
        )


def verify(target: Target, file: Path) -> None:
    """Read a written file's header back and compare it with the plan.

    Raises:
        CannotWriteError: it is not what was written.
    """
    found = read_shard(file)
    if found.head != target.head or found.size != target.size:
        raise CannotWriteError(f"{file} does not read back as it was written. Check the disk, then merge again.")


def _resumed(record: dict[str, Any] | None, target: Target, plan: Plan, folder: Path) -> Written | None:
    """What a killed run had finished, if its files are still there whole."""
    files = [folder / output.folder / target.path for output in plan.outputs]
    if record is None or not all(file.is_file() and file.stat().st_size == target.size for file in files):
        return None
    return Written(record["changed"], record["outputs"], record["inputs"])


def _same(a: Bytes, b: Bytes) -> bool:
    # Models that were trained differ at once; only what looks equal is compared to its end, eight bytes at a time.
    whole = len(a) // 8 * 8
    if not np.array_equal(a[:_GLANCE], b[:_GLANCE]):
        return False
    return bool(np.array_equal(a[:whole].view(np.uint64), b[:whole].view(np.uint64)) and np.array_equal(a[whole:], b[whole:]))
