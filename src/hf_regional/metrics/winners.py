"""Which β wins for which α: a trade-off curve in, the intervals of α out."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from hf_regional.errors import NoRowsError
from hf_regional.metrics.scores import named


@dataclass(frozen=True, slots=True)
class AlphaRange:
    """An interval of the globalization factor and the β that has the highest GRP all over it."""

    alpha_from: float
    alpha_to: float
    beta: float


@dataclass(frozen=True, slots=True)
class _Line:
    """GRP of one β as a function of α: GRP(α) = Q_regional + α·(Q_global - Q_regional), in exact fractions."""

    beta: float
    at_zero: Fraction
    slope: Fraction

    def at(self, alpha: Fraction) -> Fraction:
        return self.at_zero + alpha * self.slope

    def meets(self, other: "_Line") -> Fraction:
        return (self.at_zero - other.at_zero) / (other.slope - self.slope)


def winners_by_alpha(curve: Mapping[float, tuple[float, float]]) -> tuple[AlphaRange, ...]:
    """Find for every α in [0, 1] the β that maximises GRP = α·Q_global + (1-α)·Q_regional (arXiv 2604.11490, §3.2).

    Each β is a straight line in α, so the winners are the upper envelope of the lines. It is walked in exact fractions: floats that
    print alike are told apart, and lines that truly tie go to the smaller β (the one that changes the model less).

    Args:
        curve: β -> (Q_global, Q_regional), both in one unit.

    Returns:
        The intervals in order of α, the first from 0.0 and the last to 1.0, each beginning where the one before ends (there both are
        equally good). A β that is best at a single α only has no interval.

    Raises:
        NoRowsError: the curve is empty.
        NonFiniteError: a score is NaN or infinite; the message names the β.

    >>> winners_by_alpha({0.0: (60.0, 50.0), 0.5: (58.0, 56.0), 1.0: (40.0, 57.0)})  # doctest: +NORMALIZE_WHITESPACE
    (AlphaRange(alpha_from=0.0, alpha_to=0.05263157894736842, beta=1.0),
     AlphaRange(alpha_from=0.05263157894736842, alpha_to=0.75, beta=0.5),
     AlphaRange(alpha_from=0.75, alpha_to=1.0, beta=0.0))
    """
    if not curve:
        raise NoRowsError("the curve is empty: score at least one β before asking which wins.")
    lines = [_line(beta, *scores) for beta, scores in curve.items()]
    here, found = Fraction(0), []
    best = max(lines, key=lambda line: (line.at_zero, line.slope, -line.beta))
    while here < 1:
        until, following = _overtaken(best, lines)
        if float(until) > float(here):  # two crossings may round to the same float
            found.append(AlphaRange(float(here), float(until), best.beta))
        here, best = until, following
    return tuple(found)


def _overtaken(best: _Line, lines: list[_Line]) -> tuple[Fraction, _Line]:
    """Find the α at which the best line is overtaken, and by which: the steepest of those it meets there; 1 where none does."""
    steeper = [line for line in lines if line.slope > best.slope and line.meets(best) < 1]
    if not steeper:
        return Fraction(1), best
    return min(((line.meets(best), line) for line in steeper), key=lambda pair: (pair[0], -pair[1].slope, pair[1].beta))


def _line(beta: float, q_global: float, q_regional: float) -> _Line:
    scores = named({"Q_global": q_global, "Q_regional": q_regional}, f"beta {beta:g}")
    world, region = Fraction(scores["Q_global"]), Fraction(scores["Q_regional"])
    return _Line(beta, at_zero=region, slope=world - region)
