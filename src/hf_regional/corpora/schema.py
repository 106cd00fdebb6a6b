"""Schemas: the columns that a corpus declares and those its files have in; what differs, as one table, out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from hf_regional.errors import MissingColumnError


@dataclass(frozen=True, slots=True)
class Differences:
    """Columns that one side has alone. Extra ones stay in the view `raw`; those that lack are read as null, but for needed ones."""

    lacking: tuple[str, ...]
    extra: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.lacking or self.extra)

    def table(self) -> str:
        """One line a column, for a message.

        >>> print(Differences(("License",), ("split",)).table())
        column   declared  found
        License  yes       no
        split    no        yes
        """
        rows = [("column", "declared", "found")]
        rows += [(name, "yes", "no") for name in self.lacking] + [(name, "no", "yes") for name in self.extra]
        widths = [max(len(row[place]) for row in rows) for place in range(3)]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def compare(declared: Mapping[str, Any], found: Collection[str], needed: Collection[str], where: str) -> Differences:
    """Hold the columns of a file against the declared ones.

    Args:
        declared: the corpus's columns, by name.
        found: the file's.
        needed: declared columns without which no view can be made.
        where: the file, for the message.

    Raises:
        MissingColumnError: a needed column is not there; the message has the whole table.
    """
    differences = Differences(tuple(name for name in declared if name not in found), tuple(name for name in found if name not in declared))
    _refuse(frozenset(needed) & frozenset(differences.lacking), where, f"What differs from the published schema:\n{differences.table()}\n")
    return differences


def require_columns(needed: Collection[str], found: Collection[str], where: str) -> None:
    """Check that a file has what rows are made from; arguments and errors as in `compare`."""
    _refuse(frozenset(needed) - frozenset(found), where, f"It has {', '.join(found)}. ")


def _refuse(lost: frozenset[str], where: str, there: str) -> None:
    if lost:
        raise MissingColumnError(
            f"{where} lacks {', '.join(sorted(lost))}, which its rows are made from. {there}"
            "Pin an older revision=, or load view='raw' to see what is there.",
            lost,
        )
