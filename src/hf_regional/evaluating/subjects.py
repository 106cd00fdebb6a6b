"""Subjects: a model's name in; the model under test out, opened as what a task asks of it: features, answers, weights or pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from hf_regional.encoding import ImageSource, TwoTowerEncoder, load_encoder, resolve_folder
from hf_regional.encoding.two_tower import is_two_towers
from hf_regional.errors import ConfigError
from hf_regional.generating import Brush, KeptAnswers, LocalModel, Painter, Sampling, Weigher, make_model
from hf_regional.protocols import HasPath

Kind = Literal["embedding", "vision-language", "text-to-image"]
_SAMPLING: Final = Sampling(max_new_tokens=128)
_BRUSH: Final = Brush()
_GIVES: Final[dict[Kind, str]] = {
    "embedding": "features of pictures and texts",
    "vision-language": "answers in words",
    "text-to-image": "pictures",
}


@dataclass(frozen=True)
class Subject:
    """A model under test. Nothing is loaded before a task asks for it.

    Attributes:
        model: a folder, a Hub id, a record with a `path`, or "http://host:8000/v1#model" for what a server answers.
        kind: what the model gives.
        device: as torch names it.
        dtype: "float32", "bfloat16", ...
        batch_size: items a forward pass; null is what suits the kind.
        answers: folder where answers and pictures are kept; null is that of `KeptAnswers`.
        sampling: how an answer's tokens are chosen.
        brush: how pictures are drawn.
    """

    model: str | Path | HasPath
    kind: Kind
    device: str | None = None
    dtype: str | None = None
    batch_size: int | None = None
    answers: Path | None = None
    sampling: Sampling = _SAMPLING
    brush: Brush = _BRUSH

    @property
    def name(self) -> str:
        """What to call it in a report: the Hub id, or the last part of a folder's path."""
        given = self.model.path if isinstance(self.model, HasPath) else self.model
        return given if isinstance(given, str) and not Path(given).is_dir() else Path(given).name

    @cached_property
    def encoder(self) -> TwoTowerEncoder:
        """Features.

        Raises:
            ConfigError: the model gives none.
        """
        self._require("embedding")
        return load_encoder(self.model, device=self.device, dtype=self.dtype, batch_size=self.batch_size or 256)

    @cached_property
    def speaker(self) -> KeptAnswers:
        """Answers, each asked for once and kept.

        Raises:
            ConfigError: the model gives none.
        """
        self._require("vision-language")
        return KeptAnswers(make_model(str(self.model), self.sampling) if self._is_served else self._local, self.answers)

    @cached_property
    def weigher(self) -> Weigher:
        """Log-likelihoods of given answers.

        Raises:
            ConfigError: the model gives none, or is behind a server, which does not say.
        """
        self._require("vision-language")
        if self._is_served:
            raise ConfigError(
                f"{self.model} is a server, and a server does not give the likelihood of a text: ask with way='generate'.", "way"
            )
        return Weigher(self._local, self.answers)

    @cached_property
    def painter(self) -> Painter:
        """Pictures, each drawn once and kept.

        Raises:
            ConfigError: the model gives none.
        """
        self._require("text-to-image")
        return Painter(self.model, self.brush, self.batch_size or 4, self.device, self.dtype, self.answers)

    def encode_images(self, images: Sequence[ImageSource]) -> np.ndarray:
        """(n, d) float32 features of unit norm."""
        return self.encoder.encode_images(images)

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """(n, d) float32 features of unit norm."""
        return self.encoder.encode_texts(texts)

    @property
    def _is_served(self) -> bool:
        return str(self.model).startswith(("http://", "https://"))

    @cached_property
    def _local(self) -> LocalModel:
        return LocalModel(self.model, self.sampling, batch_size=self.batch_size or 8, device=self.device, dtype=self.dtype)

    def _require(self, kind: Kind) -> None:
        if self.kind != kind:
            raise ConfigError(
                f"{self.name} gives {_GIVES[self.kind]}, and {_GIVES[kind]} are asked for; take a task for its kind.", "tasks"
            )


def kind_of(model: Any) -> Kind:
    """What a subject gives; an encoder that is loaded gives features."""
    return model.kind if isinstance(model, Subject) else "embedding"


def require_kind(model: Any, kinds: Sequence[Kind], task: str) -> None:
    """Refuse a model of a family that a task cannot ask.

    Raises:
        ConfigError: the message says what the model gives, what the task asks for, and how to find another.
    """
    if (found := kind_of(model)) not in kinds:
        name = model.name if isinstance(model, Subject) else "the model"
        asked = " or ".join(_GIVES[kind] for kind in kinds)
        raise ConfigError(
            f"task {task!r} asks for {asked}, and {name} gives {_GIVES[found]}. "
            f"Take a task for {found} models; hf-regional evaluate --list shows them.",
            "tasks",
        )


def open_subject(
    model: "str | Path | HasPath | TwoTowerEncoder | Subject",
    *,
    device: str | None = None,
    dtype: str | None = None,
    batch_size: int | None = None,
    answers: Path | None = None,
) -> Any:
    """Find out what a model is; a loaded encoder or a subject comes back as it is.

    Raises:
        MissingFileError: there is no such checkpoint.
    """
    if isinstance(model, TwoTowerEncoder | Subject):
        return model
    kind: Kind
    if str(model).startswith(("http://", "https://")):
        kind = "vision-language"
    else:
        folder = resolve_folder(model)
        kind = "text-to-image" if (folder / "model_index.json").is_file() else "embedding" if is_two_towers(folder) else "vision-language"
    return Subject(model, kind, device, dtype, batch_size, answers)
