"""Preview: what a merge would read, write and cost, and whether it makes sense, before a byte is written.

print(preview_merge("clip-world", "clip-sea", [0.25, 0.5], "mixes"))
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hf_regional.cards.declared import declared_licence
from hf_regional.errors import RegionalError
from hf_regional.licences import combine
from hf_regional.merging.adapters.adapter import Adapter
from hf_regional.merging.checkpoint import Checkpoint, read_checkpoint
from hf_regional.merging.files import block_size
from hf_regional.merging.kinship import Kinship, kinship
from hf_regional.merging.merge import Source, listed_sources, read_regional
from hf_regional.merging.methods import find_method
from hf_regional.merging.patterns import Beta, Patterns
from hf_regional.merging.plan import Plan, Regional, plan_merge, require_room
from hf_regional.merging.workers import worker_count

_INTERPRETER: Final = 70 << 20  # bytes: Python with numpy and this package, measured
_NAMED: Final = 8  # tensors in a line


@dataclass(frozen=True, slots=True)
class Preview:
    """`report` is JSON-able; as text it is for people. `problem` is why the merge would be refused, or None."""

    report: Mapping[str, Any]
    problem: str | None

    def __str__(self) -> str:
        """Say it in a few lines."""
        return "\n".join(_lines(self.report, self.problem))


def preview_merge(
    base: Source,
    regional: Source | Sequence[Source],
    beta: Beta | Sequence[Beta],
    output: str | Path,
    *,
    method: str = "linear",
    only: Patterns = None,
    skip: Patterns = None,
    weights: Sequence[float] | None = None,
    options: Mapping[str, Any] | None = None,
    vocabulary: str | None = None,
) -> Preview:
    """What `merge_checkpoints` with these arguments would do. Reads headers and a sample of each tensor; writes nothing.

    Returns:
        Differences of names, shapes and dtypes, whether the models share an ancestor, their licences and what the result's may
        be, bytes to read and write, memory, and what stands in the way.

    Raises:
        MissingFileError, DamagedFileError: an input is not there, or is not what it says.
        UnknownNameError, OutOfRangeError, ConfigError: the method, its options or the weights are wrong.
    """
    chosen, sides = find_method(method), listed_sources(regional)
    chosen.checked(options, len(sides))
    chosen.checked_weights(weights, len(sides))
    world = read_checkpoint(base)
    regions = [read_regional(side) for side in sides]
    report: dict[str, Any] = {
        "method": chosen.name,
        "regional": [_compared(world, side) for side in regions],
        "licences": _licences(world, regions),
    }
    try:
        plan = plan_merge(world, regions, beta, only=only, skip=skip, vocabulary=vocabulary)
        report["vocabulary"] = dict(plan.vocabulary.report) if plan.vocabulary else None
        report["cost"] = _cost(plan, passes=2 if chosen.statistic else 1)
        require_room(plan, Path(output))
    except RegionalError as error:
        return Preview(report, str(error))
    return Preview(report, None)


def _compared(base: Checkpoint, side: Regional) -> dict[str, Any]:
    if isinstance(side, Adapter):
        return {"adapter": {"of": side.base_model, "modules": len(side.low_ranks), "whole_tensors": len(side.whole)}}
    placed = side.placed_beside(base)
    return {"differences": differences(base, placed), "kinship": kinship(base, placed).as_dict()}


def differences(base: Checkpoint, regional: Checkpoint) -> dict[str, Any]:
    """How the tensors of two checkpoints differ, without their values."""
    ours, theirs = base.tensors, regional.tensors
    both = [name for name in ours if name in theirs]
    dtypes = Counter((ours[name].dtype, theirs[name].dtype) for name in both if ours[name].dtype != theirs[name].dtype)
    shapes = {name: [list(ours[name].shape), list(theirs[name].shape)] for name in both if ours[name].shape != theirs[name].shape}
    return {
        "tensors": [len(ours), len(theirs)],
        "only_in_base": [name for name in ours if name not in theirs],
        "only_in_regional": [name for name in theirs if name not in ours],
        "shapes": shapes,
        "dtypes": {f"{a} against {b}": count for (a, b), count in sorted(dtypes.items())},
    }


def _licences(base: Checkpoint, regions: Sequence[Regional]) -> dict[str, Any]:
    named = {"base": declared_licence(base.folder)} | {
        f"regional-{place}" if len(regions) > 1 else "regional": declared_licence(side.folder)
        for place, side in enumerate(regions, start=1)
    }
    found = combine(named.values())
    return {**named, "result": found.license, "reason": found.reason}


def _cost(plan: Plan, passes: int) -> dict[str, int]:
    widening = plan.widening
    read = sum(part.place.size * (1 + sum(widening[: len(part.regions)])) for target in plan.targets for part in target.parts)
    buffers = worker_count() * (block_size(plan) * (1 + len(plan.outputs) + sum(widening)))
    return {"bytes_to_read": read * passes, "bytes_to_write": plan.size, "memory": _INTERPRETER + buffers}


def _lines(report: Mapping[str, Any], problem: str | None) -> list[str]:
    lines = [f"method      {report['method']}"]
    for place, side in enumerate(report["regional"], start=1):
        label = f"regional {place}" if len(report["regional"]) > 1 else "regional"
        lines += [f"{label:<12}{line}" if first else f"{'':<12}{line}" for first, line in _numbered(_side(side))]
    licences = report["licences"]
    lines += [f"licence     {licences['result']}: {licences['reason']}"]
    for component, told in (report.get("vocabulary") or {}).items():
        lines.append(f"tokens      {component or 'the model'}: {_rows(told)}")
    if "cost" in report:
        cost = report["cost"]
        lines += [
            f"reads       {_size(cost['bytes_to_read'])}, writes {_size(cost['bytes_to_write'])}, needs {_size(cost['memory'])} of memory"
        ]
    return [*lines, f"refused     {problem}" if problem else "ready       nothing stands in the way"]


def _rows(told: Mapping[str, Any]) -> str:
    rows = told["rows"]
    counts = f"{rows['base']} rows in the base, {' and '.join(map(str, rows['regional']))} in the regional, {rows['output']} in the result"
    return f"{counts}; {told['new']['count']} new, {told['dropped']['count']} dropped, matched by token"


def _numbered(lines: Sequence[str]) -> list[tuple[bool, str]]:
    return [(place == 0, line) for place, line in enumerate(lines)]


def _side(side: Mapping[str, Any]) -> list[str]:
    if "adapter" in side:
        told = side["adapter"]
        of = told["of"] or "a base that it does not name"
        return [f"an adapter of {of}: {told['modules']} modules, {told['whole_tensors']} whole tensors"]
    found, kin = side["differences"], Kinship(**side["kinship"])
    lines = [f"{found['tensors'][1]} tensors against {found['tensors'][0]} in the base; {kin}"]
    for key, words in (("only_in_base", "only in the base"), ("only_in_regional", "only in the regional model")):
        if found[key]:
            rest = ", ..." if len(found[key]) > _NAMED else ""
            lines.append(f"{len(found[key])} {words}: {', '.join(found[key][:_NAMED])}{rest}")
    lines += [f"{name} is {ours} in the base, {theirs} in the regional model" for name, (ours, theirs) in found["shapes"].items()][:_NAMED]
    return lines + [f"{count} tensors are {pair}" for pair, count in found["dtypes"].items()]


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
