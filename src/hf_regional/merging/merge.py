"""Merge: the public call. Checkpoints in, one folder of mixes and a report out."""

import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hf_regional.durable import Journal, require_new, resumable_folder
from hf_regional.merging.adapters.adapter import is_adapter, read_adapter
from hf_regional.merging.checkpoint import read_checkpoint
from hf_regional.merging.companions import carry_over
from hf_regional.merging.files import Written, write_weights
from hf_regional.merging.methods import find_method
from hf_regional.merging.mixers import Recipe
from hf_regional.merging.patterns import Beta, Patterns
from hf_regional.merging.plan import Plan, Regional, plan_merge, require_room
from hf_regional.merging.record import merge_key, merge_report, write_facts
from hf_regional.merging.survey import survey
from hf_regional.protocols import HasPath

_log = logging.getLogger(__name__)

Source = str | Path | HasPath


@dataclass(frozen=True, slots=True)
class Merged:
    """What was written, and how."""

    path: Path  # the output folder
    paths: tuple[Path, ...]  # one checkpoint a β, in the order asked
    report: dict[str, Any]  # JSON-able; no path, host or time in it


def merge_checkpoints(
    base: Source,
    regional: Source | Sequence[Source],
    beta: Beta | Sequence[Beta],
    output: str | Path,
    *,
    method: str = "linear",
    only: Patterns = None,
    skip: Patterns = None,
    hash_inputs: bool = True,
    weights: Sequence[float] | None = None,
    options: Mapping[str, Any] | None = None,
    vocabulary: str | None = None,
    allow_nonfinite: bool = False,
) -> Merged:
    """Write θ_β = β·θ_regional + (1-β)·θ_global (arXiv:2604.11490, §3.2), from file to file, without building a model.

    Names, shapes, dtypes and free space are checked before the first byte; the output appears by one rename at the end. Its
    layout, dtypes, configuration, tokenizer and processor are the base's. Tensors that are equal in both are copied. A run that
    was killed goes on where it was when the same call is made again.

    Args:
        base: θ_global. A folder, a .safetensors file, a Hub id ("owner/name" or "owner/name@revision"), or a record with a `path`.
            A folder may be a diffusers pipeline; its tensors are then named "unet.conv_in.weight".
        regional: θ_regional, of the same architecture, or several of them; their shards may be cut elsewhere and their float
            dtypes may be others. Beside a pipeline, the folder of one of its models will do. A folder that PEFT saved (LoRA, DoRA)
            stands for the base with that adapter.
        beta: in [0, 1], or a `ByDepth`, or {pattern: either} with fnmatch patterns on tensor names, where the first that fits
            decides and the other tensors stay the base's, or a list of either. A list is written in one pass to `output/beta-0.25`
            (f"beta-{beta:g}"), and its dicts to `output/mix-2` (by their place in it, from 1).
        output: a folder that does not exist yet.
        method: a name from `hf_regional.merging.methods`.
        only: fnmatch patterns on component or tensor names; the others stay the base's.
        skip: fnmatch patterns of tensors that stay the base's, also where `only` has them.
        hash_inputs: report the SHA-256 of every file of weights, read and written. Files in the Hub's cache are not read for it: they
            lie there under the digest that the Hub published, and the report names them under `sha256_from_hub`.
        weights: one factor a regional model; what it means is the method's. All 1 by default.
        options: the method's own, such as {"density": 0.2}.
        vocabulary: where tokens were added or re-ordered, rows are matched by token, and the output has the tokens of the "base" or
            of the "regional" model; None is whichever loses no token.
        allow_nonfinite: let NaN and infinity through in place of refusing them.

    Returns:
        The folders and a report: method, beta, only, skip, counts (merged, copied, equal, kept_from_base), warnings, inputs,
        outputs. The same is in `regional.json` beside the weights.

    Raises:
        OutOfRangeError: a β outside [0, 1], or an option or a weight outside its range.
        UnknownNameError: no such method or option, or a pattern that takes no tensor.
        ConfigError: too few or too many regional models for the method, or another number of weights.
        MismatchedCheckpointsError: names, shapes, kinds of dtype or vocabularies differ.
        QuantisedError: a checkpoint holds quantised weights.
        NonFiniteError: a tensor holds NaN or infinity, or would after mixing.
        MissingFileError, DamagedFileError: an input is not there, or is not what it says.
        OutputExistsError, CannotWriteError: the output is there already, or cannot be written. Nothing half-written is left.
        NotBuiltYetError: an adapter of another kind than LoRA and DoRA.
    """
    final, chosen = Path(output), find_method(method)
    sides = listed_sources(regional)
    wishes = chosen.checked(options, len(sides))
    factors = chosen.checked_weights(weights, len(sides))
    require_new(final)
    plan = plan_merge(read_checkpoint(base), [read_regional(side) for side in sides], beta, only=only, skip=skip, vocabulary=vocabulary)
    require_room(plan, final)
    recipe = Recipe(chosen, wishes, factors, {}, allow_nonfinite)
    with resumable_folder(final, merge_key(plan, recipe, hash_inputs)) as folder:
        recipe = replace(recipe, wholes=survey(plan, recipe))
        written = _write(plan, recipe, folder, hash_inputs)
        report = merge_report(plan, recipe, written, only=only, skip=skip, hashing=hash_inputs)
        write_facts(plan, report, folder)
    for warning in report["warnings"]:
        _log.warning(warning)
    return Merged(final, tuple(final / mix.folder for mix in plan.outputs), report)


def read_regional(source: Source) -> Regional:
    """A checkpoint or an adapter, whichever the folder holds. Errors as `read_checkpoint` and `read_adapter`."""
    folder = Path(source.path if isinstance(source, HasPath) else source)
    if not folder.exists():
        from hf_regional.encoding import resolve_folder

        folder = resolve_folder(source)
    return read_adapter(source) if is_adapter(folder) else read_checkpoint(source)


def listed_sources(regional: Source | Sequence[Source]) -> list[Source]:
    """One regional model or several, as a list."""
    return [regional] if isinstance(regional, str | Path | HasPath) else list(regional)


def _write(plan: Plan, recipe: Recipe, folder: Path, hashing: bool) -> dict[str, Written]:
    for output in plan.outputs:
        carry_over(plan, folder / output.folder)
    with _bar(sum(target.size for target in plan.targets)) as progress:
        return write_weights(plan, recipe, folder, Journal(folder), hash_files=hashing, progress=progress)


@contextmanager
def _bar(total: int) -> Generator[Callable[[int], object]]:
    from huggingface_hub import constants

    if constants.HF_HUB_DISABLE_PROGRESS_BARS:  # loading what draws none takes as long as mixing 100 MB
        yield lambda _: None
        return
    from huggingface_hub.utils import tqdm

    with tqdm(total=total, unit="B", unit_scale=True, desc="merging") as bar:
        yield bar.update
