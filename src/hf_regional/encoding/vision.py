"""Vision: any image model of `transformers` by folder or Hub id in; one unit vector an image out.

load_vision("openai/clip-vit-base-patch32").encode_images(cells)      # (n, 512) float32
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from hf_regional.encoding.feature_cache import tower_digest
from hf_regional.encoding.images import ImageSource, open_image
from hf_regional.encoding.resolve import resolve_folder
from hf_regional.encoding.towers import load_tower, pooled
from hf_regional.encoding.two_tower import is_two_towers, load_encoder, model_type
from hf_regional.errors import ConfigError, DamagedFileError, MissingFileError, NonFiniteError
from hf_regional.protocols import HasPath


@dataclass(frozen=True, slots=True)
class VisionEncoder:
    """A model that makes one vector of an image. `model` and `processor` are plain `transformers` objects.

    Attributes:
        forward: what makes vectors (n, d) of pixel values (n, 3, h, w).
        manner: how, in words; with the weights and the processor it decides the vectors.
    """

    model: Any
    processor: Any
    forward: Callable[[Tensor], Tensor]
    manner: str
    batch_size: int = 256

    def encode_images(self, images: Sequence[ImageSource]) -> np.ndarray:
        """(n, d) float32 features of unit norm, one row an image.

        Raises:
            BadRowError: a picture cannot be opened.
            NonFiniteError: the model gives NaN or infinity.
        """
        starts = range(0, len(images), self.batch_size)
        blocks = [self._encode(images[start : start + self.batch_size]) for start in starts]
        return np.concatenate(blocks) if blocks else np.zeros((0, 0), np.float32)

    def fingerprint(self) -> str:
        """SHA-256 over everything that decides the features: weights, configuration, device, processor and manner."""
        weights = tower_digest(self.model, "image")
        return hashlib.sha256(f"{weights} {self.processor.to_json_string()} {self.manner}".encode()).hexdigest()

    def _encode(self, images: Sequence[ImageSource]) -> np.ndarray:
        pixels = self.processor([open_image(image) for image in images], return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            vectors = self.forward(pixels.to(self.model.device, self.model.dtype)).float()
        out = torch.nn.functional.normalize(vectors, dim=-1).cpu().numpy()
        if not np.isfinite(out).all():
            raise NonFiniteError(f"{type(self.model).__name__} gave features that are NaN or infinite; its weights are damaged.")
        return out


def load_vision(
    model: str | Path | HasPath,
    *,
    pooling: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    batch_size: int = 256,
    revision: str | None = None,
) -> VisionEncoder:
    """Load the image side of a model.

    CLIP, SigLIP, our dual encoders and ALIGN give the features that they compare with texts; BLIP-2 gives the pooled output of its image
    tower, of which alone the weights are read; any other model that `AutoModel` loads gives its pooled output.

    Args:
        model: a folder, a Hub id, or a record with a `path`.
        pooling: of a model without a text side: "pooler" (its own, the default), "cls" or "mean".
        device: as torch names it; by default the accelerator where there is one.
        dtype: "float32", "bfloat16", ...; by default what the checkpoint says.
        batch_size: images a forward pass.
        revision: of the Hub repository.

    Raises:
        MissingFileError: there is no such checkpoint, or no image processor in it.
        DamagedFileError: what lies there is no model, or lacks tensors, such as those of a pooler: choose another pooling.
        ConfigError: a pooling for a model that has image features of its own.
    """
    folder = resolve_folder(model, revision=revision)
    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    kind = model_type(folder)
    has_own = kind in _OWN or is_two_towers(folder)
    if has_own and pooling is not None:
        raise ConfigError(
            f"pooling={pooling!r}: {folder} is a {kind} model, whose image features are pooled already. Leave it out.", "pooling"
        )
    if is_two_towers(folder):
        both = load_encoder(folder, device=device, dtype=dtype)
        return VisionEncoder(both.model, both.processor.image_processor, _features_of(both.model), "image features", batch_size)
    loaded, forward, manner = _OWN[kind](folder, dtype) if has_own else _load_plain(folder, dtype, pooling or "pooler")
    return VisionEncoder(loaded.to(place).eval(), _image_processor(folder), forward, manner, batch_size)


Loaded = tuple[Any, Callable[[Tensor], Tensor], str]


def _features_of(model: Any) -> Callable[[Tensor], Tensor]:
    def forward(pixels: Tensor) -> Tensor:
        found = model.get_image_features(pixel_values=pixels)
        return getattr(found, "pooler_output", found)

    return forward


def _load_align(folder: Path, dtype: str | None) -> Loaded:
    from transformers import AlignModel

    model = _whole(AlignModel, folder, dtype)
    return model, _features_of(model), "image features"


def _load_blip2(folder: Path, dtype: str | None) -> Loaded:
    from transformers import Blip2VisionModel

    model = _whole(Blip2VisionModel, folder, dtype, key_mapping={r"^(model\.)?vision_model\.": ""})
    return model, lambda pixels: model(pixel_values=pixels).pooler_output, "pooler"


def _load_plain(folder: Path, dtype: str | None, pooling: str) -> Loaded:
    model = load_tower(folder, pooling, dtype or "auto")
    if model.main_input_name != "pixel_values":
        raise ConfigError(f"{folder} holds a {type(model).__name__}, which reads {model.main_input_name} and no images.", "model")
    return model, lambda pixels: pooled(model(pixel_values=pixels), pooling), pooling


# Families whose image features need a call of their own, by `model_type`.
_OWN: Final[dict[str, Callable[[Path, str | None], Loaded]]] = {"align": _load_align, "blip-2": _load_blip2}


def _whole(kind: Any, folder: Path, dtype: str | None, key_mapping: dict[str, str] | None = None) -> Any:
    """Load a model from safetensors, and refuse one that would have random weights."""
    wishes = {"use_safetensors": True, "output_loading_info": True, "key_mapping": key_mapping}
    try:
        model, info = kind.from_pretrained(folder, dtype=dtype or "auto", **wishes)
    except (OSError, RuntimeError, ValueError) as error:
        raise DamagedFileError(f"{folder} holds no {kind.__name__} in safetensors: {str(error).strip().splitlines()[0]}") from error
    if lacking := sorted(info["missing_keys"]):
        raise DamagedFileError(f"{folder} lacks {len(lacking)} tensors of {kind.__name__} ({', '.join(lacking[:3])}). Download it again.")
    return model


def _image_processor(folder: Path) -> Any:
    from transformers import AutoImageProcessor

    try:
        return AutoImageProcessor.from_pretrained(folder)
    except (OSError, ValueError) as error:
        raise MissingFileError(
            f"{folder} holds no image processor (preprocessor_config.json). Save the one that it was trained with."
        ) from error
