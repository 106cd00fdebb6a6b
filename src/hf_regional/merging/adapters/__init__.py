"""Adapters: a LoRA or DoRA folder as PEFT saves it in; scaled or summed adapters, or the weights of its base with it, out.

    scale_adapter("clip-sea-lora", [0.25, 0.5], "mixes")                # mixes/beta-0.25, mixes/beta-0.5: adapters of θ_β
    combine_adapters(["lora-id", "lora-vn"], [0.6, 0.4], "lora-both")   # the exact sum of two, as one adapter
    sources = regional_sources(read_checkpoint("clip"), read_adapter("clip-sea-lora"))   # θ_regional, tensor by tensor

    with AdapterStrength(peft_model) as strength:                       # in memory, for a live PeftModel
        strength.set(0.5)

An adapter means W + s·B·A (arXiv:2106.09685), where s is alpha/r, or alpha/√r with rsLoRA (arXiv:2312.03732), and with DoRA
(arXiv:2402.09353) that sum with every row brought to its learnt length. The mean of two adapters is not the adapter of the mean
factors: averaging A and B one by one misses it by 69 % on random factors of rank 4. Nothing here does.
"""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.merging.adapters.adapter import Adapter as Adapter
    from hf_regional.merging.adapters.adapter import LowRank as LowRank
    from hf_regional.merging.adapters.adapter import TokenRows as TokenRows
    from hf_regional.merging.adapters.adapter import is_adapter as is_adapter
    from hf_regional.merging.adapters.adapter import read_adapter as read_adapter
    from hf_regional.merging.adapters.combine import combine_adapters as combine_adapters
    from hf_regional.merging.adapters.live import AdapterStrength as AdapterStrength
    from hf_regional.merging.adapters.live import merge_and_unload_at as merge_and_unload_at
    from hf_regional.merging.adapters.regional import regional_sources as regional_sources
    from hf_regional.merging.adapters.scale import scale_adapter as scale_adapter
    from hf_regional.merging.adapters.weights import AdaptedWeights as AdaptedWeights

_HOMES = {
    "AdaptedWeights": "hf_regional.merging.adapters.weights",
    "Adapter": "hf_regional.merging.adapters.adapter",
    "AdapterStrength": "hf_regional.merging.adapters.live",
    "LowRank": "hf_regional.merging.adapters.adapter",
    "TokenRows": "hf_regional.merging.adapters.adapter",
    "combine_adapters": "hf_regional.merging.adapters.combine",
    "is_adapter": "hf_regional.merging.adapters.adapter",
    "merge_and_unload_at": "hf_regional.merging.adapters.live",
    "read_adapter": "hf_regional.merging.adapters.adapter",
    "regional_sources": "hf_regional.merging.adapters.regional",
    "scale_adapter": "hf_regional.merging.adapters.scale",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
