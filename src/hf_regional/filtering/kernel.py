"""The kernel: a batch of Arrow rows in, the same rows with countries, verdict and evidence out, and what was counted.

No Python runs per row: each kind of evidence gives arrays of hits and opinions, and the rest is arithmetic on arrays.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import numpy as np
import pyarrow as pa

from hf_regional.filtering.consent import hide_personal
from hf_regional.filtering.consent.nested import SEP
from hf_regional.filtering.evidence import KINDS
from hf_regional.filtering.evidence.question import Question
from hf_regional.filtering.held import Held
from hf_regional.filtering.hits import EVIDENCE_TYPE, NOWHERE, Hits, country_codes, evidence_of
from hf_regional.filtering.opinions import ANSWERS, NAMED, NOTHING, UNREAD, Found
from hf_regional.filtering.pictures import Looked, broken_pictures, look_at, strip_positions
from hf_regional.filtering.plan import Plan, excluded_reason
from hf_regional.filtering.report.counts import Counts, Outcome
from hf_regional.filtering.report.groups import group_rows
from hf_regional.filtering.report.rulings import Rulings, count, offer
from hf_regional.filtering.report.samples import Samples
from hf_regional.filtering.ruling import Ruling, ruling_of
from hf_regional.filtering.taking_out import exclude, fail, hold, refuse, set_aside, set_aside_pictures
from hf_regional.filtering.unreadable import without_unreadable
from hf_regional.records import REGION_COUNTRIES, REGION_EVIDENCE, REGION_VERDICT

Rows = TypeVar("Rows", pa.Table, pa.RecordBatch)

ANNOTATIONS: Final = pa.schema(
    [(REGION_COUNTRIES, pa.list_(pa.string())), (REGION_VERDICT, pa.string()), (REGION_EVIDENCE, pa.list_(EVIDENCE_TYPE))]
)


def judge(rows: Rows, plan: Plan, samples: Samples | None = None, first: int = 0, held: Held | None = None) -> tuple[Rows, Counts]:
    """Append `region_countries`, `region_verdict` and `region_evidence`, replacing such columns of an earlier judgement.

    Rows with a text that is no UTF-8 or a broken picture, excluded rows, and those that a licence or an opt-out speaks against are "none"
    whatever their region. Quality and copies are asked of the rows that the region selects alone, so that "other" stays the rest of the
    world, good or not; a row that fails is "none", so that "kept" means the same rows in both modes. All leave their mark in the evidence.

    Args:
        rows: a table or a record batch with the columns that `plan.reads` names; other columns are passed through untouched.
        plan: what to read and how to rule.
        samples: rows to look at, of which this batch's are chosen too.
        first: the number of the batch's first row in its source.
        held: what is held against some of the rows, known beforehand: copies.

    Returns:
        The same rows in the same order and container, and how many rows got which ruling.

    Raises:
        ConfigError: a column is of a type that the plan cannot read.
    """
    readable, unreadable = without_unreadable(rows, {*plan.reads, *plan.hides} & {*rows.schema.names})
    rows, readable, hidden = _without_persons(rows, readable, plan)
    looked = {name: look_at(readable[name], name) for name in plan.looks if name in readable.schema.names}
    found = _found(readable, plan, looked)
    ruling, agreeing = ruling_of(found, plan, rows.num_rows)
    out = np.zeros(rows.num_rows, np.bool_)
    marks = [set_aside(ruling, column, places, out) for column, places in unreadable.items() if column in plan.weighs]
    if plan.strips:  # after the evidence, which reads what is taken out here
        rows, kept_positions, moved = strip_positions(rows, plan.pictures, looked)
        hidden.update(moved)
        marks += set_aside_pictures(ruling, kept_positions, out)
    marks += set_aside_pictures(ruling, broken_pictures(looked), out) if plan.check_pictures else []
    marks += [exclude(readable, ruling, rule, plan, out) for rule in plan.exclude]
    marks += refuse(readable, ruling, plan.consent, out) if plan.consent else []
    failed, scores = fail(readable, ruling, plan) if plan.rules else ([], None)
    marks += failed
    marks += hold(ruling, held, first) if held else []
    hits = [one.hits for one in found]
    judged = rows.drop_columns([name for name in ANNOTATIONS.names if name in rows.schema.names])
    answers = pa.array(ANSWERS).take(pa.array(ruling.answer))
    columns = (_countries(hits, agreeing, plan, rows.num_rows), answers, evidence_of([*hits, *marks], rows.num_rows))
    for field, values in zip(ANNOTATIONS, columns, strict=True):
        judged = judged.append_column(field, values)
    counts = _told(judged, readable, plan, ruling, found, samples, first, scores)
    counts.hidden.update(hidden)
    return judged, counts


def _found(rows: pa.Table | pa.RecordBatch, plan: Plan, looked: Mapping[str, Looked]) -> list[Found]:
    if plan.region is None:
        return []
    question = Question(plan.region, plan.labels, plan.locate, plan.terms, plan.references, looked)
    asked = {**({"locate": ()} if plan.locate else {}), **{kind: names for kind, names in plan.columns.items() if names}}
    return [KINDS[kind].find(rows, names, question) for kind, names in asked.items()]


def _without_persons(rows: Rows, readable: Rows, plan: Plan) -> tuple[Rows, Rows, Counter[tuple[str, str]]]:
    """Mask contacts and drop what is about annotators, in the rows to give back and in those that evidence is read from.

    Before the evidence: what is masked is none, and its places are those in the text as it is given back.
    """
    hidden: Counter[tuple[str, str]] = Counter()
    there = [name for name in plan.hides if name in rows.schema.names]
    if plan.consent is None or not there:
        return rows, readable, hidden
    masked, counts = hide_personal(readable.select(there), plan.consent)
    hidden.update(counts.masked)
    hidden.update({(path, "dropped"): size for path, size in counts.dropped.items()})
    for name in {path.split(SEP)[0] for path in (*counts.masked_texts, *plan.consent.drops)} & {*there}:
        rows, readable = (_replaced(one, name, masked) for one in (rows, readable))
    return rows, readable, hidden


def _replaced(rows: Any, name: str, by: Any) -> Any:
    if name not in by.schema.names:
        return rows.drop_columns([name])
    place = rows.schema.get_field_index(name)
    return rows.set_column(place, by.schema.field(name), by.column(name))


def _countries(found: Sequence[Hits], agreeing: np.ndarray, plan: Plan, rows: int) -> pa.Array:
    """The countries that the kinds which decided are sure of, sorted, one list a row."""
    codes = country_codes()
    inside = np.array([code in plan.region.countries for code in codes]) if plan.region else np.zeros(len(codes), np.bool_)
    keys: list[np.ndarray] = [np.zeros(0, np.int64)]
    for hits, agrees in zip(found, agreeing, strict=True):
        sure = (hits.confidence >= NAMED) & (hits.country != NOWHERE) & agrees[hits.row]
        sure &= inside[hits.country] | KINDS[hits.kind].names_outside
        keys.append(hits.row[sure] * len(codes) + hits.country[sure])
    ordered = np.sort(np.concatenate(keys), kind="stable")  # runs in order: merged, where `np.unique` would hash them
    row, country = np.divmod(ordered[np.diff(ordered, prepend=-1) != 0], len(codes))
    offsets = np.searchsorted(row, np.arange(rows + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(codes).take(pa.array(country)))


def _told(
    judged: Any,
    readable: Any,
    plan: Plan,
    ruling: Ruling,
    found: Sequence[Found],
    samples: Samples | None,
    first: int,
    scores: np.ndarray | None,
) -> Counts:
    """Count the rulings, and offer the rows to the sample."""
    countries = judged.column(REGION_COUNTRIES)
    countries = countries.combine_chunks() if isinstance(countries, pa.ChunkedArray) else countries
    groups = group_rows(readable, plan.groups, plan.labels, countries, plan.region, found, ruling.speaker)
    answer = np.where(ruling.answer == UNREAD, NOTHING, ruling.answer)
    rulings = Rulings(answer, ANSWERS, ruling.reason, ruling.column, [*ruling.names])
    counts = count(rulings, groups)
    for one in found:
        for (column, text), size in one.unknown.items():
            counts.add_unknown(column, text, size)
    if samples is not None:
        offer(samples, rulings, groups, judged, scores, first)
    return counts


def foreseen(plan: Plan) -> Counts:
    """Zero rows for each exclusion: one that meets no row, a misspelt code perhaps, must show."""
    counts = Counts()
    for rule in plan.exclude:
        for value in rule.values:
            counts.outcomes[Outcome("none", excluded_reason(rule.key, value), rule.column)] = 0
    return counts
