"""Writing: batches of judged rows in, one Parquet file out, encoded by what its first rows hold."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, cast

import pyarrow as pa
from pyarrow import compute, parquet

from hf_regional.records import REGION_EVIDENCE

pc: Any = compute  # its functions are made at import, out of a type checker's sight

_LOOKED_AT: Final = 4096  # rows
_ALIKE: Final = 0.5  # of the values of a column: with fewer distinct ones it is encoded by a dictionary
_VALUES: Final = 1 << 16  # encoded at a time: all of a batch


class Sink:
    """A Parquet file that is begun with its first rows; without rows it is an empty one."""

    def __init__(self, path: Path) -> None:
        """Begin nothing yet: the columns are those of the first rows."""
        self._path, self._writer = path, cast("parquet.ParquetWriter | None", None)

    def write(self, rows: pa.RecordBatch) -> None:
        """Add rows, as one row group."""
        if self._writer is None:
            unlike = {name for name in rows.schema.names if _is_unlike(rows.column(name))}
            leaves = _leaves(rows.schema)
            open_writer: Any = parquet.ParquetWriter  # its stubs know no lists of columns
            self._writer = open_writer(
                self._path,
                rows.schema,
                compression="zstd",
                # Texts and addresses hardly repeat: a dictionary of them is made, found too large and thrown away in every row group.
                use_dictionary=[leaf for leaf in leaves if leaf not in unlike],
                # The least and the greatest word of evidence in a row group find nobody a row.
                write_statistics=[leaf for leaf in leaves if leaf.partition(".")[0] != REGION_EVIDENCE],
                write_batch_size=_VALUES,
            )
        if rows.num_rows:
            self._writer.write_batch(rows)

    def close(self) -> None:
        """End the file."""
        if self._writer is not None:
            self._writer.close()


def _is_unlike(column: pa.Array) -> bool:
    """Whether most of a column's first values are there once; of nested ones nothing is known."""
    kind = column.type
    if pa.types.is_nested(kind) or not len(column):
        return False
    some = column.slice(0, _LOOKED_AT)
    try:
        return pc.count_distinct(some, mode="all").as_py() > _ALIKE * len(some)
    except pa.ArrowNotImplementedError:  # a type that cannot be compared
        return False


def _leaves(schema: pa.Schema) -> Iterable[str]:
    """The columns as Parquet names them: `region_evidence.list.element.kind`."""
    buffer = pa.BufferOutputStream()
    parquet.write_table(schema.empty_table(), buffer)
    found = parquet.ParquetFile(pa.BufferReader(buffer.getvalue())).schema
    return [found.column(place).path for place in range(len(found))]
