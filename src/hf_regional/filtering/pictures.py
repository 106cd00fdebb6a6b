"""Pictures: a column of them in; what the first bytes of each tell, and the column without the places that they tell, out.

Is it a picture, is it whole, where was it taken: no pixel is decoded for that.
"""

import io
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import compute

from hf_regional.encoding.headers import BROKEN
from hf_regional.errors import BadRowError, ConfigError
from hf_regional.filtering.consent.nested import SEP, Surgery, is_list, rebuild
from hf_regional.filtering.evidence.exif import gps_tags, png_chunks, position_of, strip_position

Rows = TypeVar("Rows", pa.Table, pa.RecordBatch)

pc: Any = compute  # its functions are made at import, out of a type checker's sight

# What is wrong with a picture, in the words of `duplicates.thumbnails`, which opens it whole.
EMPTY, BOMB, UNREADABLE, CUT_SHORT = "empty", "bomb", "unreadable", "cut-short"
STUCK: Final = "position"  # that cannot be taken out
# What is done with a position, as the report counts it.
TAKEN_OUT, LEFT_IN_FILE = "position", "position left in the file at the path"
_BOMBS: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_PROGRAMS: Final = ("EPS",)  # Pillow has Ghostscript run them
_END_OF_JPEG: Final = b"\xff\xd9"
_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # none of these ends a scan
_IN_XMP: Final = "GPSLatitude"
_TEXTS: Final = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_BYTES: Final = (pa.types.is_binary, pa.types.is_large_binary)


class Seen(NamedTuple):
    """One picture: what is wrong with it; latitude and longitude in degrees; whether it tells a position anywhere, readable or not."""

    fault: str | None = None
    position: tuple[float, float] | None = None
    tells: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """The k pictures of a column; null cells hold none, and a path that leads nowhere is left to who opens it.

    row: (k,) int64, ascending. fault: k words, null for none. latitude, longitude: (k,) float64 degrees, NaN for none. tells: (k,) bool.
    is_file: (k,) bool, whether the picture is a file of the user's rather than bytes in the row.
    """

    row: np.ndarray
    fault: tuple[str | None, ...]
    latitude: np.ndarray
    longitude: np.ndarray
    tells: np.ndarray
    is_file: np.ndarray


def is_pictures(kind: pa.DataType) -> bool:
    """Whether a type can hold the bytes of pictures: `datasets.Image`, bytes, or lists of either."""
    while is_list(kind):
        kind = kind.value_type
    names = {kind.field(place).name for place in range(kind.num_fields)} if pa.types.is_struct(kind) else set[str]()
    return "bytes" in names or any(test(kind) for test in _BYTES)


def look_at(column: pa.Array | pa.ChunkedArray, name: str) -> Looked:
    """Look at the pictures of a column: as `datasets.Image` keeps them, bytes, paths as text, or lists of these.

    Raises:
        ConfigError: the column holds something else.
    """
    cells = [*_cells(column, name)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow has to say of odd files
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        looked = [(row, isinstance(cell, Path), seen) for row, cell in cells if (seen := _seen(cell)) is not None]
    degrees = np.array([seen.position or (np.nan, np.nan) for _, _, seen in looked], np.float64).reshape(len(looked), 2)
    return Looked(
        np.array([row for row, _, _ in looked], np.int64),
        tuple(seen.fault for _, _, seen in looked),
        degrees[:, 0],
        degrees[:, 1],
        np.array([seen.tells for _, _, seen in looked], np.bool_),
        np.array([is_file for _, is_file, _ in looked], np.bool_),
    )


def broken_pictures(looked: Mapping[str, Looked]) -> dict[tuple[str, str], np.ndarray]:
    """The rows (m,) with a broken picture, by column and what is wrong."""
    faults: dict[tuple[str, str], list[int]] = {}
    for name, one in looked.items():
        for place, fault in enumerate(one.fault):
            if fault is not None:
                faults.setdefault((name, fault), []).append(int(one.row[place]))
    return {key: np.unique(rows) for key, rows in faults.items()}


def strip_positions(
    rows: Rows, columns: Iterable[str], looked: Mapping[str, Looked]
) -> tuple[Rows, dict[tuple[str, str], np.ndarray], Counter[tuple[str, str]]]:
    """Take the positions out of the pictures of a batch.

    Args:
        rows: a table or a record batch.
        columns: those of pictures.
        looked: what was seen in them.

    Returns:
        The rows; those (m,) whose picture still tells a position that cannot be taken out, by column and fault; and pictures by column
        and what became of their position.
    """
    stuck: dict[tuple[str, str], np.ndarray] = {}
    moved: Counter[tuple[str, str]] = Counter()
    for name in columns:
        seen = looked.get(name)
        if seen is None or not seen.tells.any():
            continue
        moved[name, LEFT_IN_FILE] += int((seen.tells & seen.is_file).sum())
        inside = seen.tells & ~seen.is_file
        if inside.any():
            bare, changed = without_positions(rows[name], name)
            moved[name, TAKEN_OUT] += changed
            if changed < inside.sum():  # a kind of file that we cannot take apart, or a damaged one
                still = look_at(bare, name)
                stuck[name, STUCK] = np.unique(still.row[still.tells & ~still.is_file])
            place = rows.schema.get_field_index(name)
            rows = rows.set_column(place, rows.schema.field(name), bare)
    return rows, stuck, +moved


def without_positions(column: Any, name: str) -> tuple[Any, int]:
    """Take the positions out of a column of pictures, with all else that EXIF, XMP and IPTC say of who made those pictures.

    Pictures that tell none stay byte by byte as they are, and so do the user's files at paths, and those out of which nothing can be
    taken. Returns also how many were changed.
    """
    changed = 0

    def strip(array: pa.Array, path: str) -> pa.Array:
        nonlocal changed
        del path
        telling = [place for place in range(len(array)) if (seen := _seen(array[place].as_py())) is not None and seen.tells]
        bare = {place: content for place in telling if (content := _stripped(array[place].as_py())) is not None}
        changed += len(bare)
        if not bare:
            return array
        mask = np.zeros(len(array), np.bool_)
        mask[[*bare]] = True
        return pc.replace_with_mask(array, pa.array(mask), pa.array([*bare.values()], array.type))

    def never(array: pa.Array, path: str) -> None:
        del array, path

    inside = _innermost(column.type)
    surgery = Surgery(frozenset(), frozenset({f"{name}{SEP}bytes" if pa.types.is_struct(inside) else name}), strip, never)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        if isinstance(column, pa.Array):
            return rebuild(column, name, surgery), changed
        return pa.chunked_array([rebuild(chunk, name, surgery) for chunk in column.chunks], column.type), changed


def _stripped(content: bytes) -> bytes | None:
    try:
        bare = strip_position(content)
    except BadRowError:
        return None
    return bare if bare != content else None


def _innermost(kind: Any) -> pa.DataType:
    while is_list(kind):
        kind = kind.value_type
    return kind


def _cells(column: Any, name: str) -> Iterator[tuple[int, bytes | Path]]:
    first = 0
    for chunk in [column] if isinstance(column, pa.Array) else column.chunks:
        rows, flat = np.arange(first, first + len(chunk)), chunk
        while is_list(flat.type):
            rows = np.repeat(rows, pc.fill_null(pc.list_value_length(flat), 0).to_numpy(zero_copy_only=False))
            flat = flat.flatten()
        contents, paths = _parts(flat, name)
        for place, row in enumerate(rows.tolist()):
            if contents is not None and contents[place].is_valid:
                yield row, contents[place].as_py()
            elif paths is not None and paths[place].is_valid:
                yield row, Path(paths[place].as_buffer().to_pybytes().decode("utf-8", "surrogateescape"))
        first += len(chunk)


def _parts(flat: Any, name: str) -> tuple[Any, Any]:
    """The bytes and the paths of an array of pictures."""
    kind = flat.type
    if pa.types.is_null(kind):
        return None, None
    if pa.types.is_struct(kind):
        fields = dict(zip((kind.field(place).name for place in range(kind.num_fields)), flat.flatten(), strict=True))
        if "bytes" in fields or "path" in fields:
            return fields.get("bytes"), fields.get("path")
    if any(test(kind) for test in _BYTES):
        return flat, None
    if any(test(kind) for test in _TEXTS):
        return None, flat
    raise ConfigError(f"column {name!r} holds {kind}; pictures are structs of bytes and path, bytes, or paths.", "columns")


def _seen(cell: bytes | Path | None) -> Seen | None:
    if cell is None:
        return None
    if isinstance(cell, bytes):
        return _opened(io.BytesIO(cell)) if cell else Seen(EMPTY)
    try:
        if not cell.is_file():  # not there, or a pipe, on which one would wait for ever
            return None
        with cell.open("rb") as stream:
            return _opened(stream)
    except (OSError, ValueError):  # an address rather than a path
        return None


def _opened(stream: BinaryIO) -> Seen:
    try:
        with Image.open(stream) as image:
            if image.format in _PROGRAMS:
                return Seen(UNREADABLE)
            fault = CUT_SHORT if is_cut_short(stream, image.format) else None
            tags, xmp = gps_tags(image, stream), image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or ""
    except _BOMBS:
        return Seen(BOMB)
    except BROKEN:
        return Seen(UNREADABLE)
    return Seen(fault, position_of(tags), bool(tags) or _IN_XMP in (xmp if isinstance(xmp, str) else xmp.decode("utf-8", "replace")))


def is_cut_short(stream: BinaryIO, form: str | None) -> bool:
    """Whether a JPEG or a PNG (`form`, as Pillow calls it) ends before its own end, so that whoever decodes it fails.

    Pillow opens no WebP that does. The stream is read from any place, and left at another.
    """
    size = stream.seek(0, io.SEEK_END)
    if form == "PNG":
        return any(start + length > size for kind, start, length in png_chunks(stream) if kind == b"IDAT")
    if form not in ("JPEG", "MPO"):
        return False
    stream.seek(max(0, size - 2))
    return stream.read(2) != _END_OF_JPEG and _lacks_end(stream)


def _lacks_end(stream: BinaryIO) -> bool:
    """Whether a JPEG has no end marker of its own; one in the thumbnail within its EXIF, or in what follows it, is another's."""
    stream.seek(0)
    content, at = stream.read(), 2
    while at + 4 <= len(content):
        marker = content[at + 1]
        if content[at] != 0xFF or marker == 0xFF:  # filling
            at += 1
        elif marker == 0xD9:
            return False
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:  # stands alone
            at += 2
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
            if marker == 0xDA:
                following = _NEXT_MARKER.search(content, at)
                at = following.start() if following else len(content)
    return content[at : at + 2] != _END_OF_JPEG
