"""Task vectors: what each regional model has learned (region - world), thinned out, and brought together. For numpy and torch alike."""

from collections.abc import Sequence
from typing import Any

from hf_regional.merging.draw import Draw
from hf_regional.merging.kinds import as_numbers


def task_vectors(world: Any, regions: Sequence[Any]) -> list[Any]:
    """τ_i = region_i - world (arXiv:2212.04089, §2), (n,) each."""
    return [region - world for region in regions]


def thinned(vectors: Sequence[Any], draw: Draw, density: float) -> list[Any]:
    """Each element with the probability `density`, else 0; independent from one vector to the next. Not rescaled."""
    return [vector * as_numbers(draw.uniform(lane, vector) < density, vector) for lane, vector in enumerate(vectors)]


def disjoint_mean(vectors: Sequence[Any], weights: Sequence[float]) -> Any:
    """Elect a sign for each element, and average those that have it (arXiv:2306.01708, §4, steps 2 and 3).

    The sign is that of Σ w_i·τ_i, the larger total; the mean is Σ w_i·τ_i / Σ w_i over the i of that sign. Elements that are 0 have
    no vote and no part in the mean. Where the totals cancel exactly there is no sign, and the mean is 0.

    Args:
        vectors: τ_i, (n,) each.
        weights: w_i, at least 0.

    >>> import numpy
    >>> disjoint_mean([numpy.array([3.0, 0.0, 1.0]), numpy.array([-1.0, 4.0, -1.0])], [1, 1]).tolist()
    [3.0, 4.0, 0.0]
    """
    elected = sum(vector * weight for vector, weight in zip(vectors, weights, strict=True))
    agree = [as_numbers(((vector > 0) & (elected > 0)) | ((vector < 0) & (elected < 0)), vector) for vector in vectors]
    total = sum(vector * flags * weight for vector, flags, weight in zip(vectors, agree, weights, strict=True))
    voters = sum(flags * weight for flags, weight in zip(agree, weights, strict=True))
    return total / (voters + as_numbers(voters == 0, total))  # where nobody agrees the total is 0
