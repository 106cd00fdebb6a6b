"""Features kept: a tower, its weights and its inputs in; what they gave before out, where none of the three has changed.

    cache = FeatureCache()
    for folder in mixes:                                    # only the text tower was mixed
        load_encoder(folder, cache=cache).encode_images(gallery)    # the pictures are read and encoded once

A sweep over β that mixes one tower leaves the other as it was, bit for bit, and pays for it once.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import torch
from torch import Tensor

from hf_regional.encoding.images import ImageSource, image_key

Side = Literal["image", "text"]

# What one tower has no part in. A tensor that is not listed counts for both, so that a family with unheard-of names is encoded anew
# too often and never too seldom.
_STRANGERS: Final[Mapping[Side, tuple[str, ...]]] = {
    "image": ("text_model.", "text_projection.", "projection.text.", "logit_", "projection.logit_"),
    "text": ("vision_model.", "visual_projection.", "projection.image.", "logit_", "projection.logit_"),
}


@dataclass(slots=True)
class FeatureCache:
    """In memory, one entry a tower and set of inputs: the latest, since a sweep moves on from a β and does not come back.

    Memory is that of one model's features: n·d·4 bytes a tower and set of inputs.
    """

    hits: int = 0
    misses: int = 0
    _held: dict[str, tuple[str, np.ndarray]] = field(default_factory=dict, repr=False)

    def features(self, side: Side, model: Any, inputs: str | None, compute: Callable[[], np.ndarray]) -> np.ndarray:
        """(n, d) float32: what `compute` gives, or gave for a tower of the same weights and inputs of the same digest.

        Args:
            side: which tower of `model` the features come from.
            model: the module whose weights decide; one in training mode, where dropout draws anew, is never answered from memory.
            inputs: digest of everything else that decides: `digest_of_pictures` or `digest_of_texts`; with None nothing is kept.
            compute: called where nothing is held.
        """
        if inputs is None or model.training:
            return compute()
        weights, place = tower_digest(model, side), f"{side} {inputs}"
        held = self._held.get(place)
        if held is not None and held[0] == weights:
            self.hits += 1
            return held[1].copy()  # the caller may write into what it gets
        self.misses += 1
        found = compute()
        self._held[place] = (weights, found.copy())
        return found


def tower_digest(model: Any, side: Side) -> str:
    """SHA-256 over configuration, device, and the name, dtype, shape and bytes of every tensor that a tower's features depend on."""
    seen = hashlib.sha256(f"{type(model).__name__} {model.config.to_json_string()} {model.device}".encode())
    for name, tensor in model.state_dict().items():
        if not name.startswith(_STRANGERS[side]):
            _add_tensor(seen, name, tensor)
    return seen.hexdigest()


def digest_of_pictures(images: Sequence[ImageSource], processor: Any, batch_size: int) -> str:
    """SHA-256 over pictures and how they are prepared: by their bytes, or by path, size and time of change where they lie in files.

    Raises:
        BadRowError: a cell is empty.
    """
    seen = hashlib.sha256(f"{processor.to_json_string()} {batch_size} {len(images)}".encode())
    for image in images:
        seen.update(f"{image_key(image)} {_stamp(image)}\n".encode())
    return seen.hexdigest()


def digest_of_texts(texts: Sequence[str], tokenizer: Any, batch_size: int) -> str | None:
    """SHA-256 over texts and how they become tokens; None for a tokenizer written in Python, whose rules cannot be read off it.

    Tokenising them all for a digest of the tokens took a tenth of what scoring takes.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return None
    # What the last call cut and padded to is in the rules until the next call sets it anew.
    backend.no_truncation()
    backend.no_padding()
    manner = (type(tokenizer).__name__, tokenizer.model_max_length, tokenizer.padding_side, tokenizer.truncation_side, tokenizer.pad_token)
    seen = hashlib.sha256(f"{manner} {batch_size} {len(texts)} {backend.to_str()}".encode())
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        seen.update(len(encoded).to_bytes(8, "big") + encoded)
    return seen.hexdigest()


def _add_tensor(seen: Any, name: str, tensor: Tensor) -> None:
    seen.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
    # As bytes: numpy has no bfloat16.
    seen.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())


def _stamp(image: ImageSource) -> str:
    """What changes when a picture's file is replaced; empty where the bytes themselves are in the key."""
    if not isinstance(image, Mapping) or image.get("bytes") is not None:
        return ""
    path = Path(str(image.get("path")))
    found = path.stat() if path.is_file() else None
    return f"{found.st_size} {found.st_mtime_ns}" if found else "absent"
