"""The kernel: a batch of Arrow rows in, the same rows with countries, verdict and evidence out, and what was counted.

No Python runs per row. Each column is reduced to its distinct values, rows to their distinct combinations of values; a ruling is
made per combination and spread over the rows with one `take`. A corpus has thousands of combinations and millions of rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, TypeVar

import numpy as np
import pyarrow as pa

from hf_regional.errors import ConfigError
from hf_regional.filtering.encoded import Encoded, combinations, encode, grade, is_readable
from hf_regional.filtering.evidence import KINDS
from hf_regional.filtering.evidence.cells import Cell
from hf_regional.filtering.plan import Plan, excluded_reason
from hf_regional.filtering.report import Counts
from hf_regional.filtering.verdict import KEPT, Evidence, Reading, Verdict, decide
from hf_regional.records import REGION_COUNTRIES, REGION_EVIDENCE, REGION_VERDICT
from hf_regional.regions import Region

Rows = TypeVar("Rows", pa.Table, pa.RecordBatch)

EVIDENCE_TYPE: Final = pa.struct(
    [
        ("kind", pa.string()),
        ("value", pa.string()),
        ("country", pa.string()),
        ("confidence", pa.float32()),
        ("column", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
    ]
)
ANNOTATIONS: Final = pa.schema(
    [(REGION_COUNTRIES, pa.list_(pa.string())), (REGION_VERDICT, pa.string()), (REGION_EVIDENCE, pa.list_(EVIDENCE_TYPE))]
)
_FAULTS: Final = ("", "below", "missing")  # what each grade of `encoded.grade` holds against a row


@dataclass(frozen=True, slots=True)
class Ruling:
    """All that is said of the rows that share one combination of values."""

    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()


def judge(rows: Rows, plan: Plan) -> tuple[Rows, Counts]:
    """Append `region_countries`, `region_verdict` and `region_evidence`, replacing such columns of an earlier judgement.

    Args:
        rows: a table or a record batch with the columns that `plan.reads` names; other columns are passed through untouched.
        plan: what to read and how to rule.

    Returns:
        The same rows in the same order and container, and how many rows got which ruling.

    Raises:
        ConfigError: a column is of a type that the plan cannot read.
    """
    cells = _encoded(rows, plan)
    grades = grade(rows[plan.quality.column], *plan.quality) if plan.quality else np.zeros(rows.num_rows, np.int64)
    first, row_ruling, sizes = combinations([*(column.codes for column in cells.values()), grades], rows.num_rows)
    rulings = [
        rule({name: column.values[column.codes[row]] for name, column in cells.items()}, _FAULTS[grades[row]], plan) for row in first
    ]
    judged = rows.drop_columns([name for name in ANNOTATIONS.names if name in rows.schema.names])
    for field, values in zip(ANNOTATIONS, _annotations(rulings), strict=True):
        judged = judged.append_column(field, values.take(pa.array(row_ruling)))
    return judged, _counts(rulings, sizes)


def rule(cells: Mapping[str, Cell], fault: str, plan: Plan) -> Ruling:
    """Rule on one combination of cells: excluded rows first, then the region, then the quality of what the region selects.

    Quality is asked of selected rows alone, so that "other" stays the rest of the world, good or not; a row that fails it is
    "none", so that `region_verdict == "kept"` means the same rows in both modes. Both leave their mark in the evidence.
    """
    readings = _readings(cells, plan.region, plan.columns) if plan.region else ()
    evidence = tuple(one for reading in readings for one in reading.evidence)
    unknown = tuple(one for reading in readings for one in reading.unknown)
    verdict = decide(readings) if plan.region else Verdict(KEPT, "no-region", 1.0)
    for exclusion in plan.exclude:
        for value in exclusion.values:
            if _holds(exclusion.kind, cells[exclusion.column], value):
                mark = Evidence("exclude", str(value), None, 1.0, exclusion.column)
                left_out = Verdict("none", excluded_reason(exclusion.key, value), 0.0, verdict.countries, exclusion.column)
                return Ruling(left_out, (*evidence, mark), unknown)
    if fault and plan.quality and verdict.verdict == KEPT:
        mark = Evidence("quality", fault, None, 1.0, plan.quality.column)
        failed = Verdict("none", f"quality:{fault}", 0.0, verdict.countries, plan.quality.column)
        return Ruling(failed, (*evidence, mark), unknown)
    return Ruling(verdict, evidence, unknown)


def _encoded(rows: pa.Table | pa.RecordBatch, plan: Plan) -> dict[str, Encoded]:
    for column in plan.evidence_columns:
        if column not in plan.labels and not is_readable(rows.schema.field(column).type):
            found = rows.schema.field(column).type
            raise ConfigError(f"column {column!r} holds {found}; evidence is read from text or lists of text: cast it first.", "columns")
    names = dict.fromkeys((*plan.evidence_columns, *(exclusion.column for exclusion in plan.exclude)))
    return {name: encode(rows[name], name, plan.labels.get(name)) for name in names}


def _readings(cells: Mapping[str, Cell], region: Region, columns: Mapping[str, tuple[str, ...]]) -> list[Reading]:
    return [KINDS[kind].read(tuple((name, cells[name]) for name in names), region) for kind, names in columns.items()]


def _holds(kind: str | None, cell: Cell, value: object) -> bool:
    """Whether a cell holds a value, or names the same code; of several in a list, one is enough."""
    if cell == value or kind is None or not isinstance(value, str):
        return cell == value
    canonical = KINDS[kind].canonical
    return not canonical(cell).isdisjoint(canonical(value))


def _annotations(rulings: Sequence[Ruling]) -> tuple[pa.Array, pa.Array, pa.Array]:
    countries = [list(ruling.verdict.countries) for ruling in rulings]
    evidence = [[asdict(one) for one in ruling.evidence] for ruling in rulings]
    answers = [ruling.verdict.verdict for ruling in rulings]
    columns = zip((countries, answers, evidence), ANNOTATIONS.types, strict=True)
    return tuple(pa.array(values, kind) for values, kind in columns)


def _counts(rulings: Sequence[Ruling], sizes: np.ndarray) -> Counts:
    counts = Counts()
    for ruling, size in zip(rulings, sizes.tolist(), strict=True):
        counts.add(ruling.verdict, ruling.unknown, size)
    return counts
