"""Mixing: both ends of a tensor, a recipe and β in, their mix written over the live tensor out."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Final

import torch
from torch import Tensor

from hf_regional.errors import ConfigError, NonFiniteError
from hf_regional.merging.draw import Draw
from hf_regional.merging.methods import find_method
from hf_regional.merging.pairing import Ends, is_finite

STRETCH: Final = 1 << 22  # elements that a method is given at a time
_MODEL: Final = ""  # the name under which the statistic of the whole model stands


@dataclass(frozen=True, slots=True)
class Recipe:
    """How ends become a mix. It holds the method's name and not its functions, so that it can be pickled along with a model."""

    method: str
    weights: tuple[float, ...]
    options: Mapping[str, Any]
    whole: Mapping[str, Any] = field(default_factory=dict[str, Any])  # what the method's statistic found, by tensor

    @property
    def is_lerp(self) -> bool:
        """Whether this is the interpolation of two models, for which torch has one operation."""
        return self.method == "linear" and len(self.weights) == 1


def make_recipe(method: str, weights: Sequence[float] | None, options: Mapping[str, Any] | None, regions: int) -> Recipe:
    """Check a wish for so many regional models.

    Raises:
        UnknownNameError: no such method or option.
        OutOfRangeError: an option outside its range.
        ConfigError: too few or too many models, or weights that do not match them.
    """
    checked = find_method(method).checked(options, regions)
    given = (1.0,) * regions if weights is None else tuple(float(weight) for weight in weights)
    if len(given) != regions or not all(map(math.isfinite, given)) or not any(given):
        raise ConfigError(f"weights must be {regions} finite numbers, one a regional model and not all 0, got {list(given)}.", "weights")
    if method == "linear" and not sum(given):
        raise ConfigError(f"the weights {list(given)} sum to 0, so that they have no mean. Give others.", "weights")
    return Recipe(method, given, checked)


def measured(recipe: Recipe, ends: Iterable[Ends], equal: Iterable[Tensor]) -> Recipe:
    """The recipe with what its method's statistic finds over each tensor, or over the whole model, in one pass.

    Args:
        recipe: how the ends will be mixed.
        ends: of the tensors that differ.
        equal: floating tensors that are the same on all sides; they count where the whole model is measured.
    """
    method = find_method(recipe.method)
    if method.statistic is None:
        return recipe
    statistic = method.statistic(recipe.options)
    found = {one.names[0]: _joined(statistic, one.world, one.regions) for one in ends}
    if statistic.scope == "tensor":
        return replace(recipe, whole={name: statistic.finish(value) for name, value in found.items()})
    rest = [_joined(statistic, world, (world,) * len(recipe.weights)) for world in equal if world.numel()]
    every = [*found.values(), *rest]
    return replace(recipe, whole={_MODEL: statistic.finish(reduce(statistic.join, every))} if every else {})


@torch.no_grad()
def write_mix(out: Tensor, ends: Ends, beta: float, recipe: Recipe) -> None:
    """Write the mix of both ends over the live tensor.

    Raises:
        NonFiniteError: a value of the mix is too large for the tensor's dtype.
    """
    out = out.detach()
    world, *regions = (end.to(out.device) for end in (ends.world, *ends.regions))
    if beta == 0:
        out.copy_(world)
    elif recipe.is_lerp and beta == 1:
        out.copy_(regions[0])
    elif recipe.is_lerp and ends.is_plain and out.dtype == world.dtype:
        # From both ends, never from the last β: stepping changes the last digit of a fifth of the values.
        torch.lerp(world, regions[0], beta, out=out)
        return
    else:
        out.copy_(_by_stretches(world, regions, ends.names[0], beta, recipe))
    if out.dtype != regions[0].dtype or not recipe.is_lerp:
        _require_finite(out, ends.names[0], beta)


def _by_stretches(world: Tensor, regions: Sequence[Tensor], name: str, beta: float, recipe: Recipe) -> Tensor:
    method = find_method(recipe.method)
    mixed = torch.empty(world.numel(), dtype=world.dtype, device=world.device)
    whole = recipe.whole.get(name, recipe.whole.get(_MODEL))
    for first, ours, theirs in _stretches(world, regions):
        draw = Draw(0, name, first, len(ours))
        mix = method(ours, theirs, beta=beta, weights=recipe.weights, options=recipe.options, whole=whole, draw=draw)
        # Where nothing was learned and nothing turned the base stays: not even the sign of a zero may change.
        still = reduce(torch.logical_and, (other == ours for other in theirs))
        still &= True if method.elementwise else mix == ours
        mixed[first : first + len(ours)] = torch.where(still, ours, mix)  # rounded here, once
    return mixed.view(world.shape)


def _stretches(world: Tensor, regions: Sequence[Tensor]) -> Iterator[tuple[int, Tensor, list[Tensor]]]:
    """Both sides flattened, in C order whatever the layout in memory, and wide, some millions of elements at a time."""
    wide = _wide(world, *regions)
    flat, *others = (end.detach().reshape(-1) for end in (world, *regions))
    for first in range(0, len(flat), STRETCH):
        cut = slice(first, first + STRETCH)
        yield first, flat[cut].to(wide), [other[cut].to(wide) for other in others]


def _wide(*tensors: Tensor) -> torch.dtype:
    is_exact = all(tensor.itemsize <= 2 for tensor in tensors)
    # Apple's GPUs have no float64.
    return torch.float32 if is_exact or any(tensor.device.type == "mps" for tensor in tensors) else torch.float64


def _joined(statistic: Any, world: Tensor, regions: Sequence[Tensor]) -> Any:
    return reduce(statistic.join, (statistic.measure(ours, theirs) for _, ours, theirs in _stretches(world, regions)))


def _require_finite(out: Tensor, name: str, beta: float) -> None:
    if not is_finite(out):
        found = f"tensor {name!r} overflows {str(out.dtype).removeprefix('torch.')} at β = {beta:g}, though all inputs are finite"
        raise NonFiniteError(f"{found}. Load the base in a wider dtype, or keep its tensor with skip=[{name!r}].", name)
