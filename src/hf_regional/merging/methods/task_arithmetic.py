"""Task arithmetic: what several regional models have learned, added to the model of the world."""

from collections.abc import Sequence

from hf_regional.merging.methods import Array, method
from hf_regional.merging.task_vectors import task_vectors


@method("task_arithmetic", paper="arXiv:2212.04089", signed=True)
def task_arithmetic(world: Array, regions: Sequence[Array], *, beta: float, weights: Sequence[float]) -> Array:
    """θ_β = θ_global + β·Σ w_i·τ_i, τ_i = θ_i - θ_global: the sum of what the regional models learned, not its mean.

    arXiv:2212.04089, §2, where λ is our β.

    Args:
        world: θ_global, (n,).
        regions: θ_i, one or several, (n,) each.
        beta: λ, in [0, 1].
        weights: w_i; their size matters, and a negative one takes away what a model has learned (§3, "forgetting via negation").

    >>> import numpy
    >>> world = numpy.array([1.0, 2.0])
    >>> task_arithmetic(world, [numpy.array([3.0, 2.0]), numpy.array([1.0, 6.0])], beta=0.5, weights=[1, 1]).tolist()
    [2.0, 4.0]
    """
    return world + sum(vector * (beta * weight) for vector, weight in zip(task_vectors(world, regions), weights, strict=True))
