"""What was done for consent, counted: batch by batch in, one account out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_MOST_TEXTS: Final = 1000  # distinct texts that are kept apart: a column of copyright notices has one a row
OTHERS: Final = "(other texts)"
_SHOWN: Final = 10


@dataclass(slots=True)
class ConsentCounts:
    """Of `rows` rows: why some were refused, under which licences they are, what was masked, dropped, and not understood.

    refused: reason -> rows. licences: identifier -> rows. readings: (text, identifier) -> rows. masked: (column, kind) -> contacts.
    masked_texts: column -> texts that had any. dropped: column -> values that were in it. why: column -> why it was dropped.
    unread: (value, column) -> rows whose opt-out signal nobody can read. unsearched: text column -> why it was not searched.
    """

    rows: int = 0
    refused: Counter[str] = field(default_factory=Counter[str])
    licences: Counter[str] = field(default_factory=Counter[str])
    readings: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    masked: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    masked_texts: Counter[str] = field(default_factory=Counter[str])
    dropped: Counter[str] = field(default_factory=Counter[str])
    why: dict[str, str] = field(default_factory=dict[str, str])
    unread: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    unsearched: dict[str, str] = field(default_factory=dict[str, str])

    def add(self, other: "ConsentCounts") -> None:
        """Add the counts of another batch."""
        self.rows += other.rows
        for name in ("refused", "licences", "masked", "masked_texts", "dropped"):
            getattr(self, name).update(getattr(other, name))
        self.why |= other.why
        self.unsearched |= other.unsearched
        _add_capped(self.readings, other.readings)
        _add_capped(self.unread, other.unread)

    def as_dict(self) -> dict[str, object]:
        """Everything as JSON-able values, most first."""
        return {
            "rows": self.rows,
            "refused": dict(self.refused.most_common()),
            "licences": dict(self.licences.most_common()),
            "readings": [{"text": text, "licence": one, "rows": rows} for (text, one), rows in _most_first(self.readings)],
            "masked": _by_column(self.masked),
            "masked_texts": dict(self.masked_texts.most_common()),
            "dropped": {name: {"why": self.why[name], "values": values} for name, values in self.dropped.items()},
            "unread": _by_column({(column, value): rows for (value, column), rows in self.unread.items()}),
            "unsearched": dict(self.unsearched),
        }

    def __str__(self) -> str:
        lines = [f"{self.rows:,} rows, {self.refused.total():,} refused"]
        lines += [f"  refused: {reason} in {rows:,} rows" for reason, rows in self.refused.most_common()]
        lines += [f"  licence: {one} in {rows:,} rows" for one, rows in self.licences.most_common(_SHOWN)]
        lines += [f"  not read: {text!r} in {rows:,} rows" for (text, one), rows in self.readings.most_common() if one == "unknown"][
            :_SHOWN
        ]
        lines += [f"  masked: {number:,} x {kind} in column {column!r}" for (column, kind), number in _most_first(self.masked)]
        lines += [f"  dropped: column {name!r} with {values:,} values ({self.why[name]})" for name, values in self.dropped.items()]
        lines += [f"  signal not read: {value!r} in column {column!r}, {rows:,} rows" for (value, column), rows in _most_first(self.unread)]
        return "\n".join(lines)


def _add_capped(total: Counter[tuple[str, str]], more: Mapping[tuple[str, str], int]) -> None:
    """Add counts of (text, what of it); once there are many texts, new ones are counted together."""
    for (text, of), rows in more.items():
        total[(text, of) if (text, of) in total or len(total) < _MOST_TEXTS else (OTHERS, of)] += rows


def _by_column(counts: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (column, value), number in _most_first(counts):
        found.setdefault(column, {})[value] = number
    return found


def _most_first(counts: Mapping[tuple[str, str], int]) -> list[tuple[tuple[str, str], int]]:
    # Ties by name: the order must not depend on which batch came first.
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
