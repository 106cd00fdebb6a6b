"""Pictures as `datasets` keeps them: a struct of bytes and path, opened only when a model needs the pixels."""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from PIL import Image

from hf_regional.errors import BadRowError

# What an undecoded `datasets.Image` cell holds: {"bytes": bytes | None, "path": str | None}; or an open picture.
ImageSource = Mapping[str, object] | Image.Image


def image_key(source: ImageSource) -> str:
    """What makes two cells the same picture: the path where the bytes are not inline, else the digest of the bytes."""
    if isinstance(source, Image.Image):
        return hashlib.sha256(source.tobytes()).hexdigest()
    content = cast("bytes | None", source.get("bytes"))
    return hashlib.sha256(content).hexdigest() if content is not None else str(source["path"])


def open_image(source: ImageSource) -> Image.Image:
    """The picture in RGB.

    Raises:
        BadRowError: the bytes or the file are no picture.
    """
    if isinstance(source, Image.Image):
        return source.convert("RGB")
    content = cast("bytes | None", source.get("bytes"))
    path = cast("str | None", source.get("path"))
    try:
        with Image.open(io.BytesIO(content) if content is not None else Path(str(path))) as image:
            return image.convert("RGB")
    except OSError as error:
        raise BadRowError(f"the picture {path or '(inline bytes)'} cannot be opened: {error}. Repair or remove its row.") from error
