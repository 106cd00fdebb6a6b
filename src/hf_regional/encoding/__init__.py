"""Encoding: images or texts in, (n, d) float32 features of unit norm out. Every room that takes a model resolves it here."""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.encoding.dual_encoder import DualEncoder as DualEncoder
    from hf_regional.encoding.feature_cache import FeatureCache as FeatureCache
    from hf_regional.encoding.images import ImageSource as ImageSource
    from hf_regional.encoding.images import image_key as image_key
    from hf_regional.encoding.images import open_image as open_image
    from hf_regional.encoding.kept_features import KeptFeatures as KeptFeatures
    from hf_regional.encoding.resolve import bytes_to_fetch as bytes_to_fetch
    from hf_regional.encoding.resolve import parse_model_id as parse_model_id
    from hf_regional.encoding.resolve import resolve_folder as resolve_folder
    from hf_regional.encoding.two_tower import TwoTowerEncoder as TwoTowerEncoder
    from hf_regional.encoding.two_tower import load_encoder as load_encoder
    from hf_regional.encoding.vision import VisionEncoder as VisionEncoder
    from hf_regional.encoding.vision import load_vision as load_vision

# Looked up on first use: resolving a folder, which merging does, must not load torch.
_HOMES = {
    "DualEncoder": "hf_regional.encoding.dual_encoder",
    "FeatureCache": "hf_regional.encoding.feature_cache",
    "ImageSource": "hf_regional.encoding.images",
    "KeptFeatures": "hf_regional.encoding.kept_features",
    "TwoTowerEncoder": "hf_regional.encoding.two_tower",
    "VisionEncoder": "hf_regional.encoding.vision",
    "bytes_to_fetch": "hf_regional.encoding.resolve",
    "image_key": "hf_regional.encoding.images",
    "load_encoder": "hf_regional.encoding.two_tower",
    "load_vision": "hf_regional.encoding.vision",
    "open_image": "hf_regional.encoding.images",
    "parse_model_id": "hf_regional.encoding.resolve",
    "resolve_folder": "hf_regional.encoding.resolve",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
