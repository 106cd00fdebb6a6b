"""Saving: what a filter gave back in; a folder of kept rows, dropped rows and the report out, as the filter of Parquet files writes it."""

from pathlib import Path
from typing import Any

from datasets import Dataset, DatasetDict, IterableDataset, IterableDatasetDict
from pyarrow import parquet

from hf_regional.durable import atomic_folder
from hf_regional.filtering.drivers import Filtered


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
        if isinstance(part, Dataset | IterableDataset):
            part.to_parquet(str(file))
        else:
            parquet.write_table(part, file, compression="zstd")
