"""Saving: what a filter gave back in; a folder of kept rows, dropped rows and the report out, as the filter of Parquet files writes it."""

from pathlib import Path
from typing import Any, cast

import pyarrow as pa
from datasets import Dataset, DatasetDict, Image, IterableDataset, IterableDatasetDict
from pyarrow import parquet

from hf_regional.durable import atomic_folder
from hf_regional.filtering.drivers import Filtered

_FEW, _MANY = 100, 10_000  # rows at a time: with pictures, which may be megabytes each, and without


def save_filtered(found: Filtered[Any], folder: Path) -> Path:
    """Write `kept/`, `dropped/` (Parquet, a file a split) and `report.json`, `.md` and `.html`; the folder appears whole.

    Raises:
        OutputExistsError: it is there already.
        CannotWriteError: no space or permission.
    """
    with atomic_folder(folder) as partial:
        for side, rows in (("kept", found.data), ("dropped", found.dropped)):
            if rows is not None:
                (partial / side).mkdir()
                _write(rows, partial / side)
        found.report.write(partial)
    return folder


def _write(rows: Any, folder: Path) -> None:
    splits = isinstance(rows, DatasetDict | IterableDatasetDict)
    for name, part in rows.items() if splits else [("part", rows)]:
        file = folder / f"{name}-00000.parquet"
        if isinstance(part, Dataset):
            _write_dataset(part, file)
        elif isinstance(part, IterableDataset):
            part.to_parquet(str(file))
        else:
            parquet.write_table(part, file, compression="zstd")


def _write_dataset(rows: Dataset, file: Path) -> None:
    # Not `to_parquet`: chosen rows come out of a Dataset in thousands of tiny chunks, which the writer takes 50 times as long for.
    schema = rows.features.arrow_schema
    batch = _FEW if any(isinstance(feature, Image) for feature in rows.features.values()) else _MANY
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for table in rows.with_format("arrow").iter(batch):
            writer.write_table(cast("pa.Table", table).combine_chunks())
