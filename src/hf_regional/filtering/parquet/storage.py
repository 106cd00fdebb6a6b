"""Storage: paths and URIs in (`s3://`, `gs://`, `abfs://`, `hf://`, `file://`); files found, opened and written out.

A path stays a path. A URI is read by pyarrow, which takes credentials where each storage's own tools look for them; what is peculiar to
a bucket stands behind a question mark: `s3://bucket/rows?region=eu-west-1&endpoint_override=http://10.0.0.7:9000`.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote, unquote

import pyarrow as pa
from pyarrow import fs, parquet

from hf_regional.errors import CannotWriteError, ConfigError, DamagedFileError, MissingFileError

File = Path | str  # a string is a URI
READERS: Final = 16  # requests at a time: each waits for a storage to answer
_BLOCK: Final = 8 << 20


class Place(NamedTuple):
    """A URI in parts: `scheme://path?query`, the path without quotes as people write it."""

    scheme: str
    path: str
    query: str

    @property
    def uri(self) -> str:
        """The URI again."""
        path = self.path if self.scheme == "hf" else quote(self.path, safe="/=@:+,~!*[]")
        return f"{self.scheme}://{path}{'?' if self.query else ''}{self.query}"

    def at(self, path: str) -> "Place":
        """Another file of the same storage."""
        return self._replace(path=f"/{path.lstrip('/')}" if self.scheme == "file" else path)

    def __truediv__(self, name: str) -> "Place":
        return self._replace(path=f"{self.path.rstrip('/')}/{name}")


def is_uri(place: object) -> bool:
    """Whether something is a URI rather than a path.

    >>> is_uri("s3://bucket/rows"), is_uri("rows/a.parquet"), is_uri(Path("rows"))
    (True, False, False)
    """
    return isinstance(place, str) and "://" in place


def place_of(uri: str) -> Place:
    """Take a URI apart.

    >>> place_of("s3://bucket/two%20words/*.parquet?region=eu-west-1")
    Place(scheme='s3', path='bucket/two words/*.parquet', query='region=eu-west-1')
    """
    scheme, _, rest = uri.partition("://")
    path, _, query = rest.partition("?")
    return Place(scheme, path if scheme == "hf" else unquote(path), query)


def inside(folder: str | Path, name: str) -> str | Path:
    """A file in a folder, of either kind.

    >>> inside("s3://bucket/out?region=eu-west-1", "kept")
    's3://bucket/out/kept?region=eu-west-1'
    """
    return (place_of(folder) / name).uri if isinstance(folder, str) and is_uri(folder) else Path(folder) / name


def storage_of(place: Place) -> fs.FileSystem:
    """The file system of a place.

    Raises:
        ConfigError: pyarrow knows no such storage, or the URI is none.
    """
    # By the bucket: each has its region, and a client is dear to make.
    return _storage(place.scheme, place.path.strip("/").partition("/")[0], place.query)


@lru_cache(maxsize=64)
def _storage(scheme: str, bucket: str, query: str) -> fs.FileSystem:
    root = Place(scheme, "/" if scheme == "file" else bucket, query)
    try:
        found: Any = fs.FileSystem.from_uri("hf://datasets/a/b" if scheme == "hf" else root.uri)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError, OSError) as error:
        raise ConfigError(f"{root.uri}: {error}. Known: s3://, gs://, abfs://, hf://, file://.", "source") from error
    return found[0]


def opened(file: File, *, memory_map: bool = False) -> parquet.ParquetFile:
    """Open a Parquet file, wherever it is.

    Raises:
        DamagedFileError: it is not there, cannot be had, or is no Parquet.
    """
    try:
        if isinstance(file, Path):
            return parquet.ParquetFile(file, memory_map=memory_map)
        place = place_of(file)
        return parquet.ParquetFile(place.path, filesystem=storage_of(place))
    except (pa.ArrowInvalid, OSError) as error:
        raise DamagedFileError(f"{file} cannot be read as Parquet: {error}. Fetch it again, or leave it out.") from error


def stored_files(uri: str) -> list[str]:
    """The Parquet files that the URI of a file, a folder or a pattern with `*` names, sorted; none where nothing is.

    Raises:
        MissingFileError: the storage does not answer, or not to us.
        ConfigError: as `storage_of`.
    """
    place = place_of(uri)
    storage = storage_of(place)
    try:
        return [place.at(path).uri for path in sorted(_named(place, storage))]
    except (OSError, pa.ArrowException, *_without_network()) as error:
        raise MissingFileError(f"{uri} cannot be listed: {error}") from error


def stamps(files: Sequence[File]) -> list[tuple[str, int, int]]:
    """What tells each file from another one of its name: where it is, bytes, nanoseconds of its last change."""
    with ThreadPoolExecutor(READERS) as pool:
        return [*pool.map(_stamp, files)]


def names_in(place: Place) -> list[str]:
    """The names, relative to it, of all files below a folder of a storage; none where it is not there."""
    root = place.path.strip("/")
    return sorted(path.strip("/").removeprefix(root).lstrip("/") for path in _below(storage_of(place), place.path))


def read_bytes(place: Place) -> bytes:
    """All of a file."""
    with storage_of(place).open_input_stream(place.path) as stream:
        return stream.read()


def write_bytes(place: Place, data: bytes) -> None:
    """Write a file. Errors as `upload`."""
    _write(place, [data])


def upload(file: Path, place: Place) -> None:
    """Copy a file into a storage; on object storage it appears when all of it is there.

    Raises:
        CannotWriteError: no permission, no such bucket, no space.
    """
    with file.open("rb") as stream:
        _write(place, iter(lambda: stream.read(_BLOCK), b""))


def remove_folder(place: Place) -> None:
    """Remove a folder of a storage with all that is in it."""
    storage_of(place).delete_dir(place.path)


def _stamp(file: File) -> tuple[str, int, int]:
    if isinstance(file, Path):
        found = file.stat()
        return str(file.resolve()), found.st_size, found.st_mtime_ns
    place = place_of(file)
    info = storage_of(place).get_file_info(place.path)
    return file, info.size or 0, info.mtime_ns or 0


def _named(place: Place, storage: fs.FileSystem) -> list[str]:
    if "*" in place.path:
        folder = place.path[: place.path.index("*")].rpartition("/")[0]
        pattern = place.path.replace("**/", "*")  # fnmatch lets one star pass a slash: the number of slashes tells
        deep = "**" in place.path
        below = _below(storage, folder)
        return [path for path in below if fnmatchcase(path, pattern) and (deep or _as_deep(path, place.path))]
    if storage.get_file_info(place.path).type == fs.FileType.File:
        return [place.path]
    return [path for path in _below(storage, place.path) if path.endswith(".parquet")]


def _without_network() -> tuple[type[Exception], ...]:
    """What the Hub's client raises then; it is no OSError."""
    from huggingface_hub import errors

    found: Any = vars(errors).get("HTTPError")
    return (found,) if found else ()


def _below(storage: fs.FileSystem, folder: str) -> list[str]:
    infos: Any = storage.get_file_info(fs.FileSelector(folder, recursive=True, allow_not_found=True))
    return [info.path for info in infos if info.type == fs.FileType.File]


def _as_deep(path: str, pattern: str) -> bool:
    return path.strip("/").count("/") == pattern.strip("/").count("/")


def _write(place: Place, blocks: Iterable[bytes]) -> None:
    storage = storage_of(place)
    try:
        if storage.type_name == "local":  # elsewhere a folder is a part of a name
            storage.create_dir(place.path.rpartition("/")[0], recursive=True)
        with storage.open_output_stream(place.path) as stream:
            for block in blocks:
                stream.write(block)
    except (pa.ArrowInvalid, OSError) as error:
        raise CannotWriteError(f"{place.uri} cannot be written: {error}") from error
