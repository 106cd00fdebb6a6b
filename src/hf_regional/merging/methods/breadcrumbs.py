"""Breadcrumbs: what regional models learned, without the outliers and without what is negligible."""

from collections.abc import Mapping, Sequence
from typing import Any

from hf_regional.merging.kinds import as_numbers
from hf_regional.merging.methods import Array, method
from hf_regional.merging.statistics.magnitudes import Band, Magnitudes
from hf_regional.merging.task_vectors import task_vectors


def _middle(options: Mapping[str, Any]) -> Magnitudes:
    return Magnitudes(density=options["density"], outliers=options["outliers"])


@method("breadcrumbs", paper="arXiv:2312.06795", ranges={"density": (0, 1), "outliers": (0, 0.5)}, statistic=_middle)
def breadcrumbs(
    world: Array,
    regions: Sequence[Array],
    *,
    beta: float,
    weights: Sequence[float],
    whole: Sequence[Band],
    density: float = 0.1,
    outliers: float = 0.01,
) -> Array:
    """θ_β = θ_global + β·Σ w_i·m_i∘τ_i, m_i 0 at the largest and at the smallest magnitudes of each tensor of τ_i, else 1.

    arXiv:2312.06795, where α is our β: of each tensor of τ_i = θ_i - θ_global the largest `outliers` go, of the rest the largest
    `density` (a share of the whole tensor) stay, and the others go. Ties at both ends stay.

    Args:
        world: θ_global, (n,).
        regions: θ_i, one or several, (n,) each.
        beta: α, in [0, 1].
        weights: w_i, at least 0; their size matters. The paper's are all 1.
        whole: the band of magnitudes that each τ_i keeps.
        density: the share that is kept, in [0, 1].
        outliers: the share that is dropped from the top, in [0, 0.5].

    >>> import numpy
    >>> world, region = numpy.zeros(4), numpy.array([1.0, -2.0, 3.0, 90.0])
    >>> breadcrumbs(world, [region], beta=1, weights=[1], whole=[Band(2.0, 3.0)]).tolist()
    [0.0, -2.0, 3.0, 0.0]
    """
    vectors = task_vectors(world, regions)
    parts = zip(vectors, whole, weights, strict=True)
    return world + sum(vector * as_numbers(band.holds(vector), vector) * (beta * weight) for vector, band, weight in parts)
