"""From rows of the `pairs` view to the tensors of a training step."""

import zlib
from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor

from hf_regional.encoding import image_key, open_image
from hf_regional.encoding.two_tower import tokenize
from hf_regional.records import IMAGE, TEXT

# Corpora with many texts a picture meet the same pixels again and again; beyond this the rest is read anew each time.
_PIXEL_CACHE_BYTES: Final = 1 << 29


class PairCollator:
    """Rows in, one batch out: `pixel_values` (n, 3, h, w), `input_ids` (n, t), and the identities that tell which pairs are right."""

    def __init__(self, processor: Any, config: Any, cache_bytes: int = _PIXEL_CACHE_BYTES) -> None:
        self.processor, self.config = processor, config
        self._cache: dict[str, Tensor] = {}
        self._room = cache_bytes

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, Tensor]:  # noqa: D102 - the class says it
        keys = [image_key(row[IMAGE]) for row in rows]
        texts = [row[TEXT] for row in rows]
        pixels = torch.stack([self._pixels(key, row[IMAGE]) for key, row in zip(keys, rows, strict=True)])
        return {
            "pixel_values": pixels,
            **tokenize(self.processor, self.config, texts),
            "image_keys": _identities(keys),
            "text_keys": _identities([text.casefold() for text in texts]),
        }

    def _pixels(self, key: str, source: Any) -> Tensor:
        found = self._cache.get(key)
        if found is None:
            found = self.processor.image_processor(open_image(source), return_tensors="pt")["pixel_values"][0]
            if found.nbytes <= self._room:
                self._cache[key] = found
                self._room -= found.nbytes
        return found


def _identities(keys: Sequence[str]) -> Tensor:
    # Two digests of 32 bits side by side: a collision inside one batch would teach a wrong pair.
    return torch.tensor([zlib.crc32(key.encode()) << 31 | zlib.adler32(key.encode()) >> 1 for key in keys], dtype=torch.int64)
