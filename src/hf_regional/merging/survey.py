"""Survey: a plan and a method in, the method's statistic over whole tensors or the whole model out. One pass of reading."""

import functools
import threading
from collections.abc import Iterator
from typing import Any

from hf_regional.merging.codecs import WIDE
from hf_regional.merging.files import block_size
from hf_regional.merging.mixers import Recipe, wide_values
from hf_regional.merging.plan import Plan
from hf_regional.merging.reading import Buffers, Loaded, opened
from hf_regional.merging.statistics import CELL, Statistic
from hf_regional.merging.targets import Block, Segment, Target
from hf_regional.merging.workers import run_blocks

Place = tuple[str, int]  # a tensor, and an element of it


def survey(plan: Plan, recipe: Recipe) -> dict[str, Any]:
    """What the method of a recipe must know before the first stretch is mixed: by tensor, or under "" for the whole model."""
    if recipe.method.statistic is None:
        return {}
    found = _Survey(recipe.method.statistic(recipe.options))
    size, stop = block_size(plan), threading.Event()
    wanted = [target for target in plan.targets if any(part.regions for part in target.parts)]
    with opened(wanted) as files:

        def take(buffers: Buffers, block: Block) -> None:
            for loaded in buffers.load(files, block):
                found.take(loaded)

        blocks = (block for target in wanted for block in _cells(target, size))
        run_blocks(blocks, lambda: Buffers(max(size, CELL * 8), plan.widening), take, stop)
    return found.wholes()


def _cells(target: Target, size: int) -> Iterator[Block]:
    """Stretches of whole cells counted from each tensor's first element, so that no sum depends on where a block ends."""
    for part in (part for part in target.parts if part.regions and part.place.dtype in WIDE):
        step, count = max(CELL, size // part.unit // CELL * CELL), part.place.size // part.unit
        for first in range(0, count, step):
            segment = Segment(part, first, min(step, count - first), 0)
            yield Block(target, 0, 0, segment.size, 0, (segment,), is_last=False)


class _Survey:
    def __init__(self, statistic: Statistic) -> None:
        self._statistic, self._lock = statistic, threading.Lock()
        self._parts: dict[Place, Any] = {}

    def take(self, loaded: Loaded) -> None:
        segment = loaded.segment
        for first in range(0, segment.count, CELL):
            last = min(first + CELL, segment.count)
            measured = self._statistic.measure(*wide_values(segment, loaded.world, loaded.regions, first, last))
            with self._lock:
                self._keep((segment.part.name, segment.first + first), measured)

    def wholes(self) -> dict[str, Any]:
        """Joined in the order of each tensor, so that the threads' order does not show in the last digit."""
        names = dict.fromkeys(name for name, _ in sorted(self._parts))
        parts = {
            name: [part for (other, _), part in sorted(self._parts.items(), key=lambda item: item[0]) if other == name] for name in names
        }
        return {name: self._statistic.finish(functools.reduce(self._statistic.join, some)) for name, some in parts.items()}

    def _keep(self, place: Place, measured: Any) -> None:
        # Over a whole model the order does not matter by contract, and keeping the parts would.
        if self._statistic.scope == "model":
            place = ("", 0)
            measured = self._statistic.join(self._parts[place], measured) if place in self._parts else measured
        self._parts[place] = measured
