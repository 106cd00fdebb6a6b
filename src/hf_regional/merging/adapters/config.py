"""Config: an adapter_config.json in, what of it shapes the weights out, or the reason why the adapter cannot be merged."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hf_regional.errors import DamagedFileError, MissingFileError, NotBuiltYetError

CONFIG: Final = "adapter_config.json"
_DIFFUSERS: Final = "pytorch_lora_weights.safetensors"
IN_MEMORY: Final = (
    "Merge it with PEFT, `PeftModel.from_pretrained(model, adapter).merge_and_unload().save_pretrained(folder)`, "
    "and give that folder as the regional model"
)
# What else a LoRA may be. Each changes the meaning of the factors, so that W + s·B·A would be wrong.
_VARIANTS: Final = {
    "layer_replication": "repeats layers of its base, which no checkpoint of the base can hold",
    "target_parameters": "adapts bare parameters, and the files do not say which factors belong to which",
    "use_bdlora": "is a BD-LoRA, whose factors are blocks of a diagonal",
    "kasa_config": "is a KaSA, which cuts its base before it is added",
    "velora_config": "is a VeLoRA",
    "monteclora_config": "is a MonteCLoRA, which draws its weights at random",
    "use_qalora": "is a QA-LoRA, whose factors take pooled inputs",
    "megatron_config": "was trained in Megatron's layers",
}
_BY_TOKEN: Final = {
    "alora_invocation_tokens": "is an aLoRA, which acts after certain tokens only",
    "arrow_config": "is an Arrow router, which chooses among adapters for each token",
}
MUTATING: Final = ("pissa", "corda", "olora", "lora_ga", "loftq")
# Of PEFT 0.21's other fields those that can be true or a dict: they leave the weights alone, or are read below.
_KNOWN: Final = {
    *("alpha_pattern", "rank_pattern", "use_dora", "use_rslora", "fan_in_fan_out", "lora_bias", "trainable_token_indices"),
    *("init_lora_weights", "eva_config", "corda_config", "lora_ga_config", "loftq_config"),
    *("auto_mapping", "inference_mode", "runtime_config", "ensure_weight_tying"),
}


@dataclass(frozen=True, slots=True)
class AdapterConfig:
    """What an adapter_config.json says about the weights. `raw` is all of it."""

    raw: Mapping[str, Any]
    rank: int
    alpha: float
    rank_pattern: Mapping[str, int]
    alpha_pattern: Mapping[str, float]
    use_rslora: bool
    use_dora: bool
    fan_in_fan_out: bool
    base_model: str | None
    revision: str | None

    def rank_of(self, module: str) -> int:
        """The rank of a module's factors."""
        return int(_by_pattern(self.rank_pattern, module, self.rank))

    def scale_of(self, module: str) -> float:
        """What B·A is multiplied by: alpha/r, or alpha/√r with rsLoRA (arXiv:2312.03732)."""
        rank = self.rank_of(module)
        return _by_pattern(self.alpha_pattern, module, self.alpha) / (math.sqrt(rank) if self.use_rslora else rank)

    def token_indices_of(self, module: str) -> list[int]:
        """The rows of an embedding that were trained, empty where none were."""
        indices = self.raw.get("trainable_token_indices") or []
        if isinstance(indices, dict):
            return next((rows for name, rows in indices.items() if f".{module}".endswith(f".{name}")), [])
        return indices


def read_config(folder: Path) -> AdapterConfig:
    """Read and check the configuration of an adapter.

    Raises:
        MissingFileError: there is none.
        DamagedFileError: it cannot be read, or a value is of no use.
        NotBuiltYetError: the adapter is of a kind that this room does not merge; the message names it and the way out.
    """
    raw = _read_object(folder)
    _refuse_other_kinds(folder, raw)
    try:
        return AdapterConfig(
            raw=raw,
            rank=_positive(raw.get("r", 8)),
            alpha=_number(raw.get("lora_alpha", 8)),
            rank_pattern={_pattern(key): _positive(value) for key, value in (raw.get("rank_pattern") or {}).items()},
            alpha_pattern={_pattern(key): _number(value) for key, value in (raw.get("alpha_pattern") or {}).items()},
            use_rslora=bool(raw.get("use_rslora")),
            use_dora=bool(raw.get("use_dora")),
            fan_in_fan_out=bool(raw.get("fan_in_fan_out")),
            base_model=raw.get("base_model_name_or_path") or None,
            revision=raw.get("revision") or None,
        )
    except (ValueError, TypeError, AttributeError, re.error) as error:
        raise DamagedFileError(
            f"{folder / CONFIG} has a rank, an alpha or a pattern that makes no sense: {error}. Save it again."
        ) from error


def _read_object(folder: Path) -> dict[str, Any]:
    file = folder / CONFIG
    if not file.is_file():
        if (folder / _DIFFUSERS).is_file():
            way_out = "Load it with `pipeline.load_lora_weights`, then `fuse_lora` and `save_pretrained`, and give that folder"
            raise NotBuiltYetError(f"{folder} holds {_DIFFUSERS}, a LoRA in the format of diffusers. {way_out}.")
        raise MissingFileError(f"{folder} has no {CONFIG}: it is no adapter. Give a folder that `PeftModel.save_pretrained` wrote.")
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"{file} is no JSON: {error}. Download or save it again.") from error
    if not isinstance(raw, dict):
        raise DamagedFileError(f"{file} holds no JSON object. Download or save it again.")
    return raw


def _refuse_other_kinds(folder: Path, raw: Mapping[str, Any]) -> None:
    if raw.get("peft_type") != "LORA":
        raise NotBuiltYetError(f"{folder} is an adapter of the kind {raw.get('peft_type')}, not LORA. {IN_MEMORY}.")
    for key, what in _BY_TOKEN.items():
        if raw.get(key):
            raise NotBuiltYetError(f"{folder} {what} ({key}). No single set of weights equals it; it can only be used as an adapter.")
    for key, what in _VARIANTS.items():
        if raw.get(key):
            raise NotBuiltYetError(f"{folder} {what} ({key}). {IN_MEMORY}.")
    start = raw.get("init_lora_weights")
    if isinstance(start, str) and start.lower().startswith(MUTATING):
        other = "Or save it with `path_initial_model_for_weight_conversion=...`, which makes it a plain LoRA"
        raise NotBuiltYetError(
            f"{folder} was started with init_lora_weights={start!r}, which moves a part of the base into the factors: "
            f"they belong to that base, not to the one on disk. {IN_MEMORY}. {other}."
        )
    _refuse_unknown(folder, raw)


def _refuse_unknown(folder: Path, raw: Mapping[str, Any]) -> None:
    # A later PEFT's switches and sub-configurations choose other formulas; its other fields hardly can.
    switches = [key for key, value in raw.items() if key not in _KNOWN and (value is True or (isinstance(value, dict) and value))]
    if switches:
        raise NotBuiltYetError(f"{folder / CONFIG} sets {switches[0]!r}, which this version does not know. {IN_MEMORY}.")


def _by_pattern(patterns: Mapping[str, float], module: str, default: float) -> float:
    # The first pattern that fits the end of the name, from a dot on: as PEFT's get_pattern_key does.
    return next((value for key, value in patterns.items() if re.match(rf"(.*\.)?({key})$", module)), default)


def _positive(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{value!r} is no rank")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _pattern(key: str) -> str:
    re.compile(key)
    return key
