"""Spherical interpolation: between two models along the arc of a great circle instead of its chord."""

import math
from collections.abc import Sequence
from typing import Final

from hf_regional.merging.methods import Array, method
from hf_regional.merging.statistics.dot_products import DotProducts, Products, cosine

# Below this sine, arc and chord differ by less than 2**-29 of the weights: a thirtieth of what float32 can tell apart.
_STRAIGHT: Final = 2.0**-13


@method(
    "slerp",
    paper="doi:10.1145/325334.325242",
    regions=(1, 1),
    statistic=lambda options: DotProducts(lambda world, regions: [world, *regions]),
    elementwise=False,
)
def slerp(world: Array, regions: Sequence[Array], *, beta: float, whole: Products) -> Array:
    """θ_β = sin((1-β)Ω)/sin Ω · θ_global + sin(βΩ)/sin Ω · θ_regional, Ω the angle between the two whole tensors.

    Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985. The weights are not brought to one length: between a short and
    a long tensor the length changes with the direction. Where sin Ω < 2**-13 (the tensors lie on one line, or nearly), and where
    one of them is 0, has no direction or overflows in float64, it is the chord: θ_global + β·(θ_regional - θ_global). β = 1 gives
    θ_regional exactly. An element that is equal in both can change: the arc lies outside the chord.

    Args:
        world: θ_global, (n,).
        regions: θ_regional alone, (n,).
        beta: in [0, 1].
        whole: the scalar products of θ_global and θ_regional.

    >>> import numpy
    >>> quarter = slerp(numpy.array([1.0, 0.0]), [numpy.array([0.0, 1.0])], beta=0.5, whole=((1.0, 0.0), (0.0, 1.0)))
    >>> quarter.round(4).tolist()
    [0.7071, 0.7071]
    """
    (region,) = regions
    angle = math.acos(cosine(whole, 0, 1))
    if not math.sin(angle) >= _STRAIGHT:  # NaN too
        # From the nearer end, so that both ends and equal elements come out exactly.
        return world + (region - world) * beta if beta < 0.5 else region - (region - world) * (1 - beta)
    return world * (math.sin((1 - beta) * angle) / math.sin(angle)) + region * (math.sin(beta * angle) / math.sin(angle))
