"""Dual encoder: any image tower and any text tower of transformers in, one model with a shared space out, and to disk and back.

    model = DualEncoder.from_towers("microsoft/resnet-50", "google-bert/bert-base-multilingual-cased")
    model.save_pretrained("azclip", image_processor=image_processor, tokenizer=tokenizer)
    model = DualEncoder.from_pretrained("azclip")
    AutoModel.from_pretrained("azclip/vision_model")     # a plain ResNetModel

`VisionTextDualEncoderModel` of transformers refuses towers that do not name their width `hidden_size`, ResNet and EfficientNet among them.
"""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Self, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from transformers.models.clip.modeling_clip import CLIPOutput

from hf_regional.durable import atomic_file
from hf_regional.encoding.dual_layout import CLASS_NAME, FILE_NAME, MODEL_TYPE, PARTS, TEXT, VISION, Heads, read_heads
from hf_regional.encoding.dual_processor import save_processors
from hf_regional.encoding.projection import Projection, read_projection, write_projection
from hf_regional.encoding.resolve import resolve_folder
from hf_regional.encoding.towers import load_tower, pooled, require_tower, text_width, vision_width
from hf_regional.errors import ConfigError, DamagedFileError, MissingFileError, OutOfRangeError
from hf_regional.protocols import HasPath

Tower = str | Path | HasPath | nn.Module


@dataclass  # not frozen: `Trainer` writes `use_cache` into it
class DualEncoderConfig:
    """The towers' configurations and what stands between them, under the names that composite models of transformers have."""

    vision_config: Any
    text_config: Any
    heads: Heads
    model_type: ClassVar[str] = MODEL_TYPE

    def to_dict(self) -> dict[str, Any]:
        """Plain values; `Trainer` hands them to the services that draw curves."""
        towers = {"vision_config": self.vision_config.to_dict(), "text_config": self.text_config.to_dict()}
        return {"model_type": self.model_type, **towers, **asdict(self.heads)}

    def to_json_string(self) -> str:
        """The same as JSON."""
        return json.dumps(self.to_dict(), indent=2, default=str)


class DualEncoder(nn.Module):
    """An image tower and a text tower with a head each. Make one with `from_towers` or `from_pretrained`.

    Its parts are called as in its folder (`vision_model`, `text_model`, `projection`), so a pattern such as "text_model.*" means the
    same to training and to merging.
    """

    def __init__(self, vision_model: Any, text_model: Any, projection: Projection, heads: Heads) -> None:
        super().__init__()
        self.vision_model, self.text_model, self.projection = vision_model, text_model, projection
        self.config = DualEncoderConfig(vision_model.config, text_model.config, heads)

    @classmethod
    def from_towers(
        cls,
        vision: Tower,
        text: Tower,
        *,
        vision_pooling: str = "pooler",
        text_pooling: str = "cls",
        projection_dim: int = 256,
        dropout: float = 0.1,
        temperature: float = 0.07,
        seed: int = 0,
    ) -> Self:
        """Put fresh heads on two towers. The model is in evaluation mode.

        Args:
            vision: an image model: a module, a folder, a Hub id ("owner/name@revision") or a record with a `path`. The towers become
                part of the model; they are not copied.
            text: a text encoder, likewise.
            vision_pooling: "pooler" (the tower's own), "cls" (its token for the whole picture) or "mean" (over positions or pixels).
            text_pooling: "cls" (the first position), "mean" (over the positions that the mask has) or "pooler".
            projection_dim: width of the shared space.
            dropout: of the heads, in [0, 1).
            temperature: τ at the start; `forward` divides cosines by it, and it is learnt. LowCLIP holds it at 1.
            seed: of the heads' first weights.

        Raises:
            ConfigError: a tower is no bare model of one kind of input, or has no such pooling; a value has the wrong type.
            OutOfRangeError: `temperature` is not above 0.
            MissingFileError, DamagedFileError: a folder or repository is not there, or holds no such model in safetensors.
        """
        if not 0 < temperature < math.inf:
            raise OutOfRangeError(f"temperature must be above 0 and finite, got {temperature!r}. CLIP starts at 0.07.")
        Heads(1, 1, projection_dim, dropout, vision_pooling, text_pooling)  # refuse before anything is downloaded
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            images, texts = _opened(vision, vision_pooling), _opened(text, text_pooling)
            widths = _measured(images, texts, vision_pooling, text_pooling)
            heads = Heads(*widths, projection_dim, dropout, vision_pooling, text_pooling)
            projection = Projection(heads).to(images.device, images.dtype)
        projection.logit_scale.data.fill_(-math.log(temperature))
        return cls(images, texts, projection, heads).eval()

    @classmethod
    def from_pretrained(cls, model: str | Path | HasPath, *, dtype: str | torch.dtype = "auto", revision: str | None = None) -> Self:
        """Load what `save_pretrained` wrote. The model is on the CPU and in evaluation mode.

        Args:
            model: a folder, a Hub id ("owner/name@revision"), or a record with a `path`.
            dtype: "float32", torch.bfloat16, ...; "auto" is what each file has.
            revision: of the Hub repository.

        Raises:
            MissingFileError: the folder or a part of it is not there.
            DamagedFileError: dual_encoder.json is of another schema, or a part is not what it says.
            ConfigError: there is no such dtype.
        """
        kind, folder = _dtype(dtype), resolve_folder(model, revision=revision)
        heads = read_heads(folder)
        for part in PARTS:
            if not (folder / part).is_dir():
                raise MissingFileError(f"{folder} lacks the folder {part}/, a part of every {CLASS_NAME}. Download or save it again.")
        images, texts = load_tower(folder / VISION, heads.vision_pooling, kind), load_tower(folder / TEXT, heads.text_pooling, kind)
        _require_fit(folder, heads, images, texts)
        projection = read_projection(heads, folder)
        return cls(images, texts, projection.to(kind) if isinstance(kind, torch.dtype) else projection, heads).eval()

    def save_pretrained(
        self, folder: str | Path, *, image_processor: Any = None, tokenizer: Any = None, max_shard_size: int | str = "5GB"
    ) -> None:
        """Write the model in safetensors: the towers as plain checkpoints in subfolders, each with what prepares its input.

        Args:
            folder: where to; what was saved there before is replaced.
            image_processor: goes to `vision_model/`. Without it the model cannot be evaluated from its folder.
            tokenizer: goes to `text_model/`.
            max_shard_size: of a tower's files.

        Raises:
            CannotWriteError: no space or no permission.
        """
        place = Path(folder)
        # It appears when all else is there: a folder without it is no checkpoint, and half of one model is not mixed with half of another.
        with atomic_file(place / FILE_NAME) as partial:
            (place / FILE_NAME).unlink(missing_ok=True)
            for name, tower in ((VISION, self.vision_model), (TEXT, self.text_model)):
                tower.save_pretrained(place / name, max_shard_size=max_shard_size)
            save_processors(place, image_processor, tokenizer)
            write_projection(self.projection, place)
            partial.write_text(self.config.heads.as_json(), encoding="utf-8")

    @property
    def dtype(self) -> torch.dtype:
        """Of the image tower, which is what pixels are cast to."""
        return self.vision_model.dtype

    @property
    def device(self) -> torch.device:
        """Of the logit scale."""
        return self.projection.logit_scale.device

    def get_image_features(self, pixel_values: Tensor) -> Tensor:
        """Pixels (n, 3, h, w) to features (n, p), float32 or wider, not normalised."""
        output = self.vision_model(pixel_values=pixel_values.to(self.dtype))
        return self.projection.image(pooled(output, self.config.heads.vision_pooling))

    def get_text_features(self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None) -> Tensor:
        """Token ids (n, t) to features (n, p), float32 or wider, not normalised."""
        # Not every encoder takes token types, and tokenizers that give them are made for those that do.
        types = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        output = self.text_model(input_ids=input_ids, attention_mask=attention_mask, **types)
        return self.projection.text(pooled(output, self.config.heads.text_pooling, attention_mask))

    def forward(
        self,
        input_ids: Tensor,
        pixel_values: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
    ) -> CLIPOutput:
        """Cosines of n pictures and m texts over τ, as CLIP has them (arXiv:2103.00020, fig. 3).

        Returns:
            `logits_per_image` (n, m), its transpose `logits_per_text`, and `image_embeds` (n, p), `text_embeds` (m, p) of unit norm.
        """
        images = normalize(self.get_image_features(pixel_values), dim=-1)
        texts = normalize(self.get_text_features(input_ids, attention_mask, token_type_ids), dim=-1)
        logits = images @ texts.T * self.projection.logit_scale.exp()
        fields: dict[str, Any] = {"logits_per_image": logits, "logits_per_text": logits.T, "image_embeds": images, "text_embeds": texts}
        return CLIPOutput(**fields)


def _opened(source: Tower, pooling: str) -> Any:
    return (source if isinstance(source, nn.Module) else load_tower(resolve_folder(source), pooling)).eval()


def _measured(vision: Any, text: Any, vision_pooling: str, text_pooling: str) -> tuple[int, int]:
    require_tower(vision, "vision", "pixel_values")
    require_tower(text, "text", "input_ids")
    return vision_width(vision, vision_pooling), text_width(text, text_pooling)


def _require_fit(folder: Path, heads: Heads, vision: Any, text: Any) -> None:
    try:
        widths = _measured(vision, text, heads.vision_pooling, heads.text_pooling)
    except ConfigError as error:
        raise DamagedFileError(f"{folder}: {error}") from error
    for part, said, found in zip((VISION, TEXT), (heads.vision_dim, heads.text_dim), widths, strict=True):
        if said != found:
            advice = f"Put the tower back that it was saved with, or make a new model with `{CLASS_NAME}.from_towers`"
            raise DamagedFileError(f"{folder / FILE_NAME} says that {part} gives vectors of width {said}, and it gives {found}. {advice}.")


def _dtype(dtype: str | torch.dtype) -> str | torch.dtype:
    found = getattr(torch, dtype, None) if isinstance(dtype, str) and dtype != "auto" else dtype
    if found == "auto" or (isinstance(found, torch.dtype) and found.is_floating_point):
        return cast("str | torch.dtype", found)
    raise ConfigError(f"dtype must be 'auto' or a float such as 'float32' or 'bfloat16', got {dtype!r}.", "dtype")
