"""Check: the tensors of two checkpoints in, the reason why they cannot be mixed out, if there is one. Reads headers only."""

from collections.abc import Mapping
from typing import Final

from hf_regional.errors import MismatchedCheckpointsError
from hf_regional.merging.checkpoint import Checkpoint
from hf_regional.merging.codecs import WIDE
from hf_regional.merging.header import EXACT, Stored

_NAMED: Final = 5  # tensors in a message


def require_same_names(base: Checkpoint, regional: Checkpoint, wanted: list[str], tied: Mapping[str, str]) -> None:
    """Both must have the tensors that are wanted, or their twins.

    Raises:
        MismatchedCheckpointsError: naming what one of them lacks.
    """
    adapters = [name for name in (*base.tensors, *regional.tensors) if ".lora_" in name]
    if adapters:
        raise MismatchedCheckpointsError(
            f"{adapters[0]!r} belongs to an adapter, whose factors must not be averaged one by one. Give the folder that PEFT saved, "
            "with its adapter_config.json."
        )
    missing = frozenset(wanted) - regional.tensors.keys() - tied.keys()
    extra = frozenset(name for name in wanted if name in regional.tensors) - base.tensors.keys()
    if missing or extra:
        parts = [
            f"{side.name} lacks {len(names)} tensors of the other ({_some(names)})"
            for side, names in ((regional, missing), (base, extra))
            if names
        ]
        advice = "Merge two models of one architecture, saved by one version of a library, or leave these out with skip=[...]"
        raise MismatchedCheckpointsError(f"the checkpoints differ in names: {'; '.join(parts)}. {advice}.", missing=missing, extra=extra)


def require_alike(name: str, base: Checkpoint, regional: Checkpoint, other: str, *, but_rows: bool = False) -> None:
    """One tensor of both must have one shape and kinds of dtype that mix.

    Args:
        name: in the base.
        base: the one side.
        regional: the other side.
        other: its name there, where it has not the same.
        but_rows: rows of tokens, which are matched elsewhere.

    Raises:
        MismatchedCheckpointsError: naming the tensor.
    """
    world, region = base.tensors[name], regional.tensors[name if name in regional.tensors else other]
    if world.shape != region.shape and not but_rows:
        raise _unlike(name, base, regional, f"has shape {list(world.shape)}", f"{list(region.shape)}")
    if world.dtype not in WIDE.keys() | EXACT.keys() and world.dtype == region.dtype:
        raise MismatchedCheckpointsError(f"tensor {name!r} is {world.dtype}, which has no average. Keep the base's with skip=[{name!r}].")
    if not _mixable(world, region):
        raise _unlike(name, base, regional, f"is {world.dtype}", region.dtype)


def _mixable(world: Stored, region: Stored) -> bool:
    # Two float formats mix in the wider one; a float and an integer, or two integer formats, mean different things.
    return world.dtype == region.dtype or {world.dtype, region.dtype} <= WIDE.keys()


def _unlike(name: str, base: Checkpoint, regional: Checkpoint, ours: str, theirs: str) -> MismatchedCheckpointsError:
    advice = f"Retrain from the same base, or keep the base's with skip=[{name!r}]"
    return MismatchedCheckpointsError(f"tensor {name!r} {ours} in {base.name} and {theirs} in {regional.name}. {advice}.")


def _some(names: frozenset[str]) -> str:
    rest = ", ..." if len(names) > _NAMED else ""
    return ", ".join(sorted(names)[:_NAMED]) + rest
