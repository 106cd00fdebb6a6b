"""Consensus: what several regional models learned, at those weights only that matter to enough of them."""

from collections.abc import Sequence

from hf_regional.merging.kinds import as_numbers
from hf_regional.merging.methods import Array, method
from hf_regional.merging.task_vectors import task_vectors


@method("consensus", paper="arXiv:2405.07813", regions=(2, None), ranges={"agreement": (1, None), "selectivity": (0, 10)})
def consensus(
    world: Array, regions: Sequence[Array], *, beta: float, weights: Sequence[float], agreement: int = 2, selectivity: float = 0.4
) -> Array:
    """θ_β = θ_global + β·m∘τ, τ = Σ w_i·τ_i, m 1 where the weight matters to `agreement` regional models or more, else 0.

    arXiv:2405.07813, Consensus Task Arithmetic: a weight matters to a model where |τ_i| > λ·|τ - τ_i|, that is where
    its own part is large beside that of all others (the paper's TALL mask). Weights that matter to no model, or to one alone, go
    back to the world.

    Args:
        world: θ_global, (n,).
        regions: θ_i, two or more, (n,) each; τ_i = θ_i - θ_global.
        beta: the paper's α, in [0, 1].
        weights: w_i, at least 0; each τ_i is taken times its own, in τ and in the masks. The paper's are all 1.
        agreement: the paper's k, from 1 (leave out what matters to nobody) to the number of models.
        selectivity: the paper's λ, in [0, 10]; it tries 0.2 to 0.6.

    >>> import numpy
    >>> world, regions = numpy.zeros(3), [numpy.array([2.0, 5.0, 0.0]), numpy.array([3.0, -1.0, 7.0])]
    >>> consensus(world, regions, beta=1, weights=[1, 1]).tolist()
    [5.0, 0.0, 0.0]
    """
    vectors = [vector * weight for vector, weight in zip(task_vectors(world, regions), weights, strict=True)]
    total = sum(vectors)
    votes = sum(as_numbers(abs(vector) > abs(total - vector) * selectivity, vector) for vector in vectors)
    return world + total * as_numbers(votes >= agreement, total) * beta
