"""Columns of few values: cells in, read once for each distinct combination, hits and opinions of every row out.

A corpus has thousands of combinations of country and language, and millions of rows.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from hf_regional.errors import ConfigError
from hf_regional.filtering.encoded import combinations, encode, is_readable
from hf_regional.filtering.evidence.cells import Cell
from hf_regional.filtering.evidence.question import Question
from hf_regional.filtering.hits import NOWHERE, Hits, country_places
from hf_regional.filtering.opinions import ANSWERS, NOTHING, UNREAD, Found, Opinions
from hf_regional.filtering.verdict import Evidence, Reading
from hf_regional.regions import Region

Read = Callable[[tuple[tuple[str, Cell], ...], Region], Reading]


def find_by_value(rows: pa.Table | pa.RecordBatch, columns: tuple[str, ...], question: Question, kind: str, read: Read) -> Found:
    """Read some columns of a batch together.

    Raises:
        ConfigError: a column holds anything but text, lists of text, class labels or nulls.
    """
    cells = {name: encode(_readable(rows, name, question.labels), name, question.labels.get(name)) for name in columns}
    first, combination, sizes = combinations([column.codes for column in cells.values()], rows.num_rows)
    readings = [read(tuple((name, column.values[column.codes[row]]) for name, column in cells.items()), question.region) for row in first]
    unknown: Counter[tuple[str, str]] = Counter()
    for reading, size in zip(readings, sizes.tolist(), strict=True):
        unknown.update(dict.fromkeys(reading.unknown, size))
    return Found(_hits(kind, columns, readings, combination), _opinions(kind, columns, readings, combination), unknown)


def _readable(rows: pa.Table | pa.RecordBatch, name: str, labels: Mapping[str, tuple[str, ...]]) -> Any:
    found = rows.schema.field(name).type
    if name not in labels and not is_readable(found):
        raise ConfigError(f"column {name!r} holds {found}; evidence is read from text or lists of text: cast it first.", "columns")
    return rows[name]


def _hits(kind: str, columns: tuple[str, ...], readings: Sequence[Reading], combination: np.ndarray) -> Hits:
    entries: list[Evidence] = [one for reading in readings for one in reading.evidence]
    sizes = np.array([len(reading.evidence) for reading in readings], np.int64)
    counts = sizes[combination]
    # The entries of a combination stand together: those of a row are a run from where its combination's begin.
    begin = (np.cumsum(sizes) - sizes)[combination]
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    entry = np.repeat(begin, counts) + within
    places = country_places()
    return Hits(
        kind,
        columns,
        np.repeat(np.arange(len(combination)), counts),
        pa.array([one.value for one in entries], pa.string()).take(pa.array(entry)),
        _numbers([NOWHERE if one.country is None else places[one.country] for one in entries], np.int16)[entry],
        _numbers([one.confidence for one in entries], np.float32)[entry],
        _numbers([NOWHERE if one.start is None else one.start for one in entries], np.int32)[entry],
        _numbers([NOWHERE if one.end is None else one.end for one in entries], np.int32)[entry],
        _numbers([columns.index(one.column) for one in entries], np.int16)[entry],
    )


def _opinions(kind: str, columns: tuple[str, ...], readings: Sequence[Reading], combination: np.ndarray) -> Opinions:
    said = [_said(reading, kind, columns) for reading in readings]
    reasons = tuple(dict.fromkeys(reason for _, _, reason, _ in said))
    place = {reason: number for number, reason in enumerate(reasons)}
    return Opinions(
        kind,
        _numbers([answer for answer, _, _, _ in said], np.int8)[combination],
        _numbers([sure for _, sure, _, _ in said], np.float32)[combination],
        _numbers([place[reason] for _, _, reason, _ in said], np.int32)[combination],
        reasons,
        _numbers([column for _, _, _, column in said], np.int16)[combination],
        columns,
    )


def _said(reading: Reading, kind: str, columns: tuple[str, ...]) -> tuple[int, float, str, int]:
    opinion = reading.opinion
    if opinion:
        return ANSWERS.index(opinion.verdict), opinion.confidence, opinion.reason, columns.index(opinion.column or columns[0])
    if reading.unknown:
        return UNREAD, 0.0, f"{kind}:unknown", columns.index(reading.unknown[0][0])
    return NOTHING, 0.0, "", 0


def _numbers(values: Sequence[float], dtype: Any) -> np.ndarray:
    return np.array(values, dtype)
