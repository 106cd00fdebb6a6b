"""DARE: drop most of what the regional models learned at random, and make up for it in the rest."""

from collections.abc import Sequence

from hf_regional.merging.draw import Draw
from hf_regional.merging.methods import Array, method
from hf_regional.merging.task_vectors import task_vectors, thinned


@method("dare", paper="arXiv:2311.03099", ranges={"density": (0.001, 1)})
def dare(world: Array, regions: Sequence[Array], *, beta: float, weights: Sequence[float], draw: Draw, density: float = 0.5) -> Array:
    """θ_β = θ_global + β·Σ w_i·(m_i∘τ_i)/density, m_i 1 with the probability `density`, else 0: task arithmetic on a random part.

    arXiv:2311.03099, where the drop rate p is 1 - density. What is drawn depends on the seed, the tensor's name, the
    element's place and the number of the regional model alone. In expectation it is task arithmetic, and with density 1 it is so.

    Args:
        world: θ_global, (n,).
        regions: θ_i, one or several, (n,) each; τ_i = θ_i - θ_global.
        beta: λ, in [0, 1].
        weights: w_i, at least 0; their size matters.
        draw: the random numbers.
        density: the share that is kept, in [0.001, 1]; the paper goes down to 0.01 for large models.

    >>> import numpy
    >>> world, region = numpy.zeros(8), numpy.ones(8)
    >>> dare(world, [region], beta=1, weights=[1], draw=Draw(0, "w", 0, 8), density=0.5).tolist()
    [2.0, 2.0, 0.0, 0.0, 2.0, 2.0, 0.0, 2.0]
    """
    kept = thinned(task_vectors(world, regions), draw, density)
    return world + sum(vector * (beta * weight / density) for vector, weight in zip(kept, weights, strict=True))
