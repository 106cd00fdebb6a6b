"""Record: what a merge read, did and wrote comes in, the report and the `regional.json` of each output come out. No path, host or time."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from hf_regional.cards import CardFacts
from hf_regional.cards.declared import declared_licence
from hf_regional.merging.codecs import WIDE
from hf_regional.merging.digests import published_digest
from hf_regional.merging.files import Written, digests_of
from hf_regional.merging.mixers import Recipe
from hf_regional.merging.patterns import Patterns, as_patterns, recordable
from hf_regional.merging.plan import Output, Plan, Regional
from hf_regional.merging.provenance import Origin, facts_in, told
from hf_regional.merging.targets import Part
from hf_regional.merging.untrusted import parse_config, read_object
from hf_regional.version import __version__

# BatchNorm's step counters differ whenever there was training, and nothing reads them.
_COUNTERS: Final = ("num_batches_tracked",)
_KINDS: Final = ("merged", "copied", "equal", "kept_from_base")


def merge_key(plan: Plan, recipe: Recipe, hashing: bool) -> dict[str, Any]:
    """What decides a byte of the result; a killed merge with the same key is taken up again."""
    weights = [shard.file for side in (plan.base, *plan.regionals) for shard in side.shards]
    carried = [plan.base.folder / name for name in plan.base.companions]
    grown = list(plan.vocabulary.companions.values()) if plan.vocabulary else []
    files = {str(file.absolute()): (file.stat().st_size, file.stat().st_mtime_ns) for file in (*weights, *carried, *grown)}
    return {
        "files": files,
        "outputs": [[output.folder, dict(output.betas)] for output in plan.outputs],
        "method": recipe.method.name,
        "options": dict(recipe.options),
        "weights": list(recipe.weights),
        "allow_nonfinite": recipe.allow_nonfinite,
        "hashing": hashing,
        "packages": _versions(),
    }


def merge_report(
    plan: Plan, recipe: Recipe, written: Mapping[str, Written], *, only: Patterns, skip: Patterns, hashing: bool
) -> dict[str, Any]:
    """Everything worth knowing of a merge, JSON-able; with several outputs, one entry each under beta, counts and outputs."""
    betas = [recordable(mix.beta) for mix in plan.outputs]
    changed = frozenset(name for one in written.values() for name in one.changed)
    counts = [_counts(plan, mix, changed) for mix in plan.outputs]
    single = plan.outputs[0].folder == ""
    report: dict[str, Any] = {
        "method": recipe.method.name,
        "paper": recipe.method.paper,
        "options": dict(recipe.options),
        "weights": list(recipe.weights),
        "beta": betas[0] if single else betas,
        "only": _listed(only),
        "skip": _listed(skip),
        "counts": counts[0] if single else counts,
        "warnings": list(_warnings(plan, changed)),
        "tied": dict(plan.tied),
        "vocabulary": dict(plan.vocabulary.report) if plan.vocabulary else None,
        "ignored_from_regional": list(plan.ignored),
        "left_out": [name.as_posix() for name in plan.base.left_out],
        "inputs": _inputs(plan, written, hashing),
    }
    if hashing:
        outputs = [_outputs(mix, written) for mix in plan.outputs]
        report["outputs"] = outputs[0] if single else outputs
    return report


def write_facts(plan: Plan, report: Mapping[str, Any], folder: Path) -> None:
    """Write `regional.json` into each output: what is known of the models that went in, and the merge itself.

    The same merge writes the same bytes wherever its output lies: the folder's name is not in it.
    """
    origins = [_origin(side) for side in plan.regionals]
    for place, output in enumerate(plan.outputs):
        several = output.folder != ""
        own = {key: report[key][place] for key in ("beta", "counts", "outputs") if several and key in report}
        merging = {**report, **own, "regional": " + ".join(origin.name for origin in origins)}
        described = _architecture(plan, folder / output.folder)
        told(CardFacts(), _origin(plan.base), origins, model=described, merging=merging, packages=["numpy"]).save(folder / output.folder)


def _origin(side: Regional) -> Origin:
    return Origin(_name(side), side.revision, declared_licence(side.folder), facts_in(side.folder))


def _architecture(plan: Plan, folder: Path) -> dict[str, Any]:
    files = (folder / name for name in ("config.json", "model_index.json"))
    config = next((read_object(file, parse_config) for file in files if file.is_file()), {})
    kind = config.get("architectures") or [config["_class_name"]] if "_class_name" in config or config.get("architectures") else []
    numbers = sum(math.prod(part.place.shape) for target in plan.targets for part in target.parts if part.place.dtype in WIDE)
    return {"model_type": config.get("model_type"), "architectures": kind, "parameters": numbers}


def _counts(plan: Plan, output: Output, changed: frozenset[str]) -> dict[str, int]:
    found = Counter(_outcome(part, output.betas.get(part.name), part.name in changed) for target in plan.targets for part in target.parts)
    return {kind: found[kind] for kind in _KINDS}


def _outcome(part: Part, beta: float | None, changed: bool) -> str:
    if beta is None or (changed and part.place.dtype not in WIDE):
        return "kept_from_base"
    if not changed:
        return "equal"
    # At the ends of the scale bytes are copied, unless a dtype changes on the way.
    return "copied" if beta == 0 or (beta == 1 and [source.dtype for source in part.regions] == [part.place.dtype]) else "merged"


def _warnings(plan: Plan, changed: frozenset[str]) -> Iterator[str]:
    for target in plan.targets:
        for part in target.parts:
            if part.name in changed and part.place.dtype not in WIDE and not part.name.endswith(_COUNTERS):
                yield f"{part.name} ({part.place.dtype}) differs and was kept from the base: integers are not averaged"


def _inputs(plan: Plan, written: Mapping[str, Written], hashing: bool) -> dict[str, Any]:
    names = ["regional"] if len(plan.regionals) == 1 else [f"regional-{place}" for place in range(1, len(plan.regionals) + 1)]
    sides = dict(zip(["base", *names], [plan.base, *plan.regionals], strict=True))
    files = {shard.file for side in sides.values() for shard in side.shards} if hashing else set[Path]()
    published = {file: digest for file in files if (digest := published_digest(file))}
    known = {Path(file): digest for one in written.values() for file, digest in one.inputs.items()} | published
    if left := sorted(files - known.keys()):
        known |= digests_of(left)
    return {name: _facts(side, known if hashing else {}, published) for name, side in sides.items()}


def _facts(side: Regional, known: Mapping[Path, str], published: Mapping[Path, str]) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": _name(side), "tensors": len(side.tensors), "bytes": side.size}
    if side.revision:
        facts |= {"id": side.name, "revision": side.revision}
    if known:
        facts["sha256"] = {side.relative(shard.file): known[shard.file] for shard in side.shards}
        if told := sorted(side.relative(shard.file) for shard in side.shards if shard.file in published):
            facts["sha256_from_hub"] = told  # by the names of the files in the Hub's cache; the bytes were not hashed here
    return facts


def _outputs(output: Output, written: Mapping[str, Written]) -> dict[str, str]:
    prefix = f"{output.folder}/" if output.folder else ""
    return {
        name.removeprefix(prefix): digest for one in written.values() for name, digest in one.outputs.items() if name.startswith(prefix)
    }


def _name(side: Regional) -> str:
    # Of a folder its name, not where it lies.
    return side.name if side.revision else side.folder.absolute().name


def _versions() -> dict[str, str]:
    return {"hf_regional": __version__, "numpy": np.__version__}


def _listed(patterns: Patterns) -> list[str] | None:
    found = as_patterns(patterns)
    return None if found is None else list(found)
