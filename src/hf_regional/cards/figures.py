"""Figures: recorded values come in, printed numbers go out. What is missing or of another type comes out as None or empty."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast


def number(value: Any) -> float | None:
    """A finite number, or None: a card never prints NaN, and True is no score."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) else None


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping, or an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """A list's members; a single text or number is a list of one."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(cast("Sequence[Any]", value))
    return [] if value is None else [value]


def texts(value: Any) -> list[str]:
    """The texts of a list."""
    return [item for item in items(value) if isinstance(item, str)]


def percent(value: Any) -> str:
    """A fraction as percent without the sign: one decimal, two below 1 %.

    >>> percent(0.2374), percent(0.0044), percent(-0.031), percent(None)
    ('23.7', '0.44', '−3.1', '')
    """
    fraction = number(value)
    if fraction is None:
        return ""
    digits = 2 if 0.00005 <= abs(fraction) < 0.00995 else 1
    return f"{100 * fraction + 0.0:.{digits}f}".replace("-", "−")


def signed(value: Any) -> str:
    """As `percent`, with its sign: for changes in points.

    >>> signed(0.032), signed(-0.032), signed(0)
    ('+3.2', '−3.2', '0.0')
    """
    printed = percent(value)
    return f"+{printed}" if (number(value) or 0) > 0 else printed


def interval(cell: Any) -> str:
    """A score with its interval, in percent; `{value, low, high}` or a bare number.

    >>> interval({"value": 0.1, "low": 0.08, "high": 0.121, "n": 40})
    '10.0 (8.0–12.1)'
    """
    score = mapping(cell) or {"value": cell}
    low, high = percent(score.get("low")), percent(score.get("high"))
    return f"{percent(score.get('value'))} ({low}–{high})" if low and high else percent(score.get("value"))


def value_of(cell: Any) -> float | None:
    """The number of a `{value, ...}` cell or of a bare number."""
    return number(mapping(cell).get("value") if isinstance(cell, Mapping) else cell)


def count(value: Any) -> str:
    """A whole number with separators.

    >>> count(12345)
    '12,345'
    """
    whole = number(value)
    return "" if whole is None else f"{whole:,.0f}"


def short(value: Any) -> str:
    """A number as a person writes it.

    >>> short(0.30000000000000004), short(5e-6), short(400), short(2000000)
    ('0.3', '5e-06', '400', '2000000')
    """
    return str(value) if isinstance(value, int) else "" if number(value) is None else f"{value:.6g}"
