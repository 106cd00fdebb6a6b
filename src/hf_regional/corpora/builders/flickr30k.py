"""Flickr30k with translated captions: your own copy of its pictures, and a table of captions that were translated by machine.

By default the Azerbaijani captions of LowCLIP (Asgarov and Rustamov, arXiv:2408.13909), `aliasgerovs/azclip-caption`.
"""

from hf_regional.corpora.captioned import TranslatedCaptions


class Flickr30k(TranslatedCaptions):
    """Builder of Flickr30k with translated captions; `images` names the folder of its pictures."""

    NAME = "flickr30k-az"
    PICTURES = "Flickr30k"
    FILES = {"default": {"train": ("flickr_captions.csv", "*/flickr_captions.csv")}}  # noqa: RUF012 - a table
