"""Parts: Parquet files in, the stretches of them that are judged at a time out."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Final

import pyarrow as pa
from pyarrow import parquet

from hf_regional.errors import ConfigError, MissingFileError
from hf_regional.filtering.parquet.storage import READERS, File, is_uri, opened, stored_files

_ROWS: Final = 1_000_000  # of a part: what a kill may cost, and small against the start of a process
_BYTES: Final = 1 << 30  # of a part, uncompressed: where rows carry their pictures, fewer of them


@dataclass(frozen=True, slots=True)
class Part:
    """Some row groups of a file, [first, last)."""

    number: int
    file: File
    first: int
    last: int
    rows: int
    start: int  # the number of its first row, counted over all files

    @property
    def name(self) -> str:
        """What its output files are called."""
        return f"part-{self.number:05d}.parquet"


def find_files(source: str | Path | Sequence[str | Path]) -> list[File]:
    """The Parquet files that a path or URI, a folder, a pattern or a list of them names, sorted within each, without doubles.

    Raises:
        MissingFileError: nothing is there.
    """
    named = [source] if isinstance(source, str | Path) else [*source]
    files = list(dict.fromkeys(file for one in named for file in _files(one)))
    if not files:
        raise MissingFileError(
            f"{', '.join(map(str, named))}: there is no Parquet file. Give files, a folder or a pattern such as data/*.parquet."
        )
    return files


def cut(files: Sequence[File]) -> list[Part]:
    """Cut files into parts of whole row groups; files without rows have none.

    Raises:
        DamagedFileError: a file is no Parquet, or was cut short.
        ConfigError: the files have other columns than the first.
    """
    parts: list[Part] = []
    start, schema = 0, None
    for file, (columns, metadata) in zip(files, _footers(files), strict=True):
        schema = schema or columns
        if not columns.equals(schema):
            raise ConfigError(f"{file} has other columns than {files[0]}: {_difference(schema, columns)}. Filter them apart.")
        for first, last, rows in _stretches(metadata):
            parts.append(Part(len(parts), file, first, last, rows, start))
            start += rows
    return parts


def schema_of(file: File) -> pa.Schema:
    """The columns of a file. Errors as `cut`."""
    return _footer(file)[0]


def _files(named: str | Path) -> Iterable[File]:
    if isinstance(named, str) and is_uri(named):
        return stored_files(named)
    path = Path(named)
    if path.is_dir():
        return sorted(path.rglob("*.parquet"))
    if path.is_file():
        return [path]
    return sorted(Path(found) for found in glob(str(path), recursive=True)) if has_magic(str(path)) else []


def _footers(files: Sequence[File]) -> Iterator[tuple[pa.Schema, parquet.FileMetaData]]:
    with ThreadPoolExecutor(READERS) as pool:
        # Some at a time: the footers of all files of a large corpus are gigabytes.
        for start in range(0, len(files), 4 * READERS):
            yield from pool.map(_footer, files[start : start + 4 * READERS])


def _footer(file: File) -> tuple[pa.Schema, parquet.FileMetaData]:
    with opened(file) as found:
        return found.schema_arrow, found.metadata


def _stretches(metadata: parquet.FileMetaData) -> Iterator[tuple[int, int, int]]:
    first, rows, size = 0, 0, 0
    for place in range(metadata.num_row_groups):
        group = metadata.row_group(place)
        if rows and (rows + group.num_rows > _ROWS or size + group.total_byte_size > _BYTES):
            yield first, place, rows
            first, rows, size = place, 0, 0
        rows, size = rows + group.num_rows, size + group.total_byte_size
    if rows:
        yield first, metadata.num_row_groups, rows


def _difference(expected: pa.Schema, found: pa.Schema) -> str:
    ours, theirs = ({f"{field.name} {field.type}" for field in schema} for schema in (expected, found))
    return (
        f"without {', '.join(sorted(ours - theirs)) or 'nothing'}, with {', '.join(sorted(theirs - ours)) or 'the same in another order'}"
    )
