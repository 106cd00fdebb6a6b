"""Pictures for a model: a cell of `datasets` in, upright RGB of bounded size out; the same pixels for a local model and for a server."""

import base64
import hashlib
import io
import struct
from contextlib import suppress
from typing import Final

from PIL import Image, ImageOps

from hf_regional.encoding import ImageSource, image_key, open_image
from hf_regional.encoding.headers import read_content, read_header

_ODD_EXIF: Final = (OSError, SyntaxError, ValueError, TypeError, KeyError, EOFError, struct.error)
_QUICK: Final = 1  # of zlib's levels: a picture is sent once, and often within one machine


def load_picture(source: ImageSource, longest_side: int | None = None) -> Image.Image:
    """Open, turn as the EXIF says, and shrink.

    Args:
        source: a cell, or an open picture.
        longest_side: in pixels; larger pictures are shrunk to it, smaller ones stay. Null leaves all as they are.

    Raises:
        BadRowError: it cannot be read, or is a decompression bomb.
    """
    read_header(source)  # bombs are refused before a pixel is unpacked
    image = _upright(open_image(source))
    image.info.clear()  # pixels alone go on: a file's metadata says where and by whom it was taken
    if longest_side and max(image.size) > longest_side:
        image.thumbnail((longest_side, longest_side), Image.Resampling.BICUBIC)
    return image


def data_url(image: Image.Image) -> str:
    """A picture as `data:image/png;base64,...`, without loss."""
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=_QUICK)
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def picture_digest(source: ImageSource) -> str:
    """SHA-256, 64 hex digits, of what a cell holds or points to.

    Raises:
        BadRowError: the cell is empty, or the file is not there.
    """
    return image_key(source) if isinstance(source, Image.Image) else hashlib.sha256(read_content(source)).hexdigest()


def _upright(image: Image.Image) -> Image.Image:
    with suppress(*_ODD_EXIF):  # metadata that cannot be read asks for no turn
        return ImageOps.exif_transpose(image)
    return image
