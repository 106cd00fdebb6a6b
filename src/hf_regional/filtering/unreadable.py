"""Unreadable cells: a batch in, the same with null in place of texts that are no UTF-8, and the rows where they stood, out.

Files written elsewhere hold such texts (half of a surrogate pair, Latin-1, a character cut in two), and Arrow reads them without a
word until somebody looks.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

Rows = TypeVar("Rows", pa.Table, pa.RecordBatch)


def without_unreadable(rows: Rows, columns: Iterable[str]) -> tuple[Rows, dict[str, np.ndarray]]:
    """Blank what cannot be read in some columns; returns also the rows of it, (k,) int64 ascending, by column that has any."""
    found: dict[str, np.ndarray] = {}
    for name in columns:
        chunks = _chunks(rows[name])
        if all(_is_valid(chunk) for chunk in chunks):
            continue
        read = [_read(chunk) for chunk in chunks]
        found[name] = np.flatnonzero(np.concatenate([bad for _, bad in read]))
        place = rows.schema.get_field_index(name)
        values: Any = pa.chunked_array([chunk for chunk, _ in read], read[0][0].type)
        rows = rows.set_column(place, name, values if isinstance(rows, pa.Table) else values.combine_chunks())
    return rows, found


def _chunks(column: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    return column.chunks if isinstance(column, pa.ChunkedArray) else [column]


def _is_valid(chunk: pa.Array) -> bool:
    # 12 ns a caption; numbers cost nothing.
    try:
        chunk.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _read(chunk: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """Read cell by cell: the batch is at fault already."""
    cells = [_cell(chunk[place]) for place in range(len(chunk))]
    kind = chunk.type.value_type if pa.types.is_dictionary(chunk.type) else chunk.type
    return pa.array([text for text, _ in cells], kind), np.array([is_bad for _, is_bad in cells], np.bool_)


def _cell(cell: Any) -> tuple[Any, bool]:
    try:
        return cell.as_py(), False
    except UnicodeDecodeError:
        return None, True
