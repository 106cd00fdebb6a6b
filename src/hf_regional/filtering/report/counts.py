"""Counts: rulings of a batch in; rows by outcome, by what each step did to each part of the corpus, and what could not be read, out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from hf_regional.filtering.report.samples import Samples

NO_COLUMN: Final = "(no column)"
NO_VALUE: Final = "(none)"
TOO_MANY: Final = "(too many values)"
MOST_VALUES: Final = 2_000  # of a group that are told apart; a column of addresses or row numbers is no group
PASSED: Final = ""  # the step of a row that no step took out
_LONGEST: Final = 80  # characters of a text that is kept in the counts: a mapped column may hold whole captions


class Outcome(NamedTuple):
    """What rows are counted by; `column` is the one that decided."""

    verdict: str
    reason: str
    column: str


class Cross(NamedTuple):
    """The rows of one part of the corpus, `value` ("lo") of a `group` ("language"), that left at `step` with this verdict."""

    group: str
    value: str
    step: str
    verdict: str


@dataclass(slots=True)
class Counts:
    """Rows by outcome, by cross, and by (column, text) that no kind of evidence could read; and the rows that were sampled.

    hidden: what was hidden of persons, by (column, kind): contacts masked, or values of a column that was dropped.

    The crosses of each group add up to the rows. A group with more than `MOST_VALUES` values is counted as one, `TOO_MANY`:
    whatever the batches are and in whichever order they come, since what is too many in a part is too many in the whole.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter[Outcome])
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    hidden: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    crosses: Counter[Cross] = field(default_factory=Counter[Cross])
    samples: Samples = field(default_factory=Samples)

    def add_unknown(self, column: str, text: str, rows: int) -> None:
        """Count `rows` rows whose `column` holds a text that could not be read."""
        self.unknown[column, shortened(text)] += rows

    def update(self, other: "Counts") -> None:
        """Add another batch's counts."""
        self.outcomes.update(other.outcomes)
        self.unknown.update(other.unknown)
        self.hidden.update(other.hidden)
        self.crosses.update(other.crosses)
        self.crosses = capped(self.crosses)
        self.samples.update(other.samples)

    def as_json(self) -> dict[str, Any]:
        """JSON-able, for `from_json`."""
        return {
            "outcomes": [[*outcome, rows] for outcome, rows in self.outcomes.items()],
            "unknown": [[*place, rows] for place, rows in self.unknown.items()],
            "hidden": [[*place, number] for place, number in self.hidden.items()],
            "crosses": [[*cross, rows] for cross, rows in self.crosses.items()],
            "samples": self.samples.as_json(),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Counts":
        """The counts that `as_json` wrote."""
        counts = cls(samples=Samples.from_json(record["samples"]))
        counts.outcomes.update({Outcome(*outcome): rows for *outcome, rows in record["outcomes"]})
        counts.unknown.update({(column, text): rows for column, text, rows in record["unknown"]})
        counts.hidden.update({(column, kind): number for column, kind, number in record["hidden"]})
        counts.crosses.update({Cross(*cross): rows for *cross, rows in record["crosses"]})
        return counts


def shortened(text: str) -> str:
    """A text as it stands in the counts.

    >>> shortened("a" * 100) == "a" * 80 + "…"
    True
    """
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def capped(crosses: Counter[Cross]) -> Counter[Cross]:
    """Count groups with too many values as one value each."""
    values: dict[str, set[str]] = {}
    for cross in crosses:
        values.setdefault(cross.group, set()).add(cross.value)
    full = {group for group, found in values.items() if TOO_MANY in found or len(found) > MOST_VALUES}
    if not full:
        return crosses
    capped: Counter[Cross] = Counter()
    for cross, rows in crosses.items():
        capped[cross._replace(value=TOO_MANY) if cross.group in full else cross] += rows
    return capped
