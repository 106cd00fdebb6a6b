"""Cells: Arrow columns in, texts and pictures of their rows out; a column that holds neither is refused by name."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import compute

from hf_regional.encoding import ImageSource
from hf_regional.errors import ConfigError, MissingColumnError
from hf_regional.nearest import did_you_mean

pc: Any = compute  # its functions are made at import, out of a type checker's sight

_IMAGE_FIELDS: Final = ("bytes", "path")


class Picture(Mapping[str, object]):
    """One cell of a column of pictures, as {"bytes": ..., "path": ...}, read from the Arrow memory only when it is asked for."""

    __slots__ = ("_fields", "_row")

    def __init__(self, fields: Mapping[str, pa.Array], row: int) -> None:
        """Point at a row of the fields."""
        self._fields, self._row = fields, row

    def __getitem__(self, key: str) -> object:
        value = self._fields[key][self._row].as_py()
        return str(value) if key == "path" and value is not None else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


def texts_of(rows: pa.Table, column: str, scorer: str) -> pa.Array:
    """Texts (n,), null where there is none; of a list the first that is not empty. Never raises on what a cell holds.

    Raises:
        MissingColumnError: there is no such column.
        ConfigError: it holds no text.
    """
    found = column_of(rows, column, scorer)
    if _is_list(found.type) and _is_text(found.type.value_type):
        return _first_text(found)
    if not _is_text(found.type):
        raise ConfigError(f"the scorer {scorer!r} reads text, and column {column!r} holds {found.type}: name another column.", "quality")
    return _plain(found)


def python_texts(texts: pa.Array) -> list[str | None]:
    """The texts of an Arrow array; bytes that are no UTF-8, which files may hold, become replacement characters."""
    try:
        return texts.to_pylist()
    except UnicodeDecodeError:
        raw = texts.cast(pa.large_binary()).to_pylist()
        return [None if one is None else one.decode("utf-8", "replace") for one in raw]


def distinct(texts: pa.Array) -> tuple[np.ndarray, list[str]]:
    """Codes (n,) int64 of texts, -1 where there is none, and the distinct texts that they are places of."""
    encoded: Any = texts.dictionary_encode()
    return pc.fill_null(encoded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False), [
        text or "" for text in python_texts(encoded.dictionary)
    ]


def pictures_of(rows: pa.Table, column: str, scorer: str) -> list[ImageSource | None]:
    """Pictures (n,), null where the cell is null or holds neither bytes nor a path.

    A column of `datasets.Image` (undecoded), of bytes, or of paths as text will do.

    Raises:
        MissingColumnError: there is no such column.
        ConfigError: it holds no pictures.
    """
    found = column_of(rows, column, scorer)
    kind = found.type
    if pa.types.is_null(kind):
        return [None] * len(found)
    if pa.types.is_struct(kind) and {field.name for field in kind}.issuperset({"bytes"}):
        return [cell for chunk in found.chunks for cell in _cells({field: pc.struct_field(chunk, field) for field in _fields(kind)})]
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [cell for chunk in found.chunks for cell in _cells({"bytes": chunk})]
    if _is_text(kind):
        return [cell for chunk in found.chunks for cell in _cells({"path": chunk})]
    wanted = "pictures as datasets.Image keeps them, bytes, or paths"
    raise ConfigError(f"the scorer {scorer!r} reads {wanted}, and column {column!r} holds {kind}: name another column.", "quality")


def column_of(rows: pa.Table, column: str, scorer: str) -> pa.ChunkedArray:
    """A column by its name.

    Raises:
        MissingColumnError: there is none.
    """
    if column not in rows.schema.names:
        names = ", ".join(rows.schema.names) or "none"
        advice = f"the scorer {scorer!r} needs the column {column!r}.{did_you_mean(column, rows.schema.names)} Columns: {names}."
        raise MissingColumnError(advice, frozenset({column}))
    return rows.column(column)


def _cells(fields: Mapping[str, pa.Array]) -> list[ImageSource | None]:
    """One cell a row; null where all fields are. `struct_field` makes a null of a field whose struct is null."""
    valid = [field.is_valid().to_numpy(zero_copy_only=False) for field in fields.values()]
    return [Picture(fields, row) if any(some) else None for row, some in enumerate(zip(*valid, strict=True))]


def _fields(kind: Any) -> list[str]:
    return [field.name for field in kind if field.name in _IMAGE_FIELDS]


def _first_text(found: pa.ChunkedArray) -> pa.Array:
    first: list[str | None] = []
    for chunk in found.chunks:
        for texts in chunk.to_pylist():
            first.append(next((text for text in texts or () if text), None))
    return pa.array(first, pa.large_string())


def _plain(found: pa.ChunkedArray) -> pa.Array:
    # Not `combine_chunks` alone: of an empty or a null column it gives another type, and 32-bit offsets end at 2 GB.
    wide = found.cast(pa.large_string())
    return wide.combine_chunks() if wide.num_chunks else pa.array([], pa.large_string())


def _is_list(kind: Any) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind)


def _is_text(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind)
