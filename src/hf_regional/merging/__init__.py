"""Merging: two checkpoints of one architecture in, their mixes θ_β out, as checkpoints that plain `from_pretrained` loads.

    merged = merge_checkpoints("clip-world", "clip-sea", [0.25, 0.5, 0.75], "mixes")
    merged.paths      # mixes/beta-0.25, mixes/beta-0.5, mixes/beta-0.75

Nothing here builds a model: tensors go from file to file, by name, a few megabytes at a time.
"""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.merging.merge import Merged as Merged
    from hf_regional.merging.merge import merge_checkpoints as merge_checkpoints
    from hf_regional.merging.preview import Preview as Preview
    from hf_regional.merging.preview import preview_merge as preview_merge

_HOMES = {
    "Merged": "hf_regional.merging.merge",
    "Preview": "hf_regional.merging.preview",
    "merge_checkpoints": "hf_regional.merging.merge",
    "preview_merge": "hf_regional.merging.preview",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
