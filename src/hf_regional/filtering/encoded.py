"""Columns as codes: Arrow columns in, distinct values and the place of each row's value among them out."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute

from hf_regional.errors import ConfigError

pc: Any = compute  # its functions are made at import, out of a type checker's sight

_JOIN: Final = "\x1f"  # the unit separator: stands in no name and in no code
_MOST_KEYS: Final = 1 << 62


class Encoded(NamedTuple):
    """A column of n rows: row i holds `values[codes[i]]`; `codes` is (n,) int64."""

    codes: np.ndarray
    values: list[Any]


def encode(array: pa.Array | pa.ChunkedArray, name: str, labels: Sequence[str] | None = None) -> Encoded:
    """List the distinct values of a column: null, texts, tuples of texts (from a list column), numbers; class integers become `labels`.

    Raises:
        ConfigError: structs, lists of anything but text, and other types without distinct values.
    """
    column = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    kind = column.type
    if pa.types.is_null(kind):
        return Encoded(np.zeros(len(column), np.int64), [None])
    if _is_list(kind) and _is_text(kind.value_type):
        joined = _distinct(pa.chunked_array([_joined(chunk) for chunk in column.chunks], pa.large_string()))
        return Encoded(joined.codes, [None if text is None else tuple(text.split(_JOIN)) for text in joined.values])
    if pa.types.is_nested(kind):
        raise ConfigError(f"column {name!r} holds {kind}, which cannot be read as one value: map a column of text.", "columns")
    found = _distinct(column)
    return Encoded(found.codes, [_named(value, labels) for value in found.values]) if labels else found


def is_readable(kind: pa.DataType) -> bool:
    """Whether evidence can be read from a type: text, dictionaries and lists of text, or nothing but nulls."""
    return pa.types.is_null(kind) or _is_text(kind) or (_is_list(kind) and _is_text(kind.value_type))


def combinations(columns: Sequence[np.ndarray], rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the distinct rows of some columns of codes.

    Returns:
        The first row of each combination (k,), the combination of each row (n,), and the number of rows of each (k,); all int64.
    """
    keys, size = np.zeros(rows, np.int64), 1
    for codes in columns:
        width = int(codes.max(initial=0)) + 1
        if size * width > _MOST_KEYS:  # mixed radix would overflow: renumber what there is, at most n keys
            keys = np.unique(keys, return_inverse=True)[1]
            size = rows
        keys, size = keys * width + codes, size * width
    _, first, inverse, sizes = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    return first, inverse, sizes


def _distinct(column: pa.ChunkedArray) -> Encoded:
    encoded = column.dictionary_encode().unify_dictionaries()
    codes = [pc.fill_null(chunk.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False) for chunk in encoded.chunks]
    values = encoded.chunk(0).dictionary.to_pylist() if codes else []
    # Null is value 0: an index of -1 would read as the last value.
    return Encoded(np.concatenate([np.zeros(0, np.int64), *codes]) + 1, [None, *values])


def _joined(chunk: pa.Array) -> pa.Array:
    """Join lists of text into one text each; nulls inside become empty, since `binary_join` would blot out the whole list."""
    lengths = pc.fill_null(pc.list_value_length(chunk), 0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    texts = pc.fill_null(pc.list_flatten(chunk).cast(pa.large_string()), "")
    return pc.binary_join(pa.LargeListArray.from_arrays(pa.array(offsets), texts), pa.scalar(_JOIN, pa.large_string()))


def _named(value: int | None, labels: Sequence[str]) -> str | None:
    # A class integer outside the names (datasets writes -1 for "no label") is a missing value.
    return labels[value] if value is not None and 0 <= value < len(labels) else None


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
