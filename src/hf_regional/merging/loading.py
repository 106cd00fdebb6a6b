"""Loading: a live model and what names another (a module, a folder, a Hub id, a record) in, that one's tensors by the same names out.

The names are those of `state_dict`, in a diffusers pipeline with the component before them: "unet.conv_in.weight". What a folder
holds is loaded by the model's own library class, so that names of files (which differ in Gemma 3) never come into it.
"""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from hf_regional.encoding import DualEncoder, resolve_folder
from hf_regional.errors import (
    ConfigError,
    DamagedFileError,
    MismatchedCheckpointsError,
    MissingFileError,
    NotBuiltYetError,
    QuantisedError,
)
from hf_regional.merging.adapters.adapter import is_adapter
from hf_regional.merging.provenance import Origin, origin_in_memory, origin_of_folder
from hf_regional.protocols import HasPath

Other = nn.Module | str | Path | HasPath | Any  # a module or a pipeline, or what names a folder of one
MARK: Final = "_regional_mix"  # the attribute by which classes of ours are told from the library's
_ADAPTER: Final = (
    "holds a PEFT adapter, whose factors must not be averaged one by one. Give the folder that PEFT saved it in, or merge it into its "
    "model first (`merge_and_unload`)"
)
_QUANTISED: Final = "is quantised, and codes cannot be averaged. Merge the models that it was quantised from, then quantise"


@dataclass(frozen=True, slots=True)
class Regional:
    """A regional model by the base's names. `extra`: names in its files for which the model's class has no place."""

    origin: Origin
    tensors: Mapping[str, Tensor]
    extra: frozenset[str] = frozenset()


def parts_of(model: Any) -> dict[str, nn.Module]:
    """The modules of a model: itself under the name "", or the components of a diffusers pipeline.

    Raises:
        ConfigError: it is neither.
    """
    if isinstance(model, nn.Module):
        return {"": model}
    components = getattr(model, "components", None)
    if not isinstance(components, Mapping):
        raise ConfigError(f"a {type(model).__name__} is neither a torch module nor a pipeline. Give a loaded model.")
    return {str(name): module for name, module in components.items() if isinstance(module, nn.Module)}


def named_tensors(model: Any) -> dict[str, Tensor]:
    """Parameters and persistent buffers, the live ones, by name; a tied one stands under each of its names."""
    return {
        _joined(part, name): tensor
        for part, module in parts_of(model).items()
        for name, tensor in module.state_dict(keep_vars=True).items()
        if isinstance(tensor, Tensor)
    }


def plain_class(model: Any) -> type[Any]:
    """The class that a model would have without us: the first among its ancestors with nothing of ours that loads checkpoints."""
    return plain_kind(type(model)) or next(kind for kind in type(model).__mro__ if not hasattr(kind, MARK))


def plain_kind(kind: type[Any]) -> type[Any] | None:
    """Of a class and its ancestors the first that loads checkpoints and has nothing of ours, if there is one."""
    return next((one for one in kind.__mro__ if hasattr(one, "from_pretrained") and not hasattr(one, MARK)), None)


def load_regional(model: Any, other: Other, is_wanted: Callable[[str], bool]) -> Regional:
    """The other model by the names of `model`; on the CPU and as stored, where it is read from files.

    Args:
        model: the live base, a module or a pipeline; nothing of it is changed.
        other: a module or a pipeline, a folder, a Hub id ("owner/name" or "owner/name@revision"), or a record with a `path`. Beside a
            pipeline, one of its models will do. A folder that PEFT saved stands for `model` with that adapter.
        is_wanted: which names will be merged: of a pipeline, only components with one of these are loaded.

    Raises:
        MismatchedCheckpointsError: it is of another kind.
        QuantisedError: it is quantised.
        NotBuiltYetError: an adapter for a pipeline, or of another kind than LoRA and DoRA.
        MissingFileError, DamagedFileError: there is no such folder or repository, or it holds no readable safetensors.
    """
    if not isinstance(other, str | Path | HasPath):
        require_plain(other, "the regional model")
        part = _part_for(model, plain_class(other).__name__) if _is_part(model, other) else ""
        return Regional(origin_in_memory(plain_class(other)), _under(part, named_tensors(other)))
    folder = resolve_folder(other)
    if is_adapter(folder):
        return Regional(origin_of_folder(other, folder), _with_adapter(model, folder))
    tensors: dict[str, Tensor] = {}
    extra: set[str] = set()
    for part, place in _places(model, folder, is_wanted).items():
        found, unknown = _load_module(parts_of(model)[part], place)
        tensors |= _under(part, found)
        extra |= {_joined(part, name) for name in unknown}
    return Regional(origin_of_folder(other, folder), tensors, frozenset(extra))


def require_plain(model: Any, which: str) -> None:
    """Refuse what cannot be mixed tensor by tensor.

    Raises:
        NotBuiltYetError: a PEFT adapter, a quantised model, or a tensor that is not in memory as a plain one.
    """
    for part, module in parts_of(model).items():
        name = f"{which} ({_joined(part, type(module).__name__)})"
        if getattr(module, "peft_config", None) is not None or any(".lora_" in key for key in module.state_dict()):
            raise NotBuiltYetError(f"{name} {_ADAPTER}.")
        if getattr(module, "hf_quantizer", None) is not None:
            raise QuantisedError(f"{name} {_QUANTISED}.")
    for name, tensor in named_tensors(model).items():
        _require_plain_tensor(f"{which}: tensor {name!r}", tensor)


def _require_plain_tensor(name: str, tensor: Tensor) -> None:
    integer_weights = isinstance(tensor, nn.Parameter) and not (tensor.is_floating_point() or tensor.is_complex())
    if tensor.is_quantized or integer_weights:
        raise QuantisedError(f"{name} ({str(tensor.dtype).removeprefix('torch.')}) {_QUANTISED}.")
    if tensor.is_meta:
        raise NotBuiltYetError(f"{name} is not in memory (device meta: offloaded or not yet loaded). Load the model whole.")
    if type(tensor.data) is not Tensor:
        raise NotBuiltYetError(f"{name} is a {type(tensor.data).__name__}. Only plain tensors are mixed: load the model whole, unsharded.")


def _with_adapter(model: Any, folder: Path) -> dict[str, Tensor]:
    """θ_regional = the model with an adapter, by the model's names; in float32 where the adapter changes it."""
    if not isinstance(model, nn.Module):
        raise NotBuiltYetError(f"{folder} {_ADAPTER}. For a pipeline: `fuse_lora`, then merge the saved pipeline.")
    from peft import PeftModel

    from hf_regional.merging.adapters import merge_and_unload_at, read_adapter

    read_adapter(folder)  # refuses by name what would be merged wrong
    # A copy, for PEFT puts its layers into the model that it is given; in float32, so that the sum is rounded once, in the mix.
    adapted = PeftModel.from_pretrained(copy.deepcopy(model).float(), str(folder))
    whole = named_tensors(merge_and_unload_at(adapted, 1.0))
    own = named_tensors(model)
    return {name: own[name] if torch.equal(tensor.to(own[name].dtype), own[name]) else tensor for name, tensor in whole.items()}


def _refuse_other_roads(folder: Path) -> None:
    if "quantization_config" in _json_object(folder / "config.json"):
        raise QuantisedError(f"{folder} {_QUANTISED}.")


def _places(model: Any, folder: Path, is_wanted: Callable[[str], bool]) -> dict[str, Path]:
    """Part of the model -> the folder to load it from; what a pipeline lacks there, pairing will miss by name."""
    if isinstance(model, nn.Module):
        return {"": folder}
    if not (folder / "model_index.json").is_file():
        config = _json_object(folder / "config.json")
        kind = str(config.get("_class_name") or next(iter(config.get("architectures") or []), "model without a config.json"))
        return {folder.name if folder.name in parts_of(model) else _part_for(model, kind): folder}
    wanted = [part for part, module in parts_of(model).items() if any(is_wanted(_joined(part, name)) for name in module.state_dict())]
    return {part: folder / part for part in wanted if (folder / part).is_dir()}


def _is_part(model: Any, other: Any) -> bool:
    return isinstance(other, nn.Module) and not isinstance(model, nn.Module)


def _part_for(pipeline: Any, kind: str) -> str:
    """The one component of a pipeline that is of a class of this name."""
    alike = [part for part, module in parts_of(pipeline).items() if kind in {ancestor.__name__ for ancestor in type(module).__mro__}]
    if len(alike) != 1:
        found = f"the regional model is a {kind}, and {len(alike)} components of the base are"
        raise MismatchedCheckpointsError(f"{found}. Give a pipeline, or a model that stands for one of its components.")
    return alike[0]


def _load_module(model: nn.Module, folder: Path) -> tuple[dict[str, Tensor], frozenset[str]]:
    """Tensors by name, without those that the files lack, and the names that only the files have."""
    kind = plain_class(model)
    if not hasattr(kind, "from_pretrained"):
        raise ConfigError(f"{kind.__name__} has no `from_pretrained`, so it cannot load {folder}. Give a loaded module instead.")
    _refuse_other_roads(folder)
    if isinstance(model, DualEncoder):  # which refuses by itself what its files lack
        return named_tensors(kind.from_pretrained(folder)), frozenset()
    _require_same_family(model, folder)
    try:
        loaded, info = kind.from_pretrained(
            str(folder), output_loading_info=True, ignore_mismatched_sizes=True, use_safetensors=True, **_as_stored(kind)
        )
    except OSError as error:
        raise MissingFileError(f"{folder} cannot be loaded as {kind.__name__}: {error}") from error
    for name, found, expected in info["mismatched_keys"]:
        raise MismatchedCheckpointsError(
            f"{folder}: tensor {name!r} has shape {list(found)} in its files and {list(expected)} by its config. Save the model again."
        )
    require_plain(loaded, str(folder))
    # What the files lack was drawn at random by the library, which must never be taken for weights.
    lacking = set(info["missing_keys"])
    tensors = {name: tensor for name, tensor in named_tensors(loaded).items() if name not in lacking}
    return tensors, frozenset(info["unexpected_keys"])


def _as_stored(kind: type[Any]) -> dict[str, str]:
    from transformers import PreTrainedModel

    # diffusers knows no "auto"; it widens to float32, of which pairing takes back what loses nothing.
    return {"dtype": "auto"} if issubclass(kind, PreTrainedModel) else {}


def _require_same_family(model: nn.Module, folder: Path) -> None:
    ours, theirs = getattr(getattr(model, "config", None), "model_type", None), _json_object(folder / "config.json").get("model_type")
    if ours and theirs and ours != theirs:
        raise MismatchedCheckpointsError(
            f"{folder} holds a model of type {theirs!r}, the base is of type {ours!r}. Merge models of one kind."
        )


def _json_object(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DamagedFileError(f"{file} is no JSON: {error}. Download or save it again.") from error
    return value if isinstance(value, dict) else {}


def _under(part: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {_joined(part, name): tensor for name, tensor in tensors.items()}


def _joined(part: str, name: str) -> str:
    return f"{part}.{name}" if part else name
