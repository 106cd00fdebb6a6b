"""Opinions: the hits of one kind of evidence in, what that kind says of each row's place out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from hf_regional.filtering.evidence.language import REJECTS, SELECTS
from hf_regional.filtering.hits import NOWHERE, Hits, country_codes
from hf_regional.filtering.verdict import Answer
from hf_regional.regions import Region

# What a kind may say. UNREAD: there is something, and it names no place that is known.
NOTHING, KEPT, OTHER, AMBIGUOUS, UNREAD = range(5)
ANSWERS: Final[tuple[Answer, ...]] = ("none", "kept", "other", "ambiguous", "none")
NAMED: Final = 0.5  # a hit at least this sure names its country; below, it is a word that may mean something else
# What a hit makes of its row, weakest first, by (is it sure, is it inside): a sure hit inside outweighs all others.
_MEANING: Final = np.array([NOTHING, AMBIGUOUS, OTHER, KEPT], np.int8)


@dataclass(frozen=True, slots=True)
class Opinions:
    """What one kind of evidence says of n rows.

    answer: (n,) int8, one of the constants above. confidence: (n,) float32 in [0, 1], P(answer), of AMBIGUOUS P(region).
    reason: (n,) int32, places in `reasons`. column: (n,) int16, places in `columns`. Both mean nothing where the answer is NOTHING.
    """

    kind: str
    answer: np.ndarray
    confidence: np.ndarray
    reason: np.ndarray
    reasons: tuple[str, ...]
    column: np.ndarray
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """All that one kind of evidence gives: hits, opinions, and rows by (column, text) that it could not read."""

    hits: Hits
    opinions: Opinions
    unknown: Mapping[tuple[str, str], int] = field(default_factory=Counter[tuple[str, str]])


def by_country(hits: Hits, region: Region, rows: int) -> Opinions:
    """Let the countries that were found speak: one inside keeps a row, only ones outside make it "other".

    Words that may mean something else (confidence < 0.5) make a row ambiguous if they name a country inside and nothing surer is
    there; those that name one outside say nothing.
    """
    codes = country_codes()
    inside = np.array([code in region.countries for code in codes] + [False])[hits.country]
    meaning = 2 * (hits.confidence >= NAMED) + inside
    meaning[hits.country == NOWHERE] = 0
    # The surest hit of the strongest meaning speaks for its row; of equal ones the first.
    order = np.lexsort((-hits.confidence, -meaning, hits.row))
    row, first = np.unique(hits.row[order], return_index=True)
    speaker = order[first]
    opinions = nothing(hits.kind, rows, (*(f"{hits.kind}:{code}" for code in codes), f"{hits.kind}:unknown"), hits.columns)
    opinions.answer[row] = _MEANING[meaning[speaker]]
    opinions.confidence[row] = hits.confidence[speaker]
    opinions.reason[row] = hits.country[speaker]
    opinions.column[row] = hits.column[speaker]
    return opinions


def by_share(hits: Hits, region: Region, rows: int) -> Opinions:
    """Let votes P(country | language) add up to P(region | language), as for a language column; the value is the language."""
    row, first = np.unique(hits.row, return_index=True)
    encoded = hits.value.take(pa.array(first)).dictionary_encode()
    opinions = nothing(hits.kind, rows, tuple(f"{hits.kind}:{language}" for language in encoded.dictionary.to_pylist()), hits.columns)
    if not len(row):
        return opinions
    inside = np.array([code in region.countries for code in country_codes()] + [False])[hits.country]
    share = np.add.reduceat(np.where(inside, hits.confidence, 0.0), first)
    opinions.answer[row] = np.where(share >= SELECTS, KEPT, np.where(share >= REJECTS, AMBIGUOUS, OTHER))
    opinions.confidence[row] = np.where(share >= REJECTS, share, 1 - share)
    opinions.reason[row], opinions.column[row] = encoded.indices.to_numpy(), hits.column[first]
    return opinions


def nothing(kind: str, rows: int, reasons: tuple[str, ...] = (), columns: tuple[str, ...] = ()) -> Opinions:
    """No opinion on any row."""
    zeros = np.zeros(rows, np.int16)
    return Opinions(kind, zeros.astype(np.int8), zeros.astype(np.float32), zeros.astype(np.int32), reasons, zeros, columns)
