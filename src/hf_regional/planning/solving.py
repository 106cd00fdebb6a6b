"""Solving: a problem, money and targets in; whole images of each pair, and a bound that no plan can pass, out."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hf_regional.planning.filling import Filling
from hf_regional.planning.problem import Floats, Problem
from hf_regional.planning.program import Program, Solved
from hf_regional.planning.targets import Target

_EXACT: Final = 60  # pairs that can be ordered, up to which whole images are left to the solver: seconds; beyond, minutes
_TIGHT: Final = 1e-6  # of the gain: what tangents may lie above the curves at an answer
_CLEAR: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Images (P,), their value, what no plan can pass, and the targets that were kept and given up with the reason."""

    annotated: Floats
    value: float
    bound: float
    kept: tuple[Target, ...] = ()
    given_up: tuple[tuple[Target, float | None], ...] = ()  # with US dollars that it would take, None: no money does it


def optimise(problem: Problem, money: float, targets: Sequence[Target] = (), *, seconds: float = 60.0) -> Answer:
    """Find the best plan: HiGHS for which countries to begin in, whole images by steps or, in small problems, by HiGHS as well.

    Args:
        problem: pairs, prices, curves.
        money: US dollars.
        targets: what must hold, the first rank highest.
        seconds: wall clock for the solver; the best found is taken, with its gap.
    """
    kept, given_up = affordable(problem, money, targets, seconds=seconds / 4)
    nothing = np.zeros(len(problem))
    before = problem.value(nothing)
    if not problem.limits(money).any():
        return Answer(nothing, before, before, kept, given_up)
    start = time.monotonic()
    program = Program(problem, money, kept)
    half = program.relaxed()
    found = _with_starts(program, half, seconds / 2) if problem.start.any() else half
    bound = min(half.bound, found.bound)
    best, value = _best(problem, _rounded(problem, money, kept, found, half), kept)
    if int((problem.limits(money) > 0).sum()) <= _EXACT and _is_open(value, bound, before):
        left = max(1.0, seconds - (time.monotonic() - start))
        exact, top = _exact(program, before, left)
        best, value = _best(problem, [best, *exact], kept)
        bound = min(bound, top)
    return Answer(best, value, max(bound, value), kept, given_up)


def affordable(
    problem: Problem, money: float, targets: Sequence[Target], *, seconds: float = 15.0
) -> tuple[tuple[Target, ...], tuple[tuple[Target, float | None], ...]]:
    """Keep the targets that can be met together, in the order of their rank; and those that cannot, with what they would cost."""
    if can_meet(problem, money, targets, seconds) is not None:
        return tuple(targets), ()
    kept: list[Target] = []
    given_up: list[tuple[Target, float | None]] = []
    for target in targets:
        if can_meet(problem, money, [*kept, target], seconds) is not None:
            kept.append(target)
        else:
            given_up.append((target, _needed(problem, money, [*kept, target])))
    return tuple(kept), tuple(given_up)


def can_meet(problem: Problem, money: float, targets: Sequence[Target], seconds: float) -> Floats | None:
    """Find any plan that meets all targets, by steps first and by HiGHS where those fail."""
    if not targets:
        return np.zeros(len(problem))
    filling = Filling(problem, money, np.zeros(len(problem)), np.zeros(len(problem.names), np.bool_), targets)
    if filling.meet():
        return filling.annotated
    if not problem.limits(money).any():
        return None
    found = Program(problem, money, targets).solve(whole=True, seconds=seconds, gap=1.0)
    whole = None if found.annotated is None else _whole(problem, money, found.annotated)
    return whole if whole is not None and all(target.holds(problem, whole) for target in targets) else None


def _needed(problem: Problem, money: float, targets: Sequence[Target]) -> float | None:
    """US dollars for which steps would meet the targets, by doubling and halving; None where a thousand times the money does not."""
    low, high = money, max(100.0, money)
    while can_step(problem, high, targets) is None:
        low, high = high, high * 2
        if high > 1000 * max(100.0, money):
            return None
    while high - low > max(1.0, 1e-3 * high):
        middle = (low + high) / 2
        low, high = (middle, high) if can_step(problem, middle, targets) is None else (low, middle)
    return float(np.ceil(high))


def can_step(problem: Problem, money: float, targets: Sequence[Target]) -> Floats | None:
    """Meet the targets by steps alone."""
    filling = Filling(problem, money, np.zeros(len(problem)), np.zeros(len(problem.names), np.bool_), targets)
    return filling.annotated if filling.meet() else None


def _with_starts(program: Program, half: Solved, seconds: float) -> Solved:
    """Solve with starts as yes or no; where time runs out without an answer, the relaxed answer's countries stand in."""
    if half.annotated is None:
        return half
    found = program.solve(seconds=seconds)
    return found if found.annotated is not None else Solved(half.annotated, half.begun, found.bound)


def _rounded(problem: Problem, money: float, targets: Sequence[Target], found: Solved, half: Solved) -> Iterator[Floats]:
    """Whole plans near fractional ones: filled from nothing in the same countries, and the fractions cut and filled up."""
    nothing = np.zeros(len(problem))
    for solved in (found, half):
        if solved.annotated is None:
            continue
        spent = np.bincount(problem.place, solved.annotated * (problem.price + 1e-9), len(problem.names)).astype(np.float64)
        for begun in _choices(spent, problem, money, solved is found):
            if (plan := _filled(problem, money, nothing, begun, targets)) is not None:
                yield plan
            cut = np.where(begun[problem.place], _cut(problem, solved.annotated), 0.0)
            if (plan := _filled(problem, money, cut, begun, targets)) is not None:
                yield plan
    if targets and (plan := can_meet(problem, money, targets, 1.0)) is not None:
        yield plan


def _choices(spent: Floats, problem: Problem, money: float, is_whole: bool) -> Iterator[np.ndarray]:
    """Countries to begin in: those of a whole answer; of a fractional one the 1, 2, 3, 5, ... in which it spends most."""
    used = spent > 1e-6
    if is_whole or not problem.start.any():
        yield used
        return
    order = np.argsort(-spent / np.maximum(1.0, problem.start), kind="stable")
    for size in sorted({*(int(1.6**k) for k in range(12)), len(order)}):
        if size > max(1, used.sum()):
            return
        chosen = np.zeros(len(spent), np.bool_)
        chosen[order[:size]] = True
        if problem.start[chosen].sum() < money:
            yield chosen


def _filled(problem: Problem, money: float, annotated: Floats, begun: np.ndarray, targets: Sequence[Target]) -> Floats | None:
    """Meet the targets, spend the rest, and spend what the starts of countries that got nothing gave back."""
    filling = Filling(problem, money, annotated, begun, targets)
    if filling.left < 0 or not filling.meet():
        return None
    whole = filling.fill()
    used = np.bincount(problem.place, whole, len(problem.names)) > 0
    return Filling(problem, money, whole, used, targets, step=0.0).fill()


def _cut(problem: Problem, annotated: Floats) -> Floats:
    whole = np.floor(annotated + 1e-6)
    return np.where(whole < problem.batch, 0.0, np.minimum(whole, problem.most))


def _whole(problem: Problem, money: float, annotated: Floats) -> Floats | None:
    whole = np.rint(annotated)
    whole[whole < problem.batch] = 0
    return whole if problem.cost(whole) <= money + 1e-6 else None


def _exact(program: Program, before: float, seconds: float) -> tuple[list[Floats], float]:
    """Whole images by HiGHS, with tangents added at each answer until they flatter it by nothing that counts."""
    plans: list[Floats] = []
    top, end = np.inf, time.monotonic() + seconds
    for _ in range(12):
        found = program.solve(whole=True, seconds=max(0.5, end - time.monotonic()), gap=1e-7)
        top = min(top, found.bound)
        whole = None if found.annotated is None else _whole(program.problem, program.money, found.annotated)
        if whole is None:
            break
        plans.append(whole)
        flattered = program.touch(whole)
        if flattered <= _TIGHT * max(top - before, _CLEAR) or time.monotonic() > end:
            break
    return plans, top


def _is_open(value: float, bound: float, before: float) -> bool:
    """Whether a better plan may be left: in small problems the last part in a million is looked for."""
    return bound - value > _TIGHT * max(bound - before, _CLEAR)


def _best(problem: Problem, plans: Iterator[Floats] | list[Floats], targets: Sequence[Target]) -> tuple[Floats, float]:
    """The plan of the highest value among those that meet the targets; of equal ones the cheapest, then the first."""
    best, key = np.zeros(len(problem)), (-np.inf, 0.0)
    for plan in [np.zeros(len(problem)), *plans]:
        if all(target.holds(problem, plan) for target in targets):
            found = (round(problem.value(plan), 12), -problem.cost(plan))
            if found > key:
                best, key = plan, found
    return best, problem.value(best)
