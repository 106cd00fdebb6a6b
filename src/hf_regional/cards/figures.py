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
    return "" if fraction is None else _decimals(100 * fraction, 2 if abs(fraction) < 0.00995 else 1)


def signed(value: Any) -> str:
    """A change between fractions in points, with its sign.

    >>> signed(0.032), signed(-0.0322), signed(0), signed(-0.0002)
    ('+3.2', '−3.2', '0.0', '−0.02')
    """
    fraction = number(value)
    return "" if fraction is None else _with_sign(100 * fraction)


def signed_percent(value: Any) -> str:
    """A relative change that is recorded in percent, with its sign.

    >>> signed_percent(40.46), signed_percent(-2)
    ('+40.5', '−2.0')
    """
    return "" if number(value) is None else _with_sign(value)


def _with_sign(value: float) -> str:
    return ("+" if value > 0 else "") + _decimals(value, 2 if 0 < abs(value) < 0.05 else 1)


def _decimals(value: float, digits: int) -> str:
    # Adding 0.0 after rounding turns -0.0 into 0.0.
    printed = f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")
    return "0.0" if printed == "0.00" else printed


def with_interval(cell: Any) -> str:
    """A score with its interval, in percent; `{value, low, high}` or a bare number.

    >>> with_interval({"value": 0.1, "low": 0.08, "high": 0.121, "n": 40}), with_interval(0.1)
    ('10.0 (8.0–12.1)', '10.0')
    """
    score = mapping(cell)
    low, high = percent(score.get("low")), percent(score.get("high"))
    printed = percent(value_of(cell))
    return f"{printed} ({low}–{high})" if printed and low and high else printed


def signed_with_interval(cell: Any) -> str:
    """A change with its interval, in points.

    >>> signed_with_interval({"value": 0.04, "low": -0.01, "high": 0.09})
    '+4.0 (−1.0 to +9.0)'
    """
    change = mapping(cell)
    low, high = signed(change.get("low")), signed(change.get("high"))
    printed = signed(value_of(cell))
    return f"{printed} ({low} to {high})" if printed and low and high else printed


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
