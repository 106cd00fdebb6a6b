"""Words: text and place columns of a batch in, what they name out, by the shipped lexicon and the caller's own terms."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import pyarrow as pa

from hf_regional.filtering.evidence import text
from hf_regional.filtering.evidence.by_hit import find_by_hit
from hf_regional.filtering.evidence.question import Question
from hf_regional.filtering.hits import Hits
from hf_regional.filtering.lexicon import load_terms
from hf_regional.filtering.opinions import Found, by_country

# The caller's own terms, as `load_terms` takes them, so that they can be compared: pairs, or a file and when it was written.
Own = tuple[tuple[str, str], ...] | tuple[Path, int] | None


def find(rows: pa.Table | pa.RecordBatch, columns: tuple[str, ...], question: Question, kind: str) -> Found:
    """Find the names of places and of what is from them in some columns; `kind` is "text" or "place"."""
    finder = partial(_find, matcher=matcher_of(question.terms), kind=kind)
    return find_by_hit(rows, columns, question, kind, finder, by_country)


def own_terms(terms: Mapping[str, str] | str | Path | None) -> Own:
    """The caller's own terms in a form that can be compared and sent to another process. Raises the errors of `load_terms`."""
    if terms is None or isinstance(terms, Mapping):
        own: Own = tuple(sorted(terms.items())) if terms else None
    else:
        path = Path(terms)
        own = (path, path.stat().st_mtime_ns if path.exists() else 0)
    if own:
        matcher_of(own)  # reads them: a mistake in them should not wait for the first row
    return own


@lru_cache(maxsize=2)
def matcher_of(own: Own) -> text.Matcher:
    """The matcher of the shipped lexicon and some own terms; building it takes about a second, once a process."""
    match own:
        case None:
            terms = load_terms()
        case (Path() as path, int()):
            terms = load_terms(extra=path)
        case pairs:
            terms = load_terms(extra=dict(pairs))  # pyright: ignore[reportArgumentType]
    return text.Matcher.build(terms)


def _find(column: pa.Array | pa.ChunkedArray, name: str, *, matcher: text.Matcher, kind: str) -> Hits:
    return replace(text.find(column, name, matcher), kind=kind)
