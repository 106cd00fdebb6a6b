"""Merging: two checkpoints of one architecture in, their mixes θ_β out, as checkpoints that plain `from_pretrained` loads.

    merged = merge_checkpoints("clip-world", "clip-sea", [0.25, 0.5, 0.75], "mixes")
    merged.paths      # mixes/beta-0.25, mixes/beta-0.5, mixes/beta-0.75

That way builds no model: tensors go from file to file, by name, a few megabytes at a time. A model that is loaded already is merged
in memory, where β can be switched without loading again:

    class RegionalClip(ModelMerger, CLIPModel): ...

    model = RegionalClip.from_pretrained("clip-world").merge_with("clip-sea", beta=0.3)
"""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.merging.merge import Merged as Merged
    from hf_regional.merging.merge import merge_checkpoints as merge_checkpoints
    from hf_regional.merging.mixin import ModelMerger as ModelMerger
    from hf_regional.merging.modules import Mix as Mix
    from hf_regional.merging.modules import merge_modules as merge_modules
    from hf_regional.merging.modules import set_beta as set_beta
    from hf_regional.merging.modules import sweep_modules as sweep_modules
    from hf_regional.merging.modules import unmerge_modules as unmerge_modules
    from hf_regional.merging.patterns import ByDepth as ByDepth
    from hf_regional.merging.preview import Preview as Preview
    from hf_regional.merging.preview import preview_merge as preview_merge
    from hf_regional.merging.recalibration import recalibrate as recalibrate

_HOMES = {
    "ByDepth": "hf_regional.merging.patterns",
    "Merged": "hf_regional.merging.merge",
    "Preview": "hf_regional.merging.preview",
    "Mix": "hf_regional.merging.modules",
    "ModelMerger": "hf_regional.merging.mixin",
    "merge_checkpoints": "hf_regional.merging.merge",
    "merge_modules": "hf_regional.merging.modules",
    "preview_merge": "hf_regional.merging.preview",
    "recalibrate": "hf_regional.merging.recalibration",
    "set_beta": "hf_regional.merging.modules",
    "sweep_modules": "hf_regional.merging.modules",
    "unmerge_modules": "hf_regional.merging.modules",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
