"""Features: a column of pictures or texts and a model in, (n, d) float32 rows of unit norm out, each picture encoded once.

What was encoded is kept by the digest of its content, in a folder if one is named: one file a portion, which appears whole. A run that
was killed goes on after the last of them; another model, or the same with other weights, has its own.
"""

import hashlib
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from hf_regional.durable import atomic_file, digest_of, folder_digest
from hf_regional.errors import BadRowError, ConfigError, DamagedFileError

if TYPE_CHECKING:
    from PIL.Image import Image

    from hf_regional.encoding import TwoTowerEncoder  # loads torch

PORTION: Final = 1024  # rows between two files: minutes of work without an accelerator
_PIXELS: Final = 1 << 26  # decoded at a time; 200 MB, however large the pictures are
_BROKEN, _BOMB = "no picture that can be opened", "a picture of more pixels than is safe to decode"
_UNREAD: Final = "unread"  # in place of a digest: no bytes, and no file at the path
_MISSING: Final = "no bytes, and no file at the path"


class Encoded(NamedTuple):
    """features: (n, d) float32, NaN where there is nothing to encode. set_aside: rows by (column, what is wrong); nulls are not counted."""

    features: np.ndarray
    set_aside: Mapping[tuple[str, str], int]


def features_of(column: pa.Array | pa.ChunkedArray, name: str, model: Any, *, cache: Path | None = None) -> Encoded:
    """Encode a column with a CLIP, a SigLIP or a dual encoder.

    Args:
        column: (n,) pictures as `datasets.Image` keeps them (bytes and path), their bytes alone, or texts.
        name: of the column.
        model: a folder, a Hub id, a record with a `path`, or a `TwoTowerEncoder`. With an encoder nothing is kept on the disk: it may have
            been changed since it was loaded.
        cache: a folder for features; without it equal contents of this call are encoded once, and nothing is kept.

    Raises:
        ConfigError: the column holds neither pictures nor texts.
        DamagedFileError: a file of the cache is not what it should be.
        MissingFileError, NotBuiltYetError: as `load_encoder`.
    """
    from hf_regional.encoding import TwoTowerEncoder, resolve_folder

    is_text, array = _read(column, name)
    keys = [_key(array, row, is_text) for row in range(len(array))]
    if isinstance(model, TwoTowerEncoder):
        return _spread(keys, _encoded(array, keys, is_text, _Store(), lambda: model), name)
    folder = resolve_folder(model)
    stamp = _stamp(folder)
    store = _store(cache / _digest(folder, stamp)[:16] / ("texts" if is_text else "images")) if cache else _Store()
    return _spread(keys, _encoded(array, keys, is_text, store, lambda: _encoder(folder, stamp)), name)


def _encoded(array: Any, keys: Sequence[str | None], is_text: bool, store: "_Store", encoder: "Callable[[], TwoTowerEncoder]") -> "_Store":
    """Encode what the store does not hold."""
    done = store.known.keys() | store.faults.keys() | {_UNREAD}
    wanted = {key: row for row, key in reversed([*enumerate(keys)]) if key and key not in done}
    rows = sorted(wanted.values())
    for start in range(0, len(rows), PORTION):
        portion = [(keys[row] or "", _content(array, row, is_text) or b"") for row in rows[start : start + PORTION]]
        store.add(dict(_texts(portion, encoder()) if is_text else _images(portion, encoder(), store.faults)))
    return store


class _Store:
    """Features by key; those of earlier runs too where there is a folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self.known: dict[str, np.ndarray] = {}
        self.faults: dict[str, str] = {}  # what cannot be encoded, and why; not kept on the disk
        for file in sorted(folder.glob("*.npz")) if folder and folder.is_dir() else []:
            try:
                with file.open("rb") as stream, np.load(stream) as data:
                    self.known |= dict(zip(data["keys"].tolist(), data["features"], strict=True))
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
                raise DamagedFileError(f"{file} is no file of features: {error}. Remove it; what it held is encoded again.") from error

    def add(self, found: Mapping[str, np.ndarray]) -> None:
        self.known |= found
        if self._folder is None or not found:
            return
        keys = sorted(found)
        self._folder.mkdir(parents=True, exist_ok=True)
        # Named by what it holds: several processes may write beside each other.
        with atomic_file(self._folder / f"{digest_of(keys)[:32]}.npz") as partial, partial.open("wb") as file:
            np.savez(file, keys=np.array(keys), features=np.stack([found[key] for key in keys]))


def _read(column: pa.Array | pa.ChunkedArray, name: str) -> tuple[bool, Any]:
    array: Any = pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) and column.num_chunks else column
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return True, array
    is_picture = pa.types.is_struct(kind) and {"bytes", "path"} <= {kind.field(place).name for place in range(kind.num_fields)}
    if is_picture or pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_null(kind):
        return False, array
    raise ConfigError(f"column {name!r} holds {kind}; pictures are bytes, or structs of bytes and path, and texts are strings.", "columns")


@cache
def _store(folder: Path) -> _Store:
    """Once a process: a corpus comes in thousands of batches. 2 kB a picture at 512 dimensions."""
    return _Store(folder)


@lru_cache(maxsize=1)
def _encoder(folder: Path, stamp: tuple[tuple[str, int, int], ...]) -> "TwoTowerEncoder":
    from hf_regional.encoding import load_encoder

    del stamp  # only so that a model that was trained on is loaded again
    return load_encoder(folder)


@lru_cache(maxsize=8)
def _digest(folder: Path, stamp: tuple[tuple[str, int, int], ...]) -> str:
    del stamp
    return folder_digest(folder)


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple((path.as_posix(), path.stat().st_size, path.stat().st_mtime_ns) for path in files)


def _key(array: Any, row: int, is_text: bool) -> str | None:
    """The digest of a cell's content; null where there is nothing to encode, which is not the same as what cannot be read."""
    content = _content(array, row, is_text)
    if content is None or (is_text and not content):
        return None
    return hashlib.sha256(content).hexdigest() if content else _UNREAD


def _content(array: Any, row: int, is_text: bool) -> bytes | None:
    """What stands in a cell: null for none, nothing for a blank text, an empty picture and a path that leads nowhere."""
    cell = array[row].as_py()
    if is_text or not isinstance(cell, dict):
        return cell.strip().encode() if isinstance(cell, str) else cell
    content, path = cell["bytes"], cell["path"]
    if content is not None or path is None:
        return content
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def _texts(portion: Sequence[tuple[str, bytes]], encoder: "TwoTowerEncoder") -> Iterator[tuple[str, np.ndarray]]:
    yield from zip((key for key, _ in portion), encoder.encode_texts([content.decode() for _, content in portion]), strict=True)


def _images(portion: Sequence[tuple[str, bytes]], encoder: "TwoTowerEncoder", faults: dict[str, str]) -> Iterator[tuple[str, np.ndarray]]:
    """Encode pictures, as many at a time as memory allows; those that cannot be opened go into `faults`."""
    held: dict[str, Image] = {}
    for key, content in portion:
        image = _opened(content)
        if isinstance(image, str):
            faults[key] = image
            continue
        held[key] = image
        if sum(one.width * one.height for one in held.values()) >= _PIXELS or len(held) >= encoder.batch_size:
            yield from zip(held, encoder.encode_images([*held.values()]), strict=True)
            held = {}
    if held:
        yield from zip(held, encoder.encode_images([*held.values()]), strict=True)


def _opened(content: bytes) -> "Image | str":
    """The picture, or what is wrong with it."""
    from PIL.Image import DecompressionBombError, DecompressionBombWarning

    from hf_regional.encoding import open_image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on odd EXIF and palettes
            warnings.simplefilter("error", DecompressionBombWarning)
            return open_image({"bytes": content, "path": None})
    except DecompressionBombWarning:
        return _BOMB
    except BadRowError as error:
        return _BOMB if isinstance(error.__cause__, DecompressionBombError) else _BROKEN


def _spread(keys: Sequence[str | None], store: _Store, name: str) -> Encoded:
    found = [(row, store.known[key]) for row, key in enumerate(keys) if key in store.known]
    features = np.full((len(keys), len(found[0][1]) if found else 0), np.nan, np.float32)
    for row, one in found:
        features[row] = one
    faults = [store.faults.get(key, _MISSING) for key in keys if key and key not in store.known]
    return Encoded(features, Counter((name, what) for what in faults))
