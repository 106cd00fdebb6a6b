"""Survey: a plan and a method in, the method's statistic over whole tensors or the whole model out. One pass of reading."""

import threading
from collections.abc import Iterator
from typing import Any

from hf_regional.merging.codecs import WIDE
from hf_regional.merging.files import block_size
from hf_regional.merging.mixers import Recipe, wide_values
from hf_regional.merging.plan import Plan
from hf_regional.merging.reading import Buffers, Loaded, opened
from hf_regional.merging.statistics import CELL, Statistic
from hf_regional.merging.targets import Block, Part, Segment, Target
from hf_regional.merging.workers import run_blocks


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
    """Joins what the threads measure as it comes; statistics are such that the order does not show in a bit."""

    def __init__(self, statistic: Statistic) -> None:
        self._statistic, self._lock = statistic, threading.Lock()
        self._joined: dict[str, Any] = {}
        self._seen: dict[str, int] = {}
        self._wholes: dict[str, Any] = {}

    def take(self, loaded: Loaded) -> None:
        segment = loaded.segment
        for first in range(0, segment.count, CELL):
            last = min(first + CELL, segment.count)
            self._keep(
                segment.part, self._statistic.measure(*wide_values(segment, loaded.world, loaded.regions, first, last)), last - first
            )

    def wholes(self) -> dict[str, Any]:
        """What the method gets, by tensor or under ""."""
        return self._wholes | {name: self._statistic.finish(joined) for name, joined in self._joined.items()}

    def _keep(self, part: Part, measured: Any, count: int) -> None:
        name = "" if self._statistic.scope == "model" else part.name
        with self._lock:
            self._joined[name] = self._statistic.join(self._joined[name], measured) if name in self._joined else measured
            self._seen[name] = self._seen.get(name, 0) + count
            # What is measured may be large, and what is found is small: a tensor that was seen whole is finished.
            if name and self._seen[name] == part.place.size // part.unit:
                self._wholes[name] = self._statistic.finish(self._joined.pop(name))
