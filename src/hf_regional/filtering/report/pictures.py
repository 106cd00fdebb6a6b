"""Pictures: the cell of a picture in; a thumbnail that any browser shows, or a note why there is none, out."""

import io
import struct
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from PIL import Image, ImageOps

SIDE: Final = 160  # pixels, of the longer side
_MOST_BYTES: Final = 64 << 20  # of a picture as it lies in a file
_MOST_PIXELS: Final = 100_000_000  # 300 MB once decoded; a photograph of 2026 has 50 to 200 million at the very most
_QUALITY: Final = 78
# What Pillow decodes by itself: with all it knows it would start Ghostscript for PostScript.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF", "JPEG2000", "PPM", "ICO", "TGA")
# Pillow raises OSError for most broken files, and lets the others of its decoders through.
_BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    struct.error,
    zlib.error,
)
_BOMBS: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class Picture:
    """A thumbnail as JPEG without any metadata and its size in pixels; or a note where there is none."""

    jpeg: bytes | None = None
    width: int = 0
    height: int = 0
    note: str = ""


def thumbnail(cell: object) -> Picture:
    """Shrink a picture to 160 pixels a side at most; what it takes in memory is known before it is decoded.

    Args:
        cell: `{"bytes": ..., "path": ...}` as `datasets` keeps pictures, encoded bytes, a path, an open picture, or null. A path is
            read where it is a file of this machine; nothing is fetched.

    >>> thumbnail(b"no picture").note
    'unreadable picture'
    """
    small = shrunk(cell, SIDE)
    if isinstance(small, str):
        return Picture(note=small)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return Picture(out.getvalue(), *small.size)


def shrunk(cell: object, side: int) -> Image.Image | str:
    """The picture upright, on white, in RGB, at most so many pixels a side and without any metadata; or a note why there is none."""
    if isinstance(cell, Image.Image):
        return _guarded(lambda: cell, side)
    content, path = _content(cell)
    if content is None and path is None:
        return "no picture"
    if content is None:
        return _from_file(Path(str(path)), side)
    if len(content) > _MOST_BYTES:
        return f"picture of {len(content) >> 20:,} MB: too large to show"
    return _guarded(lambda: Image.open(io.BytesIO(content), formats=_FORMATS), side)


def _content(cell: object) -> tuple[bytes | None, str | None]:
    if isinstance(cell, Mapping):
        record = cast("Mapping[str, object]", cell)
        return _content(record.get("bytes"))[0], cast("str | None", record.get("path"))
    if isinstance(cell, bytes | bytearray | memoryview):
        return bytes(cast("bytes", cell)) or None, None
    return None, cell if isinstance(cell, str) else None


def _from_file(path: Path, side: int) -> Image.Image | str:
    try:
        is_file = path.is_file()  # no pipe, no device: those never end
    except (OSError, ValueError):
        is_file = False
    if not is_file:
        return "picture is not here, only its path"
    if path.stat().st_size > _MOST_BYTES:
        return f"picture of {path.stat().st_size >> 20:,} MB: too large to show"
    return _guarded(lambda: Image.open(path, formats=_FORMATS), side)


def _guarded(opened: Any, side: int) -> Image.Image | str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow has to say of odd files; of bombs the size in the header tells
            return _shrunk(opened(), side)
    except _BOMBS:
        return "picture with too many pixels to open"
    except _BROKEN:
        return "unreadable picture"


def _shrunk(image: Image.Image, side: int) -> Image.Image | str:
    width, height = image.size
    if width * height > _MOST_PIXELS:
        return f"picture of {width:,} × {height:,} pixels: too large to open"
    image.draft("RGB", (2 * side, 2 * side))  # a JPEG is decoded at a smaller scale for nothing
    upright = ImageOps.exif_transpose(image)
    small = _on_white(upright)
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    # Pixels alone go on: EXIF may say where somebody lives.
    return Image.frombytes("RGB", small.size, small.tobytes())


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    colours = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours).convert("RGB")
