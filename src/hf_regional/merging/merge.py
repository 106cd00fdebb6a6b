"""Merge: the public call. Two checkpoints in, one folder of mixes and a report out."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hf_regional.durable import atomic_folder, file_sha256
from hf_regional.merging.check import Beta, Patterns, Plan, as_patterns, plan_merge, require_room
from hf_regional.merging.checkpoint import Checkpoint, read_checkpoint
from hf_regional.merging.files import Tally, write_mixes
from hf_regional.merging.methods import Method, find_method
from hf_regional.protocols import HasPath

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Merged:
    """What was written, and how."""

    path: Path  # the output folder
    paths: tuple[Path, ...]  # one checkpoint a β, in the order asked
    report: dict[str, Any]  # JSON-able; no path, host or time in it


def merge_checkpoints(
    base: str | Path | HasPath,
    regional: str | Path | HasPath,
    beta: Beta | Sequence[Beta],
    output: str | Path,
    *,
    method: str = "linear",
    only: Patterns = None,
    skip: Patterns = None,
    hash_inputs: bool = True,
) -> Merged:
    """Write θ_β = β·θ_regional + (1-β)·θ_global (arXiv:2604.11490, §3.2), from file to file, without building a model.

    Names, shapes, dtypes and free space are checked before the first byte; the output appears by one rename at the end. Its
    layout, dtypes, configuration, tokenizer and processor are the base's. Tensors that are equal in both are copied.

    Args:
        base: θ_global. A folder, a .safetensors file, a Hub id ("owner/name" or "owner/name@revision"), or a record with a `path`.
        regional: θ_regional, of the same architecture; its shards may be cut elsewhere and its float dtype may be another.
        beta: in [0, 1], or {pattern: β} with fnmatch patterns on tensor names, where the first that fits decides and the other
            tensors stay the base's, or a list of either. A list is written in one pass to `output/beta-0.25`
            (f"beta-{beta:g}"), and its dicts to `output/mix-2` (by their place in it, from 1).
        output: a folder that does not exist yet.
        method: a name from `hf_regional.merging.methods`.
        only: fnmatch patterns on tensor names; the others stay the base's.
        skip: fnmatch patterns of tensors that stay the base's, also where `only` has them.
        hash_inputs: report the SHA-256 of every input file; costs one more read of each.

    Returns:
        The folders and a report: method, beta, only, skip, counts (merged, copied, equal, kept_from_base), warnings, inputs.

    Raises:
        OutOfRangeError: a β outside [0, 1].
        UnknownNameError: no such method, or a pattern that takes no tensor.
        MismatchedCheckpointsError: names, shapes or kinds of dtype differ.
        NonFiniteError: a tensor holds NaN or infinity, or would after mixing.
        MissingFileError, DamagedFileError: an input is not there, or is not what it says.
        OutputExistsError, CannotWriteError: the output is there already, or cannot be written. Nothing half-written is left.
        NotBuiltYetError: a diffusers pipeline, a PEFT adapter, a quantised model, float8.
    """
    final, chosen = Path(output), find_method(method)
    plan = plan_merge(read_checkpoint(base), read_checkpoint(regional), beta, only=only, skip=skip)
    require_room(plan, final)
    with atomic_folder(final) as folder:
        inputs = {side: _facts(checkpoint, hash_inputs) for side, checkpoint in (("base", plan.base), ("regional", plan.regional))}
        tally = write_mixes(plan, chosen.mix, folder)
    for warning in tally.warnings:
        _log.warning(warning)
    report = _report(plan, chosen, tally, inputs) | {"only": _listed(only), "skip": _listed(skip)}
    return Merged(final, tuple(final / mix.folder for mix in plan.outputs), report)


def _report(plan: Plan, method: Method, tally: Tally, inputs: dict[str, Any]) -> dict[str, Any]:
    betas = [dict(mix.beta) if not isinstance(mix.beta, int | float) else float(mix.beta) for mix in plan.outputs]
    counts = [{key: tally.counts[mix.folder][key] for key in ("merged", "copied", "equal", "kept_from_base")} for mix in plan.outputs]
    single = plan.outputs[0].folder == ""
    return {
        "method": method.name,
        "paper": method.paper,
        "beta": betas[0] if single else betas,
        "counts": counts[0] if single else counts,
        "warnings": tally.warnings,
        "ignored_from_regional": list(plan.ignored),
        "left_out": [name.as_posix() for name in plan.base.left_out],
        "inputs": inputs,
    }


def _facts(checkpoint: Checkpoint, with_hash: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {"tensors": len(checkpoint.tensors), "bytes": checkpoint.size}
    if checkpoint.revision:
        facts |= {"id": checkpoint.name, "revision": checkpoint.revision}
    if with_hash:
        facts["sha256"] = {shard.file.name: file_sha256(shard.file) for shard in checkpoint.shards}
    return facts


def _listed(patterns: Patterns) -> list[str] | None:
    found = as_patterns(patterns)
    return None if found is None else list(found)
