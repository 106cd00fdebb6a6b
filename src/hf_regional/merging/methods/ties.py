"""TIES: trim what each regional model learned to its largest elements, elect signs, and average those that agree."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from hf_regional.merging.kinds import as_numbers
from hf_regional.merging.methods import Array, method
from hf_regional.merging.statistics.magnitudes import Band, Magnitudes
from hf_regional.merging.task_vectors import disjoint_mean, task_vectors


def _largest(options: Mapping[str, Any]) -> Magnitudes:
    return Magnitudes(density=options["density"], scope=options["scope"])


@method("ties", paper="arXiv:2306.01708", ranges={"density": (0, 1)}, choices={"scope": ("model", "tensor")}, statistic=_largest)
def ties(
    world: Array,
    regions: Sequence[Array],
    *,
    beta: float,
    weights: Sequence[float],
    whole: Sequence[Band],
    density: float = 0.2,
    scope: Literal["model", "tensor"] = "model",
) -> Array:
    """θ_β = θ_global + β·τ, τ the mean of the trimmed τ_i that have the elected sign: each element from those that agree on it.

    arXiv:2306.01708, §4, algorithm 1, where λ is our β:

    1. Trim: of τ_i = θ_i - θ_global the `density` of largest magnitude stays, the rest becomes 0.
    2. Elect: the sign of an element is that of Σ w_i·τ_i.
    3. Disjoint merge: τ = Σ w_i·τ_i / Σ w_i over the i whose element has that sign; 0 where the sum in 2 is exactly 0.

    Elements that tie with the last one kept are kept too; a model of more than 4 million weights keeps at most a little more
    than it was asked for (`Magnitudes` says how little).

    Args:
        world: θ_global, (n,).
        regions: θ_i, one or several, (n,) each.
        beta: λ, in [0, 1].
        weights: w_i, at least 0, in the election and in the mean; only their ratios matter. The paper's are all 1.
        whole: the band of magnitudes that each τ_i keeps.
        density: the share that is kept, in [0, 1]; the paper's k is 20 %.
        scope: whether that is a share of the whole model, as in the paper, or of each tensor.

    >>> import numpy
    >>> world, regions = numpy.zeros(3), [numpy.array([4.0, 1.0, -3.0]), numpy.array([2.0, 5.0, 4.0])]
    >>> ties(world, regions, beta=1, weights=[1, 1], whole=[Band(3.0), Band(4.0)]).tolist()
    [4.0, 5.0, 4.0]
    """
    vectors = task_vectors(world, regions)
    trimmed = [vector * as_numbers(band.holds(vector), vector) for vector, band in zip(vectors, whole, strict=True)]
    return world + disjoint_mean(trimmed, weights) * beta
