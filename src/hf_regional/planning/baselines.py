"""Baselines: a problem and money in; what one gets who spends it without a plan, out: all pairs in turn, or pairs at random."""

from collections.abc import Iterable

import numpy as np

from hf_regional.planning.problem import Floats, Problem


def equal(problem: Problem, money: float) -> Floats:
    """A batch for each pair in turn, round after round, until no batch can be paid; (P,) images.

    Where a round cannot be paid in full, pairs are served across the countries in turn, so that none comes first by its letter.
    """
    turn = np.zeros(len(problem))
    for number in range(len(problem.names)):
        pairs = np.flatnonzero(problem.place == number)
        turn[pairs] = np.arange(len(pairs))
    order = np.lexsort((problem.place, turn))
    return _spent(problem, money, order)


def at_random(problem: Problem, money: float, seed: int) -> Floats:
    """A batch for a pair drawn at random, again and again, until no batch of any pair can be paid; (P,) images."""
    rng = np.random.default_rng([seed, 0x706C616E])
    pairs = np.flatnonzero(problem.limits(money))
    return _drawn(problem, money, rng.permutation(pairs), rng) if len(pairs) else np.zeros(len(problem))


def _spent(problem: Problem, money: float, order: Iterable[int]) -> Floats:
    queue = [int(pair) for pair in order if problem.limits(money)[pair] > 0]
    out, spent = np.zeros(len(problem)), 0.0
    while queue:
        queue = [
            pair
            for pair in queue
            if (spent := _bought(problem, money, out, pair, spent)) >= 0 and _goes_on(problem, money, out, pair, spent)
        ]
    return out


def _drawn(problem: Problem, money: float, pairs: np.ndarray, rng: np.random.Generator) -> Floats:
    out, spent = np.zeros(len(problem)), 0.0
    open_pairs = pairs.tolist()
    while open_pairs:
        at = int(rng.integers(len(open_pairs)))
        before = spent
        spent = _bought(problem, money, out, open_pairs[at], spent)
        if spent == before and not _goes_on(problem, money, out, open_pairs[at], spent):
            open_pairs[at] = open_pairs[-1]
            open_pairs.pop()
    return out


def _bought(problem: Problem, money: float, out: Floats, pair: int, spent: float) -> float:
    """Buy a batch where it can be paid; what is spent then."""
    cost = _cost(problem, out, pair)
    if spent + cost > money + 1e-9 or out[pair] + problem.batch[pair] > problem.limits(money)[pair]:
        return spent
    out[pair] += problem.batch[pair]
    return spent + cost


def _goes_on(problem: Problem, money: float, out: Floats, pair: int, spent: float) -> bool:
    more = out[pair] + problem.batch[pair] <= problem.limits(money)[pair]
    return bool(more and spent + _cost(problem, out, pair) <= money + 1e-9)


def _cost(problem: Problem, out: Floats, pair: int) -> float:
    begun = out[problem.place == problem.place[pair]].any()
    return float(problem.price[pair] * problem.batch[pair] + (0 if begun else problem.start[problem.place[pair]]))
