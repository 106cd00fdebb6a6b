"""Encoding: images or texts in, (n, d) float32 features of unit norm out. Every room that takes a model resolves it here."""

from hf_regional.encoding.images import ImageSource, image_key, open_image
from hf_regional.encoding.resolve import bytes_to_fetch, parse_model_id, resolve_folder
from hf_regional.encoding.two_tower import TwoTowerEncoder, load_encoder

__all__ = [
    "ImageSource",
    "TwoTowerEncoder",
    "bytes_to_fetch",
    "image_key",
    "load_encoder",
    "open_image",
    "parse_model_id",
    "resolve_folder",
]
