"""Layouts: a tensor of the base and what an adapter has for it in, whether the two fit and how they lie to one another out."""

import math
from collections.abc import Callable, Mapping
from typing import Final

from hf_regional.errors import MismatchedCheckpointsError, NotBuiltYetError
from hf_regional.merging.adapters.adapter import Adapter, LowRank, TokenRows
from hf_regional.merging.adapters.config import IN_MEMORY
from hf_regional.merging.checkpoint import Checkpoint
from hf_regional.merging.codecs import WIDE
from hf_regional.merging.header import Stored

_OTHER_BASE: Final = "Give the base that the adapter was trained on"
# The shapes of a weight to which a pair of factors can be added.
_SHAPES: Final[Mapping[str, Callable[[LowRank], list[tuple[int, ...]]]]] = {
    "linear": lambda pair: [(pair.b.shape[0], pair.a.shape[1]), (pair.a.shape[1], pair.b.shape[0])],
    "conv": lambda pair: [(pair.b.shape[0], *pair.a.shape[1:])],
    "embedding": lambda pair: [(pair.a.shape[1], pair.b.shape[0])],
}


def require_float(tensor: str, stored: Stored, base: Checkpoint) -> Stored:
    """The tensor itself, if something can be added to it.

    Raises:
        NotBuiltYetError: it is no float.
    """
    if stored.dtype not in WIDE:
        what = f"tensor {tensor!r} of {base.name} is {stored.dtype}, to which nothing can be added"
        raise NotBuiltYetError(f"{what}. Give the base in float16, bfloat16 or float32.")
    return stored


def require_same_shape(tensor: str, ours: Stored, theirs: Stored, adapter: Adapter) -> None:
    """Check a tensor that the adapter holds whole.

    Raises:
        MismatchedCheckpointsError: it has another shape than the base's.
    """
    if ours.shape != theirs.shape:
        has_grown = len(ours.shape) > 1 and ours.shape[1:] == theirs.shape[1:]
        advice = f"The vocabulary of the one grew. {IN_MEMORY}" if has_grown else _OTHER_BASE
        raise _unlike(tensor, ours, f"{list(theirs.shape)} in {adapter.name}", advice)


def require_rows(tensor: str, ours: Stored, rows: TokenRows, adapter: Adapter) -> None:
    """Check rows that the adapter replaces.

    Raises:
        MismatchedCheckpointsError: the base has no such rows, or of another width.
    """
    last, width = max(rows.indices, default=0), rows.values.shape[1]
    if len(ours.shape) != 2 or ours.shape[1] != width or last >= ours.shape[0]:
        raise _unlike(tensor, ours, f"{adapter.name} replaces rows of it up to {last}, of width {width}", _OTHER_BASE)


def is_transposed(tensor: str, stored: Stored, low_rank: LowRank, base: Checkpoint, adapter: Adapter) -> bool:
    """Whether the gain of a weight is (B·A)ᵀ. Shapes decide; for a square weight the config does, as far as it can be trusted.

    Raises:
        MismatchedCheckpointsError: factors or magnitude do not fit the weight.
        NotBuiltYetError: it is square, and config and base disagree.
    """
    _require_magnitude(tensor, low_rank, adapter)
    fitting = _SHAPES[low_rank.kind](low_rank)
    if stored.shape not in fitting:
        made = " or ".join(str(list(shape)) for shape in fitting)
        raise _unlike(tensor, stored, f"A and B of {adapter.name} make {made}", _OTHER_BASE)
    if low_rank.kind != "linear":
        return low_rank.kind == "embedding"
    return _is_square_transposed(tensor, base, adapter) if fitting[0] == fitting[1] else stored.shape == fitting[1]


def _require_magnitude(tensor: str, low_rank: LowRank, adapter: Adapter) -> None:
    magnitude = low_rank.magnitude
    if magnitude and math.prod(magnitude.shape) != low_rank.b.shape[0]:
        found = f"a magnitude of shape {list(magnitude.shape)} for {low_rank.b.shape[0]} outputs of {tensor!r}"
        raise MismatchedCheckpointsError(f"{adapter.name} has {found}. Save the adapter again.")


def _is_square_transposed(tensor: str, base: Checkpoint, adapter: Adapter) -> bool:
    # PEFT writes fan_in_fan_out as the last adapted layer left it: with layers of both kinds it is wrong for some of them.
    says = adapter.config.fan_in_fan_out
    if says != _stores_inputs_first(base):
        layout = f"{tensor!r} is square, fan_in_fan_out is {str(says).lower()}, and other tensors of {base.name} say the opposite"
        raise NotBuiltYetError(f"{adapter.name}: {layout}: whether it is stored (in, out) cannot be told. {IN_MEMORY}.")
    return says


def _stores_inputs_first(base: Checkpoint) -> bool:
    """Whether weights that have a bias lie as (in, out), like GPT-2's, where any of them can tell."""
    for name, stored in base.tensors.items():
        bias = base.tensors.get(f"{name.removesuffix('weight')}bias")
        if bias and len(stored.shape) == 2 and stored.shape[0] != stored.shape[1] and bias.shape == stored.shape[1:]:
            return True
    return False


def _unlike(tensor: str, ours: Stored, theirs: str, advice: str) -> MismatchedCheckpointsError:
    return MismatchedCheckpointsError(f"tensor {tensor!r} has shape {list(ours.shape)} in the base, and {theirs}. {advice}.")
