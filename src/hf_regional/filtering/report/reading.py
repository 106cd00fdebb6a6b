"""Reading: rows, in Arrow or as columns of Python values, in; the texts and pictures of those that were sampled out."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from hf_regional.filtering.report.columns import Sampling
from hf_regional.filtering.report.excerpts import python_value
from hf_regional.filtering.report.samples import Samples

Rows = pa.Table | pa.RecordBatch | Mapping[str, Sequence[Any]]


def read_samples(samples: Samples, sampling: Sampling, rows: Rows, first: int = 0) -> None:
    """Read what is shown of the sampled rows in a batch, all of which must be there; its first row is number `first` of the source."""
    samples.read_texts(sampling, lambda column, row: cell_of(rows, column, row - first))
    samples.read_pictures(sampling, lambda column, row: cell_of(rows, column, row - first))


def cell_of(rows: Rows, column: str, place: int) -> object:
    """A cell as a Python value; null where the column is missing."""
    if isinstance(rows, Mapping):
        return rows[column][place] if column in rows else None
    return python_value(rows.column(column)[place]) if column in rows.schema.names else None
