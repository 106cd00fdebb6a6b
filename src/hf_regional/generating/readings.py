"""Readings: answers in, what a parser reads in each of them out; what it cannot read is counted, and never taken for a value."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from hf_regional.generating.prompts import Answer

Value = TypeVar("Value")

PARSED: Final = ""
UNPARSED: Final = "unparsed"


@dataclass(frozen=True, slots=True)
class Reading(Generic[Value]):
    """What one answer says, or why that is not known."""

    value: Value | None
    fault: str = PARSED  # "", UNPARSED, or the answer's own: "image", "refused", "failed"
    detail: str = ""


def read_answers(answers: Sequence[Answer], parse: Callable[[str], Value | None]) -> list[Reading[Value]]:
    """Read each answer; `parse` gives None for a text that it cannot read.

    >>> answers = [Answer("7"), Answer("seven"), Answer(None, "failed", "no server")]
    >>> [reading.fault for reading in read_answers(answers, lambda text: int(text) if text.isdigit() else None)]
    ['', 'unparsed', 'failed']
    """
    return [_read(answer, parse) for answer in answers]


def count_faults(readings: Sequence[Reading[Value]]) -> dict[str, int]:
    """Answers by fault, most first; those that were read count as "parsed"."""
    return dict(Counter(reading.fault or "parsed" for reading in readings).most_common())


def _read(answer: Answer, parse: Callable[[str], Value | None]) -> Reading[Value]:
    if answer.text is None:
        return Reading(None, answer.fault, answer.detail)
    value = parse(answer.text)
    if value is None:
        cut = ", cut at max_new_tokens" if answer.is_cut else ""
        return Reading(None, UNPARSED, f"the answer{cut}: {_short(answer.text)!r}")
    return Reading(value)


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"…{text[-200:]}"
