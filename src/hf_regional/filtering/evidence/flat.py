"""Flat: a column of texts, or of lists of texts, in; one Arrow array of the texts that are there and the row of each out."""

from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute

from hf_regional.errors import ConfigError

pc: Any = compute  # its functions are made at import, out of a type checker's sight

_TEXTS: Final = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_LISTS: Final = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)


class Flat(NamedTuple):
    """The k texts of n rows, without nulls.

    texts: (k,) large_binary: UTF-8, unchecked, since nothing obliges a file to hold what it says; half a surrogate must not stop a run.
    row: (k,) int64, ascending, where each text stands. whole: whether a text is its cell, so that places within it can be told.
    """

    texts: pa.Array
    row: np.ndarray
    whole: bool


def flatten(column: pa.Array | pa.ChunkedArray, name: str) -> Flat:
    """List the texts of a column: strings of any width, dictionaries of them, lists of them, or nothing but nulls.

    Raises:
        ConfigError: the column holds anything else.
    """
    array = _one_array(column)
    kind = array.type
    if pa.types.is_null(kind):
        return Flat(pa.array([], pa.large_binary()), np.zeros(0, np.int64), True)
    row: Any = np.arange(len(array))
    whole = not any(is_list(kind) for is_list in _LISTS)
    if not whole:
        row = np.repeat(row, pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False))
        array = _one_array(pc.list_flatten(array))
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not any(is_text(array.type) for is_text in _TEXTS):
        raise ConfigError(f"column {name!r} holds {kind}; evidence is read from text or lists of text: cast it first.", "columns")
    texts = array.cast(pa.large_string()).cast(pa.large_binary())
    if texts.null_count:
        row, texts = row[pc.is_valid(texts).to_numpy(zero_copy_only=False)], texts.drop_null()
    return Flat(texts, row, whole)


def as_text(array: pa.Array) -> Any:
    """Call bytes text without looking at them; Arrow's functions on text pass over what is no UTF-8."""
    return array.view(pa.large_string())


def bytes_of(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of (k,) large_binary without nulls, uint8, and where in them each text begins and the last ends, (k + 1,) int64."""
    _, offsets, data = texts.buffers()
    if offsets is None or not len(texts):
        return np.zeros(0, np.uint8), np.zeros(1, np.int64)
    places = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    content = np.frombuffer(data, np.uint8)[places[0] : places[-1]] if data is not None else np.zeros(0, np.uint8)
    return content, places - places[0]


def characters(array: pa.Array) -> np.ndarray:
    """Lengths in characters of (k,) large_binary, int64."""
    return pc.utf8_length(as_text(array)).to_numpy(zero_copy_only=False)


def _one_array(column: pa.Array | pa.ChunkedArray) -> Any:
    if isinstance(column, pa.Array):
        return column
    return (
        column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    )
