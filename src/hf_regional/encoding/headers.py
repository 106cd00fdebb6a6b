"""Headers: a picture as `datasets` keeps it in, its format and size out, without decoding a pixel; then the picture, if it is one."""

import io
import struct
import threading
import warnings
import zlib
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from PIL import Image

from hf_regional.encoding.images import ImageSource, open_image
from hf_regional.errors import BadRowError

# What Pillow raises for a broken file: OSError mostly, and what its decoders let through (RuntimeError of AVIF and DDS).
BROKEN: Final = (
    *(OSError, SyntaxError, ValueError, EOFError, RuntimeError, LookupError, TypeError, ArithmeticError),
    *(struct.error, zlib.error),
)
_PROGRAMS: Final = frozenset({"EPS"})  # Pillow has Ghostscript run them
_BOMBS: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_FILTERS: Final = threading.Lock()  # the filters of `warnings` are the process's


@dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes of a picture say. Width and height are as stored, before any turn that its EXIF asks for."""

    format: str | None  # as Pillow names it: "JPEG"; null for a picture that is open already
    width: int
    height: int


def read_header(source: ImageSource) -> Header:
    """Read the header of a picture.

    Raises:
        BadRowError: the cell is empty, the file is not there, it is no picture, or it unpacks to more pixels than
            `PIL.Image.MAX_IMAGE_PIXELS` (89 million unless changed), at which Pillow warns and a bomb may begin.
    """
    if isinstance(source, Image.Image):
        return Header(source.format, *source.size)
    try:
        with _stream(source) as stream, _FILTERS, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(stream) as image:
                header = Header(image.format, *image.size)
    except FileNotFoundError as error:
        raise BadRowError(f"the picture {source['path']} is not there. Fetch it, or remove its row.") from error
    except _BOMBS as error:
        limit = f"more pixels than PIL.Image.MAX_IMAGE_PIXELS ({Image.MAX_IMAGE_PIXELS:,})"
        raise BadRowError(f"the picture {_name(source)} unpacks to {limit}. Shrink it, raise that limit, or remove its row.") from error
    except BROKEN as error:
        raise BadRowError(f"the picture {_name(source)} cannot be read: {error}. Repair or remove its row.") from error
    if header.format in _PROGRAMS:
        raise BadRowError(f"the picture {_name(source)} is a program in {header.format}, which is not run. Convert it, or remove its row.")
    return header


def open_checked(source: ImageSource) -> Image.Image:
    """The picture in RGB, when its header has been found harmless.

    Raises:
        BadRowError: as `read_header`, and where its pixels cannot be decoded.
    """
    read_header(source)
    try:
        return open_image(source)
    except BadRowError:
        raise
    except BROKEN as error:
        raise BadRowError(f"the picture {_name(source)} cannot be decoded: {error}. Repair or remove its row.") from error


def read_content(source: ImageSource) -> bytes:
    """The file of a picture, whole.

    Raises:
        BadRowError: the cell is empty or an open picture, or the file is not there.
    """
    if isinstance(source, Image.Image):
        raise BadRowError("the picture is open already and has no file.")
    try:
        with _stream(source) as stream:
            return stream.read()
    except OSError as error:
        raise BadRowError(f"the picture {source['path']} cannot be read: {error.strerror}. Fetch it, or remove its row.") from error


def _stream(source: ImageSource) -> AbstractContextManager[Any]:
    cell = cast("dict[str, Any]", source or {})
    content, path = cell.get("bytes"), cell.get("path")
    if content is not None:
        return nullcontext(io.BytesIO(content))
    if path is None:
        raise BadRowError("a row has no picture: its image cell holds neither bytes nor a path. Remove the row.")
    return Path(str(path)).open("rb")


def _name(source: Any) -> str:
    return str(source.get("path") or "(inline bytes)")
