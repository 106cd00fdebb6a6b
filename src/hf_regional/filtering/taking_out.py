"""Taking out: a batch and its ruling in; the rows that take no part, whatever their region, turned to "none", and marks of them out.

Texts that cannot be read, exclusions, licences and opt-outs, quality, copies: a function each. Every row that leaves says why in its
evidence.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from hf_regional.filtering.consent import ConsentPlan, judge_consent
from hf_regional.filtering.encoded import encode
from hf_regional.filtering.evidence import KINDS
from hf_regional.filtering.held import Held
from hf_regional.filtering.hits import NOWHERE, Hits
from hf_regional.filtering.opinions import KEPT, NOTHING
from hf_regional.filtering.plan import Exclusion, Plan, excluded_reason
from hf_regional.filtering.quality import GRADES, grade_rows
from hf_regional.filtering.report.counts import NO_COLUMN
from hf_regional.filtering.ruling import Ruling


def set_aside(ruling: Ruling, column: str, places: np.ndarray, out: np.ndarray) -> Hits:
    """Turn rows with a text that is no UTF-8 to "none": whatever else they say, nobody could use them."""
    fresh = places[~out[places]]
    ruling.put(fresh, NOTHING, f"unreadable:{column}", column)
    out[fresh] = True
    return _marks("unreadable", fresh, pa.array(["not UTF-8"] * len(fresh), pa.string()), column)


def set_aside_pictures(ruling: Ruling, faults: Mapping[tuple[str, str], np.ndarray], out: np.ndarray) -> list[Hits]:
    """Turn rows with a picture that nobody could use, or give on, to "none"; of several faults the first is told."""
    marks: list[Hits] = []
    for (column, fault), places in faults.items():
        fresh = places[~out[places]]
        ruling.put(fresh, NOTHING, f"unreadable:{fault}", column)
        out[fresh] = True
        marks.append(_marks("unreadable", fresh, pa.array([fault] * len(fresh), pa.string()), column))
    return marks


def refuse(rows: pa.Table | pa.RecordBatch, ruling: Ruling, consent: ConsentPlan, out: np.ndarray) -> list[Hits]:
    """Turn rows that a licence or a word against their use speaks against to "none": they are not the rest of the world either."""
    judged = judge_consent(rows, consent).judged
    marks: list[Hits] = []
    for code, reason in enumerate(judged.reasons[1:], start=1):
        refused = np.flatnonzero((judged.codes == code) & ~out)
        if len(refused):
            out[refused] = True
            step, _, what = reason.partition(":")
            ruling.put(refused, NOTHING, reason, NO_COLUMN)
            marks.append(_marks(step, refused, pa.array([what] * len(refused), pa.string()), NO_COLUMN))
    return marks


def hold(ruling: Ruling, held: Held, first: int) -> list[Hits]:
    """Turn kept rows that are copies to "none"."""
    places, reasons = held.within(first, len(ruling.answer))
    marks: list[Hits] = []
    for reason in dict.fromkeys(reasons):
        mine = places[[one == reason for one in reasons]]
        step, _, what = reason.partition(":")
        ruling.put(mine, NOTHING, reason, NO_COLUMN)
        marks.append(_marks(step, mine, pa.array([what] * len(mine), pa.string()), NO_COLUMN))
    return marks


def fail(rows: pa.Table | pa.RecordBatch, ruling: Ruling, plan: Plan) -> tuple[list[Hits], np.ndarray]:
    """Turn kept rows that a rule of quality does not pass to "none"; returns also the scores by the last rule, (n,), NaN for none."""
    kept, scores = np.flatnonzero(ruling.answer == KEPT), np.full(rows.num_rows, np.nan)
    graded = grade_rows(rows if len(kept) == rows.num_rows else rows.take(pa.array(kept)), plan.rules, plan.labels)
    scores[kept] = graded.values[-1]
    marks: list[Hits] = []
    for place, rule in enumerate(plan.rules):
        name = rule.scorer.name.removeprefix("column:")
        mine = graded.rule == place
        for grade in np.unique(graded.grades[mine]).tolist():
            failed = kept[mine & (graded.grades == grade)]
            ruling.put(failed, NOTHING, f"quality:{GRADES[grade]}", name)
            marks.append(_marks("quality", failed, pa.array([GRADES[grade]] * len(failed), pa.string()), name))
    return marks, scores


def exclude(rows: pa.Table | pa.RecordBatch, ruling: Ruling, rule: Exclusion, plan: Plan, out: np.ndarray) -> Hits:
    """Turn the rows of one exclusion to "none"; `out`, (n,) bool, holds those of earlier ones, which keep their reason, and grows."""
    column = encode(rows[rule.column], rule.column, plan.labels.get(rule.column))
    holds = np.full(len(column.values), -1)
    for place, value in reversed([*enumerate(rule.values)]):  # of several the first is told
        holds[[_holds(rule.kind, cell, value) for cell in column.values]] = place
    found = np.where(out, -1, holds[column.codes])
    for place, value in enumerate(rule.values):
        ruling.put(np.flatnonzero(found == place), NOTHING, excluded_reason(rule.key, value), rule.column)
    fresh = np.flatnonzero(found >= 0)
    out[fresh] = True
    return _marks("exclude", fresh, pa.array([str(value) for value in rule.values], pa.string()).take(pa.array(found[fresh])), rule.column)


def _marks(kind: str, row: np.ndarray, value: Any, column: str) -> Hits:
    nowhere = np.full(len(row), NOWHERE, np.int32)
    return Hits(
        kind, (column,), row, value, nowhere.astype(np.int16), np.ones(len(row), np.float32), nowhere, nowhere, np.zeros(len(row), np.int16)
    )


def _holds(kind: str | None, cell: object, value: object) -> bool:
    """Whether a cell holds a value, or names the same code; of several in a list, one is enough."""
    canonical: Any = KINDS[kind].canonical if kind else None
    if cell == value or canonical is None or not isinstance(value, str):
        return cell == value
    return not canonical(cell).isdisjoint(canonical(value))
