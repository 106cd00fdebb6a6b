"""Groups: a batch and what was found in it in; the country, language, source, licence and deciding evidence of each row, as codes, out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hf_regional.filtering.encoded import Encoded, encode, is_readable
from hf_regional.filtering.opinions import NOTHING, UNREAD, Found
from hf_regional.filtering.report.counts import NO_VALUE, shortened
from hf_regional.filtering.report.excerpts import readable
from hf_regional.regions import Region, country_code, language_code

COUNTRY: Final = "country"
LANGUAGE: Final = "language"
EVIDENCE: Final = "evidence"
UNKNOWN: Final = "(unknown)"  # a text in the column that names no country or language
_DETECTED: Final = "detected"  # the kind of evidence that stands in for a language column
_NOT_TEXT: Final = "(not text)"
_READ: Final[Mapping[str, Callable[[str], str | None]]] = {COUNTRY: country_code, LANGUAGE: language_code}


def group_rows(
    rows: pa.Table | pa.RecordBatch,
    columns: Mapping[str, str],
    labels: Mapping[str, Sequence[str]],
    countries: pa.Array,
    region: Region | None,
    found: Sequence[Found],
    speaker: np.ndarray,
) -> dict[str, Encoded]:
    """Say of each of n rows which parts of the corpus it belongs to: one value of each group, so that a group adds up to the rows.

    Args:
        rows: the batch, its texts checked.
        columns: group -> column; one that this batch lacks is taken as empty.
        labels: names of the classes of columns that hold integers.
        countries: (n,) lists of the countries found. A row with several counts for the first of them, one inside the region before
            one outside. Without a region, the column counts.
        region: that was asked for.
        found: what the kinds of evidence gave.
        speaker: (n,) the place in `found` of the kind that decided, -1 for none.
    """
    read = {group: _column(rows, name, labels.get(name), _READ.get(group)) for group, name in columns.items()}
    groups: dict[str, Encoded] = {}
    if region is not None:
        groups[COUNTRY] = _first_of(countries, region)
    elif COUNTRY in read:
        groups[COUNTRY] = read[COUNTRY]
    if (languages := _languages(read.get(LANGUAGE), found)) is not None:
        groups[LANGUAGE] = languages
    groups |= {group: column for group, column in read.items() if group not in (COUNTRY, LANGUAGE)}
    if region is not None:
        groups[EVIDENCE] = Encoded(speaker.astype(np.int64) + 1, [NO_VALUE, *(one.hits.kind for one in found)])
    return groups


def _column(rows: Any, name: str, labels: Sequence[str] | None, read: Callable[[str], str | None] | None) -> Encoded:
    if name not in rows.schema.names:
        return Encoded(np.zeros(rows.num_rows, np.int64), [NO_VALUE])
    kind = rows.schema.field(name).type
    if pa.types.is_nested(kind) and not is_readable(kind):
        return Encoded(np.zeros(rows.num_rows, np.int64), [_NOT_TEXT])
    column = encode(rows[name], name, labels)
    return _renamed(column, [_value(cell, read) for cell in column.values])


def _value(cell: object, read: Callable[[str], str | None] | None) -> str:
    """A cell as the value of a group: its code where values are codes, of a list the first that has one."""
    parts = [text for part in (cell if isinstance(cell, tuple) else (cell,)) if (text := readable(part))]
    if not parts:
        return NO_VALUE
    if read is None:
        return shortened(" ".join(", ".join(parts).split()))
    return next((code for part in parts if (code := read(part))), UNKNOWN)


def _renamed(column: Encoded, names: Sequence[str]) -> Encoded:
    """The same rows under other names of values, of which several may be one."""
    values = list(dict.fromkeys(names))
    place = {name: number for number, name in enumerate(values)}
    return Encoded(np.array([place[name] for name in names], np.int64)[column.codes], values)


def _first_of(countries: pa.Array, region: Region) -> Encoded:
    offsets = countries.offsets.to_numpy()
    flat = countries.values.slice(offsets[0], offsets[-1] - offsets[0]).dictionary_encode()
    codes, values = flat.indices.to_numpy(), flat.dictionary.to_pylist()
    begin, lengths = offsets[:-1] - offsets[0], np.diff(offsets)
    inside = np.flatnonzero(np.array([value in region.countries for value in values] or [False])[codes])
    row = np.repeat(np.arange(len(lengths)), lengths)[inside]
    is_first = np.diff(row, prepend=-1) != 0
    chosen = begin.copy()
    chosen[row[is_first]] = inside[is_first]
    result = np.zeros(len(lengths), np.int64)
    result[lengths > 0] = codes[chosen[lengths > 0]] + 1
    return Encoded(result, [NO_VALUE, *values])


def _languages(column: Encoded | None, found: Sequence[Found]) -> Encoded | None:
    """The language column, and where it is empty, or there is none, the language that was detected."""
    detected = next((one.opinions for one in found if one.hits.kind == _DETECTED), None)
    if detected is None:
        return column
    names = [reason.partition(":")[2] for reason in detected.reasons]
    heard = np.isin(detected.answer, (NOTHING, UNREAD), invert=True)
    given, values = (column.codes, column.values) if column else (np.zeros(len(heard), np.int64), [NO_VALUE])
    empty = np.array([value == NO_VALUE for value in values])[given]
    codes = np.where(empty & heard, detected.reason.astype(np.int64) + len(values), given)
    return _renamed(Encoded(codes, []), [*values, *names])
