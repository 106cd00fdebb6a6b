"""Thumbnails: one encoded image in, its grey thumbnail of 32 pixels a side and its colours out, or the name of what is wrong with it.

Decoding is nearly all of the cost of finding duplicates, so a JPEG is decoded at the smallest scale that its format offers for
nothing (Pillow's draft mode) and that still leaves the resampling something to do.
"""

import io
import struct
import zlib
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from hf_regional.filtering.duplicates.hashing import SIDE

EMPTY: Final = "empty"  # no bytes, or no pixels
MISSING: Final = "missing-file"
BOMB: Final = "bomb"  # more pixels than `PIL.Image.MAX_IMAGE_PIXELS`
UNREADABLE: Final = "unreadable"

# What Pillow decodes by itself. Without a list it would try all it knows, and start Ghostscript for PostScript.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF", "JPEG2000", "PPM", "ICO", "TGA")
# Pillow raises OSError for most broken files, and lets the others of its decoders through: RuntimeError is AVIF's, MemoryError comes
# of sizes that a broken header claims. Found by damaging files of every format.
_BROKEN: Final = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError),
    *(RuntimeError, AssertionError, MemoryError, struct.error, zlib.error),
)
_CELLS: Final = 4  # fields a side of which the colour is kept
NEUTRAL: Final = np.full(2 * _CELLS**2, 128, np.uint8)
_BOMBS: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_DRAFT: Final = 4 * SIDE
_DEEP: Final = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")  # Pillow would cut their values off at 255
_ORIENTATION: Final = 0x0112
_TURNS: Final = {  # EXIF 2.32, tag 274: how to turn the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Thumbnail(NamedTuple):
    """One image.

    pixels: (32, 32) uint8, grey, upright; null where there is a fault. fault: "empty", "missing-file", "bomb" or "unreadable".
    colours: (32,) uint8, see `colours_of`. area: pixels of the whole image. oddities: what took a detour and was read all the same:
    "frames" (an animation: its first), "cmyk", "deep" (16 or 32 bits: stretched to 8), "transparent" (laid on white), "turned"
    (upright by its EXIF tag).
    """

    pixels: np.ndarray | None
    fault: str | None = None
    colours: np.ndarray = NEUTRAL
    area: int = 0
    oddities: tuple[str, ...] = ()


def thumbnail(source: bytes | Path) -> Thumbnail:
    """Read an image far enough to hash it; `PIL.Image.DecompressionBombWarning` should be an error while this runs."""
    if isinstance(source, bytes) and not source:
        return Thumbnail(None, EMPTY)
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=_formats()) as image:
            return _shrunk(image)
    except FileNotFoundError:
        return Thumbnail(None, MISSING)
    except _BOMBS:
        return Thumbnail(None, BOMB)
    except _BROKEN:
        return Thumbnail(None, UNREADABLE)


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)  # a build of Pillow may lack one, and would fail at all files


def colours_of(image: Image.Image) -> np.ndarray:
    """What colours are where, (32,) uint8: red against green, then blue against both, in 4 by 4 fields, row by row; 128 is neutral.

    The hash is of grey values alone: the flags of France and Italy are one to it, and so are the same cloth in red and in green.
    Divided by the sum of the channels, a colour stays what it is when the picture is brightened; 64 keeps the dark from being noise.
    """
    red, green, blue = np.moveaxis(np.asarray(image.resize((_CELLS, _CELLS), Image.Resampling.BOX), np.float64), 2, 0)
    against = np.stack([red - green, blue - (red + green) / 2], axis=-1) / (red + green + blue + 64)[..., None]
    return np.rint(128 + 127 * against).astype(np.uint8).ravel()


def _shrunk(image: Image.Image) -> Thumbnail:
    area = image.width * image.height
    if not area:
        return Thumbnail(None, EMPTY)
    animated = image.format != "MPO" and getattr(image, "is_animated", False)  # a phone's MPO holds a photo and its depth
    image.draft("RGB", (_DRAFT, _DRAFT))
    flat, detour = _flat(image)
    turn = _TURNS.get(_orientation(image))  # after the pixels: of a PNG it would load them, and hide what is wrong with them
    colours, grey = (flat, flat.convert("L")) if flat.mode == "RGB" else (None, flat)
    grey = grey.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    if turn is not None:
        grey, colours = grey.transpose(turn), colours and colours.transpose(turn)
    named = (("frames", animated), (detour, detour), ("turned", turn is not None))
    oddities = tuple(name for name, holds in named if name and holds)
    return Thumbnail(_as_bytes(np.asarray(grey)), None, NEUTRAL if colours is None else colours_of(colours), area, oddities)


def _flat(image: Image.Image) -> tuple[Image.Image, str | None]:
    """The image in mode RGB, L, or F where it is deep, and what it took to get there."""
    if image.mode in _DEEP:
        return Image.fromarray(np.nan_to_num(np.asarray(image, np.float32))), "deep"
    if image.has_transparency_data:
        colours = image.convert("RGBA")
        page = Image.new("RGBA", colours.size, "white")
        return Image.alpha_composite(page, colours).convert("RGB"), "transparent"
    if image.mode in ("L", "1"):
        return image.convert("L"), None
    return image.convert("RGB"), "cmyk" if image.mode == "CMYK" else None


def _as_bytes(grey: np.ndarray) -> np.ndarray:
    """Stretch a deep thumbnail over 0 to 255: nobody says how deep its values go, and the hash is of differences alone."""
    if grey.dtype == np.uint8:
        return grey
    spread = float(grey.max() - grey.min())
    return np.rint((grey - grey.min()) * (255 / spread if spread else 0)).astype(np.uint8)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except _BROKEN:  # a broken tag does not make a broken picture
        return 1
