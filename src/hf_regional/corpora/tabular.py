"""Tabular files (Parquet, Arrow, CSV, JSON, JSON lines; packed by gzip or not) in; their columns, and their rows as dicts, out."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final, cast

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from hf_regional.corpora.json_rows import in_array, in_lines
from hf_regional.errors import DamagedFileError, UnknownNameError

_BATCH: Final = 64  # rows of Parquet at a time: a row may hold megabytes of pictures
_PACKED: Final = ".gz"
_CSV: Final = {".csv": ",", ".tsv": "\t"}


def read_columns(file: BinaryIO, name: str) -> tuple[str, ...]:
    """Name the columns of a file: from its schema, or from its first row where it has none (JSON).

    Raises:
        DamagedFileError: the file is not what its ending says, or it is cut off.
    """
    with named(name):
        file = _plain(file, name)
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
        yield from _rows(_plain(file, name), name)


class named:  # noqa: N801 - reads as a word at its `with`
    """Turns what readers say of a damaged file into an error that names the file."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, pa.ArrowException | csv.Error | json.JSONDecodeError | UnicodeDecodeError):
            raise DamagedFileError(f"{self._name} cannot be read: {str(error).splitlines()[0]}. Fetch it anew.") from error
        if isinstance(error, EOFError | gzip.BadGzipFile | zlib.error) and name_of_packed(self._name):
            raise DamagedFileError(f"{self._name} is cut off or damaged: {error}. Fetch it anew.") from error
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


def _plain(file: BinaryIO, name: str) -> BinaryIO:
    return cast("BinaryIO", gzip.GzipFile(fileobj=file)) if name_of_packed(name) else file


def name_of_packed(name: str) -> str | None:
    """The name that a file packed by gzip has when it is unpacked; None for one that is not.

    >>> name_of_packed("coco_mt_dev.jsonl.gz"), name_of_packed("rows.csv")
    ('coco_mt_dev.jsonl', None)
    """
    return name[: -len(_PACKED)] if name.lower().endswith(_PACKED) else None


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
    kind = PurePosixPath(name_of_packed(name) or name).suffix.lower()
    if kind not in {".parquet", ".arrow", ".jsonl", ".json", *_CSV}:
        raise UnknownNameError(
            f"{name}: no reader for files that end in {kind!r}. Known: .parquet, .arrow, .csv, .tsv, .jsonl, .json; .gz behind it."
        )
    return kind
