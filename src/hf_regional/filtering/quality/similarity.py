"""Similarity: pictures and texts in, the cosine of their features in a model of two towers (CLIP, SigLIP, a dual encoder) out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import pyarrow as pa
from PIL import Image

from hf_regional.encoding.headers import open_checked
from hf_regional.errors import BadRowError, ConfigError, OutOfRangeError
from hf_regional.filtering.quality.cells import pictures_of, python_texts, texts_of
from hf_regional.filtering.quality.scores import FAILED, MISSING, SCORED, Detail, Scores, scores_of
from hf_regional.nearest import did_you_mean
from hf_regional.protocols import HasPath
from hf_regional.records import IMAGE, TEXT

_KINDS: Final = {"clip": ("clip", "vision-text-dual-encoder", "dual_encoder"), "siglip": ("siglip",)}
_LONGEST: Final = 10_000  # characters of a text that a tokenizer sees: towers read 64 or 77 tokens, and 10 MB take it seconds


@dataclass(frozen=True)
class SimilarityScorer:
    """How well picture and text fit: the cosine of their features, in [-1, 1].

    Cosines of one model have a level of their own in each language, and an English model gives all else the cosine of noise: take a
    multilingual one, and a threshold per language (`Threshold`, `language_quantiles`). The model is loaded when the first rows come.

    Attributes:
        model: a folder, a Hub id ("owner/name@revision"), or a record with a `path`.
        kind: "clip" (CLIP and dual encoders) or "siglip"; a model of the other kind is refused, its cosines have another scale.
        image: the column of pictures.
        text: the column of texts; of a list of them the first that is not empty.
        batch_size: rows a forward pass.
        device: as torch names it; by default the accelerator where there is one.
        dtype: "float32", "bfloat16", ...; by default what the checkpoint says.
    """

    model: str | Path | HasPath
    kind: str = "clip"
    image: str = IMAGE
    text: str = TEXT
    batch_size: int = 64
    device: str | None = None
    dtype: str | None = None
    scale: ClassVar[tuple[float, float]] = (-1.0, 1.0)

    def __post_init__(self) -> None:
        """Check the kind and the batch.

        Raises:
            ConfigError: there is no such kind.
            OutOfRangeError: a batch of no rows.
        """
        if self.kind not in _KINDS:
            raise ConfigError(
                f"kind={self.kind!r} is no kind of two towers.{did_you_mean(self.kind, _KINDS)} Known: {', '.join(_KINDS)}.", "kind"
            )
        if self.batch_size < 1:
            raise OutOfRangeError(f"batch_size must be 1 or more, got {self.batch_size}.")

    @property
    def name(self) -> str:
        """With the model's."""
        return f"{self.kind}:{self.model.path if isinstance(self.model, HasPath) else self.model}"

    @property
    def reads(self) -> tuple[str, ...]:
        """The pictures and the texts."""
        return (self.image, self.text)

    def score(self, rows: pa.Table) -> Scores:
        """The cosine of each row. Without a picture or a text it is missing; a picture that cannot be opened has failed.

        Raises:
            MissingColumnError, ConfigError: a column is not there or of another type, or the model is of another kind.
            MissingFileError, DamagedFileError, NotBuiltYetError: there is no such model, or none that can be read.
            NonFiniteError: its features are NaN or infinite.
        """
        pictures, texts = pictures_of(rows, self.image, self.name), python_texts(texts_of(rows, self.text, self.name))
        cosines, faults, details = np.full(len(rows), math.nan, np.float32), [SCORED] * len(rows), list[Detail]()
        for start in range(0, len(rows), self.batch_size):
            opened: dict[int, Image.Image] = {}
            for row in range(start, min(start + self.batch_size, len(rows))):
                picture, text = pictures[row], texts[row]
                if picture is None or text is None or not text.strip():
                    faults[row] = MISSING
                    continue
                try:
                    opened[row] = open_checked(picture)
                except BadRowError as error:
                    faults[row] = FAILED
                    details.append(Detail(row, FAILED, str(error)))
            if opened:
                cosines[list(opened)] = self._cosines(list(opened.values()), [(texts[row] or "")[:_LONGEST] for row in opened])
        return scores_of(self, self.scale, cosines, faults, details)

    def _cosines(self, images: Sequence[Image.Image], texts: Sequence[str]) -> np.ndarray:
        """Cosines (n,) of pairs. Rounding may carry one beyond 1."""
        products = self._encoder.encode_images(images) * self._encoder.encode_texts([_clean(text) for text in texts])
        return products.sum(axis=1, dtype=np.float64).clip(-1, 1).astype(np.float32)

    @cached_property
    def _encoder(self) -> Any:
        from hf_regional.encoding import load_encoder  # brings torch

        encoder = load_encoder(self.model, device=self.device, dtype=self.dtype, batch_size=self.batch_size)
        found = encoder.model.config.model_type
        if found not in _KINDS[self.kind]:
            right = next((kind for kind, types in _KINDS.items() if found in types), found)
            raise ConfigError(f"quality={self.name!r}: this model is of the kind {found!r}; write {right}:MODEL.", "quality")
        return encoder

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_encoder"}


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
