"""What is said of a row: the evidence found in it, each kind's reading of it, and the one verdict they come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Answer = Literal["kept", "other", "ambiguous", "none"]
KEPT: Final = "kept"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing in a row that speaks of a place: what stands where, which country it means, how surely.

    `start` and `end` count characters within the cell, `end` exclusive; null where the whole cell, or a list, is meant.
    `confidence` in [0, 1] is P(country | value), or P(region | value) where `country` is null.
    """

    kind: str
    value: str
    country: str | None
    confidence: float
    column: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer on a row, why, and how surely.

    kept: from the region. other: from elsewhere in the world. ambiguous: the evidence allows both.
    none: no answer (nothing to go by, nothing that could be read), or the row takes no part (excluded, quality).
    """

    verdict: Answer
    reason: str  # "language:id", "country:IDN", "no-evidence", "country:unknown", "quality:below", "excluded:language=az"
    confidence: float  # [0, 1]: how surely the answer holds; for ambiguous P(region); 0 for none
    countries: tuple[str, ...] = ()  # ISO 3166-1 alpha-3, sorted, inside the region and outside
    column: str | None = None  # the column that decided


@dataclass(frozen=True, slots=True)
class Reading:
    """What one kind of evidence makes of a row; `opinion` is null where it found nothing it can read."""

    kind: str
    evidence: tuple[Evidence, ...] = ()
    opinion: Verdict | None = None
    unknown: tuple[tuple[str, str], ...] = ()  # (column, text) that it could not read


def decide(readings: Sequence[Reading]) -> Verdict:
    """Let the first kind that has an opinion decide; the readings come strongest first.

    A stronger kind whose text could not be read ("Pinas" in a country column) is outvoted only by evidence *for* the region:
    the place it names may be anywhere, so "other" from a weaker kind would be a guess. The row is then "none", "country:unknown".

    >>> decide([Reading("country"), Reading("language", opinion=Verdict("kept", "language:id", 0.99))]).reason
    'language:id'
    >>> decide([Reading("country", unknown=(("country", "Pinas"),)), Reading("language", opinion=Verdict("other", "language:en", 0.9))]).reason
    'country:unknown'
    """
    unread: Verdict | None = None
    for reading in readings:
        opinion = reading.opinion
        if opinion and (unread is None or opinion.verdict == KEPT):
            return opinion
        if reading.unknown and not opinion and unread is None:
            unread = Verdict("none", f"{reading.kind}:unknown", 0.0, column=reading.unknown[0][0])
    return unread or Verdict("none", "no-evidence", 0.0)
