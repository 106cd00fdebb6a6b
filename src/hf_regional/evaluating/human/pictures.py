"""Pictures for raters: a picture as anyone keeps it in; a JPEG that holds its pixels and nothing that tells of its maker out."""

import io
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

from PIL import Image, ImageOps

from hf_regional.errors import BadRowError
from hf_regional.evaluating.human.items import Picture

SIDE: Final = 1600  # pixels of the longer side: more than a rater's screen shows
_QUALITY: Final = 95
_MOST_PIXELS: Final = 200_000_000
# What Pillow decodes by itself: with all it knows it would start Ghostscript for PostScript.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF", "JPEG2000", "PPM")
# Pillow raises OSError for most broken files, and lets the others of its decoders through.
_BROKEN: Final = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)


def write_picture(picture: Picture, file: Path, *, whose: str) -> None:
    """Write a picture's pixels as JPEG, upright, on white, 1,600 pixels a side at most; no EXIF, no name, no profile.

    Every model's pictures get the same format and quality, so that neither gives a model away.

    Args:
        picture: a file, encoded bytes, `{"bytes": ..., "path": ...}`, or an open picture.
        file: where to.
        whose: item and model, for the message.

    Raises:
        BadRowError: it is empty, no picture, or larger than 200 million pixels.
    """
    try:
        pixels = _pixels(_opened(picture))
    except _BROKEN as error:
        raise BadRowError(f"{whose}: the picture cannot be opened: {error}. Repair it, or leave the item out.") from error
    pixels.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    # Made anew from the bytes: an image keeps in .info what its file said of itself, and encoders write that on.
    bare = Image.frombytes("RGB", pixels.size, pixels.tobytes())
    bare.save(file, "JPEG", quality=_QUALITY, subsampling=0, optimize=True)


def _opened(picture: Picture) -> Image.Image:
    if isinstance(picture, Image.Image):
        return picture
    if isinstance(picture, Mapping):
        content, path = cast("bytes | None", picture.get("bytes")), cast("str | None", picture.get("path"))
        if content is None and path is None:
            raise ValueError("its cell holds neither bytes nor a path")
        return _opened(content if content is not None else Path(str(path)))
    return Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture, formats=_FORMATS)


def _pixels(image: Image.Image) -> Image.Image:
    width, height = image.size
    if width * height > _MOST_PIXELS:
        raise ValueError(f"{width:,} × {height:,} pixels")
    upright = ImageOps.exif_transpose(image)
    if not upright.has_transparency_data:
        return upright.convert("RGB")
    colours = upright.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours).convert("RGB")
