"""Filling: a plan with whole images, or none, in; the same with what money is left spent, a step at a time, out.

At each step the images that add most a dollar are ordered. With concave curves what a step adds falls as others are taken, so an old
figure is at most too high, and only the front of the queue is computed anew (lazy greedy).
"""

import heapq
from collections.abc import Sequence
from typing import Final

import numpy as np

from hf_regional.planning.problem import Floats, Problem
from hf_regional.planning.targets import Target

_STEP: Final = 0.04  # of the images that a pair has been given: large plans take no longer for being large
_CHEAP: Final = 1e-9  # US dollars: what costs nothing comes first


class Filling:
    """A plan that grows. `allowed` (C,) countries may be begun; their start is kept back from the first step on."""

    def __init__(
        self, problem: Problem, money: float, annotated: Floats, allowed: np.ndarray, targets: Sequence[Target] = (), step: float = _STEP
    ) -> None:
        self.problem, self.money, self.step = problem, money, step
        self.annotated = annotated.copy()
        self.effective = problem.effective(annotated)
        self.allowed = allowed | (np.bincount(problem.place, annotated, len(problem.names)) > 0)
        self.limits = problem.limits(money)
        self.targets = tuple(targets)
        self.caps = [target for target in targets if np.isfinite(target.at_most)]

    @property
    def left(self) -> float:
        """US dollars, the starts of all allowed countries taken off."""
        return self.money - float(self.problem.price @ self.annotated + self.problem.start[self.allowed].sum())

    def fill(self) -> Floats:
        """Spend what is left; the images (P,)."""
        left = self.left
        queue = [
            entry
            for pair in np.flatnonzero(self.limits)
            if self.allowed[self.problem.place[pair]] and (entry := self._entry(int(pair), left))
        ]
        heapq.heapify(queue)
        while queue:
            _, pair = heapq.heappop(queue)
            entry = self._entry(pair, left)
            if entry is None:
                continue
            if queue and entry[0] > queue[0][0] + 1e-18:
                heapq.heappush(queue, entry)
                continue
            size = self._size(pair, left)
            self._add(pair, size)
            left -= size * float(self.problem.price[pair])
            if again := self._entry(pair, left):
                heapq.heappush(queue, again)
        return self.annotated

    def meet(self) -> bool:
        """Order what the targets ask for, the most for a dollar first; whether all are met within the money."""
        for target in self.targets:
            while not target.holds(self.problem, self.annotated):
                if target.annotated_too_many(self.annotated) or not self._step_towards(target):
                    return False
        return all(target.holds(self.problem, self.annotated) for target in self.targets)

    def _step_towards(self, target: Target) -> bool:
        pairs = [int(pair) for pair in target.pairs if self.limits[pair] > 0]
        if target.accuracy:
            near = self.problem.lent[target.pairs].nonzero()[1]
            pairs = sorted({*pairs, *(int(pair) for pair in near if self.limits[pair] > 0)})
        best: tuple[float, int, float] | None = None
        for pair in pairs:
            closed = 0.0 if self.allowed[self.problem.place[pair]] else float(self.problem.start[self.problem.place[pair]])
            size = self._size(pair, self.left - closed)
            if not size:
                continue
            if not target.accuracy and self.annotated[pair]:
                size = min(size, np.ceil(target.at_least - self.annotated[target.pairs].sum()))
            cost = max(_CHEAP, size * float(self.problem.price[pair]) + closed)
            worth = (self._gain_within(pair, size, target) if target.accuracy else size + self._gain(pair, size)) / cost
            if worth > 0 and (best is None or worth > best[0]):
                best = (worth, pair, size)
        if best is None:
            return False
        self.allowed[self.problem.place[best[1]]] = True
        self._add(best[1], best[2])
        return True

    def _size(self, pair: int, left: float) -> float:
        """Images of the next step, 0 where none can be ordered."""
        have, batch, price = self.annotated[pair], self.problem.batch[pair], float(self.problem.price[pair])
        room = min([self.limits[pair] - have, *(cap.at_most - self.annotated[cap.pairs].sum() for cap in self.caps if pair in cap.pairs)])
        if price:
            room = min(room, np.floor(left / price + 1e-9))
        room = np.floor(room + 1e-9)
        if room < (1 if have else batch):
            return 0.0
        return min(room, max(1.0, np.floor(have * self.step)) if have else batch)

    def _entry(self, pair: int, left: float) -> tuple[float, int] | None:
        size = self._size(pair, left)
        if not size:
            return None
        gain = self._gain(pair, size) / max(_CHEAP, size * float(self.problem.price[pair]))
        return (-gain, pair) if gain > 0 else None

    def _reached(self, pair: int) -> tuple[np.ndarray, Floats]:
        lent = self.problem.lent
        span = slice(lent.indptr[pair], lent.indptr[pair + 1])
        return np.append(lent.indices[span], pair), np.append(lent.data[span], 1.0)

    def _gain(self, pair: int, size: float) -> float:
        reached, counts = self._reached(pair)
        return float(self.problem.weight[reached] @ self._rise(pair, reached, counts * size))

    def _gain_within(self, pair: int, size: float, target: Target) -> float:
        reached, counts = self._reached(pair)
        return float(np.isin(reached, target.pairs) @ self._rise(pair, reached, counts * size))

    def _rise(self, pair: int, reached: np.ndarray, more: Floats) -> Floats:
        # A pair lends within its topic alone, and a topic has one curve.
        curve, effective = self.problem.curves[pair], self.effective[reached]
        return curve.accuracy(effective + more) - curve.accuracy(effective)

    def _add(self, pair: int, size: float) -> None:
        reached, counts = self._reached(pair)
        self.annotated[pair] += size
        self.effective[reached] += counts * size
