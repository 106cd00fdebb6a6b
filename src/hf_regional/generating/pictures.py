"""Pictures for a model: a cell of `datasets` in, upright RGB of bounded size out, and that as a server takes it."""

import base64
import hashlib
import io
from contextlib import suppress
from typing import Any, Final

from PIL import Image, ImageOps

from hf_regional.encoding import ImageSource, image_key
from hf_regional.encoding.headers import BROKEN, open_checked, read_content

_PNG: Final[dict[str, Any]] = {"compress_level": 1}
_JPEG: Final[dict[str, Any]] = {"quality": 95, "subsampling": 0}


def load_picture(source: ImageSource, longest_side: int | None = None) -> Image.Image:
    """Open, turn as the EXIF says, and shrink.

    Args:
        source: a cell, or an open picture.
        longest_side: in pixels; larger pictures are shrunk to it, smaller ones stay. Null leaves all as they are.

    Raises:
        BadRowError: it cannot be read, or is a decompression bomb.
    """
    image = _upright(open_checked(source))
    image.info.clear()  # pixels alone go on: a file's metadata says where and by whom it was taken
    if longest_side and max(image.size) > longest_side:
        image.thumbnail((longest_side, longest_side), Image.Resampling.BICUBIC)
    return image


def data_url(image: Image.Image, *, lossless: bool = False) -> str:
    """A picture as `data:image/...;base64,...`: JPEG of quality 95 with whole colours, or PNG.

    A photograph of 1,024 x 768 pixels takes 2 ms and 0.2 MB as JPEG, 43 ms and 1.3 MB as PNG.
    """
    out = io.BytesIO()
    kind, how = ("PNG", _PNG) if lossless else ("JPEG", _JPEG)
    image.save(out, kind, **how)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"


def picture_digest(source: ImageSource) -> str:
    """SHA-256, 64 hex digits, of what a cell holds or points to.

    Raises:
        BadRowError: the cell is empty, or the file is not there.
    """
    return image_key(source) if isinstance(source, Image.Image) else hashlib.sha256(read_content(source)).hexdigest()


def _upright(image: Image.Image) -> Image.Image:
    with suppress(*BROKEN):  # metadata that cannot be read asks for no turn
        return ImageOps.exif_transpose(image)
    return image
