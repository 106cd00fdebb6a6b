"""Check: two layouts and a wish in, a plan out, or the reason why not. Reads headers only; not a byte is written."""

import difflib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from hf_regional.merging.checkpoint import Checkpoint, Component
from hf_regional.merging.codecs import WIDE, width_of
from hf_regional.merging.header import EXACT, Shard, Stored
from hf_regional.merging.sources import Plain
from hf_regional.merging.targets import Part, Target
from hf_regional.merging.tied import twin_of

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
    """What one pass over the inputs will write."""

    base: Checkpoint
    regionals: tuple[Checkpoint, ...]
    outputs: tuple[Output, ...]
    targets: tuple[Target, ...]
    ignored: tuple[str, ...]  # tensors that only a regional checkpoint has and the wish leaves out
    tied: Mapping[str, str]  # tensors that one side holds under one name only, and the other name

    @property
    def size(self) -> int:
        """Bytes to write."""
        beside = sum((self.base.folder / name).stat().st_size for name in self.base.companions)
        return (sum(target.size for target in self.targets) + beside) * len(self.outputs)

    @property
    def widening(self) -> tuple[int, ...]:
        """For each regional model, how many of its bytes stand against one of the base's at most."""
        pairs = [(part.unit, [width_of(source.dtype) for source in part.regions]) for target in self.targets for part in target.parts]
        return tuple(max((-(-widths[side] // unit) for unit, widths in pairs if widths), default=1) for side in range(len(self.regionals)))


def plan_merge(
    base: Checkpoint,
    regionals: Sequence[Checkpoint],
    beta: Beta | Sequence[Beta],
    *,
    only: Patterns = None,
    skip: Patterns = None,
) -> Plan:
    """Check names, shapes and dtypes and lay out the outputs. Errors as `merge_checkpoints`."""
    sides = tuple(placed(regional, base) for regional in regionals)
    extra = [name for side in sides for name in side.tensors if name not in base.tensors]
    every = list(dict.fromkeys([*base.tensors, *extra]))
    chosen = _chosen(every, only, skip, base)
    tied = _tied(base, sides, chosen)
    chosen = [name for name in chosen if name in base.tensors or name not in tied]
    outputs = tuple(Output(folder, one, _betas_by_tensor(chosen, one)) for folder, one in _folders(beta).items())
    wanted = {name for name in chosen if any(output.betas.get(name) is not None for output in outputs)}
    for side in sides:
        _require_same_names(base, side, [name for name in chosen if name in wanted], tied)
        for name in chosen:
            if name in wanted:
                _require_alike(name, base, side, tied.get(name, name))
    targets = tuple(_target(component, shard, base, sides, wanted, tied) for component in base.components for shard in component.shards)
    return Plan(base, sides, outputs, targets, tuple(dict.fromkeys(name for name in extra if name not in tied)), tied)


def placed(regional: Checkpoint, base: Checkpoint) -> Checkpoint:
    """The regional checkpoint with the components' names of the base: the folder of one model stands for the component it fits."""
    names = {part.name for part in base.components}
    if len(regional.components) != 1 or regional.components[0].name in names:
        return regional
    only, tensors = regional.components[0], set(regional.tensors)
    fits = [
        part.name
        for part in base.components
        if tensors == {name for shard in part.shards for name in shard.tensors} or (part.name and part.name == regional.folder.name)
    ]
    return replace(regional, components=(replace(only, name=fits[0]),)) if len(fits) == 1 else regional


def _target(
    component: Component, shard: Shard, base: Checkpoint, sides: Sequence[Checkpoint], wanted: set[str], tied: Mapping[str, str]
) -> Target:
    parts: list[Part] = []
    for tensor, stored in shard.tensors.items():
        name = component.qualified(tensor)
        regions = tuple(Plain(_tensor(side, name, tied)) for side in sides) if name in wanted else ()
        parts.append(Part(name, stored, Plain(stored), regions))
    return Target(base.relative(shard.file), shard.head, tuple(parts), shard.size)


def _tensor(side: Checkpoint, name: str, tied: Mapping[str, str]) -> Stored:
    return side.tensors[name if name in side.tensors else tied[name]]


def _tied(base: Checkpoint, sides: Sequence[Checkpoint], chosen: list[str]) -> dict[str, str]:
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


def _chosen(names: list[str], only: Patterns, skip: Patterns, base: Checkpoint) -> list[str]:
    inside, outside = (_whole_components(as_patterns(one), base) for one in (only, skip))
    outside = outside or ()
    for key, patterns in (("only", inside or ()), ("skip", outside)):
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in names):
                raise _unused(key, pattern, names)
    kept = names if inside is None else [name for name in names if _matches(name, inside)]
    return [name for name in kept if not _matches(name, outside)]


def _whole_components(patterns: tuple[str, ...] | None, base: Checkpoint) -> tuple[str, ...] | None:
    names = {part.name for part in base.components if part.name}
    return None if patterns is None else tuple(f"{pattern}.*" if pattern in names else pattern for pattern in patterns)


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


def _require_same_names(base: Checkpoint, regional: Checkpoint, wanted: list[str], tied: Mapping[str, str]) -> None:
    adapters = [name for name in (*base.tensors, *regional.tensors) if ".lora_" in name]
    if adapters:
        raise NotBuiltYetError(
            f"{adapters[0]!r} belongs to an adapter, whose factors must not be averaged one by one. Merge it into its model first."
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


def _require_alike(name: str, base: Checkpoint, regional: Checkpoint, other: str) -> None:
    world, region = base.tensors[name], regional.tensors[name if name in regional.tensors else other]
    if world.shape != region.shape:
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
