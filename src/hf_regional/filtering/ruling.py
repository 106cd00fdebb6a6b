"""Ruling: what each kind of evidence found in, one answer a row out, with its reason, the column it rests on and the kind that gave it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hf_regional.filtering.combining import RULES, Decision
from hf_regional.filtering.opinions import KEPT, NOTHING, Found
from hf_regional.filtering.plan import Plan
from hf_regional.filtering.report.counts import NO_COLUMN


@dataclass(slots=True)
class Ruling:
    """One answer a row, (n,) int8, and its reason and column, (n,) int64, places in `names`; steps write over what was before.

    speaker: (n,) int16, the place of the kind of evidence that decided, whatever came after; -1 for none.
    """

    answer: np.ndarray
    reason: np.ndarray
    column: np.ndarray
    names: dict[str, int]
    speaker: np.ndarray

    def place(self, name: str) -> int:
        """The number of a reason or a column in `names`."""
        return self.names.setdefault(name, len(self.names))

    def put(self, rows: np.ndarray, answer: int, reason: str, column: str) -> None:
        """Rule on some rows: whatever was said of them before."""
        self.answer[rows], self.reason[rows], self.column[rows] = answer, self.place(reason), self.place(column)


def ruling_of(found: Sequence[Found], plan: Plan, rows: int) -> tuple[Ruling, np.ndarray]:
    """The answer that the evidence comes to, and which kinds (k, n) gave it."""
    ruling = Ruling(np.full(rows, KEPT, np.int8), np.zeros(rows, np.int64), np.zeros(rows, np.int64), {}, np.full(rows, -1, np.int16))
    if plan.region is None:
        ruling.put(np.arange(rows), KEPT, "no-region", NO_COLUMN)
        return ruling, np.zeros((0, rows), np.bool_)
    decision: Decision = RULES[plan.combine]([one.opinions for one in found], plan.weights)
    ruling.answer[:], ruling.speaker[:] = decision.answer, decision.speaker
    ruling.put(np.flatnonzero(decision.speaker < 0), NOTHING, "no-evidence", NO_COLUMN)
    for place, one in enumerate(found):
        mine, said = decision.speaker == place, one.opinions
        reasons = np.array([ruling.place(reason) for reason in said.reasons] or [0])
        columns = np.array([ruling.place(column) for column in said.columns] or [0])
        ruling.reason[mine], ruling.column[mine] = reasons[said.reason[mine]], columns[said.column[mine]]
    return ruling, decision.agreeing
