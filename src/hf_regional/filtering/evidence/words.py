"""Words: text and place columns of a batch in, what they name out, by the shipped lexicon and the caller's own terms."""

from dataclasses import replace
from functools import partial

import pyarrow as pa

from hf_regional.filtering.evidence import text
from hf_regional.filtering.evidence.by_hit import find_by_hit
from hf_regional.filtering.evidence.matchers import matcher_of
from hf_regional.filtering.evidence.question import Question
from hf_regional.filtering.hits import Hits
from hf_regional.filtering.opinions import Found, by_country


def find(rows: pa.Table | pa.RecordBatch, columns: tuple[str, ...], question: Question, kind: str) -> Found:
    """Find the names of places and of what is from them in some columns; `kind` is "text" or "place"."""
    finder = partial(_find, matcher=matcher_of(question.terms), kind=kind)
    return find_by_hit(rows, columns, question, kind, finder, by_country)


def _find(column: pa.Array | pa.ChunkedArray, name: str, *, matcher: text.Matcher, kind: str) -> Hits:
    return replace(text.find(column, name, matcher), kind=kind)
