"""Files: a plan in, checkpoints out, streamed: one pass over the inputs, however many mixes, and a few megabytes of memory.

Each output file begins with the base's own header bytes, so that names, order, alignment and metadata are the base's.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Final

import torch
from huggingface_hub.utils import tqdm
from torch import Tensor

from hf_regional.durable import copy_file
from hf_regional.errors import NonFiniteError
from hf_regional.merging.check import Output, Plan
from hf_regional.merging.header import Shard
from hf_regional.merging.methods import Mix
from hf_regional.merging.pairs import Chunk, Pair, is_finite

# BatchNorm's step counters differ whenever there was training, and nothing reads them.
_COUNTERS: Final = ("num_batches_tracked",)


@dataclass(slots=True)
class Tally:
    """What became of the tensors: one count an output folder, and the integer tensors that differed and stayed the base's."""

    counts: dict[str, Counter[str]]
    warnings: list[str] = field(default_factory=list)

    def add(self, pair: Pair, outputs: tuple[Output, ...], *, changed: bool) -> None:
        """Count one tensor in every output."""
        for output in outputs:
            self.counts[output.folder][_outcome(pair, output.betas.get(pair.name), changed)] += 1
        if changed and not pair.is_float and not pair.name.endswith(_COUNTERS):
            self.warnings.append(f"{pair.name} ({pair.world.dtype}) differs and was kept from the base: integers are not averaged")


def write_mixes(plan: Plan, mix: Mix, folder: Path) -> Tally:
    """Write every output of the plan below `folder`.

    Raises:
        NonFiniteError: a tensor holds NaN or infinity, or would after mixing.
        DamagedFileError: an input ended before its header said.
    """
    tally = Tally({output.folder: Counter() for output in plan.outputs})
    for output in plan.outputs:
        _carry_over(plan, folder / output.folder)
    with ExitStack() as stack, tqdm(total=plan.base.size, unit="B", unit_scale=True, desc="merging") as bar:
        twins = {shard.file: stack.enter_context(shard.file.open("rb", buffering=0)) for shard in plan.regional.shards}
        for shard in plan.base.shards:
            _write_shard(shard, twins, plan, mix, folder, tally)
            bar.update(shard.size)
    return tally


def _carry_over(plan: Plan, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in plan.base.companions:
        copy_file(plan.base.folder / name, folder / name)
    if plan.base.index:
        copy_file(plan.base.index, folder / plan.base.index.name)


def _write_shard(shard: Shard, twins: Mapping[Path, FileIO], plan: Plan, mix: Mix, folder: Path, tally: Tally) -> None:
    with ExitStack() as stack:
        source = stack.enter_context(shard.file.open("rb", buffering=0))
        sinks = [stack.enter_context((folder / output.folder / shard.file.name).open("wb")) for output in plan.outputs]
        for sink in sinks:
            sink.write(shard.head)
        for name, stored in shard.tensors.items():
            wanted = any(name in output.betas for output in plan.outputs)
            pair = Pair(name, stored, plan.regional.tensors[name] if wanted else None)
            changed = False
            for chunk in pair.chunks(source, twins[pair.region.file] if pair.region else None):
                changed |= not chunk.is_equal
                for output, sink in zip(plan.outputs, sinks, strict=True):
                    _write(sink, _result(pair, chunk, mix, output.betas.get(name)))
            tally.add(pair, plan.outputs, changed=changed)


def _result(pair: Pair, chunk: Chunk, mix: Mix, beta: float | None) -> Tensor:
    # Bytes that are equal are copied: exact, -0.0 included, and faster.
    if beta is None or chunk.is_equal or not pair.is_float:
        return chunk.world
    world, region = pair.values(chunk)
    mixed = mix(world, region, beta=beta)
    if not is_finite(mixed):
        found = f"tensor {pair.name!r} overflows {pair.world.dtype} at β = {beta:g}, though both inputs are finite"
        raise NonFiniteError(f"{found}. Save the base in a wider dtype first, or keep its tensor with skip=[{pair.name!r}].", pair.name)
    return mixed.view(torch.uint8)


def _write(sink: BinaryIO, data: Tensor) -> None:
    sink.write(data.numpy().data)


def _outcome(pair: Pair, beta: float | None, changed: bool) -> str:
    if beta is None or (changed and not pair.is_float):
        return "kept_from_base"
    if not changed or pair.region is None:
        return "equal"
    # At the ends of the scale bytes are copied, unless a dtype changes on the way.
    return "copied" if beta == 0 or (beta == 1 and pair.world.dtype == pair.region.dtype) else "merged"
