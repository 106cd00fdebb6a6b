"""Finding: a column of captions, titles or places in; what their words say of countries out, as `Hits`."""

from typing import Final

import numpy as np
import pyarrow as pa

from hf_regional.filtering.evidence.text.matching import Matcher
from hf_regional.filtering.evidence.text.pieces import pieces_of, texts_of
from hf_regional.filtering.evidence.text.reading import Evidence, read_piece
from hf_regional.filtering.hits import NOWHERE, Hits, no_hits

KIND: Final = "text"


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
    found, cells, first, size = list[Hits](), list[np.ndarray](), 0, 0
    for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        texts = texts_of(chunk, name)
        for places, piece in pieces_of(texts.cells):
            evidence = read_piece(piece, matcher)
            if len(evidence.row):
                found.append(_as_hits(evidence, name, texts.row[places] + first, texts.in_list))
                cells.append(places[evidence.row] + size)
        first, size = first + len(chunk), size + len(texts.cells)
    return _gathered(found, cells)


def _as_hits(found: Evidence, name: str, rows: np.ndarray, in_list: bool) -> Hits:
    try:
        values = pa.array(found.value, pa.string())
    except UnicodeEncodeError:  # a name with bytes that are no UTF-8 within
        values = pa.array([value.encode("utf-8", "replace").decode() for value in found.value], pa.string())
    start, end = (np.full(len(found.row), NOWHERE, np.int32) if in_list else places.astype(np.int32) for places in (found.start, found.end))
    country, confidence = np.array(found.country, np.int16), np.array(found.confidence, np.float32)
    return Hits(KIND, (name,), rows[found.row], values, country, confidence, start, end, np.zeros(len(found.row), np.int16))


def _gathered(found: list[Hits], cells: list[np.ndarray]) -> Hits:
    """The hits of all pieces in the order of the cells that they are from."""
    if not found:
        return no_hits(KIND)
    order = np.argsort(np.concatenate(cells), kind="stable")
    row, country, confidence, start, end, column = (
        np.concatenate([getattr(hits, field) for hits in found])[order]
        for field in ("row", "country", "confidence", "start", "end", "column")
    )
    values = pa.concat_arrays([hits.value for hits in found]).take(pa.array(order))
    return Hits(KIND, found[0].columns, row, values, country, confidence, start, end, column)
