"""EXIF: the bytes of a picture in; where it was taken, or the same picture without what tells that and whose it is, out."""

import io
import math
import struct
import warnings
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

from PIL import Image

from hf_regional.errors import BadRowError

_GPS, _ORIENTATION = 0x8825, 0x0112
# Pillow raises OSError for most broken files and lets the others of its readers through.
_BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    ArithmeticError,
    TypeError,
    KeyError,
    Image.DecompressionBombError,
)
_PNG: Final = b"\x89PNG\r\n\x1a\n"
# Keywords of texts in PNG files that hold what JPEG has in its segments.
_PNG_PROFILES: Final = (b"XML:com.adobe.xmp\0", b"Raw profile type ")
_JPEG_PERSONAL: Final = (0xE1, 0xED)  # EXIF and XMP; IPTC
_WEBP_PERSONAL: Final = (b"EXIF", b"XMP ")
_WEBP_FLAGS: Final = 0x08 | 0x04  # "has EXIF", "has XMP"


def exif_position(content: bytes) -> tuple[float, float] | None:
    """Read latitude and longitude in degrees from a picture's EXIF; None where there are none, or none that can be read.

    The pixels are not decoded.
    """
    return position_of(_ifd(content, _GPS))


def gps_tags(image: Image.Image, stream: BinaryIO) -> dict[int, Any]:
    """What the EXIF of a picture that was opened from a stream says of its place, by tag; nothing where it cannot be read."""
    try:
        return dict(_exif(image, stream).get_ifd(_GPS))
    except _BROKEN:
        return {}


def position_of(tags: Mapping[int, Any]) -> tuple[float, float] | None:
    """Latitude and longitude in degrees from the tags of `gps_tags`; None where they tell none."""
    if not {1, 2, 3, 4} <= tags.keys():
        return None
    try:
        latitude, longitude = _degrees(tags[2], tags[1], "S"), _degrees(tags[4], tags[3], "W")
    except _BROKEN:
        return None
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def strip_position(content: bytes) -> bytes:
    """Take EXIF, XMP and IPTC out of a JPEG, PNG or WebP file, and what follows its picture, without touching a pixel.

    The colour profile stays, and of EXIF the way up, without which the picture would lie on its side. Other kinds of files pass as they
    are if they tell no position.

    Raises:
        BadRowError: a file of another kind tells a position, or a file is cut short where these data stand.
    """
    up = _ifd(content, None).get(_ORIENTATION, 1)
    orientation = up if isinstance(up, int) and 1 < up <= 8 else None
    if content.startswith(b"\xff\xd8"):
        return b"".join(_jpeg(content, orientation))
    if content.startswith(_PNG):
        return b"".join(_png(content, orientation))
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return _webp(content, orientation)
    if exif_position(content) is not None:
        raise BadRowError(
            "a picture tells where it was taken, and is neither JPEG nor PNG nor WebP: convert it, so that this can be taken out."
        )
    return content


def _ifd(content: bytes, place: int | None) -> dict[int, Any]:
    """The tags of one directory of EXIF, the main one for null; nothing where it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on corrupt EXIF, and on sizes that matter only to who decodes them
            stream = io.BytesIO(content)
            with Image.open(stream) as image:
                exif = _exif(image, stream)
                return dict(exif if place is None else exif.get_ifd(place))
    except _BROKEN:
        return {}


def _exif(image: Image.Image, stream: BinaryIO) -> Image.Exif:
    """The EXIF of a picture. Pillow decodes a whole PNG in search of a chunk behind its pixels: we look for the chunk."""
    if image.format != "PNG" or "Raw profile type exif" in image.info:
        return image.getexif()
    exif = Image.Exif()
    for kind, start, size in png_chunks(stream):
        if kind == b"eXIf":
            stream.seek(start)
            exif.load(b"Exif\0\0" + stream.read(size))
    return exif


def png_chunks(stream: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """The chunks of a PNG: kind, where its content begins, and how long that says it is; up to its end or the file's."""
    at = len(_PNG)
    stream.seek(at)
    while len(head := stream.read(8)) == 8:
        size = int.from_bytes(head[:4], "big")
        yield head[4:], at + 8, size
        if head[4:] == b"IEND":
            return
        at += 12 + size
        stream.seek(at)


def _degrees(parts: Any, side: Any, negative: str) -> float:
    """Degrees, minutes and seconds as one number; OverflowError, TypeError, ValueError or ZeroDivisionError where they are none."""
    degrees = math.fsum(float(part) / 60**power for power, part in enumerate(parts))
    if not math.isfinite(degrees):
        raise ValueError(f"{parts} are no degrees")
    letter = side.decode("ascii", "replace") if isinstance(side, bytes) else str(side)
    return -degrees if letter.strip("\0 ").upper() == negative else degrees


def _exif_of(orientation: int) -> bytes:
    """EXIF that says which way is up, and nothing else."""
    return b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHHI", _ORIENTATION, 3, 1, orientation, 0, 0)


def _jpeg(content: bytes, orientation: int | None) -> Iterator[bytes]:
    yield content[:2]
    at = 2
    if orientation:
        # After the JFIF header, which wants to be first.
        if content[2:4] == b"\xff\xe0":
            at = _end_of_segment(content, 2)
            yield content[2:at]
        exif = b"Exif\0\0" + _exif_of(orientation)
        yield b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    while at < len(content):
        if content[at] != 0xFF:
            raise BadRowError(f"a JPEG file is damaged at byte {at}: no marker stands there. Repair or remove its row.")
        marker = content[at + 1] if at + 1 < len(content) else 0xD9
        if marker == 0xFF:  # filling
            at += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:  # stands alone
            yield content[at : at + 2]
            at += 2
            continue
        if marker == 0xD9:
            yield b"\xff\xd9"
            return
        end = _end_of_segment(content, at)
        if marker not in _JPEG_PERSONAL and not (marker == 0xE2 and content[at + 4 : at + 8] == b"MPF\0"):
            yield content[at:end]
        at = end
        if marker == 0xDA:
            end = _end_of_scan(content, at)
            yield content[at:end]
            at = end


def _end_of_segment(content: bytes, at: int) -> int:
    end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    if end > len(content) or end < at + 4:
        raise BadRowError(f"a JPEG file is cut short or damaged at byte {at}. Repair or remove its row.")
    return end


def _end_of_scan(content: bytes, at: int) -> int:
    """Where the next marker stands that is no part of the pixels' code; the end of a file that is cut short."""
    while (at := content.find(b"\xff", at)) != -1 and at + 1 < len(content):
        following = content[at + 1]
        if following != 0 and not 0xD0 <= following <= 0xD7:
            return at
        at += 2
    return len(content)


def _png(content: bytes, orientation: int | None) -> Iterator[bytes]:
    yield _PNG
    at = len(_PNG)
    while at < len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        kind, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + 64]
        if kind != b"eXIf" and not (kind in {b"tEXt", b"zTXt", b"iTXt"} and body.startswith(_PNG_PROFILES)):
            yield content[at:end]
        if kind == b"IHDR" and orientation:
            yield _png_chunk(b"eXIf", _exif_of(orientation))
        if kind == b"IEND":
            return
        at = end


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _webp(content: bytes, orientation: int | None) -> bytes:
    chunks = [(kind, body) for kind, body in _riff(content) if kind not in _WEBP_PERSONAL]
    if chunks and chunks[0][0] == b"VP8X" and chunks[0][1]:
        flags = chunks[0][1][0] & ~_WEBP_FLAGS
        if orientation:
            chunks.append((b"EXIF", _exif_of(orientation)))
            flags |= 0x08
        chunks[0] = (b"VP8X", bytes([flags]) + chunks[0][1][1:])
    body = b"".join(kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _riff(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, end = 12, min(len(content), 8 + int.from_bytes(content[4:8], "little"))
    while at + 8 <= end:
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        yield content[at : at + 4], content[at + 8 : min(at + 8 + size, end)]
        at += 8 + size + size % 2
