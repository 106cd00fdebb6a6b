"""A hook of the caller's: rows in, the countries that it knows them to be from out. Who made the rows knows best."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hf_regional.errors import ConfigError
from hf_regional.filtering.evidence.question import Question
from hf_regional.filtering.hits import NOWHERE, Hits, country_places
from hf_regional.filtering.opinions import UNREAD, Found, by_country
from hf_regional.regions import country_code

KIND: Final = "locate"
# A row in; a country's code or name, several, {country: P(country)}, or null where the row says nothing.
Locate = Callable[[dict[str, Any]], str | Iterable[str] | Mapping[str, float] | None]


def find(rows: pa.Table | pa.RecordBatch, columns: tuple[str, ...], question: Question) -> Found:
    """Ask the hook of every row; it sees the columns of the row as Python values, images as bytes and path.

    Raises:
        ConfigError: the hook gave something else than a country, several, a mapping or null.
    """
    del columns
    hook: Any = question.locate
    entries: list[tuple[int, str, str | None, float]] = []
    for place, row in enumerate(rows.to_pylist()):
        entries += ((place, text, country_code(text), sure) for text, sure in _named(hook(row)))
    known = [entry for entry in entries if entry[2] is not None]
    hits = _hits(known)
    opinions = by_country(hits, question.region, rows.num_rows)
    unread = np.array(sorted({place for place, _, code, _ in entries if code is None} - {place for place, *_ in known}), np.int64)
    opinions.answer[unread] = UNREAD
    opinions.reason[unread] = len(opinions.reasons) - 1
    unknown = Counter((KIND, text) for _, text, code, _ in entries if code is None)
    return Found(hits, opinions, unknown)


def _named(answer: object) -> list[tuple[str, float]]:
    if answer is None:
        return []
    if isinstance(answer, str):
        return [(answer, 1.0)]
    if isinstance(answer, Mapping):
        return [(str(country), float(sure)) for country, sure in answer.items()]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(answer, Iterable):
        return [(str(country), 1.0) for country in answer]  # pyright: ignore[reportUnknownVariableType]
    raise ConfigError(
        f"locate gave {answer!r}; it should give a country's code or name, several of them, a mapping to probabilities, or None.", "locate"
    )


def _hits(entries: list[tuple[int, str, str | None, float]]) -> Hits:
    places, size = country_places(), len(entries)
    nowhere = np.full(size, NOWHERE, np.int32)
    return Hits(
        KIND,
        (KIND,),
        np.array([row for row, *_ in entries], np.int64),
        pa.array([text for _, text, _, _ in entries], pa.string()),
        np.array([places[code or ""] for _, _, code, _ in entries], np.int16),
        np.array([sure for *_, sure in entries], np.float32),
        nowhere,
        nowhere,
        np.zeros(size, np.int16),
    )
