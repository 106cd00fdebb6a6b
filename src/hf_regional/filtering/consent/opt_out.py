"""Words against the use of a work: columns with signals in; what is held against each row out.

The signals, where they come from and what in them means no are in `opt_out_signals.csv`. A value that means neither no nor
anything else that is known is counted, never taken for leave or for refusal.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from hf_regional.errors import ConfigError
from hf_regional.filtering.consent.columns import Column, distinct, name_key
from hf_regional.filtering.consent.judged import Judged
from hf_regional.filtering.consent.policy import OptOutPolicy
from hf_regional.filtering.consent.tables import table

_PASSES, _REFUSES, _UNREAD = 0, 1, 2
_LONGEST: Final = 80  # characters of a value that is kept in the counts


class Signal(NamedTuple):
    """One row of the table: what a value must be, whole and in lower case, to mean no, and to mean nothing against the use."""

    name: str
    no: re.Pattern[str]
    silent: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class SignalsRead:
    """What signals hold against rows, and rows by (value, column) that nobody can read."""

    judged: Judged
    unread: Counter[tuple[str, str]]


def signal_columns(present: Sequence[str], policy: OptOutPolicy) -> dict[str, str]:
    """Which columns hold signals: column -> name of the signal."""
    by_name = {column: row["signal"] for row in table("opt_out_signals.csv") for column in row["columns"].split()}
    found = {name: by_name[name_key(name)] for name in present if name_key(name) in by_name}
    return {name: signal for name, signal in found.items() if signal in policy.heeded}


def judge_signals(columns: Mapping[str, tuple[str, Column]], rows: int, policy: OptOutPolicy) -> SignalsRead:
    """Decide on rows by their signals; one no is enough, and the first column that says it gives the reason.

    Args:
        columns: column -> (signal, (n,) truth values, numbers, text or lists of text).
        rows: n.
        policy: what in a robots tag means no.

    Raises:
        ConfigError: a column of structs, or of lists of anything but text.
    """
    codes, unread = np.zeros(rows, np.int32), Counter[tuple[str, str]]()
    signals = list(dict.fromkeys(name for name, _ in columns.values()))
    for name, (signal, column) in columns.items():
        encoded = distinct(column, name)
        answers = np.array([_answer(value, _signal(signal, tuple(policy.directives))) for value in encoded.values], np.int32)
        sizes = np.bincount(encoded.codes, minlength=len(answers))
        for value, answer, size in zip(encoded.values, answers, sizes.tolist(), strict=True):
            if answer == _UNREAD and size:
                unread[str(value)[:_LONGEST], name] += size
        refused = (answers == _REFUSES)[encoded.codes]
        codes = np.where((codes == 0) & refused, np.int32(signals.index(signal) + 1), codes)
    return SignalsRead(Judged(codes, ("", *(f"opt-out:{signal}" for signal in signals))), unread)


def says_no(signal: str, value: object) -> bool:
    """Whether a value of a signal means no.

    >>> says_no("robots", "googlebot: noai, max-image-preview:none"), says_no("robots", "max-image-preview:none"), says_no("tdm", 1)
    (True, False, True)
    """
    return _answer(value, _signal(signal, tuple(OptOutPolicy().directives))) == _REFUSES


def _answer(value: object, signal: Signal) -> int:
    if value is None:
        return _PASSES
    parts: tuple[object, ...] = value if isinstance(value, tuple) else (value,)
    texts = [" ".join(str(part).casefold().split()) for part in parts]
    if any(signal.no.fullmatch(text) for text in texts):
        return _REFUSES
    return _PASSES if all(signal.silent.fullmatch(text) for text in texts) else _UNREAD


@cache
def _signal(name: str, directives: tuple[str, ...]) -> Signal:
    row = next((row for row in table("opt_out_signals.csv") if row["signal"] == name), None)
    if row is None:
        raise ConfigError(f"opt-out has no signal {name!r}.", "signals")
    words = "|".join(re.escape(one) for one in directives if one != "none") or "(?!)"
    return Signal(name, re.compile(row["no"].replace("{directives}", words)), re.compile(row["silent"]))
