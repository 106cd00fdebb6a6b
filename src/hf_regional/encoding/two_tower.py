"""Models with an image tower and a text tower (CLIP, SigLIP, dual encoders) behind two calls that give unit vectors."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from hf_regional.encoding.dual_layout import FILE_NAME as DUAL_ENCODER
from hf_regional.encoding.dual_layout import MODEL_TYPE as DUAL
from hf_regional.encoding.feature_cache import FeatureCache, digest_of_pictures, digest_of_texts
from hf_regional.encoding.images import ImageSource, open_image
from hf_regional.encoding.resolve import resolve_folder
from hf_regional.errors import DamagedFileError, MissingFileError, NonFiniteError, NotBuiltYetError
from hf_regional.protocols import HasPath


@dataclass(frozen=True, slots=True)
class Family:
    """How a kind of model wants its texts, and how its folder is opened: (folder, dtype) to the model and its processor."""

    load: Callable[[Path, str], tuple[Any, Any]]
    padding: bool | str = True
    text_inputs: tuple[str, ...] = ("input_ids", "attention_mask")


def _load_plain(folder: Path, dtype: str) -> tuple[Any, Any]:
    from transformers import AutoModel, AutoProcessor

    return AutoModel.from_pretrained(folder, dtype=dtype), AutoProcessor.from_pretrained(folder)


def _load_dual(folder: Path, dtype: str) -> tuple[Any, Any]:
    from hf_regional.encoding.dual_encoder import DualEncoder
    from hf_regional.encoding.dual_processor import load_processor

    return DualEncoder.from_pretrained(folder, dtype=dtype), load_processor(folder)


# One row a `model_type`. SigLIP was trained on texts padded to its full length, and reads the padding, so a mask that a tokenizer
# may offer would hide what the model expects to see.
FAMILIES: Final = {
    "clip": Family(_load_plain),
    "siglip": Family(_load_plain, "max_length", ("input_ids",)),
    "vision-text-dual-encoder": Family(_load_plain),
    DUAL: Family(_load_dual),
}


@dataclass(frozen=True, slots=True)
class TwoTowerEncoder:
    """A dual encoder with its processor. `model` and `processor` are plain `transformers` objects.

    With a `cache`, a tower that did not change since it last saw these inputs is not asked again.
    """

    model: Any
    processor: Any
    device: torch.device
    batch_size: int = 256
    cache: FeatureCache | None = None

    def encode_images(self, images: Sequence[ImageSource]) -> np.ndarray:
        """(n, d) float32 features of unit norm."""

        def work() -> np.ndarray:
            return self._encode(images, lambda batch: self.model.get_image_features(**self.image_inputs(batch)))

        if self.cache is None:
            return work()
        return self.cache.features("image", self.model, digest_of_pictures(images, self.processor.image_processor, self.batch_size), work)

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """(n, d) float32 features of unit norm."""

        def work() -> np.ndarray:
            return self._encode(texts, lambda batch: self.model.get_text_features(**self.text_inputs(batch)))

        if self.cache is None:
            return work()
        return self.cache.features("text", self.model, digest_of_texts(texts, self.processor.tokenizer, self.batch_size), work)

    def image_inputs(self, images: Sequence[ImageSource]) -> dict[str, Tensor]:
        """Pixel values (n, 3, h, w), on the encoder's device and in the model's dtype."""
        pixels = self.processor.image_processor([open_image(image) for image in images], return_tensors="pt")["pixel_values"]
        return {"pixel_values": pixels.to(self.device, self.model.dtype)}

    def text_inputs(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """Token ids (n, t), and for CLIP the attention mask."""
        return {key: value.to(self.device) for key, value in tokenize(self.processor, self.model.config, texts).items()}

    def _batches(self, items: Sequence[Any]) -> Iterator[Sequence[Any]]:
        return (items[start : start + self.batch_size] for start in range(0, len(items), self.batch_size))

    def _encode(self, items: Sequence[Any], forward: Callable[[Sequence[Any]], Any]) -> np.ndarray:
        blocks: list[np.ndarray] = []
        with torch.inference_mode():
            for batch in self._batches(items):
                features = forward(batch)
                pooled = getattr(features, "pooler_output", features).float()
                blocks.append(torch.nn.functional.normalize(pooled, dim=-1).cpu().numpy())
        out = np.concatenate(blocks) if blocks else np.zeros((0, 0), np.float32)
        if not np.isfinite(out).all():
            raise NonFiniteError("the model gave features that are NaN or infinite; its weights are damaged or its training diverged.")
        return out


def tokenize(processor: Any, config: Any, texts: Sequence[str]) -> dict[str, Tensor]:
    """Texts to token ids the way the family was trained; texts beyond the text tower's positions are cut."""
    family, tokenizer = FAMILIES[config.model_type], processor.tokenizer
    # RoBERTa counts two positions more than it can use, and its tokenizer knows.
    limit = min(tokenizer.model_max_length, getattr(config.text_config, "max_position_embeddings", tokenizer.model_max_length))
    tokens = tokenizer(list(texts), padding=family.padding, truncation=True, max_length=limit, return_tensors="pt")
    return {key: tokens[key] for key in family.text_inputs if key in tokens}


def load_encoder(
    model: str | Path | HasPath,
    *,
    device: str | None = None,
    dtype: str | None = None,
    batch_size: int = 256,
    revision: str | None = None,
    cache: FeatureCache | None = None,
) -> TwoTowerEncoder:
    """Load a model of one of the `FAMILIES` with its processor, ready to encode.

    Args:
        model: a folder, a Hub id, or a record with a `path`.
        device: as torch names it; by default the accelerator where there is one.
        dtype: "float32", "bfloat16", ...; by default what the checkpoint says.
        batch_size: images or texts a forward pass.
        revision: of the Hub repository.
        cache: shared by several encoders, spares each the tower that it has in common with the one before.

    Raises:
        NotBuiltYetError: the checkpoint is of another family.
        MissingFileError: there is no such checkpoint, or it has no image processor or tokenizer.
        DamagedFileError: its configuration, or a part of it, is not what it should be.
    """
    folder = resolve_folder(model, revision=revision)
    family = FAMILIES[require_two_towers(folder)]
    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    loaded, processor = family.load(folder, dtype or "auto")
    return TwoTowerEncoder(loaded.to(place).eval(), processor, place, batch_size, cache)


def is_two_towers(folder: Path) -> bool:
    """Whether a checkpoint is of one of the `FAMILIES`; errors as in `load_encoder`."""
    return model_type(folder) in FAMILIES


def require_two_towers(folder: Path) -> str:
    """The model type of a folder; a family without two towers is refused by name."""
    kind = model_type(folder)
    if kind not in FAMILIES:
        *others, last = FAMILIES
        raise NotBuiltYetError(f"{folder}: this version encodes {', '.join(others)} and {last} models, and this one is {kind!r}.")
    return kind


def model_type(folder: Path) -> str:
    """The model type of a folder, from its configuration; errors as in `load_encoder`."""
    from transformers import AutoConfig

    if (folder / DUAL_ENCODER).is_file():
        return DUAL
    if not (folder / "config.json").is_file():
        raise MissingFileError(f"{folder} holds no config.json, so it is no checkpoint of transformers; give the folder that has one.")
    try:
        return str(AutoConfig.from_pretrained(folder).model_type)
    except (OSError, ValueError) as error:
        raise DamagedFileError(f"{folder / 'config.json'} is no model's configuration: {str(error).splitlines()[0]}") from error
