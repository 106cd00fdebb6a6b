"""What is said of a cell or a row: the evidence found in it, and the verdict that comes of it."""

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
