"""Drawing for tasks: prompts and a text-to-image model in; pictures from fixed seeds, as cells that encoders and judges take, out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hf_regional.encoding import ImageSource
from hf_regional.errors import OutOfRangeError
from hf_regional.evaluating.subjects import Subject, require_kind
from hf_regional.generating import Brush
from hf_regional.generating.choosing import make_record


def brush_of(given: Mapping[str, Any] | None) -> Brush | None:
    """How a task wants its pictures drawn; null leaves it to the subject.

    Raises:
        ConfigError, OutOfRangeError: a field that a `Brush` does not have, or one out of its range.
    """
    return None if given is None else make_record(Brush, given, "settings.brush")


def check_count(task: str, name: str, value: int) -> None:
    """Raise OutOfRangeError for fewer than one."""
    if value < 1:
        raise OutOfRangeError(f"task {task!r}: {name} must be 1 or more, got {value}.")


def draw(task: str, model: Any, prompts: Sequence[str], seeds: Sequence[int], brush: Brush | None) -> list[Path]:
    """Draw a picture a prompt and seed, (n,) each; PNG files in that order, kept as `Painter` keeps them.

    Raises:
        ConfigError: the model gives no pictures.
    """
    require_kind(model, ("text-to-image",), task)
    # A painter of our own: its pipeline is let go of before a judge or an encoder is loaded beside it.
    return replace(model.painter, brush=brush or model.painter.brush).paint(prompts, seeds)


def name_of(model: str) -> str:
    """What to call a model beside a score: the Hub id, or the last part of a folder's path."""
    return Path(model).name if Path(model).is_dir() else model


def cell(file: Path) -> ImageSource:
    """A file as a cell of `datasets.Image`."""
    return {"bytes": None, "path": str(file)}


def brush_used(model: Subject, brush: Brush | None) -> dict[str, Any]:
    """What a report says of how pictures were drawn."""
    chosen = brush or model.brush
    return {name: getattr(chosen, name) for name in ("steps", "guidance", "side", "negative")}
