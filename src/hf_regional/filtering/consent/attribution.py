"""Credit: the columns that tell whose a work is in; one line a row, and a list for the card, out.

A line has what Creative Commons asks for, as far as the row says it: title, author, source and licence ("TASL",
https://wiki.creativecommons.org/wiki/Recommended_practices_for_attribution).
"""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa

from hf_regional.cards.markdown import escaped
from hf_regional.durable import atomic_file
from hf_regional.errors import ConfigError
from hf_regional.filtering.consent.columns import Column, pc, readable
from hf_regional.filtering.consent.nested import is_list, is_text
from hf_regional.filtering.consent.opt_out_lists import normal_urls

Roles = Mapping[str, Sequence[str]]

_LONGEST: Final = 300  # characters of one part of a line
_SITE: Final = r"^([^/?#\s]+\.[^/?#\s]+).*$"


class Credit(NamedTuple):
    """Who is thanked for works under one licence from one place; "" where the rows do not say."""

    author: str
    licence: str
    source: str


@dataclass(slots=True)
class Credits:
    """Works by whom they are credited to. It grows with the number of distinct authors, not of rows."""

    works: Counter[Credit] = field(default_factory=Counter[Credit])

    def add(self, other: "Credits") -> None:
        """Add those of another batch."""
        self.works.update(other.works)

    def ordered(self) -> list[tuple[Credit, int]]:
        """All of them, most works first, then by name."""
        return sorted(self.works.items(), key=lambda item: (-item[1], item[0]))

    def markdown(self, limit: int = 100) -> str:
        """The first `limit` as a list for a card; what the list leaves out is counted in its last line."""
        every = self.ordered()
        lines = [f"- {_line(credit)}: {works:,} work{'s' if works != 1 else ''}" for credit, works in every[:limit]]
        rest = every[limit:]
        return "\n".join([*lines, *([f"- and {len(rest):,} more, {sum(works for _, works in rest):,} works"] if rest else [])])

    def write(self, path: str | os.PathLike[str], *, limit: int = 100) -> Path:
        """Write all of them as `.json`, or the first `limit` as `.md`; whole or not at all.

        Raises:
            ConfigError: another kind of file.
            CannotWriteError: no space or no permission.
        """
        final = Path(path)
        if final.suffix not in (".json", ".md"):
            raise ConfigError(f"credits are written as .json or .md, not as {final.name!r}.", "path")
        listed = [{**credit._asdict(), "works": works} for credit, works in self.ordered()]
        text = json.dumps(listed, indent=2, ensure_ascii=False) if final.suffix == ".json" else self.markdown(limit)
        with atomic_file(final) as partial:
            partial.write_text(text + "\n", encoding="utf-8")
        return final


def attribute(rows: pa.Table | pa.RecordBatch, roles: Roles, wordings: Column | None = None) -> pa.Array:
    """Write one line of credit a row: “Title” by Author, source, licence.

    Args:
        rows: n rows.
        roles: role -> columns, as a `ConsentPlan` has them; of several columns the first that says something counts.
        wordings: (n,) the licence in words (`LicencesRead.wordings`).

    Returns:
        (n,) large_string; null where a row names neither title nor author nor source. A column of the role "attribution" is
        taken as it is.
    """
    title, author, source = (_said(rows, roles.get(role, ())) for role in ("title", "author", "source"))
    quoted = _glued(_glued(_word("“"), title, ""), _word("”"), "")
    named = _joined(_joined(quoted, _glued(_word("by"), author, " "), " "), source, ", ")
    line = _glued(named, _text(wordings, rows.num_rows), ", ")
    return pc.coalesce(_said(rows, roles.get("attribution", ())), line, named)


def credits_of(rows: pa.Table | pa.RecordBatch, roles: Roles, wordings: Column | None = None) -> Credits:
    """Count works by author, licence and the site they come from; arguments as `attribute`. Rows that name nobody count under ""."""
    author = pc.coalesce(_said(rows, roles.get("author", ())), _said(rows, roles.get("attribution", ())))
    site = pc.replace_substring_regex(normal_urls(_said(rows, roles.get("source", ()))).combine_chunks(), _SITE, r"\1")
    parts = pa.table({"author": author, "licence": _text(wordings, rows.num_rows), "source": site})
    counted = parts.group_by(["author", "licence", "source"], use_threads=False).aggregate([([], "count_all")])
    works = Counter[Credit]()
    for one in counted.to_pylist():
        works[Credit(one["author"] or "", one["licence"] or "", one["source"] or "")] += one["count_all"]
    return Credits(works)


def _said(rows: pa.Table | pa.RecordBatch, names: Sequence[str]) -> Any:
    """What the first of some columns says in each row, (n,) large_string."""
    texts = [_text(rows[name], rows.num_rows) for name in names]
    return pc.coalesce(*texts) if texts else _text(None, rows.num_rows)


def _text(column: Column | None, rows: int) -> Any:
    if column is None or not is_text(column.type):
        return pa.nulls(rows, pa.large_string())
    plain = readable(column)
    if is_list(plain.type):
        plain = pc.binary_join(plain.cast(pa.large_list(pa.large_string())), pa.scalar(", ", pa.large_string()))
    plain = pc.utf8_trim_whitespace(pc.replace_substring_regex(plain.cast(pa.large_string()), r"\s+", " "))
    whole = pc.utf8_slice_codeunits(plain, 0, _LONGEST).combine_chunks()
    return _null_if_empty(whole)


def _null_if_empty(text: Any) -> Any:
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.large_string()), text)


def _word(word: str) -> Any:
    return pa.scalar(word, pa.large_string())


def _glued(one: Any, other: Any, between: str) -> Any:
    """Both in one text, null where either is."""
    # Never null_handling="skip": it leaves a row out where all are null (pyarrow 26.0.1), and every row after it moves up.
    return pc.binary_join_element_wise(one, other, _word(between))


def _joined(one: Any, other: Any, between: str) -> Any:
    """Both in one text, or the one that is there."""
    return pc.coalesce(_glued(one, other, between), one, other)


def _line(credit: Credit) -> str:
    parts = [credit.author or "author not named", credit.source, credit.licence or "licence not named"]
    return ", ".join(escaped(part) for part in parts if part)
