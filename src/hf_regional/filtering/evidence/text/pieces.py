"""Pieces: a column of texts in; some thousand cells of it at a time as one string, with the places of its cells, out."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute

from hf_regional.errors import ConfigError
from hf_regional.filtering.evidence.text import zawgyi
from hf_regional.filtering.evidence.text.folding import BREAK, code_points

pc: Any = compute  # its functions are made at import, out of a type checker's sight
_ROWS: Final = 1 << 14
_BYTES: Final = 1 << 18  # of text handled at once: its arrays stay in the cache
_PLAIN_BYTES: Final = 1 << 19  # of ASCII, whose arrays are an eighth as large
_BETWEEN: Final = f" {chr(BREAK)} "
_EDGE: Final = _BETWEEN.encode()
_TEXTS: Final = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_binary, pa.types.is_large_binary)
_LISTS: Final = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)


class Piece(NamedTuple):
    """Some cells as one string.

    given: the cells as they are, a break before, between and behind them. starts: (n + 1,) the place of each cell in it, and of one more.
    text: the same in Unicode; only where a cell was in Zawgyi it differs, and `origin` has the place in `given` of each character.
    plain: the bytes of `given` if all of it is ASCII.
    """

    given: str
    starts: np.ndarray
    text: str
    origin: np.ndarray | None
    plain: bytes | None

    @property
    def ends(self) -> np.ndarray:
        """(n,) the places behind the cells."""
        return self.starts[1:] - len(_BETWEEN)


class Texts(NamedTuple):
    """(n,) texts as bytes, the (n,) row each belongs to, and whether they come from lists."""

    cells: pa.Array
    row: np.ndarray
    in_list: bool


def texts_of(chunk: pa.Array, name: str) -> Texts:
    """The texts of an array of texts, or of lists of texts.

    Raises:
        ConfigError: the array holds something else.
    """
    kind = chunk.type
    if pa.types.is_dictionary(kind):
        return texts_of(chunk.dictionary_decode(), name)
    if any(test(kind) for test in _LISTS):
        texts = texts_of(pc.list_flatten(chunk), name)
        return Texts(texts.cells, pc.list_parent_indices(chunk).to_numpy(zero_copy_only=False)[texts.row], True)
    if pa.types.is_null(kind):
        return Texts(pa.nulls(len(chunk), pa.large_binary()), np.arange(len(chunk)), False)
    if not any(test(kind) for test in _TEXTS):
        raise ConfigError(f"column {name!r} holds {kind}; texts or lists of texts are expected. Name another column.", key=name)
    return Texts(chunk.cast(pa.large_binary()), np.arange(len(chunk)), False)


def pieces_of(cells: pa.Array) -> Iterator[tuple[np.ndarray, Piece]]:
    """Cut texts into pieces, each with the places of its cells; those of ASCII alone apart from others, a large cell by itself."""
    cells = pc.fill_null(cells, b"")
    plain = pc.string_is_ascii(cells.view(pa.large_string())).to_numpy(zero_copy_only=False)
    for places, make, size in ((np.flatnonzero(plain), _plain_piece, _PLAIN_BYTES), (np.flatnonzero(~plain), _piece, _BYTES)):
        some = cells if len(places) == len(cells) else cells.take(pa.array(places))
        for start, stop in _cuts(some, size):
            yield places[start:stop], make(some.slice(start, stop - start))


def _cuts(cells: pa.Array, size: int) -> Iterator[tuple[int, int]]:
    """Where to cut texts, so that there is neither too much of them nor too many."""
    total, start = np.concatenate([[0], np.cumsum(_sizes(cells))]), 0
    while start < len(cells):
        stop = int(np.searchsorted(total, total[start] + size, "right")) - 1
        stop = min(max(stop, start + 1), start + _ROWS, len(cells))
        yield start, stop
        start = stop


def _sizes(cells: pa.Array) -> np.ndarray:
    return pc.binary_length(cells).to_numpy(zero_copy_only=False)


def _plain_piece(cells: pa.Array) -> Piece:
    plain = _EDGE + _joined(cells, _EDGE) + _EDGE
    text = plain.decode("ascii")
    return Piece(text, _starts(_sizes(cells)), text, None, plain)


def _piece(cells: pa.Array) -> Piece:
    encoded = _EDGE + _joined(cells, _EDGE) + _EDGE
    try:
        text = encoded.decode()
        lengths = pc.utf8_length(cells.view(pa.large_string())).to_numpy(zero_copy_only=False)
    except UnicodeDecodeError:  # bytes that are no UTF-8 become lone surrogates, which the folding takes for blanks
        decoded = [cell.decode("utf-8", "surrogateescape") for cell in cells.to_pylist()]
        text, lengths = _BETWEEN + "".join(cell + _BETWEEN for cell in decoded), np.array([len(cell) for cell in decoded])
    piece = Piece(text, _starts(lengths), text, None, None)
    return _unicoded(piece) if any(first in encoded for first in zawgyi.FIRST_BYTES) else piece


def _starts(lengths: np.ndarray) -> np.ndarray:
    return len(_BETWEEN) + np.concatenate([[0], np.cumsum(lengths + len(_BETWEEN))])


def _joined(cells: pa.Array, between: bytes) -> bytes:
    if len(cells) == 1:
        return cells[0].as_py()
    whole = pa.ListArray.from_arrays(pa.array([0, len(cells)], pa.int32()), cells.cast(pa.binary()))
    return pc.binary_join(whole, between)[0].as_py()


def _unicoded(piece: Piece) -> Piece:
    """A piece with its Zawgyi cells converted."""
    parts, origins, last, text = list[str](), list[Any](), 0, piece.text
    burmese = np.flatnonzero(zawgyi.is_burmese(code_points(text)))
    if not len(burmese):  # its bytes are part of what is no UTF-8
        return piece
    rows, first = np.unique(np.searchsorted(piece.starts, burmese, "right") - 1, return_index=True)
    last_ones = burmese[np.append(first[1:], len(burmese)) - 1]
    columns = (piece.starts[rows], piece.ends[rows], burmese[first], last_ones)
    for start, end, first_one, last_one in zip(*(column.tolist() for column in columns), strict=True):
        if zawgyi.is_zawgyi(text[first_one : last_one + 1]):
            converted = zawgyi.convert(text[start:end])
            parts += [text[last:start], converted.text]
            origins += [np.arange(last, start), np.array(converted.origin, np.int64) + start]
            last = end
    if not parts:
        return piece
    origins.append(np.arange(last, len(text)))
    return piece._replace(text="".join([*parts, text[last:]]), origin=np.concatenate(origins))
