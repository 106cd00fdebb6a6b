"""Words: text and place columns of a batch in, what they name out, by the shipped lexicon and the caller's own terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import pyarrow as pa

from hf_regional.durable import digest_of
from hf_regional.filtering.evidence import text
from hf_regional.filtering.evidence.by_hit import find_by_hit
from hf_regional.filtering.evidence.question import Question
from hf_regional.filtering.hits import Hits
from hf_regional.filtering.lexicon import load_terms
from hf_regional.filtering.lexicon.extra import Row, read_extra
from hf_regional.filtering.opinions import Found, by_country

_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class OwnTerms:
    """The caller's own terms as rows of the lexicon, and their digest, by which they are compared: a table may have 50,000.

    Rows, not the path of their file: another machine does not have it, and the file may change while a corpus is judged.
    """

    rows: tuple[Row, ...] = field(compare=False)
    digest: str

    def as_dict(self) -> dict[str, object]:
        """What a report says of them."""
        shown = [f"{text} = {country}" for text, country, *_ in self.rows[:_SHOWN]]
        return {"count": len(self.rows), "sha256": self.digest, "first": shown}


Own = OwnTerms | None


def find(rows: pa.Table | pa.RecordBatch, columns: tuple[str, ...], question: Question, kind: str) -> Found:
    """Find the names of places and of what is from them in some columns; `kind` is "text" or "place"."""
    finder = partial(_find, matcher=matcher_of(question.terms), kind=kind)
    return find_by_hit(rows, columns, question, kind, finder, by_country)


def own_terms(terms: Mapping[str, str] | str | Path | None) -> Own:
    """Read the caller's own terms, once for all processes. Raises the errors of `load_terms`."""
    if terms is None or (isinstance(terms, Mapping) and not terms):
        return None
    rows = tuple(sorted(read_extra(terms)))
    return OwnTerms(rows, digest_of([[*row] for row in rows]))


@lru_cache(maxsize=2)
def matcher_of(own: Own) -> text.Matcher:
    """The matcher of the shipped lexicon and some own terms; building it takes about a second, once a process."""
    return text.Matcher.build(load_terms(extra=own.rows if own else None))


def _find(column: pa.Array | pa.ChunkedArray, name: str, *, matcher: text.Matcher, kind: str) -> Hits:
    return replace(text.find(column, name, matcher), kind=kind)
