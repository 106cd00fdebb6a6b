"""Parts: Parquet files in, the stretches of them that are judged at a time out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Final

import pyarrow as pa
from pyarrow import parquet

from hf_regional.errors import ConfigError, DamagedFileError, MissingFileError

_ROWS: Final = 1_000_000  # of a part: what a kill may cost, and small against the start of a process
_BYTES: Final = 1 << 30  # of a part, uncompressed: where rows carry their pictures, fewer of them


@dataclass(frozen=True, slots=True)
class Part:
    """Some row groups of a file, [first, last)."""

    number: int
    file: Path
    first: int
    last: int
    rows: int
    start: int  # the number of its first row, counted over all files

    @property
    def name(self) -> str:
        """What its output files are called."""
        return f"part-{self.number:05d}.parquet"


def find_files(source: str | Path | Sequence[str | Path]) -> list[Path]:
    """The Parquet files that a path, a folder, a pattern or a list of them names, sorted within each, without doubles.

    Raises:
        MissingFileError: nothing is there.
    """
    named = [source] if isinstance(source, str | Path) else [*source]
    files = list(dict.fromkeys(file for one in named for file in _files(Path(one))))
    if not files:
        raise MissingFileError(
            f"{', '.join(map(str, named))}: there is no Parquet file. Give files, a folder or a pattern such as data/*.parquet."
        )
    return files


def cut(files: Sequence[Path]) -> list[Part]:
    """Cut files into parts of whole row groups; files without rows have none.

    Raises:
        DamagedFileError: a file is no Parquet, or was cut short.
        ConfigError: the files have other columns than the first.
    """
    parts: list[Part] = []
    start, schema = 0, None
    for file in files:
        found = _opened(file)
        schema = schema or found.schema_arrow
        if not found.schema_arrow.equals(schema):
            raise ConfigError(f"{file} has other columns than {files[0]}: {_difference(schema, found.schema_arrow)}. Filter them apart.")
        for first, last, rows in _stretches(found.metadata):
            parts.append(Part(len(parts), file, first, last, rows, start))
            start += rows
    return parts


def schema_of(file: Path) -> pa.Schema:
    """The columns of a file. Errors as `cut`."""
    return _opened(file).schema_arrow


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path.rglob("*.parquet"))
    if path.is_file():
        return [path]
    return sorted(Path(found) for found in glob(str(path), recursive=True)) if has_magic(str(path)) else []


def _opened(file: Path) -> parquet.ParquetFile:
    try:
        return parquet.ParquetFile(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise DamagedFileError(f"{file} cannot be read as Parquet: {error}. Fetch it again, or leave it out.") from error


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
