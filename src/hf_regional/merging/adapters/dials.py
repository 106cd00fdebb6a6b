"""Dials: one place of a live model where an adapter acts each in, that place at strength β out. β = 1 is the original, bit for bit."""

from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle


class Dial(Protocol):
    """What can be set to a strength, always from the originals."""

    def set(self, beta: float) -> None:
        """Set β in [0, 1]; gradients are off."""
        ...


class Scaled:
    """The scale of a LoRA or rsLoRA layer: s·β."""

    def __init__(self, scaling: dict[str, float], adapter: str, original: float) -> None:
        self._scaling, self._adapter, self._original = scaling, adapter, original

    def set(self, beta: float) -> None:
        """Write the scale."""
        self._scaling[self._adapter] = self._original if beta == 1 else self._original * beta


class Hooked:
    """What a DoRA layer adds to its base's output, times β.

    PEFT's module of the magnitude gives a linear layer or a convolution the whole difference W_dora·x - W·x; an embedding it gives
    a factor for the base's output and the rest, so that the factor moves from 1 and the rest from 0.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module, self._hook = module, None
        self._beta = 1.0

    def set(self, beta: float) -> None:
        """Hang the hook in, or take it away at β = 1."""
        if self._hook is not None:
            self._hook.remove()
        self._beta = beta
        self._hook: RemovableHandle | None = None if beta == 1 else self._module.register_forward_hook(self._share)

    def _share(self, module: nn.Module, inputs: Any, output: Any) -> Any:
        if isinstance(output, tuple):
            factor, rest = output
            return 1 + self._beta * (factor - 1), self._beta * rest
        return self._beta * output


class Mixed:
    """A tensor that the adapter holds whole, interpolated in place between the base's and its own."""

    def __init__(self, trained: Tensor, world: Tensor) -> None:
        self._tensor, self._world = trained, world.detach()
        self._region = trained.detach().clone()

    def set(self, beta: float) -> None:
        """Write (1-β)·world + β·region, rounded once; integers are the base's below β = 1."""
        self._tensor.copy_(self._between(beta))

    def _between(self, beta: float) -> Tensor:
        if beta == 1:
            return self._region
        if beta == 0 or not self._region.is_floating_point():
            return self._world
        wide = torch.promote_types(self._region.dtype, torch.float32)
        world = self._world.to(device=self._region.device, dtype=wide)
        return torch.lerp(world, self._region.to(wide), beta)
