"""Hits: what one kind of evidence found in a batch of rows, as columns; a list of evidence a row out.

Millions of rows pass by: a hit is an entry in seven arrays, never an object.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import pyarrow as pa

from hf_regional.regions.countries import countries

EVIDENCE_TYPE: Final = pa.struct(
    [
        ("kind", pa.string()),
        ("value", pa.string()),
        ("country", pa.string()),
        ("confidence", pa.float32()),
        ("column", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
    ]
)
NOWHERE: Final = -1  # no country; no place within a cell


@dataclass(frozen=True, slots=True)
class Hits:
    """m hits in a batch of rows, in the order of the rows.

    row: (m,) int64, ascending. value: (m,) strings, what stands in the cell. country: (m,) int16, places in `country_codes()`, -1
    for none. confidence: (m,) float32 in [0, 1], P(country | value). start, end: (m,) int32, characters within the cell, `end`
    exclusive, -1 where the whole cell or a list is meant. column: (m,) int16, places in `columns`.
    """

    kind: str
    columns: tuple[str, ...]
    row: np.ndarray
    value: pa.Array
    country: np.ndarray
    confidence: np.ndarray
    start: np.ndarray
    end: np.ndarray
    column: np.ndarray


@cache
def country_codes() -> tuple[str, ...]:
    """All alpha-3 codes, sorted; hits hold places in it."""
    return tuple(sorted(countries()))


@cache
def country_places() -> dict[str, int]:
    """Alpha-3 code -> its place in `country_codes()`."""
    return {code: place for place, code in enumerate(country_codes())}


def no_hits(kind: str) -> Hits:
    """Nothing was found."""
    whole, small = np.zeros(0, np.int64), np.zeros(0, np.int32)
    return Hits(
        kind, (), whole, pa.array([], pa.string()), small.astype(np.int16), small.astype(np.float32), small, small, small.astype(np.int16)
    )


def evidence_of(found: Sequence[Hits], rows: int) -> pa.Array:
    """The hits of several kinds as one list of `EVIDENCE_TYPE` a row, (rows,); within a row in the order of the kinds."""
    kept = [hits for hits in found if len(hits.row)]
    if not kept:
        return pa.ListArray.from_arrays(pa.array(np.zeros(rows + 1, np.int32)), pa.array([], EVIDENCE_TYPE))
    row = np.concatenate([hits.row for hits in kept])
    # Numbers are put in order, and texts made of them then: to move texts about takes ten times as long.
    order = np.argsort(row, kind="stable") if len(kept) > 1 else np.arange(len(row))
    country, confidence, start, end = (
        np.concatenate([getattr(hits, part) for hits in kept])[order] for part in ("country", "confidence", "start", "end")
    )
    nowhere = start == NOWHERE
    fields = [
        _named([(hits.kind,) for hits in kept], [np.zeros(len(hits.row), np.int16) for hits in kept], order),
        pa.concat_arrays([hits.value.cast(pa.string()) for hits in kept]).take(pa.array(order)),
        pa.array(country_codes()).take(pa.array(country, mask=country == NOWHERE)),
        pa.array(confidence.astype(np.float32)),
        _named([hits.columns for hits in kept], [hits.column for hits in kept], order),
        pa.array(start, pa.int32(), mask=nowhere),
        pa.array(end, pa.int32(), mask=nowhere),
    ]
    offsets = np.zeros(rows + 1, np.int32)
    np.cumsum(np.bincount(row, minlength=rows), out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.StructArray.from_arrays(fields, fields=list(EVIDENCE_TYPE)))


def _named(names: Sequence[tuple[str, ...]], places: Sequence[np.ndarray], order: np.ndarray) -> pa.Array:
    """The names at some places, each counted within the names of its kind."""
    begin = np.cumsum([0, *map(len, names)])
    place = np.concatenate([mine.astype(np.int64) + first for mine, first in zip(places, begin, strict=False)])
    return pa.array([name for one in names for name in one]).take(pa.array(place[order]))
