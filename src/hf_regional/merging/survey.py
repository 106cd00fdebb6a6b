"""Survey: a plan and a method in, the method's statistic over whole tensors or the whole model out. One pass of reading."""

import functools
import threading
from typing import Any, Final

from hf_regional.merging.check import Plan
from hf_regional.merging.codecs import WIDE
from hf_regional.merging.files import block_size
from hf_regional.merging.mixers import Recipe, wide_values
from hf_regional.merging.reading import Buffers, Loaded, opened
from hf_regional.merging.statistics import Statistic
from hf_regional.merging.targets import Block, cut
from hf_regional.merging.workers import run_blocks

_PIECE: Final = 1 << 18  # elements
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

        blocks = (block for target in wanted for block in cut(target, size))
        run_blocks(blocks, lambda: Buffers(size, plan.widening), take, stop)
    return found.wholes()


class _Survey:
    def __init__(self, statistic: Statistic) -> None:
        self._statistic, self._lock = statistic, threading.Lock()
        self._parts: dict[Place, Any] = {}

    def take(self, loaded: Loaded) -> None:
        segment = loaded.segment
        if not loaded.regions or segment.part.place.dtype not in WIDE:
            return
        for first in range(0, segment.count, _PIECE):
            last = min(first + _PIECE, segment.count)
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
