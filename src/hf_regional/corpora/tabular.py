"""Tabular files (Parquet, Arrow, CSV, JSON, JSON lines) in; their columns, and their rows as dicts, out."""

import csv
import io
import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from hf_regional.corpora.json_rows import in_array, in_lines
from hf_regional.errors import DamagedFileError, UnknownNameError

_BATCH: Final = 64  # rows of Parquet at a time: a row may hold megabytes of pictures
_CSV: Final = {".csv": ",", ".tsv": "\t"}


def read_columns(file: BinaryIO, name: str) -> tuple[str, ...]:
    """Name the columns of a file: from its schema, or from its first row where it has none (JSON).

    Raises:
        DamagedFileError: the file is not what its ending says, or it is cut off.
    """
    with named(name):
        match _kind(name):
            case ".parquet":
                return tuple(pq.ParquetFile(file).schema_arrow.names)
            case ".arrow":
                return tuple(_arrow(file).schema.names)
            case _:
                return tuple(next(_rows(file, name), {}))


def read_rows(file: BinaryIO, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file, never all of it in memory; errors as in `read_columns`."""
    with named(name):
        yield from _rows(file, name)


class named:  # noqa: N801 - reads as a word at its `with`
    """Turns what readers say of a damaged file into an error that names the file."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, pa.ArrowException | csv.Error | json.JSONDecodeError | UnicodeDecodeError):
            raise DamagedFileError(f"{self._name} cannot be read: {str(error).splitlines()[0]}. Fetch it anew.") from error
        # A Parquet file cut off in the middle is, to pyarrow, a read outside of the file.
        if isinstance(error, OSError) and _kind(self._name) in {".parquet", ".arrow"} and error.errno is None:
            raise DamagedFileError(f"{self._name} is cut off or damaged: {str(error).splitlines()[0]}. Fetch it anew.") from error


def _rows(file: BinaryIO, name: str) -> Iterator[dict[str, Any]]:
    match kind := _kind(name):
        case ".parquet":
            for batch in pq.ParquetFile(file).iter_batches(batch_size=_BATCH):
                yield from batch.to_pylist()
        case ".arrow":
            for batch in _arrow(file):
                yield from batch.to_pylist()
        case ".csv" | ".tsv":
            # strict: a quote that is never closed would swallow the rest of the file as one cell
            with _text(file) as lines:
                yield from csv.DictReader(lines, delimiter=_CSV[kind], strict=True)
        case ".jsonl":
            yield from (found.row for found in in_lines(file))
        case _:
            yield from (found.row for found in in_array(file))


@contextmanager
def _text(file: BinaryIO) -> Generator[io.TextIOWrapper]:
    """The text of a file, which stays the caller's to close: a wrapper left to itself would close it, with a warning."""
    lines = io.TextIOWrapper(file, "utf-8-sig", newline="")
    try:
        yield lines
    finally:
        if not file.closed:
            lines.detach()


def _arrow(file: BinaryIO) -> Any:
    """Both forms of an Arrow file: `datasets` writes the one without a footer."""
    magic = file.read(6)
    file.seek(0)
    if magic != b"ARROW1":
        return ipc.open_stream(file)
    opened = ipc.open_file(file)
    return pa.RecordBatchReader.from_batches(opened.schema, (opened.get_batch(place) for place in range(opened.num_record_batches)))


def _kind(name: str) -> str:
    kind = PurePosixPath(name).suffix.lower()
    if kind not in {".parquet", ".arrow", ".jsonl", ".json", *_CSV}:
        raise UnknownNameError(f"{name}: no reader for files that end in {kind!r}. Known: .parquet, .arrow, .csv, .tsv, .jsonl, .json.")
    return kind
