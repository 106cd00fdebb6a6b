"""Models with an image tower and a text tower (CLIP, SigLIP) behind two calls that give unit vectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from hf_regional.encoding.images import ImageSource, open_image
from hf_regional.encoding.resolve import resolve_folder
from hf_regional.errors import DamagedFileError, MissingFileError, NonFiniteError, NotBuiltYetError
from hf_regional.protocols import HasPath

# How each family wants its texts: SigLIP was trained on texts padded to its full length, and reads the padding,
# so a mask that a tokenizer may offer would hide what the model expects to see.
TEXT_PADDING: Final = {"clip": True, "siglip": "max_length"}
_TEXT_INPUTS: Final = {"clip": ("input_ids", "attention_mask"), "siglip": ("input_ids",)}


@dataclass(frozen=True, slots=True)
class TwoTowerEncoder:
    """A dual encoder with its processor. `model` and `processor` are plain `transformers` objects."""

    model: Any
    processor: Any
    device: torch.device
    batch_size: int = 256

    def encode_images(self, images: Sequence[ImageSource]) -> np.ndarray:
        """(n, d) float32 features of unit norm."""
        return self._encode(images, lambda batch: self.model.get_image_features(**self.image_inputs(batch)))

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """(n, d) float32 features of unit norm."""
        return self._encode(texts, lambda batch: self.model.get_text_features(**self.text_inputs(batch)))

    def image_inputs(self, images: Sequence[ImageSource]) -> dict[str, Tensor]:
        """Pixel values (n, 3, h, w), on the encoder's device and in the model's dtype."""
        pixels = self.processor.image_processor([open_image(image) for image in images], return_tensors="pt")["pixel_values"]
        return {"pixel_values": pixels.to(self.device, self.model.dtype)}

    def text_inputs(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """Token ids (n, t), and for CLIP the attention mask."""
        return {key: value.to(self.device) for key, value in tokenize(self.processor, self.model.config, texts).items()}

    def _encode(self, items: Sequence[Any], forward: Callable[[Sequence[Any]], Any]) -> np.ndarray:
        blocks: list[np.ndarray] = []
        with torch.inference_mode():
            for start in range(0, len(items), self.batch_size):
                features = forward(items[start : start + self.batch_size])
                pooled = getattr(features, "pooler_output", features).float()
                blocks.append(torch.nn.functional.normalize(pooled, dim=-1).cpu().numpy())
        out = np.concatenate(blocks) if blocks else np.zeros((0, 0), np.float32)
        if not np.isfinite(out).all():
            raise NonFiniteError("the model gave features that are NaN or infinite; its weights are damaged or its training diverged.")
        return out


def tokenize(processor: Any, config: Any, texts: Sequence[str]) -> dict[str, Tensor]:
    """Texts to token ids the way the family was trained; texts beyond the text tower's positions are cut."""
    limit = config.text_config.max_position_embeddings
    tokens = processor.tokenizer(
        list(texts), padding=TEXT_PADDING[config.model_type], truncation=True, max_length=limit, return_tensors="pt"
    )
    return {key: tokens[key] for key in _TEXT_INPUTS[config.model_type] if key in tokens}


def load_encoder(
    model: str | Path | HasPath, *, device: str | None = None, dtype: str | None = None, batch_size: int = 256, revision: str | None = None
) -> TwoTowerEncoder:
    """Load a CLIP or SigLIP checkpoint with its processor, ready to encode.

    Args:
        model: a folder, a Hub id, or a record with a `path`.
        device: as torch names it; by default the accelerator where there is one.
        dtype: "float32", "bfloat16", ...; by default what the checkpoint says.
        batch_size: images or texts a forward pass.
        revision: of the Hub repository.

    Raises:
        NotBuiltYetError: the checkpoint is of another family.
        MissingFileError: there is no such checkpoint.
        DamagedFileError: its config.json is none.
    """
    from transformers import AutoModel, AutoProcessor

    folder = resolve_folder(model, revision=revision)
    require_two_towers(folder)
    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    loaded = AutoModel.from_pretrained(folder, dtype=dtype or "auto").to(place).eval()
    return TwoTowerEncoder(loaded, AutoProcessor.from_pretrained(folder), place, batch_size)


def require_two_towers(folder: Path) -> str:
    """The model type of a folder; a family without two towers is refused by name."""
    from transformers import AutoConfig

    if not (folder / "config.json").is_file():
        raise MissingFileError(f"{folder} holds no config.json, so it is no checkpoint of transformers; give the folder that has one.")
    try:
        kind = AutoConfig.from_pretrained(folder).model_type
    except (OSError, ValueError) as error:
        raise DamagedFileError(f"{folder / 'config.json'} is no model's configuration: {str(error).splitlines()[0]}") from error
    if kind not in TEXT_PADDING:
        raise NotBuiltYetError(f"{folder}: this version encodes {' and '.join(TEXT_PADDING)} models, and this one is {kind!r}.")
    return kind
