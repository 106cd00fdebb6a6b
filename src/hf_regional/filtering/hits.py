"""Hits: what one kind of evidence found in a batch of rows, as columns; a list of evidence a row out.

Millions of rows pass by: a hit is an entry in seven arrays, never an object.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

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
    entries = pa.concat_arrays([_entries(hits) for hits in kept])
    if len(kept) > 1:
        order = np.argsort(row, kind="stable")
        row, entries = row[order], entries.take(pa.array(order))
    offsets = np.searchsorted(row, np.arange(rows + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), entries)


def _entries(hits: Hits) -> pa.Array:
    codes: Any = pa.array(country_codes())
    none, somewhere = hits.country == NOWHERE, hits.start != NOWHERE
    fields = [
        pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(hits.row), np.int8)), pa.array([hits.kind])).dictionary_decode(),
        hits.value.cast(pa.string()),
        codes.take(pa.array(hits.country, mask=none)),
        pa.array(hits.confidence.astype(np.float32)),
        pa.array(hits.columns).take(pa.array(hits.column)),
        pa.array(hits.start, mask=~somewhere),
        pa.array(hits.end, mask=~somewhere),
    ]
    return pa.StructArray.from_arrays(fields, fields=list(EVIDENCE_TYPE))
