"""Linear interpolation of weights, the merge of GG-EZ (arXiv:2604.11490, §3.2)."""

import torch
from torch import Tensor

from hf_regional.merging.methods import method


@method("linear", paper="arXiv:2203.05482")
def linear(world: Tensor, region: Tensor, *, beta: float) -> Tensor:
    """θ_β = β·θ_regional + (1-β)·θ_global, computed in float32 or wider and rounded once to the dtype of `world`.

    Args:
        world: θ_global, any shape, floating.
        region: θ_regional, the same shape, floating.
        beta: in [0, 1]; 0 gives `world` and 1 gives `region` bit for bit.

    >>> linear(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 2.0]), beta=0.25)
    tensor([1.5000, 2.0000])
    """
    if beta == 0:
        return world
    if beta == 1:
        return region.to(world.dtype)
    # Two of one 16-bit dtype stay as they are: lerp is float32 inside and rounds once, in a fifth of the time. Unlike ones widen to float32.
    wide = torch.promote_types(world.dtype, region.dtype)
    start, end = world.to(wide), region.to(wide)
    mixed = torch.lerp(start, end, beta)
    if not mixed.all():
        # Between -0.0 and -0.0 lerp answers 0.0; where nothing was learned, not even a sign may change.
        mixed = torch.where(start == end, start, mixed)
    return mixed.to(world.dtype)
