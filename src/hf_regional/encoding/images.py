"""Pictures as `datasets` keeps them: a struct of bytes and path, opened only when a model needs the pixels."""

import hashlib
import io
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

from PIL import Image

from hf_regional.errors import BadRowError

# What an undecoded `datasets.Image` cell holds: {"bytes": bytes | None, "path": str | None}; or an open picture.
ImageSource = Mapping[str, object] | Image.Image


# Pillow raises OSError for most broken files, and lets the others of its decoders through.
_BROKEN: Final = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)


def image_key(source: ImageSource) -> str:
    """What makes two cells the same picture: the path where the bytes are not inline, else the digest of the bytes.

    Raises:
        BadRowError: the cell is empty.
    """
    if isinstance(source, Image.Image):
        # The same bytes are another picture in another shape.
        return hashlib.sha256(f"{source.mode} {source.size} ".encode() + source.tobytes()).hexdigest()
    content, path = _content_of(source)
    return hashlib.sha256(content).hexdigest() if content is not None else str(path)


def open_image(source: ImageSource) -> Image.Image:
    """The picture in RGB.

    Raises:
        BadRowError: the cell is empty, or the bytes or the file are no picture.
    """
    if isinstance(source, Image.Image):
        return source.convert("RGB")
    content, path = _content_of(source)
    try:
        with Image.open(io.BytesIO(content) if content is not None else Path(str(path))) as image:
            return image.convert("RGB")
    except _BROKEN as error:
        raise BadRowError(f"the picture {path or '(inline bytes)'} cannot be opened: {error}. Repair or remove its row.") from error


def _content_of(source: Mapping[str, object] | None) -> tuple[bytes | None, str | None]:
    cell = source or {}
    content, path = cast("bytes | None", cell.get("bytes")), cast("str | None", cell.get("path"))
    if content is None and path is None:
        raise BadRowError("a row has no picture: its image cell holds neither bytes nor a path. Remove the row.")
    return content, path
