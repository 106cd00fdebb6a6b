"""Statistics: what a method must know of whole tensors, or of the whole model, before it can mix the first stretch.

They are found in one pass before the mixing, stretch by stretch, in a memory that does not grow with the model. The result must
not depend on how the work was cut or in which order its parts were joined: a merge gives the same bits on any machine.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal, Protocol

CELL: Final = 1 << 16  # elements: sums over the cells of this fixed grid do not depend on how many cells a stretch has


class Statistic(Protocol):
    """Measured stretch by stretch in a pass of its own, joined, and handed to the method as `whole`."""

    @property
    def scope(self) -> Literal["tensor", "model"]:
        """Whether it is about each tensor by itself, or about all tensors together."""
        ...

    def measure(self, world: Any, regions: Sequence[Any]) -> Any:
        """Of one stretch: `world` and each of `regions` are (n,) wide arrays of one kind, numpy or torch.

        A stretch begins at a multiple of `CELL` elements of its tensor, and ends at one or with the tensor.
        """
        ...

    def join(self, first: Any, second: Any) -> Any:
        """Of two stretches together, in any order, to the same bit. It may change `first` and return it; neither is used again."""
        ...

    def finish(self, joined: Any) -> Any:
        """What the method gets as `whole`."""
        ...
