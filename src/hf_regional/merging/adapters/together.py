"""Together: several adapters in, the one configuration of their sum out, or what in them does not add up."""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from hf_regional.errors import ConfigError, MismatchedCheckpointsError
from hf_regional.merging.adapters.adapter import Adapter

_log = logging.getLogger(__name__)
# From the weaker to the stronger.
_BIASES: Final = ("none", "lora_only", "all")
# How the modules were chosen, besides by a list of names; and how the factors were started.
_CHOOSERS: Final = ("exclude_modules", "layers_to_transform", "layers_pattern")
_STARTS: Final = ("eva_config", "corda_config", "lora_ga_config")


def require_compatible(adapters: Sequence[Adapter]) -> None:
    """Check that adapters of one base can be one adapter.

    Raises:
        ConfigError: one of them is a DoRA.
        MismatchedCheckpointsError: two treat one module in ways that do not add up.
    """
    for adapter in adapters:
        if adapter.is_dora:
            way_out = "Merge each into its base (`merge_checkpoints`), and then the checkpoints"
            raise ConfigError(f"{adapter.name} is a DoRA, and a sum of DoRAs is none. {way_out}.", "adapters")
    bases = {(adapter.base_model, adapter.base_revision) for adapter in adapters if adapter.base_model}
    if len(bases) > 1:
        _log.warning(
            "the adapters call their base by different names, %s; their sum means something for one base only", sorted(bases, key=str)
        )
    for first, second in _pairs(adapters):
        _require_same_shapes(first, second)
        _require_one_way(first, second)
        _require_one_way(second, first)


def config_of(adapters: Sequence[Adapter]) -> dict[str, Any]:
    """The adapter_config.json of the sum: the first one's, but for ranks, scales, targets and what is held whole."""
    ranks: Counter[str] = Counter()
    for adapter in adapters:
        ranks.update({module: low_rank.rank for module, low_rank in adapter.low_ranks.items()})
    usual = Counter(ranks.values()).most_common(1)[0][0] if ranks else adapters[0].config.rank
    unusual = {f"^{re.escape(module)}": rank for module, rank in ranks.items() if rank != usual}
    merged = dict(adapters[0].config.raw) | _targets(adapters) | dict.fromkeys(_STARTS)
    return merged | {
        "r": usual,
        "lora_alpha": usual,
        "rank_pattern": unusual,
        "alpha_pattern": unusual,
        "use_rslora": False,
        "init_lora_weights": True,
        "loftq_config": {},
        "inference_mode": True,
        "bias": max((adapter.config.raw.get("bias") or "none" for adapter in adapters), key=_BIASES.index),
        "lora_bias": any(low_rank.bias for adapter in adapters for low_rank in adapter.low_ranks.values()),
        "modules_to_save": _united(adapters, "modules_to_save") or None,
        "trainable_token_indices": next((adapter.config.raw["trainable_token_indices"] for adapter in adapters if adapter.rows), None),
    }


def _targets(adapters: Sequence[Adapter]) -> dict[str, Any]:
    modules = [set(adapter.low_ranks) for adapter in adapters]
    raws = [adapter.config.raw for adapter in adapters]
    if all(one == modules[0] for one in modules):
        return {}
    # PEFT takes a module if any entry of the list fits it, so that two lists make one; other ways of choosing do not add up.
    if all(isinstance(raw.get("target_modules"), list) and not any(raw.get(key) for key in _CHOOSERS) for raw in raws):
        return {"target_modules": _united(adapters, "target_modules")}
    return {"target_modules": sorted(set().union(*modules)), **dict.fromkeys(_CHOOSERS)}


def _united(adapters: Sequence[Adapter], key: str) -> list[str]:
    return sorted({name for adapter in adapters for name in adapter.config.raw.get(key) or ()})


def _pairs(adapters: Sequence[Adapter]) -> Iterator[tuple[Adapter, Adapter]]:
    for place, first in enumerate(adapters):
        for second in adapters[place + 1 :]:
            yield first, second


def _require_same_shapes(first: Adapter, second: Adapter) -> None:
    for module, ours in first.low_ranks.items():
        theirs = second.low_ranks.get(module)
        if theirs and (ours.kind, ours.a.shape[1:], ours.b.shape[0]) != (theirs.kind, theirs.a.shape[1:], theirs.b.shape[0]):
            shapes = f"{list(ours.a.shape)} and {list(ours.b.shape)} in {first.name}, {list(theirs.a.shape)} and {list(theirs.b.shape)}"
            raise _unlike(f"the factors of {module!r} are {shapes} in {second.name}: they are of different bases", module)
    for tensor, ours in first.whole.items():
        theirs = second.whole.get(tensor)
        if theirs and (ours.shape, ours.dtype) != (theirs.shape, theirs.dtype):
            found = f"{ours.dtype} {list(ours.shape)} in {first.name} and {theirs.dtype} {list(theirs.shape)} in {second.name}"
            raise _unlike(f"tensor {tensor!r} is {found}", tensor)
    if first.rows and second.rows and first.config.raw["trainable_token_indices"] != second.config.raw["trainable_token_indices"]:
        raise _unlike(f"{first.name} and {second.name} trained other tokens (trainable_token_indices)", next(iter(first.rows)))


def _require_one_way(first: Adapter, second: Adapter) -> None:
    """What the one holds whole as a module, or in rows, the other must not adapt with factors: a PEFT model cannot do both."""
    biased = any(low_rank.bias for adapter in (first, second) for low_rank in adapter.low_ranks.values())
    for module, low_rank in second.low_ranks.items():
        if module in first.rows or (f"{module}.weight" in first.whole and module not in first.low_ranks):
            raise _unlike(f"{first.name} holds {module!r} whole or in rows, and {second.name} adapts it with factors", module)
        if biased and low_rank.kind == "embedding":
            raise _unlike(f"{module!r} is an embedding with factors, beside which PEFT takes no lora_bias", module)


def _unlike(what: str, name: str) -> MismatchedCheckpointsError:
    way_out = "Merge each into its base (`merge_checkpoints`), and then the checkpoints"
    return MismatchedCheckpointsError(f"{what}. {way_out}.", extra=frozenset({name}))
