"""Rulings: what was ruled on each row of a batch, and the groups that the rows are in, in; counts and sampled rows out.

No Python runs per row, but for the few rows that are sampled.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from hf_regional.filtering.encoded import Encoded, combinations
from hf_regional.filtering.report.counts import PASSED, Counts, Cross, Outcome, capped
from hf_regional.filtering.report.excerpts import python_value, readable
from hf_regional.filtering.report.samples import STRATIFIED, Reason, Sample, Samples, Taken, is_taken
from hf_regional.filtering.report.steps import STEPS, step_of
from hf_regional.filtering.verdict import KEPT
from hf_regional.records import REGION_COUNTRIES, REGION_EVIDENCE

_MOST_EVIDENCE = 40  # entries of a sampled row
_MOST_KEYS = 1 << 20  # 8 MB of counts
_VALUE = 200  # characters of an entry's value
_STEPS = (PASSED, *(step.name for step in STEPS))


class Rulings(NamedTuple):
    """On n rows. answer: (n,) places in `answers`. reason, column: (n,) places in `names`."""

    answer: np.ndarray
    answers: tuple[str, ...]
    reason: np.ndarray
    column: np.ndarray
    names: list[str]


def count(rulings: Rulings, groups: Mapping[str, Encoded]) -> Counts:
    """Count the rows of a batch by outcome and by cross."""
    counts = Counts()
    names, width = rulings.names, len(rulings.names)
    for key, rows in _sizes((rulings.answer.astype(np.int64) * width + rulings.reason) * width + rulings.column):
        answer, (reason, column) = key // (width * width), divmod(key % (width * width), width)
        counts.outcomes[Outcome(rulings.answers[answer], names[reason], names[column])] += rows
    counts.crosses = capped(_crosses(rulings, groups))
    return counts


def offer(
    samples: Samples, rulings: Rulings, groups: Mapping[str, Encoded], judged: pa.Table | pa.RecordBatch, quality: Any, first: int
) -> None:
    """Take rows of a batch into the sample; their texts and pictures are read by whoever has them.

    Args:
        samples: what was chosen so far.
        rulings: on the rows of the batch.
        groups: that they are counted in.
        judged: the batch with its annotations.
        quality: (n,) scores, NaN for none; or null.
        first: the number of the batch's first row in the source.
    """
    reasons, places = _reasons(rulings)
    numbers = np.arange(first, first + len(places))
    found = [samples.wanted(numbers, reasons, places)]
    taken = np.flatnonzero(np.array([is_taken(*reason) for reason in reasons] or [False])[places])
    for group in (name for name in STRATIFIED if name in groups):
        column = groups[group]
        begin, within, _ = combinations([places[taken], column.codes[taken]], len(taken))
        strata = [Taken(step_of(reasons[places[row]].reason), group, column.values[column.codes[row]]) for row in taken[begin].tolist()]
        found.append(taken[samples.wanted(numbers[taken], strata, within)])
    countries, evidence = judged.column(REGION_COUNTRIES), judged.column(REGION_EVIDENCE)
    samples.add(
        Sample(
            row=first + row,
            verdict=reasons[places[row]].verdict,
            reason=reasons[places[row]].reason,
            column=rulings.names[rulings.column[row]],
            groups={group: column.values[column.codes[row]] for group, column in groups.items()},
            countries=tuple(countries[row].as_py()),
            evidence=tuple(map(_entry, python_value(evidence[row])[:_MOST_EVIDENCE])),
            quality=_score(quality, row),
        )
        for row in np.unique(np.concatenate(found)).tolist()
    )


def _reasons(rulings: Rulings) -> tuple[list[Reason], np.ndarray]:
    """The verdicts and reasons in a batch, and the place of each row's among them, (n,) int64."""
    width = len(rulings.names)
    keys = rulings.answer.astype(np.int64) * width + rulings.reason
    there = np.flatnonzero(np.bincount(keys))
    place = np.zeros(len(rulings.answers) * max(width, 1), np.int64)
    place[there] = np.arange(len(there))
    return [Reason(rulings.answers[key // width], rulings.names[key % width]) for key in there.tolist()], place[keys]


def _sizes(keys: np.ndarray) -> list[tuple[int, int]]:
    """The distinct keys and how often each is there; counted where they are few, since sorting takes ten times as long."""
    if keys.max(initial=0) < _MOST_KEYS:
        sizes = np.bincount(keys)
        there = np.flatnonzero(sizes)
        return list(zip(there.tolist(), sizes[there].tolist(), strict=True))
    there, sizes = np.unique(keys, return_counts=True)
    return list(zip(there.tolist(), sizes.tolist(), strict=True))


def _crosses(rulings: Rulings, groups: Mapping[str, Encoded]) -> Counter[Cross]:
    width = len(_STEPS) * len(rulings.answers)
    step = np.array([_STEPS.index(step_of(reason)) for reason in rulings.names] or [0])[rulings.reason]
    step[np.array([answer == KEPT for answer in rulings.answers])[rulings.answer]] = _STEPS.index(PASSED)
    where = step * len(rulings.answers) + rulings.answer
    counted: Counter[Cross] = Counter()
    for group, column in groups.items():
        for key, rows in _sizes(column.codes * width + where):
            value, (passed, answer) = column.values[key // width], divmod(key % width, len(rulings.answers))
            counted[Cross(group, value, _STEPS[passed], rulings.answers[answer])] += rows
    return counted


def _entry(found: Mapping[str, Any]) -> dict[str, Any]:
    return {**found, "value": (readable(found["value"]) or "")[:_VALUE]}


def _score(quality: Any, row: int) -> float | None:
    score = None if quality is None else float(quality[row])
    return None if score is None or score != score else score
