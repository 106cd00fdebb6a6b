"""Towers: a model of transformers comes in, checked to be one tower that plain `AutoModel` loads; one vector an input goes out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from torch import Tensor
from torch.func import functional_call
from transformers import MODEL_MAPPING, AutoModel, PreTrainedModel

from hf_regional.encoding.dual_layout import POOLINGS
from hf_regional.errors import ConfigError, DamagedFileError, MissingFileError

_SIDE: Final = 64  # pixels of the picture that measures a tower whose configuration names no size
# The parameters of the token that a transformer has for the whole picture.
_CLASS_TOKENS: Final = ("cls_token", "class_embedding")
_REFUSALS: Final = (TypeError, ValueError, IndexError, RuntimeError, NotImplementedError)


def pooled(output: Any, pooling: str, mask: Tensor | None = None) -> Tensor:
    """One vector an input, (n, d).

    Args:
        output: what the tower returned.
        pooling: "pooler" is the tower's own, "cls" its first position, "mean" the mean over positions or pixels, in float32 or wider.
        mask: (n, t), 1 where "mean" counts a position; without it all count.
    """
    field, reduce = _POOLINGS[pooling]
    return reduce(getattr(output, field), mask)


def _flat(vectors: Tensor, _: Tensor | None) -> Tensor:
    return vectors.flatten(2).mean(2) if vectors.ndim > 2 else vectors  # ResNet's pooler gives (n, d, 1, 1)


def _first(states: Tensor, _: Tensor | None) -> Tensor:
    return states[:, 0]


def _mean(states: Tensor, mask: Tensor | None) -> Tensor:
    states = states.to(torch.promote_types(states.dtype, torch.float32))  # sums of float16 overflow, those of bfloat16 lose digits
    if states.ndim > 3:
        return states.mean((2, 3))  # channels of a map, (n, d, h, w)
    if mask is None:
        return states.mean(1)
    weights = mask[..., None].to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1).clamp(min=1)


# What of the output is read, and how it becomes one vector.
_POOLINGS: Final[dict[str, tuple[str, Callable[[Tensor, Tensor | None], Tensor]]]] = dict(
    zip(POOLINGS, [("pooler_output", _flat), ("last_hidden_state", _first), ("last_hidden_state", _mean)], strict=True)
)


def load_tower(folder: Path, pooling: str, dtype: str | torch.dtype = "auto") -> Any:
    """Load one tower by plain `AutoModel`, from safetensors, without code of its own.

    Raises:
        MissingFileError: there is no configuration in the folder, or no such folder.
        DamagedFileError: what lies there is no model, or lacks tensors that would then be random numbers.
    """
    if not (folder / "config.json").is_file():
        raise MissingFileError(f"{folder} holds no config.json, so there is no tower in it. Download or save the checkpoint again.")
    wishes: dict[str, Any] = {"use_safetensors": True, "trust_remote_code": False, "output_loading_info": True}
    try:
        tower, info = AutoModel.from_pretrained(folder, dtype=dtype, **wishes)
    except (OSError, KeyError, SafetensorError, *_REFUSALS) as error:
        raise DamagedFileError(f"{folder} holds no model that plain AutoModel loads from safetensors: {_said(error)}") from error
    unused = () if pooling == "pooler" else ("pooler.",)
    if lacking := sorted(name for name in info["missing_keys"] if not name.startswith(unused)):
        advice = "Choose the pooling 'cls' or 'mean'" if lacking[0].startswith("pooler.") else "Download or save the checkpoint again"
        found = f"{folder} lacks {len(lacking)} tensors of {type(tower).__name__} ({', '.join(lacking[:3])}), which would be random"
        raise DamagedFileError(f"{found}. {advice}.")
    return tower


def require_tower(tower: Any, key: str, reads: str) -> None:
    """Refuse what plain `AutoModel` would not load again, and what is not one tower.

    Args:
        tower: the model.
        key: "vision" or "text", for the message.
        reads: its main input: "pixel_values" or "input_ids".

    Raises:
        ConfigError: saying what it is and what to give.
    """
    kind = type(tower).__name__
    if not isinstance(tower, PreTrainedModel):
        raise ConfigError(f"{key}: {kind} is no model of transformers. Give a PreTrainedModel, a folder or a Hub id.", key)
    config: Any = tower.config
    if config.sub_configs or config.is_encoder_decoder:
        raise ConfigError(f"{key}: {kind} has several towers. Give one of them, such as its `.{key}_model`.", key)
    plain: Any = MODEL_MAPPING.get(type(config), ())
    if not isinstance(tower, plain):
        raise ConfigError(f"{key}: plain AutoModel would not load {kind} again. Give the bare model, such as its `.base_model`.", key)
    if tower.main_input_name != reads:
        raise ConfigError(f"{key}: {kind} reads {tower.main_input_name}, not {reads}. Vision comes first, then text.", key)


def vision_width(tower: Any, pooling: str) -> int:
    """The width of one pooled picture.

    It is measured: configurations call it hidden_size, hidden_sizes[-1] or hidden_dim, and ViT's pooler may have a width of its own.
    On the meta device, where nothing is computed.

    Raises:
        ConfigError: the tower has no such pooling, or does not run on pixels alone.
    """
    kind = type(tower).__name__
    if pooling == "cls" and not any(name.endswith(_CLASS_TOKENS) for name, _ in tower.named_parameters()):
        raise ConfigError(f"vision_pooling: {kind} has no token for the whole picture; choose 'pooler' or 'mean'.", "vision_pooling")
    shapes = {name: torch.empty_like(tensor, device="meta") for name, tensor in [*tower.named_parameters(), *tower.named_buffers()]}
    size = getattr(tower.config, "image_size", None) or _SIDE
    sides = (size, size) if isinstance(size, int) else tuple(size)
    pixels = torch.empty(1, getattr(tower.config, "num_channels", 3), *sides, dtype=tower.dtype, device="meta")
    return _width("vision", tower, pooling, lambda: functional_call(tower, shapes, kwargs={"pixel_values": pixels}))


def text_width(tower: Any, pooling: str) -> int:
    """The width of one pooled text, measured on two tokens: on the meta device some encoders fail, whose masks depend on values.

    Raises:
        ConfigError: the tower has no such pooling, or does not run on token ids and a mask alone.
    """
    ids = torch.zeros(1, 2, dtype=torch.int64, device=tower.device)
    return _width("text", tower, pooling, lambda: tower(input_ids=ids, attention_mask=torch.ones_like(ids)))


def _width(key: str, tower: Any, pooling: str, run: Callable[[], Any]) -> int:
    try:
        with torch.no_grad():
            output = run()
    except _REFUSALS as error:
        raise ConfigError(f"{key}: {type(tower).__name__} does not run on {tower.main_input_name} alone: {_said(error)}", key) from error
    field, _ = _POOLINGS[pooling]
    if getattr(output, field, None) is None:
        found = f"{key}_pooling: {type(tower).__name__} gives no {field}, which {pooling!r} asks for"
        raise ConfigError(f"{found}; choose another of {', '.join(POOLINGS)}.", f"{key}_pooling")
    return pooled(output, pooling).shape[-1]


def _said(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
