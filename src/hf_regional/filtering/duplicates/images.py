"""Images: an Arrow column of encoded images in, a perceptual hash a row out, and what could not be read, named row by row."""

import json
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from PIL import Image

from hf_regional.errors import ConfigError, DamagedFileError
from hf_regional.filtering.duplicates.hashing import SIDE, perceptual_hashes
from hf_regional.filtering.duplicates.thumbnails import NEUTRAL, Thumbnail, thumbnail

_BLOCK: Final = 1024  # rows: 1 MB of thumbnails at a time, however long the column
_NO_IMAGE: Final = Thumbnail(None)
_ODDITIES: Final = b"hf_regional.oddities"
COLUMNS: Final = pa.schema(
    [("image_hash", pa.uint64()), ("image_fault", pa.string()), ("image_colours", pa.binary(len(NEUTRAL))), ("image_area", pa.int64())]
)


@dataclass(frozen=True, slots=True)
class ImageHashes:
    """The images of n rows.

    hashes: (n,) uint64, 0 where there is none. readable: (n,) bool, whether the row has a hash. fault: (n,) strings, "empty",
    "missing-file", "bomb" or "unreadable"; null where the image was read and where the row has no image. colours: (n, 32) uint8,
    see `colours_of`; neutral where unknown. area: (n,) int64, pixels of the image, 0 where unknown. oddities: images by what took a
    detour (see `Thumbnail`).
    """

    hashes: np.ndarray
    readable: np.ndarray
    fault: pa.Array
    colours: np.ndarray
    area: np.ndarray
    oddities: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.hashes)

    def as_table(self) -> pa.Table:
        """As `COLUMNS`, (n,) rows, to be kept in a file: hashing a corpus takes hours, and what is done need not be done again."""
        columns = [pa.array(self.hashes, mask=~self.readable), self.fault, _packed(self.colours), pa.array(self.area)]
        return pa.table(columns, schema=COLUMNS.with_metadata({_ODDITIES: json.dumps(dict(self.oddities))}))


def hashes_of_table(table: pa.Table) -> ImageHashes:
    """Take up what `ImageHashes.as_table` gave.

    Raises:
        DamagedFileError: the table has other columns.
    """
    if not table.schema.equals(COLUMNS):
        raise DamagedFileError(f"a table of image hashes has {COLUMNS.names}, this one {table.schema.names}: hash the images anew.")
    hashes, colours = table["image_hash"], b"".join(table["image_colours"].to_pylist())
    return ImageHashes(
        hashes.fill_null(0).to_numpy(),
        hashes.is_valid().to_numpy(),
        table["image_fault"].combine_chunks(),
        np.frombuffer(colours, np.uint8).reshape(len(table), len(NEUTRAL)),
        table["image_area"].to_numpy(),
        json.loads((table.schema.metadata or {}).get(_ODDITIES, b"{}")),
    )


def hash_images(column: pa.Array | pa.ChunkedArray, *, threads: int = 2) -> ImageHashes:
    """Hash a column of images.

    Args:
        column: struct<bytes, path> as `datasets` keeps images, binary (encoded images) or string (paths).
        threads: images decoded at a time.

    Raises:
        ConfigError: the column is of another type.

    >>> found = hash_images(pa.array([b"no image", None], pa.binary()))
    >>> found.fault.to_pylist(), found.readable.tolist()
    (['unreadable', None], [False, False])
    """
    blocks: list[ImageHashes] = []
    # Only while nothing but ours runs in the pool: filters of warnings are one for the whole process.
    with warnings.catch_warnings(), ThreadPoolExecutor(threads) as pool:
        warnings.simplefilter("ignore")  # what Pillow has to say of odd files is in the counts
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for sources in _blocks(column):
            blocks.append(_hashed(list(pool.map(_read, sources)), threads))
    return join_hashes(blocks)


def read_images(images: pa.Array | pa.ChunkedArray | ImageHashes | np.ndarray | None, rows: int, threads: int = 2) -> ImageHashes:
    """Hash images unless that is done: (n,) uint64 hashes and `ImageHashes` are taken as they are; None: no row has an image.

    Raises:
        ConfigError: an array of numpy that is not of hashes, or a column that is not of images.
    """
    if isinstance(images, ImageHashes):
        return images
    if isinstance(images, pa.Array | pa.ChunkedArray):
        return hash_images(images, threads=threads)
    if images is not None and (images.dtype != np.uint64 or images.ndim != 1):
        raise ConfigError(f"hashes must be (n,) uint64, got {images.shape} {images.dtype}: see `perceptual_hashes`.", "images")
    hashes = np.zeros(rows, np.uint64) if images is None else images
    neutral = np.broadcast_to(NEUTRAL, (rows, len(NEUTRAL)))
    return ImageHashes(hashes, np.full(rows, images is not None), pa.nulls(rows, pa.string()), neutral, np.zeros(rows, np.int64), {})


def join_hashes(parts: list[ImageHashes]) -> ImageHashes:
    """Put the hashes of successive parts of a column together."""
    parts = [read_images(None, 0), *parts]
    oddities: Counter[str] = Counter()
    for part in parts:
        oddities.update(part.oddities)
    return ImageHashes(
        np.concatenate([part.hashes for part in parts]),
        np.concatenate([part.readable for part in parts]),
        pa.concat_arrays([part.fault for part in parts]),
        np.concatenate([part.colours for part in parts]),
        np.concatenate([part.area for part in parts]),
        dict(sorted(oddities.items())),
    )


def _hashed(found: list[Thumbnail], threads: int) -> ImageHashes:
    none = np.zeros((SIDE, SIDE), np.uint8)
    readable = np.array([one.pixels is not None for one in found])
    pixels = np.stack([none if one.pixels is None else one.pixels for one in found])
    return ImageHashes(
        np.where(readable, perceptual_hashes(pixels, threads=threads), 0).astype(np.uint64),
        readable,
        pa.array([one.fault for one in found], pa.string()),
        np.stack([one.colours for one in found]),
        np.array([one.area for one in found], np.int64),
        Counter(oddity for one in found for oddity in one.oddities),
    )


def _read(source: bytes | Path | None) -> Thumbnail:
    return _NO_IMAGE if source is None else thumbnail(source)


def _blocks(column: pa.Array | pa.ChunkedArray) -> Iterator[list[bytes | Path | None]]:
    source = _source_of(column.type)
    for begin in range(0, len(column), _BLOCK):
        yield [source(cell) for cell in column[begin : begin + _BLOCK]]


def _source_of(kind: pa.DataType) -> Callable[[Any], bytes | Path | None]:
    """How to get at the bytes or the path of an Arrow scalar of a type."""
    if pa.types.is_struct(kind) and {"bytes", "path"} & {field.name for field in kind}:
        return _of_struct
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return lambda cell: cell.as_py()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _path
    raise ConfigError(
        f"a column of images holds {kind}; expected struct<bytes, path>, bytes or paths: cast it to datasets.Image().", "images"
    )


def _of_struct(cell: Any) -> bytes | Path | None:
    if not cell.is_valid:
        return None
    content, path = (cell.get(name) for name in ("bytes", "path"))
    if content is not None and content.is_valid:
        return content.as_py()
    return None if path is None else _path(path)


def _path(cell: Any) -> Path | None:
    # Not `as_py`: a path need not be UTF-8.
    return Path(os.fsdecode(cell.as_buffer().to_pybytes())) if cell.is_valid else None


def _packed(colours: np.ndarray) -> pa.Array:
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(len(NEUTRAL)), len(colours), [None, pa.py_buffer(np.ascontiguousarray(colours).tobytes())]
    )
