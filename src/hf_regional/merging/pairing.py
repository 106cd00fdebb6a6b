"""Pairing: the tensors of a base and of its regional models by name in, both ends of each that differs out, or why not.

All checks come before the first copy, and nothing of the live model is changed here.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from hf_regional.errors import MismatchedCheckpointsError, NonFiniteError, NotBuiltYetError
from hf_regional.merging.loading import Regional

_NAMED: Final = 5  # tensors in a message
_COUNTERS: Final = ("num_batches_tracked",)  # they differ whenever there was training, and nothing reads them
_CODES: Final = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}  # by bytes an element


@dataclass(frozen=True, slots=True)
class Ends:
    """One tensor at both ends of the scale. Several names share it where it is tied."""

    names: tuple[str, ...]
    world: Tensor  # a copy of the base's
    regions: tuple[Tensor, ...]  # one a regional model, in the base's dtype where that loses nothing
    is_plain: bool  # whether torch.lerp may mix them: one regional model, one dtype, and no difference that overflows


@dataclass(frozen=True, slots=True)
class Pairs:
    """What a merge works on."""

    ends: tuple[Ends, ...]  # those that differ
    equal: tuple[tuple[str, ...], ...]  # names of those that are the same on all sides, bit for bit
    kept: tuple[tuple[str, ...], ...]  # names of integer tensors that stay the base's
    warnings: tuple[str, ...]


def groups_of(tensors: Mapping[str, Tensor]) -> dict[tuple[str, ...], Tensor]:
    """Tensors by their names, the names of tied ones together; a tensor is tied where it lies at the same place in memory."""
    found: dict[Any, list[str]] = {}
    for name, tensor in tensors.items():
        place = (tensor.device, tensor.data_ptr(), tensor.shape, tensor.stride()) if tensor.numel() else name
        found.setdefault(place, []).append(name)
    return {tuple(names): tensors[names[0]] for names in found.values()}


def pair_up(base: Mapping[str, Tensor], regionals: Sequence[Regional], wanted: Iterable[str]) -> Pairs:
    """Check the wanted tensors on all sides, and copy those of the base that will change.

    Raises:
        MismatchedCheckpointsError: names, shapes or kinds of dtype differ, or a tied tensor of the base is none in a regional model.
        NotBuiltYetError: a tensor is of complex numbers.
        NonFiniteError: a tensor holds NaN or infinity.
    """
    names = set(wanted)
    for regional in regionals:
        _require_same_names(base, regional, names)
    groups = {tied: tensor for tied, tensor in groups_of(base).items() if not names.isdisjoint(tied)}
    sides = {tied: tuple(_side(tied, world, regional) for regional in regionals) for tied, world in groups.items()}
    differing = {tied for tied, world in groups.items() if not all(same_bits(world, region) for region in sides[tied])}
    kept = [tied for tied, world in groups.items() if tied in differing and not world.is_floating_point()]
    for tied, world in groups.items():
        for name, tensor in zip(("the base", *(one.origin.name for one in regionals)), (world, *sides[tied]), strict=True):
            _require_finite(name, tied[0], tensor)
    return Pairs(
        ends=tuple(
            _ends(tied, world.detach(), sides[tied]) for tied, world in groups.items() if tied in differing and world.is_floating_point()
        ),
        equal=tuple(tied for tied in groups if tied not in differing),
        kept=tuple(kept),
        warnings=tuple(_warning(tied[0], groups[tied]) for tied in kept if not tied[0].endswith(_COUNTERS)),
    )


def same_bits(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors of one shape hold the same bits: -0.0 and 0.0 differ here, and so do two dtypes."""
    return a.dtype == b.dtype and torch.equal(_as_codes(a), _as_codes(b).to(a.device))


def is_finite(tensor: Tensor) -> bool:
    """Whether a floating tensor holds neither NaN nor infinity."""
    return all(map(math.isfinite, _bounds(tensor)))


def _as_codes(tensor: Tensor) -> Tensor:
    tensor = tensor.detach()
    return tensor if tensor.is_complex() or tensor.dtype == torch.bool else tensor.view(_CODES[tensor.itemsize])


def _bounds(tensor: Tensor) -> tuple[float, float]:
    if not tensor.numel():
        return 0.0, 0.0
    # Both pass NaN on, and cost a tenth of isfinite().all(); for 8 bits torch has them not.
    low, high = torch.aminmax(tensor.detach() if tensor.itemsize > 1 else tensor.detach().float())
    return low.item(), high.item()


def _ends(tied: tuple[str, ...], world: Tensor, regions: Sequence[Tensor]) -> Ends:
    resting = tuple(_resting(region.detach(), world) for region in regions)
    is_plain = len(resting) == 1 and resting[0].dtype == world.dtype and world.itemsize > 1 and _is_near(world, resting[0])
    return Ends(tied, world.clone(), resting, is_plain)


def _resting(region: Tensor, world: Tensor) -> Tensor:
    """A region's tensor where the base's lies, and in its dtype where that loses nothing, so that both are read alike."""
    narrowed = region.to(world.dtype)
    fits = narrowed.dtype == region.dtype or same_bits(narrowed.to(region.dtype), region)
    return (narrowed if fits else region).to(world.device)


def _is_near(world: Tensor, region: Tensor) -> bool:
    # lerp takes the difference in float32, or in float64 where that is stored.
    limit = torch.finfo(torch.promote_types(world.dtype, torch.float32)).max
    (our_low, our_high), (their_low, their_high) = _bounds(world), _bounds(region)
    return max(our_high - their_low, their_high - our_low) <= limit


def _side(tied: tuple[str, ...], world: Tensor, regional: Regional) -> Tensor:
    """The one tensor that a regional model has for the names of one of the base."""
    found = {name: regional.tensors[name] for name in tied}
    for name, region in found.items():
        _require_alike(name, world, region, regional)
    first, *others = groups_of(found).values()
    for region in others:
        if not same_bits(first, region):
            message = f"{' and '.join(tied)} are one tensor in the base and differ in {regional.origin.name}"
            raise MismatchedCheckpointsError(f"{message}. Untie them in the base first, or keep the base's with skip={list(tied)!r}.")
    return first


def _require_same_names(base: Mapping[str, Tensor], regional: Regional, wanted: set[str]) -> None:
    missing = frozenset(wanted - regional.tensors.keys())
    extra = frozenset(wanted - base.keys())
    if missing or extra:
        sides = ((regional.origin.name, missing), ("the base", extra))
        parts = [f"{side} lacks {len(names)} tensors of the other ({_some(names)})" for side, names in sides if names]
        advice = "Merge two models of one architecture, or leave these out with skip=[...]"
        raise MismatchedCheckpointsError(f"the models differ in names: {'; '.join(parts)}. {advice}.", missing=missing, extra=extra)


def _require_alike(name: str, world: Tensor, region: Tensor, regional: Regional) -> None:
    if world.is_complex() or region.is_complex():
        raise NotBuiltYetError(f"tensor {name!r} holds complex numbers: no average yet. Keep the base's with skip=[{name!r}].")
    if world.shape != region.shape:
        raise _unlike(name, f"has shape {list(world.shape)}", f"{list(region.shape)}", regional)
    # Two float formats mix in the wider one; a float and an integer, or two integer formats, mean different things.
    if world.dtype != region.dtype and not (world.is_floating_point() and region.is_floating_point()):
        raise _unlike(name, f"is {_said(world)}", _said(region), regional)


def _require_finite(side: str, name: str, tensor: Tensor) -> None:
    if tensor.is_floating_point() and not is_finite(tensor):
        found = f"{side}: tensor {name!r} holds NaN or infinity"
        raise NonFiniteError(f"{found}. Take an earlier checkpoint of that model, or repair it.", name)


def _unlike(name: str, ours: str, theirs: str, regional: Regional) -> MismatchedCheckpointsError:
    advice = f"Retrain from the same base, or keep the base's with skip=[{name!r}]"
    return MismatchedCheckpointsError(f"tensor {name!r} {ours} in the base and {theirs} in {regional.origin.name}. {advice}.")


def _warning(name: str, tensor: Tensor) -> str:
    return f"{name} ({_said(tensor)}) differs and was kept from the base: integers are not averaged"


def _said(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _some(names: frozenset[str]) -> str:
    rest = ", ..." if len(names) > _NAMED else ""
    return ", ".join(sorted(names)[:_NAMED]) + rest
