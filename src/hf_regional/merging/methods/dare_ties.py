"""DARE with TIES: a random part of what each regional model learned, where they agree on the sign."""

from collections.abc import Sequence

from hf_regional.merging.draw import Draw
from hf_regional.merging.methods import Array, method
from hf_regional.merging.task_vectors import disjoint_mean, task_vectors, thinned


@method("dare_ties", paper="arXiv:2311.03099", ranges={"density": (0.001, 1)})
def dare_ties(world: Array, regions: Sequence[Array], *, beta: float, weights: Sequence[float], draw: Draw, density: float = 0.5) -> Array:
    """θ_β = θ_global + β/density·τ, τ the mean of those m_i∘τ_i that have the elected sign, m_i 1 with the probability `density`.

    arXiv:2311.03099: DARE takes the place of the trimming in TIES (arXiv:2306.01708, §4, steps 2 and 3 as in `ties`).
    What is dropped has no vote. What is drawn is what `dare` draws.

    Args:
        world: θ_global, (n,).
        regions: θ_i, one or several, (n,) each; τ_i = θ_i - θ_global.
        beta: λ, in [0, 1].
        weights: w_i, at least 0, in the election and in the mean; only their ratios matter.
        draw: the random numbers.
        density: the share that is kept, in [0.001, 1].

    >>> import numpy
    >>> world, regions = numpy.zeros(4), [numpy.full(4, 1.0), numpy.full(4, -3.0)]
    >>> dare_ties(world, regions, beta=1, weights=[1, 1], draw=Draw(0, "w", 0, 4), density=1).tolist()
    [-3.0, -3.0, -3.0, -3.0]
    """
    kept = thinned(task_vectors(world, regions), draw, density)
    return world + disjoint_mean(kept, weights) * (beta / density)
