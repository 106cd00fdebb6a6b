"""Model stock: the mean of several regional models, drawn back to the world as far as they disagree."""

import math
from collections.abc import Sequence
from itertools import combinations

from hf_regional.merging.methods import Array, method
from hf_regional.merging.statistics.dot_products import DotProducts, Products, cosine
from hf_regional.merging.task_vectors import task_vectors


@method("model_stock", paper="arXiv:2403.19522", regions=(2, None), statistic=lambda options: DotProducts(task_vectors))
def model_stock(world: Array, regions: Sequence[Array], *, beta: float, whole: Products) -> Array:
    """θ_β = θ_global + β·t·mean(τ_i), t = N·cos φ/(1 + (N-1)·cos φ), φ the angle between the τ_i = θ_i - θ_global of a tensor.

    arXiv:2403.19522, §4; β = 1 is the paper's. Of more than two models cos φ is the mean over all pairs. Where
    it is not above 0 the models share nothing, and the tensor stays the world's (the paper's t would lead away from them); a τ_i
    that is 0 has no angle, and counts as one that shares nothing with the others.

    Args:
        world: θ_global, (n,).
        regions: θ_i, two or more, (n,) each.
        beta: in [0, 1].
        whole: the scalar products of the τ_i.

    >>> import numpy
    >>> world, regions = numpy.zeros(2), [numpy.array([1.0, 0.0]), numpy.array([3.0, 4.0])]  # cos φ = 0.6, t = 0.75
    >>> model_stock(world, regions, beta=1, whole=((1.0, 3.0), (3.0, 25.0))).round(9).tolist()
    [1.5, 1.5]
    """
    share = beta * _ratio(whole) / len(regions)
    return world + sum(task_vectors(world, regions)) * share


def _ratio(products: Products) -> float:
    """The paper's t, in [0, 1]."""
    angles = [cosine(products, i, j) for i, j in combinations(range(len(products)), 2)]
    mean = sum(0.0 if math.isnan(angle) else angle for angle in angles) / len(angles)
    agreement = max(0.0, mean)
    return len(products) * agreement / (1 + (len(products) - 1) * agreement)
