"""Scores as a person writes them (number, list, dict by benchmark) in; named finite numbers out, or an error that names the benchmark."""

import math
from collections.abc import Iterable, Mapping
from numbers import Real

from hf_regional.errors import MismatchedScoresError, NonFiniteError, NoRowsError

Scores = Mapping[str, float] | Iterable[float] | float


def named(scores: Scores, what: str) -> dict[str, float]:
    """Give every score a name: a dict keeps its keys, a list gets "[0]", "[1]", ..., a number "score".

    Args:
        scores: one score a benchmark, in any unit.
        what: what these scores are, for the message ("global_scores").

    Raises:
        NoRowsError: there is no score.
        NonFiniteError: a score is NaN, infinite or no number; `.name` says which.

    >>> named([0.5, 0.25], "base")
    {'[0]': 0.5, '[1]': 0.25}
    """
    found = {key: _finite(value, key, what) for key, value in _items(scores)}
    if not found:
        raise NoRowsError(f"{what} is empty: give at least one benchmark's score.")
    return found


def paired(one: Scores, other: Scores, names: tuple[str, str]) -> list[tuple[str, float, float]]:
    """Set two sets of scores side by side, benchmark by benchmark, in the order of the first.

    Raises:
        MismatchedScoresError: a benchmark has a score on one side only; `.missing` lacks in `other`, `.extra` lacks in `one`.

    >>> paired({"a": 1.0, "b": 2.0}, {"b": 4.0, "a": 3.0}, ("merged", "base"))
    [('a', 1.0, 3.0), ('b', 2.0, 4.0)]
    """
    left, right = named(one, names[0]), named(other, names[1])
    missing, extra = frozenset(left.keys() - right.keys()), frozenset(right.keys() - left.keys())
    if missing or extra:
        lacks = [f"{names[1]} lacks {', '.join(sorted(missing))}"] if missing else []
        lacks += [f"{names[0]} lacks {', '.join(sorted(extra))}"] if extra else []
        raise MismatchedScoresError(
            f"{names[0]} and {names[1]} must score the same benchmarks: {'; '.join(lacks)}. Give both or neither.",
            missing=missing,
            extra=extra,
        )
    return [(key, value, right[key]) for key, value in left.items()]


def mean(values: Iterable[float]) -> float:
    """Unweighted mean; `fsum`, so that the order of the benchmarks cannot move the last digit."""
    listed = list(values)
    return math.fsum(listed) / len(listed)


def _items(scores: Scores) -> Iterable[tuple[str, object]]:
    if isinstance(scores, Mapping):
        return [(str(key), value) for key, value in scores.items()]
    if isinstance(scores, Iterable):
        return [(f"[{place}]", value) for place, value in enumerate(scores)]
    return [("score", scores)]


def _finite(value: object, key: str, what: str) -> float:
    if not isinstance(value, Real) or not math.isfinite(value):
        raise NonFiniteError(f"{what}: {key} is {value!r}, not a finite number. Score that benchmark again, or leave it out.", name=key)
    return float(value)
