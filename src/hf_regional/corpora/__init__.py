"""Corpora: a name in, a `datasets` object in the `pairs` view out; with a region or a quality, a `Filtered` that says what was dropped.

>>> from hf_regional.corpora import CATALOGUE
>>> CATALOGUE["emoji-world"].license
'OFL-1.1 AND Unicode-DFS-2016'
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hf_regional.corpora.catalogue import CATALOGUE as CATALOGUE
    from hf_regional.corpora.catalogue import Corpus as Corpus
    from hf_regional.corpora.catalogue import load_corpus as load_corpus
    from hf_regional.corpora.emoji_world import EmojiWorld as EmojiWorld
    from hf_regional.corpora.imagefolder_csv import ImageFolderCsv as ImageFolderCsv

# Builders import `datasets`, which takes a third of a second: nobody who only lists the catalogue should wait for it.
_HOMES = {
    "CATALOGUE": "hf_regional.corpora.catalogue",
    "Corpus": "hf_regional.corpora.catalogue",
    "EmojiWorld": "hf_regional.corpora.emoji_world",
    "ImageFolderCsv": "hf_regional.corpora.imagefolder_csv",
    "load_corpus": "hf_regional.corpora.catalogue",
}

__all__ = list(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
