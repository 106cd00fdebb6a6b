"""Names: tensors as the model in memory calls them in, the names of the base's files out, each decided or refused.

An adapter is saved with the names of the model in memory, a checkpoint with those of its files, and the two differ: Gemma 3 has
`model.language_model.layers.0` in memory and `language_model.model.layers.0` in its files, a classifier `bert.encoder` where the
files of the plain model have `encoder`, ViT `layers.0.attention.q_proj` where they have `encoder.layer.0.attention.attention.query`.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from hf_regional.errors import MismatchedCheckpointsError
from hf_regional.merging.adapters.config import IN_MEMORY
from hf_regional.merging.adapters.memory_names import names_in_memory
from hf_regional.merging.checkpoint import Checkpoint

# Segments that say how a model is wrapped and not which tensor is meant.
_WRAPPERS: Final = {"model", "base_model", "language_model", "module"}
_NAMED: Final = 3  # tensors in a message


def names_in_files(wanted: Sequence[str], base: Checkpoint, model_class: str | None = None) -> dict[str, str]:
    """From each wanted name to the tensor of the base that it means.

    Tried in turn for what is still open: the same name; the same but for wrapping segments; one prefix that all have too much or
    too little; and what transformers itself answers for the base's configuration (which loads torch).

    Args:
        wanted: names in memory.
        base: the checkpoint.
        model_class: the class of transformers that the adapter was trained on, where its config says it.

    Raises:
        MismatchedCheckpointsError: a name means no tensor of the base, or several, or two mean one.
    """
    found = {name: name for name in wanted if name in base.tensors}
    found |= _but_for_wrappers(_open(wanted, found), base.tensors)
    found |= _but_for_a_prefix(_open(wanted, found), base.tensors)
    if rest := _open(wanted, found):
        known = names_in_memory(base, model_class)
        found |= {name: known[name] for name in rest if name in known}
    if missing := _open(wanted, found):
        raise _no_place(missing, base)
    _require_distinct(found, base)
    return {name: found[name] for name in wanted}


def _open(wanted: Iterable[str], found: Mapping[str, str]) -> list[str]:
    return [name for name in wanted if name not in found]


def _bare(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


def _but_for_wrappers(wanted: Sequence[str], tensors: Iterable[str]) -> dict[str, str]:
    by_bare = _unique((_bare(name), name) for name in tensors)
    return {name: by_bare[_bare(name)] for name in wanted if _bare(name) in by_bare}


def _but_for_a_prefix(wanted: Sequence[str], tensors: Iterable[str]) -> dict[str, str]:
    """The mapping by the one prefix that fits most of the names; none where two fit equally many."""
    if not wanted:
        return {}
    by_bare = _unique((_bare(name), name) for name in tensors)
    bare = {name: _bare(name) for name in wanted}
    longer = {known.removesuffix(f".{one}") for one in bare.values() for known in by_bare if known.endswith(f".{one}")}
    shorter = {one.removesuffix(f".{known}") for one in bare.values() for known in by_bare if one.endswith(f".{known}")}
    fits = [
        {name: by_bare[f"{prefix}.{one}"] for name, one in bare.items() if f"{prefix}.{one}" in by_bare} for prefix in sorted(longer)
    ] + [
        {name: by_bare[one.removeprefix(f"{prefix}.")] for name, one in bare.items() if one.removeprefix(f"{prefix}.") in by_bare}
        for prefix in sorted(shorter)
    ]
    fits.sort(key=len, reverse=True)
    return fits[0] if len(fits) == 1 or (fits and len(fits[0]) > len(fits[1])) else {}


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: values[0] for key, values in found.items() if len(values) == 1}


def _no_place(missing: list[str], base: Checkpoint) -> MismatchedCheckpointsError:
    parts: list[str] = []
    for name in missing[:_NAMED]:
        alike = [known for known in base.tensors if _bare(known).endswith(_bare(name))]
        near = alike[:_NAMED] or difflib.get_close_matches(name, list(base.tensors), n=1, cutoff=0)
        parts.append(f"{name!r} (nearest: {', '.join(near)})" if near else f"{name!r}")
    rest = ", ..." if len(missing) > _NAMED else ""
    message = f"{base.name} has no place, or more than one, for {len(missing)} tensors that the adapter changes: {', '.join(parts)}{rest}"
    tied = " The head is tied to the embedding there." if any("lm_head" in name for name in missing) else ""
    raise MismatchedCheckpointsError(f"{message}.{tied} Give the base that it was trained on. {IN_MEMORY}.", extra=frozenset(missing))


def _require_distinct(found: Mapping[str, str], base: Checkpoint) -> None:
    taken: dict[str, str] = {}
    for name, tensor in found.items():
        if tensor in taken:
            both = f"{taken[tensor]!r} and {name!r} of the adapter both mean {tensor!r} of {base.name}"
            raise MismatchedCheckpointsError(f"{both}. Give the base that it was trained on. {IN_MEMORY}.", extra=frozenset({name}))
        taken[tensor] = name
