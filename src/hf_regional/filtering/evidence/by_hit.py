"""Columns of many values (texts, addresses): each read by itself; hits and opinions of every row out."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from hf_regional.filtering.evidence.question import Question
from hf_regional.filtering.hits import Hits, no_hits
from hf_regional.filtering.opinions import Found, Opinions
from hf_regional.regions import Region

Find = Callable[[Any, str], Hits]
Opine = Callable[[Hits, Region, int], Opinions]


def find_by_hit(
    rows: pa.Table | pa.RecordBatch, columns: tuple[str, ...], question: Question, kind: str, find: Find, opine: Opine
) -> Found:
    """Read some columns of a batch one by one; `opine` makes the opinions of what all of them together gave."""
    hits = together(kind, [find(rows[name], name) for name in columns])
    return Found(hits, opine(hits, question.region, rows.num_rows))


def together(kind: str, found: list[Hits]) -> Hits:
    """The hits of several columns as those of one kind, in the order of the rows, and within a row in that of the columns."""
    some = [hits for hits in found if len(hits.row)]
    if not some:
        return no_hits(kind)
    row = np.concatenate([hits.row for hits in some])
    order = np.argsort(row, kind="stable")
    column = np.concatenate([hits.column + sum(len(other.columns) for other in some[:place]) for place, hits in enumerate(some)])
    values = pa.concat_arrays([hits.value.cast(pa.string()) for hits in some]).take(pa.array(order))
    country, sure, start, end = (
        np.concatenate([getattr(hits, part) for hits in some])[order] for part in ("country", "confidence", "start", "end")
    )
    columns = tuple(name for hits in some for name in hits.columns)
    return Hits(kind, columns, row[order], values, country, sure, start, end, column[order].astype(np.int16))
