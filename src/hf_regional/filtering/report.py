"""The report: rulings counted batch by batch in, how many rows were kept, dropped and why out. The counts add up to the rows."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

from hf_regional.filtering.verdict import KEPT

Key = TypeVar("Key", str, tuple[str, str], "Outcome")

_ANSWERS: Final = (KEPT, "other", "ambiguous", "none")
NO_COLUMN: Final = "(no column)"
_LONGEST: Final = 80  # characters of a text that is kept in the counts: a mapped column may hold whole captions
_SHOWN: Final = 10  # values that could not be read, in the printed table; `as_dict` has them all


class Outcome(NamedTuple):
    """What rows are counted by; `column` is the one that decided."""

    verdict: str
    reason: str
    column: str


@dataclass(slots=True)
class Counts:
    """Rows by outcome, and rows by (column, text) that no kind of evidence could read."""

    outcomes: Counter[Outcome] = field(default_factory=Counter[Outcome])
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def add_unknown(self, column: str, text: str, rows: int) -> None:
        """Count `rows` rows whose `column` holds a text that could not be read."""
        self.unknown[column, text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"] += rows

    def update(self, other: "Counts") -> None:
        """Add another batch's counts."""
        self.outcomes.update(other.outcomes)
        self.unknown.update(other.unknown)

    def as_json(self) -> dict[str, Any]:
        """JSON-able, for `from_json`."""
        return {
            "outcomes": [[*outcome, rows] for outcome, rows in self.outcomes.items()],
            "unknown": [[*place, rows] for place, rows in self.unknown.items()],
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Counts":
        """The counts that `as_json` wrote."""
        counts = cls()
        counts.outcomes.update({Outcome(*outcome): rows for *outcome, rows in record["outcomes"]})
        counts.unknown.update({(column, text): rows for column, text, rows in record["unknown"]})
        return counts


@dataclass(slots=True)
class Tally:
    """Counts of each batch, under its split and the number of its first row.

    A stream is judged anew by whoever reads it: `data`, `dropped`, the next epoch. Kept by batch, a batch that comes again
    replaces its own counts and nothing is counted twice.
    """

    batches: dict[tuple[str, int], Counts] = field(default_factory=dict[tuple[str, int], Counts])

    def put(self, split: str, start: int, counts: Counts) -> None:
        """Record the batch that begins at row `start` of a split."""
        self.batches[split, start] = counts

    def total(self, split: str | None = None) -> Counts:
        """Sum the counts so far, of one split or of all."""
        summed = Counts()
        for (name, _), counts in self.batches.items():
            if split is None or split == name:
                summed.update(counts)
        return summed


@dataclass(frozen=True, slots=True)
class FilterReport:
    """What a filter did. For a stream it grows while the stream is read, and is complete after one whole pass."""

    region: str
    settings: Mapping[str, object]
    tally: Tally
    splits: tuple[str, ...] = ()
    split: str | None = None

    @property
    def rows(self) -> int:
        """Rows judged so far."""
        return self._counts().outcomes.total()

    @property
    def kept(self) -> int:
        """Rows kept so far."""
        return self.by_verdict[KEPT]

    @property
    def by_verdict(self) -> dict[str, int]:
        """Rows by verdict; all four are there."""
        return dict.fromkeys(_ANSWERS, 0) | self._by(lambda outcome: outcome.verdict)

    @property
    def by_reason(self) -> dict[str, int]:
        """Rows by reason, most first; an exclusion that met no row is there with 0."""
        return self._by(lambda outcome: outcome.reason)

    @property
    def by_column(self) -> dict[str, int]:
        """Rows by the column that decided, most first."""
        return self._by(lambda outcome: outcome.column)

    @property
    def unknown(self) -> dict[str, dict[str, int]]:
        """Rows by text that could not be read, by column; a row may still have been decided by something else."""
        found: dict[str, dict[str, int]] = {}
        for (column, text), rows in _most_first(self._counts().unknown):
            found.setdefault(column, {})[text] = rows
        return found

    def of_split(self, split: str) -> "FilterReport":
        """Give the report of one split alone."""
        return FilterReport(self.region, self.settings, self.tally, split=split)

    def as_dict(self) -> dict[str, object]:
        """Everything as JSON-able values, as it stands now: rows, kept, `counts` by verdict, `reasons`, `columns`, what was not read.

        The counts by verdict, by reason and by column each add up to `rows`.
        """
        return {
            "region": self.region,
            "settings": dict(self.settings),
            "rows": self.rows,
            "kept": self.kept,
            "counts": self.by_verdict,
            "reasons": self.by_reason,
            "columns": self.by_column,
            "unknown": self.unknown,
            **({"splits": {split: self.of_split(split).by_verdict for split in self.splits}} if self.splits else {}),
        }

    def __str__(self) -> str:
        counts = self._counts()
        lines = [(*outcome, f"{rows:,}", f"{rows / max(self.rows, 1):.1%}") for outcome, rows in _most_first(counts.outcomes)]
        lines.sort(key=lambda line: _ANSWERS.index(line[0]))  # stable: most first within a verdict
        table = _aligned([("verdict", "reason", "column", "rows", "share"), *lines])
        return "\n".join([f"{self.region}: {self.kept:,} of {self.rows:,} rows kept", *table, *self._unread()])

    def _unread(self) -> list[str]:
        found = [(column, text, rows) for column, texts in self.unknown.items() for text, rows in texts.items()]
        named = [f"not read: {column} {text!r} in {rows:,} rows" for column, text, rows in found[:_SHOWN]]
        return named + ([f"not read: {len(found) - _SHOWN:,} more values"] if len(found) > _SHOWN else [])

    def _by(self, part: Callable[[Outcome], str]) -> dict[str, int]:
        sums: Counter[str] = Counter()
        for outcome, rows in self._counts().outcomes.items():
            sums[part(outcome)] += rows
        return dict(_most_first(sums))

    def _counts(self) -> Counts:
        return self.tally.total(self.split)


def _most_first(counter: Counter[Key]) -> list[tuple[Key, int]]:
    # Ties by name: the order must not depend on which batch came first.
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


def _aligned(table: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(_padded(cell, width, right=place > 2) for place, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in table
    ]


def _padded(cell: str, width: int, *, right: bool) -> str:
    return cell.rjust(width) if right else cell.ljust(width)
