"""Tied: one tensor under two names, which some files hold twice and some once. Which one stands for the missing one comes out."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from hf_regional.merging.checkpoint import Checkpoint
from hf_regional.merging.header import Stored
from hf_regional.merging.sources import Files

_STEP: Final = 4 << 20  # bytes


def tied_names(base: Checkpoint, sides: Sequence[Checkpoint], chosen: Iterable[str]) -> dict[str, str]:
    """Tensors that one side holds under two names and another under one, and the name that both have."""
    found: dict[str, str] = {}
    for side in sides:
        shared = frozenset(base.tensors.keys() & side.tensors.keys())
        for name in chosen:
            if (name in base.tensors) != (name in side.tensors) and name not in found:
                twin = twin_of(name, base if name in base.tensors else side, shared)
                if twin:
                    found[name] = twin
    return found


def twin_of(name: str, checkpoint: Checkpoint, among: frozenset[str]) -> str | None:
    """The tensor of `checkpoint`, out of `among`, that holds the same bytes as its tensor `name`; None where there is none."""
    tensor = checkpoint.tensors[name]
    alike = [other for other in sorted(among - {name}) if _could_be(tensor, checkpoint.tensors.get(other))]
    return next((other for other in alike if _same_bytes(tensor, checkpoint.tensors[other])), None)


def _could_be(tensor: Stored, other: Stored | None) -> bool:
    # Tensors of one axis (norms, biases) are often equal by chance, all ones or zeros; what is tied is a matrix.
    return other is not None and (tensor.dtype, tensor.shape) == (other.dtype, other.shape) and len(tensor.shape) > 1


def _same_bytes(tensor: Stored, other: Stored) -> bool:
    with Files() as files:
        files.add(tensor.file)
        files.add(other.file)
        ours, theirs = np.empty(_STEP, np.uint8), np.empty(_STEP, np.uint8)
        for start in range(0, tensor.size, _STEP):
            length = min(_STEP, tensor.size - start)
            files.read(tensor.file, tensor.start + start, ours[:length].data)
            files.read(other.file, other.start + start, theirs[:length].data)
            if not np.array_equal(ours[:length], theirs[:length]):
                return False
    return True
