"""Check: two layouts and a wish in, a plan out, or the reason why not. Reads headers only; not a byte is written."""

import difflib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from numbers import Real
from pathlib import Path
from typing import Final

from hf_regional.errors import (
    CannotWriteError,
    ConfigError,
    MismatchedCheckpointsError,
    NotBuiltYetError,
    OutOfRangeError,
    UnknownNameError,
)
from hf_regional.merging.checkpoint import Checkpoint
from hf_regional.merging.header import EXACT, FLOATS, Stored

Beta = float | Mapping[str, float]
Patterns = str | Sequence[str] | None
_NAMED: Final = 5  # tensors in a message


@dataclass(frozen=True, slots=True)
class Output:
    """One mix to write: its folder below the output ("" is the output itself) and β by tensor. A tensor without one stays the base's."""

    folder: str
    beta: Beta
    betas: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """What one pass over the inputs will write. `ignored`: tensors that only the regional checkpoint has and the wish leaves out."""

    base: Checkpoint
    regional: Checkpoint
    outputs: tuple[Output, ...]
    ignored: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes to write."""
        beside = sum((self.base.folder / name).stat().st_size for name in self.base.companions)
        return (self.base.size + beside) * len(self.outputs)


def plan_merge(
    base: Checkpoint, regional: Checkpoint, beta: Beta | Sequence[Beta], *, only: Patterns = None, skip: Patterns = None
) -> Plan:
    """Check names, shapes and dtypes and lay out the outputs. Errors as `merge_checkpoints`."""
    every = [*base.tensors, *(name for name in regional.tensors if name not in base.tensors)]
    chosen = _chosen(every, only, skip)
    outputs = tuple(Output(folder, one, _betas_by_tensor(chosen, one)) for folder, one in _folders(beta).items())
    wanted = [name for name in chosen if any(name in output.betas for output in outputs)]
    _require_same_names(base, regional, wanted)
    for name in wanted:
        _require_alike(name, base, regional)
    return Plan(base, regional, outputs, tuple(name for name in every if name not in base.tensors))


def require_room(plan: Plan, output: Path) -> None:
    """Compare the bytes to write with those free.

    Raises:
        CannotWriteError: the file system of `output` has fewer.
    """
    place = next(parent for parent in output.absolute().parents if parent.exists())
    free = shutil.disk_usage(place).free
    if free < plan.size:
        raise CannotWriteError(f"{output} needs {plan.size} bytes and {free} are free. Free some space or choose another file system.")


def as_patterns(patterns: Patterns) -> tuple[str, ...] | None:
    """One pattern or several, as a tuple; None means that nothing was said."""
    if patterns is None:
        return None
    return (patterns,) if isinstance(patterns, str) else tuple(patterns)


def _folders(beta: Beta | Sequence[Beta]) -> Mapping[str, Beta]:
    if isinstance(beta, Mapping | str) or not isinstance(beta, Sequence):
        return {"": beta}
    if not beta:
        raise ConfigError("the list of β is empty. Give at least one number in [0, 1].", "beta")
    named = [
        (f"mix-{place}" if isinstance(one, Mapping) else f"beta-{_require_beta(one):g}", one) for place, one in enumerate(beta, start=1)
    ]
    folders = dict(named)
    if len(folders) < len(named):
        raise ConfigError(
            f"two entries of the list of β would both be written to one folder: {', '.join(name for name, _ in named)}.", "beta"
        )
    return folders


def _chosen(names: list[str], only: Patterns, skip: Patterns) -> list[str]:
    inside, outside = as_patterns(only), as_patterns(skip) or ()
    for key, patterns in (("only", inside or ()), ("skip", outside)):
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in names):
                raise _unused(key, pattern, names)
    kept = names if inside is None else [name for name in names if _matches(name, inside)]
    return [name for name in kept if not _matches(name, outside)]


def _betas_by_tensor(names: list[str], beta: Beta) -> dict[str, float]:
    if not isinstance(beta, Mapping):
        return dict.fromkeys(names, _require_beta(beta))
    table = {pattern: _require_beta(value) for pattern, value in beta.items()}
    # The first pattern that fits decides, so that {"*head*": 0.3, "*": 0.5} reads from the special to the general.
    first = {name: next((pattern for pattern in table if fnmatchcase(name, pattern)), None) for name in names}
    for pattern in table:
        if pattern not in first.values():
            raise _unused("beta", pattern, names)
    return {name: table[pattern] for name, pattern in first.items() if pattern is not None}


def _require_beta(beta: object) -> float:
    if isinstance(beta, bool) or not isinstance(beta, Real) or not 0 <= float(beta) <= 1:
        raise OutOfRangeError(f"β must be a number in [0, 1], got {beta!r}. 0 is the base, 1 the regional model.")
    return float(beta)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _unused(key: str, pattern: str, names: list[str]) -> UnknownNameError:
    if any(name.startswith(f"{pattern}.") for name in names):
        hint = f"Did you mean {pattern + '.*'!r}?"
    elif any(fnmatchcase(name, pattern) for name in names):
        hint = "All that it fits was taken by patterns before it: put it first."
    else:
        near = difflib.get_close_matches(pattern, names, n=1, cutoff=0)
        hint = f"The nearest name is {near[0]!r}." if near else "No tensor is left to choose from."
    return UnknownNameError(f"{key}: the pattern {pattern!r} takes no tensor. {hint}")


def _require_same_names(base: Checkpoint, regional: Checkpoint, wanted: list[str]) -> None:
    adapters = [name for name in (*base.tensors, *regional.tensors) if ".lora_" in name]
    if adapters:
        raise NotBuiltYetError(
            f"{adapters[0]!r} belongs to an adapter, whose factors must not be averaged one by one. Merge it into its model first."
        )
    missing = frozenset(wanted) - regional.tensors.keys()
    extra = frozenset(wanted) - base.tensors.keys()
    if missing or extra:
        parts = [
            f"{side.name} lacks {len(names)} tensors of the other ({_some(names)})"
            for side, names in ((regional, missing), (base, extra))
            if names
        ]
        advice = "Merge two models of one architecture, saved by one version of a library, or leave these out with skip=[...]"
        raise MismatchedCheckpointsError(f"the checkpoints differ in names: {'; '.join(parts)}. {advice}.", missing=missing, extra=extra)


def _require_alike(name: str, base: Checkpoint, regional: Checkpoint) -> None:
    world, region = base.tensors[name], regional.tensors[name]
    if world.shape != region.shape:
        raise _unlike(name, base, regional, f"has shape {list(world.shape)}", f"{list(region.shape)}")
    if world.dtype not in FLOATS | EXACT or region.dtype not in FLOATS | EXACT:
        raise NotBuiltYetError(
            f"tensor {name!r} is {world.dtype} in {base.name} and {region.dtype} in {regional.name}: no average yet. Use skip=[...]."
        )
    if not _mixable(world, region):
        raise _unlike(name, base, regional, f"is {world.dtype}", region.dtype)


def _mixable(world: Stored, region: Stored) -> bool:
    # Two float formats mix in the wider one; a float and an integer, or two integer formats, mean different things.
    return world.dtype == region.dtype or {world.dtype, region.dtype} <= FLOATS.keys()


def _unlike(name: str, base: Checkpoint, regional: Checkpoint, ours: str, theirs: str) -> MismatchedCheckpointsError:
    advice = f"Retrain from the same base, or keep the base's with skip=[{name!r}]"
    return MismatchedCheckpointsError(f"tensor {name!r} {ours} in {base.name} and {theirs} in {regional.name}. {advice}.")


def _some(names: frozenset[str]) -> str:
    rest = ", ..." if len(names) > _NAMED else ""
    return ", ".join(sorted(names)[:_NAMED]) + rest
