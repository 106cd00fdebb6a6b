"""Corpora: a name in, a `datasets` object in the `pairs` view out; with a region or a quality, a `Filtered` that says what was dropped.

>>> from hf_regional.corpora import catalogue
>>> "emoji-world" in catalogue()
True
"""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.corpora.builders.dollar_street import DollarStreet as DollarStreet
    from hf_regional.corpora.builders.emoji_world import EmojiWorld as EmojiWorld
    from hf_regional.corpora.builders.imagefolder_csv import ImageFolderCsv as ImageFolderCsv
    from hf_regional.corpora.listing import Corpus as Corpus
    from hf_regional.corpora.listing import catalogue as catalogue
    from hf_regional.corpora.loading import embedded_model as embedded_model
    from hf_regional.corpora.loading import evidence_columns as evidence_columns
    from hf_regional.corpora.loading import load_corpus as load_corpus

# Builders import `datasets`, which takes a third of a second: nobody who only lists the catalogue should wait for it.
_HOMES = {
    "Corpus": "hf_regional.corpora.listing",
    "DollarStreet": "hf_regional.corpora.builders.dollar_street",
    "EmojiWorld": "hf_regional.corpora.builders.emoji_world",
    "ImageFolderCsv": "hf_regional.corpora.builders.imagefolder_csv",
    "catalogue": "hf_regional.corpora.listing",
    "embedded_model": "hf_regional.corpora.loading",
    "evidence_columns": "hf_regional.corpora.loading",
    "load_corpus": "hf_regional.corpora.loading",
}

__all__ = list(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
