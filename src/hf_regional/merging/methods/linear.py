"""Linear interpolation of weights, the merge of GG-EZ (arXiv:2604.11490, §3.2)."""

from collections.abc import Sequence

from hf_regional.merging.methods import Array, method


@method("linear", paper="arXiv:2203.05482")
def linear(world: Array, regions: Sequence[Array], *, beta: float, weights: Sequence[float]) -> Array:
    """θ_β = β·θ_regional + (1-β)·θ_global, where several regional models enter by their weighted mean (a model soup).

    Args:
        world: θ_global, (n,).
        regions: θ_regional, one or several, (n,) each.
        beta: in [0, 1].
        weights: one a regional model, not all zero; only their ratios matter.

    >>> import numpy
    >>> linear(numpy.array([1.0, 2.0]), [numpy.array([3.0, 2.0])], beta=0.25, weights=[1]).tolist()
    [1.5, 2.0]
    """
    # From the mean of the differences, so that a model merged with copies of itself stays as it is.
    shares = [beta * weight / sum(weights) for weight in weights]
    return world + sum((region - world) * share for region, share in zip(regions, shares, strict=True))
