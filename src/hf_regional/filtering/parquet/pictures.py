"""Pictures: sampled rows of Parquet files in, their thumbnails read from the row groups that they stand in out."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

import pyarrow as pa

from hf_regional.errors import DamagedFileError
from hf_regional.filtering.parquet.parts import Part
from hf_regional.filtering.parquet.storage import File, opened
from hf_regional.filtering.report import Samples
from hf_regional.filtering.report.columns import Sampling
from hf_regional.filtering.report.reading import cell_of

_BATCH = 64  # rows: of whole pictures, all are in memory at once


class _Group(NamedTuple):
    file: File
    number: int
    first: int  # the number of its first row over all files
    rows: int


def look_at_pictures(samples: Samples, sampling: Sampling, parts: Iterable[Part]) -> None:
    """Make the thumbnails of sampled rows; only after all parts, since of the rows that a part samples few stay.

    Raises:
        DamagedFileError: a file cannot be read.
    """
    wanted = samples.rows_without_pictures() if sampling.picture else []
    for group in _groups(parts):
        rows = wanted[bisect_left(wanted, group.first) : bisect_left(wanted, group.first + group.rows)]
        for first, batch in _batches(group, str(sampling.picture)) if rows else ():
            here = {row for row in rows if first <= row < first + batch.num_rows}
            samples.read_pictures(sampling, partial(_cell, batch, first), here)


def _cell(batch: pa.RecordBatch, first: int, column: str, row: int) -> object:
    return cell_of(batch, column, row - first)


def _groups(parts: Iterable[Part]) -> Iterator[_Group]:
    for part in parts:
        first = part.start
        with opened(part.file) as file:
            for number in range(part.first, part.last):
                rows = file.metadata.row_group(number).num_rows
                yield _Group(part.file, number, first, rows)
                first += rows


def _batches(group: _Group, column: str) -> Iterator[tuple[int, pa.RecordBatch]]:
    first = group.first
    try:
        with opened(group.file, memory_map=True) as file:
            for batch in file.iter_batches(_BATCH, row_groups=[group.number], columns=[column], use_threads=False):
                yield first, batch
                first += batch.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise DamagedFileError(f"{group.file}, row group {group.number}: {error}. Fetch it again, or leave it out.") from error
