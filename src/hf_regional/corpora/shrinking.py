"""Shrinking: rows with pictures of any size in; the same rows, in order, no picture's side longer than asked, out.

Decoding is nearly all of the cost, so a JPEG is decoded at the smallest scale that its format offers for nothing (Pillow's draft
mode) and that still leaves the resampling something to do; threads decode ahead of the row that is being written, a few rows only.
"""

import io
import os
import struct
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import PurePath
from typing import Any, Final

from PIL import Image

Keyed = tuple[str, dict[str, Any]]

# What Pillow decodes by itself. Without a list it would try all it knows, and start Ghostscript for PostScript.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF", "JPEG2000", "PPM", "ICO", "TGA")
# Format read -> format written and its options. All others become PNG, which loses nothing.
_WRITTEN: Final[dict[str | None, tuple[str, dict[str, int]]]] = {
    "JPEG": ("JPEG", {"quality": 90}),
    "MPO": ("JPEG", {"quality": 90}),
    "WEBP": ("WEBP", {"quality": 90}),
}
_AS_PNG: Final = {"L": "L", "RGB": "RGB", "RGBA": "RGBA", "I": "I;16"}  # mode -> that in which a PNG holds it, "RGB" for all others
_FULL: Final = {
    "1": "L",
    "P": "RGBA",
    "PA": "RGBA",
    "LA": "RGBA",
    "La": "RGBA",
    "I;16": "I",
    "I;16B": "I",
    "I;16L": "I",
}  # Pillow resamples none of these
# A drafted JPEG of 1.5 times the target and more is 46 dB from a full decode, beyond what quality 90 keeps; at 1 nothing may be left
# to resample.
_GAP: Final = 1.5
# Pillow raises OSError for most broken files, and lets the others of its decoders through.
_BROKEN: Final = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError),
    *(RuntimeError, MemoryError, struct.error, zlib.error, Image.DecompressionBombError),
)
_CORES: Final = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_THREADS: Final = min(8, _CORES)  # Pillow lets go of the interpreter's lock while it decodes and resizes
_AHEAD: Final = 8 * _THREADS  # rows: enough that a large picture does not keep the others waiting


def shrink(cell: Any, side: int) -> Any | None:
    """Shrink a picture so that its longer side is `side` pixels; one that is smaller stays as it is, byte for byte.

    EXIF data and the colour profile come along, so that the picture still stands upright and the place in it is not lost.

    Args:
        cell: {"bytes", "path"}, bytes or a path.
        side: pixels.

    Returns:
        the cell itself, or {"bytes", "path"}: a JPEG for a JPEG, a WebP for a WebP, else a PNG. None where it cannot be decoded.

    >>> shrink(b"no picture", 384) is None
    True
    """
    source, name = _opened(cell)
    if source is None:
        return None
    try:
        with Image.open(source, formats=_FORMATS) as picture:
            if max(picture.size) <= side:
                return cell
            small = _decoded(picture, side)
    except _BROKEN:
        return None
    return {"bytes": _encoded(small, picture), "path": name}


def shrink_rows(rows: Iterator[Keyed], column: str, side: int) -> Iterator[Keyed]:
    """Shrink the pictures of rows in several threads; rows come back in order, with None where a picture cannot be decoded."""
    waiting: deque[tuple[str, dict[str, Any], Future[Any]]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        for key, row in rows:
            waiting.append((key, row, pool.submit(shrink, row[column], side)))
            if len(waiting) > _AHEAD:
                yield _finished(*waiting.popleft(), column)
        while waiting:
            yield _finished(*waiting.popleft(), column)


def _finished(key: str, row: dict[str, Any], picture: Future[Any], column: str) -> Keyed:
    return key, {**row, column: picture.result()}


def _opened(cell: Any) -> tuple[Any, str | None]:
    match cell:
        case {"bytes": bytes(data), **rest}:
            path = rest.get("path")
        case bytes(data):
            path = None
        case {"path": str(path)} | str(path):
            return path, PurePath(path).name
        case _:
            return None, None
    return io.BytesIO(data), PurePath(path).name if path else None


def _decoded(picture: Image.Image, side: int) -> Image.Image:
    if picture.mode in _FULL:
        picture = picture.convert(_FULL[picture.mode])
    picture.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=_GAP)  # drafts first, where the format can
    return picture


def _encoded(small: Image.Image, picture: Image.Image) -> bytes:
    """The bytes of a small picture, in the format of the one that it was made from and with what that says of itself."""
    kind, options = _WRITTEN.get(picture.format, ("PNG", {}))
    if kind == "PNG":
        small = small.convert(_AS_PNG.get(small.mode, "RGB"))
    kept = {name: picture.info[name] for name in ("exif", "icc_profile") if picture.info.get(name)}
    data = io.BytesIO()
    small.save(data, kind, **options, **kept)
    return data.getvalue()
