"""Finding: a column of captions, titles or places in; what their words say of countries out, as `Hits`."""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hf_regional.errors import ConfigError
from hf_regional.filtering.evidence.text import zawgyi
from hf_regional.filtering.evidence.text.clauses import marked
from hf_regional.filtering.evidence.text.context import Name, read_name
from hf_regional.filtering.evidence.text.folding import BREAK, Folded, code_points, fold
from hf_regional.filtering.evidence.text.matching import Found, Matcher
from hf_regional.filtering.evidence.text.verdicts import weigh
from hf_regional.filtering.hits import NOWHERE, Hits, no_hits

KIND: Final = "text"
_ROWS: Final = 8192
_BYTES: Final = 1 << 20  # of text folded at once: its arrays stay in the cache
_BETWEEN: Final = f" {chr(BREAK)} "
_NAME: Final = re.compile(r"[^\W\d_](?<=[A-ZÀ-ÖØ-ÞĀ-Ž\u0410-\u042f\u0391-\u03a9])[^\W\d_](?<![A-ZÀ-ÖØ-Þ\u0410-\u042f\u0391-\u03a9])")


class Piece(NamedTuple):
    """Some cells as one text: `given` as they are, with the (n,) first characters of the cells in it; `text` in Unicode, which is the
    same unless a cell was in Zawgyi, and then `origin` has the place in `given` of each of its characters.
    """

    given: str
    starts: np.ndarray
    text: str
    origin: np.ndarray | None


class Row(NamedTuple):
    """One piece of evidence, ready to become an entry of `Hits`."""

    row: int
    value: str
    country: int
    confidence: float
    start: int
    end: int


def find(column: pa.Array | pa.ChunkedArray, name: str, matcher: Matcher) -> Hits:
    """Find what the texts of a column say of countries.

    Args:
        column: (n,) texts, or lists of texts; nulls and empty texts have no hits. Bytes that are no UTF-8 part words.
        name: the column's name, for the evidence.
        matcher: the lexicon, from `Matcher.build`.

    Returns:
        (m,) hits in the order of the rows; confidence is P(country | the words in their context), below 0.5 where they say too little
        by themselves. `start` and `end` count characters of the cell as it was given; -1 in lists.

    Raises:
        ConfigError: the column holds neither texts nor lists of texts.
    """
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    found, first = list[Row](), 0
    for chunk in chunks:
        texts, rows, in_list = _flatten(chunk, name)
        for start, length in _cuts(texts):
            for hit in _find_in(_piece(texts.slice(start, length)), matcher):
                row = int(rows[start + hit.row]) + first
                found.append(hit._replace(row=row, start=NOWHERE, end=NOWHERE) if in_list else hit._replace(row=row))
        first += len(chunk)
    return _as_hits(found, name)


def _flatten(chunk: pa.Array, name: str) -> tuple[pa.Array, np.ndarray, bool]:
    """The texts of a chunk, and the row each belongs to."""
    kind = chunk.type
    if pa.types.is_dictionary(kind):
        return _flatten(chunk.dictionary_decode(), name)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        texts, rows, _ = _flatten(pc.list_flatten(chunk), name)
        return texts, pc.list_parent_indices(chunk).to_numpy(zero_copy_only=False)[rows], True
    if pa.types.is_null(kind):
        return pa.nulls(len(chunk), pa.large_binary()), np.arange(len(chunk)), False
    if not any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary, pa.types.is_string_view)):
        raise ConfigError(f"column {name!r} holds {kind}; texts or lists of texts are expected. Name another column.", key=name)
    return chunk.cast(pa.large_binary()), np.arange(len(chunk)), False


def _cuts(texts: pa.Array) -> Iterator[tuple[int, int]]:
    """Runs of cells of up to a megabyte, or one larger cell, as (start, length)."""
    sizes = pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False)
    total = np.concatenate([[0], np.cumsum(sizes)])
    start = 0
    while start < len(texts):
        stop = int(np.searchsorted(total, total[start] + _BYTES, "right")) - 1
        stop = min(max(stop, start + 1), start + _ROWS, len(texts))
        yield start, stop - start
        start = stop


def _piece(texts: pa.Array) -> Piece:
    """Join cells into one text, breaks between them, Burmese in Zawgyi put into Unicode."""
    filled = pc.fill_null(texts, b"")
    between = _BETWEEN.encode()
    joined = between + _joined(filled, between) + between
    try:
        text = joined.decode()
        lengths = pc.utf8_length(filled.cast(pa.large_string())).to_numpy(zero_copy_only=False)
    except UnicodeDecodeError:
        cells = [cell.decode("utf-8", "surrogateescape") for cell in filled.to_pylist()]
        text, lengths = _BETWEEN + _BETWEEN.join(cells) + _BETWEEN, np.array([len(cell) for cell in cells])
    starts = np.cumsum(np.concatenate([[len(_BETWEEN)], lengths[:-1] + len(_BETWEEN)]))
    piece = Piece(text, starts, text, None)
    return _unicoded(piece, lengths) if zawgyi.is_burmese(text) else piece


def _joined(cells: pa.Array, between: bytes) -> bytes:
    if len(cells) == 1:
        return cells[0].as_py()
    whole = pa.ListArray.from_arrays(pa.array([0, len(cells)], pa.int32()), cells.cast(pa.binary()))
    return pc.binary_join(whole, between)[0].as_py()


def _unicoded(piece: Piece, lengths: np.ndarray) -> Piece:
    """A piece with its Zawgyi cells converted; `starts` count characters of the text as it was."""
    cells = [(start, start + length) for start, length in zip(piece.starts.tolist(), lengths.tolist(), strict=True)]
    parts, origins, last = list[str](), list[Any](), 0
    for start, end in cells:
        cell = piece.text[start:end]
        if zawgyi.is_burmese(cell) and zawgyi.is_zawgyi(cell):
            converted = zawgyi.convert(cell)
            parts += [piece.text[last:start], converted.text]
            origins += [np.arange(last, start), np.array(converted.origin, np.int64) + start]
            last = end
    if not parts:
        return piece
    parts.append(piece.text[last:])
    origins.append(np.arange(last, len(piece.text)))
    return piece._replace(text="".join(parts), origin=np.concatenate(origins))


def _find_in(piece: Piece, matcher: Matcher) -> Iterator[Row]:
    codes = code_points(piece.text)
    folded = fold(codes)
    text = folded.text()
    found = matcher.search(folded, text)
    if not len(found.start):
        return
    signs = marked(codes, folded)
    places = _places(piece, folded, found)
    row = np.searchsorted(piece.starts, places[0], "right") - 1
    edges = [0, *(np.flatnonzero(np.diff(row)) + 1).tolist(), len(row)]
    columns = [array.tolist() for array in (found.start, found.end, found.name, *places, row)]
    for low, high in zip(edges, edges[1:], strict=False):
        yield from _row([column[low:high] for column in columns], signs, piece, matcher)


def _places(piece: Piece, folded: Folded, found: Found) -> tuple[np.ndarray, np.ndarray]:
    """Where names begin and end among the characters as they were given."""
    start, last = folded.origin[found.start], folded.origin[found.end - 1]
    return (start, last + 1) if piece.origin is None else (piece.origin[start], piece.origin[last] + 1)


def _row(columns: list[list[int]], signs: str, piece: Piece, matcher: Matcher) -> Iterator[Row]:
    row = columns[5][0]
    base = int(piece.starts[row])
    names = list[Name]()
    words: set[str] | None = None
    cased: bool | None = None
    for start, end, name, first, _, _ in zip(*columns, strict=True):
        spelling = matcher.names[name]
        capital = True
        if piece.given[first].islower():
            if cased is None:
                cased = _NAME.search(piece.given, base, _end_of(piece, row)) is not None
            capital = not cased or signs[start - 1] == "#"
        if words is None and spelling in matcher.rules.homographs:
            words = set(re.split(r"[^\w\u0300-\uffff]+", signs[signs.rfind("\x1e", 0, start) + 1 : signs.find("\x1e", end)]))
        one = Name(start, end, spelling, matcher.meanings[name], capital)
        read_name(one, signs, words, matcher.rules)
        names.append(one)
    weigh(names)
    for one, first, stop in zip(names, columns[3], columns[4], strict=True):
        for country, score in one.scores:
            yield Row(row, piece.given[first:stop], country, score, first - base, stop - base)


def _end_of(piece: Piece, row: int) -> int:
    return int(piece.starts[row + 1]) - len(_BETWEEN) if row + 1 < len(piece.starts) else len(piece.given) - len(_BETWEEN)


def _as_hits(found: list[Row], name: str) -> Hits:
    if not found:
        return no_hits(KIND)
    row, value, country, confidence, start, end = zip(*found, strict=True)
    values = pa.array([one.encode("utf-8", "replace").decode() for one in value], pa.string())
    return Hits(
        KIND, (name,), np.array(row, np.int64), values, np.array(country, np.int16), np.array(confidence, np.float32),
        np.array(start, np.int32), np.array(end, np.int32), np.zeros(len(row), np.int16),
    )  # fmt: skip
