"""Dot products: vectors as long as a tensor in, the scalar products of every two of them out: what angles are made of."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any, Literal

import numpy as np

from hf_regional.merging.kinds import as_float64
from hf_regional.merging.statistics import CELL

Products = tuple[tuple[float, ...], ...]  # symmetric; [i][j] is ⟨vector i, vector j⟩


@dataclass(frozen=True, slots=True)
class DotProducts:
    """⟨a, b⟩ of every two vectors that `vectors` makes of a world and its regions, in float64.

    Each cell of the grid is summed by itself and the sums of the cells are added exactly, so that the same kind of array gives
    the same bits however the work was cut.

    >>> import numpy
    >>> whole = DotProducts(lambda world, regions: [world, *regions])
    >>> whole.finish(whole.measure(numpy.array([3.0, 4.0]), [numpy.array([1.0, 0.0])]))
    ((25.0, 3.0), (3.0, 1.0))
    """

    vectors: Callable[[Any, Sequence[Any]], Sequence[Any]]  # (world, regions) to vectors of the same length
    scope: Literal["tensor", "model"] = "tensor"

    def measure(self, world: Any, regions: Sequence[Any]) -> list[list[float]]:
        """For each pair of vectors the sums of the stretch's cells."""
        cells: list[list[float]] = []
        with np.errstate(all="ignore"):  # what is not finite is the caller's to report; here it only makes no angle
            for first in range(0, max(1, len(world)), CELL):  # an empty tensor has products too, of 0
                mine = slice(first, first + CELL)
                made = [as_float64(vector) for vector in self.vectors(world[mine], [region[mine] for region in regions])]
                cells.append([float((a * b).sum()) for a, b in combinations_with_replacement(made, 2)])
        return [list(sums) for sums in zip(*cells, strict=True)]

    def join(self, first: list[list[float]], second: list[list[float]]) -> list[list[float]]:
        """The cells of both."""
        for ours, theirs in zip(first, second, strict=True):
            ours.extend(theirs)
        return first

    def finish(self, joined: list[list[float]]) -> Products:
        """The matrix of all products; NaN where one overflows or an input is not finite."""
        count = math.isqrt(2 * len(joined))  # of k vectors there are k·(k + 1)/2 pairs
        sums = dict(zip(combinations_with_replacement(range(count), 2), map(_exact_sum, joined), strict=True))
        return tuple(tuple(sums[min(i, j), max(i, j)] for j in range(count)) for i in range(count))


def cosine(products: Products, i: int, j: int) -> float:
    """The cosine of the angle between two of the vectors, in [-1, 1]; NaN where one is 0, or not finite.

    >>> cosine(((25.0, 3.0), (3.0, 1.0)), 0, 1)
    0.6
    """
    lengths = math.sqrt(products[i][i]) * math.sqrt(products[j][j])
    if not 0 < lengths < math.inf or not math.isfinite(products[i][j]):
        return math.nan
    return max(-1.0, min(1.0, products[i][j] / lengths))


def _exact_sum(values: list[float]) -> float:
    if not all(map(math.isfinite, values)):
        return math.nan
    try:
        return math.fsum(values)
    except OverflowError:
        return math.nan
