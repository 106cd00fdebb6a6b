"""Memory names: a checkpoint in, what transformers would call its tensors in memory out. Loads torch; builds no weights."""

import inspect
from typing import Any, Final

from hf_regional.merging.checkpoint import Checkpoint

_CONFIG: Final = "config.json"


def names_in_memory(base: Checkpoint, model_class: str | None = None) -> dict[str, str]:
    """From the name in memory to the name in the files, for those tensors that become one tensor; empty where nobody can say.

    transformers 5 renames on the way from file to memory by rules that depend on the class. They are asked of an empty model
    (on the device "meta") of that class; fused or split tensors, which are no longer one to one, are left out.

    Args:
        base: a checkpoint folder with a config.json.
        model_class: a class of transformers; by default the one that config.json names.
    """
    if not (base.folder / _CONFIG).is_file():
        return {}
    try:
        import torch
        from transformers.conversion_mapping import get_model_conversion_mapping
        from transformers.core_model_loading import WeightConverter, rename_source_key
    except ImportError:  # a transformers that keeps the rules elsewhere
        return {}
    with torch.device("meta"):
        model = _empty_model(base, model_class)
    if model is None:
        return {}
    rules: list[Any] = get_model_conversion_mapping(model)
    fusing = [rule for rule in rules if isinstance(rule, WeightConverter)]
    renaming = [rule for rule in rules if not isinstance(rule, WeightConverter)]
    known, found = model.state_dict(), {}
    for name in base.tensors:
        renamed, fused = rename_source_key(name, renaming, fusing, model.base_model_prefix, known)
        if fused is None and renamed in known:
            found[renamed] = name
    return found


def _empty_model(base: Checkpoint, model_class: str | None) -> Any:
    import transformers

    config = transformers.PreTrainedConfig.get_config_dict(base.folder, local_files_only=True)[0]
    for name in (model_class, *(config.get("architectures") or ())):
        # Only classes of the library itself: the name comes out of a file.
        found = getattr(transformers, name, None) if name else None
        if inspect.isclass(found) and issubclass(found, transformers.PreTrainedModel) and found.config_class:
            try:
                return found(found.config_class.from_pretrained(base.folder, local_files_only=True))
            except (ValueError, TypeError, AttributeError, KeyError, OSError):  # a configuration of another class
                continue
    return None
