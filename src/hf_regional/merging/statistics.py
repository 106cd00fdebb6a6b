"""Statistics: what a method must know of whole tensors, or of the whole model, before it can mix the first stretch."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol


class Statistic(Protocol):
    """Measured stretch by stretch in a pass of its own, joined, and handed to the method as `whole`."""

    scope: Literal["tensor", "model"]

    def measure(self, world: Any, regions: Sequence[Any]) -> Any:
        """Of one stretch: `world` and each of `regions` are (n,) wide arrays of one kind, numpy or torch."""
        ...

    def join(self, first: Any, second: Any) -> Any:
        """Of two stretches together. With the scope "model" their order is arbitrary and must not matter to a bit."""
        ...

    def finish(self, joined: Any) -> Any:
        """What the method gets as `whole`."""
        ...
