"""Merging whole models of named arrays stretch by stretch, as a caller of the methods does; for the tests of methods."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from hf_regional.merging.draw import Draw
from hf_regional.merging.methods import Method, find_method

Model = dict[str, Any]  # name to (n,) array
KINDS = {
    "numpy float32": lambda values: np.asarray(values, np.float32),
    "numpy float64": lambda values: np.asarray(values, np.float64),
    "torch float32": lambda values: torch.tensor(np.asarray(values), dtype=torch.float32),
    "torch float64": lambda values: torch.tensor(np.asarray(values), dtype=torch.float64),
}
SIZES = {"tower.weight": 700, "head.weight": 301, "scale": 1}


def some_models(count: int, *, seed: int = 0, sizes: Mapping[str, int] = SIZES) -> tuple[Model, list[Model]]:
    """A world and regional models of whole 64ths, float64: their sums and differences are exact in float32 too."""
    rng = np.random.default_rng(seed)
    world = {name: rng.integers(-256, 257, size) / 64 for name, size in sizes.items()}
    # Some weights nobody moved, and many that moved alike: ties, as checkpoints of 16 bits have.
    regions = [
        {name: values + rng.integers(-40, 41, len(values)) * rng.integers(0, 2, len(values)) / 64 for name, values in world.items()}
        for _ in range(count)
    ]
    return world, regions


def merge(
    name: str,
    world: Model,
    regions: Sequence[Model],
    *,
    beta: float,
    weights: Sequence[float] | None = None,
    options: Mapping[str, Any] | None = None,
    kind: str | None = None,
    measured: int = 1 << 30,
    mixed: int = 1 << 30,
    order: int | None = None,
) -> dict[str, np.ndarray]:
    """Merge with stretches of `measured` and `mixed` elements; `order` seeds the order in which what was measured is joined."""
    method = find_method(name)
    if kind:
        world, regions = as_kind(world, kind), [as_kind(region, kind) for region in regions]
    checked = method.checked(options, len(regions))
    wholes = _measured(method, world, regions, checked, measured, order)
    shares = method.checked_weights(weights, len(regions))
    out: dict[str, np.ndarray] = {}
    for tensor, values in world.items():
        pieces = [
            method(
                values[mine],
                [region[tensor][mine] for region in regions],
                beta=beta,
                weights=shares,
                options=checked,
                whole=wholes.get(tensor, wholes.get("")),
                draw=Draw(0, tensor, mine.start, mine.stop - mine.start),
            )
            for mine in _cut(len(values), mixed)
        ]
        assert all(type(piece) is type(values) for piece in pieces)
        assert all(piece.dtype == values.dtype for piece in pieces)
        out[tensor] = np.concatenate([np.asarray(piece) for piece in pieces])
    return out


def as_kind(model: Model, kind: str) -> Model:
    return {name: KINDS[kind](values) for name, values in model.items()}


def flat(model: Model) -> np.ndarray:
    """All tensors behind one another, float64: what papers call θ."""
    return np.concatenate([np.asarray(values, np.float64) for values in model.values()])


def _measured(
    method: Method, world: Model, regions: Sequence[Model], options: Mapping[str, Any], size: int, order: int | None
) -> dict[str, Any]:
    if method.statistic is None:
        return {}
    statistic = method.statistic(options)
    found: dict[str, list[Any]] = {}
    for tensor, values in world.items():
        for mine in _cut(len(values), size):
            key = tensor if statistic.scope == "tensor" else ""
            found.setdefault(key, []).append(statistic.measure(values[mine], [region[tensor][mine] for region in regions]))
    return {key: statistic.finish(_joined(statistic, parts, order)) for key, parts in found.items()}


def _joined(statistic: Any, parts: list[Any], order: int | None) -> Any:
    chance = random.Random(order)
    while len(parts) > 1:
        first, second = (0, 1) if order is None else chance.sample(range(len(parts)), 2)
        joined = statistic.join(parts[first], parts[second])
        parts = [joined, *(part for place, part in enumerate(parts) if place not in (first, second))]
    return parts[0]


def _cut(count: int, size: int) -> list[slice]:
    return [slice(first, min(first + size, count)) for first in range(0, max(count, 1), size)]
