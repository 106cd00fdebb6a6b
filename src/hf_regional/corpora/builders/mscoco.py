"""MS-COCO with translated captions: your own copy of its pictures, and a table of captions that were translated by machine.

By default the Azerbaijani captions of LowCLIP (Asgarov and Rustamov, arXiv:2408.13909), `aliasgerovs/azclip-caption`.
"""

from typing import Final

from hf_regional.corpora.captioned import TranslatedCaptions

# As the releases of 2017 and 2014 call the picture of a number.
_CALLED: Final = ("{:012d}.jpg", "COCO_train2014_{:012d}.jpg", "COCO_val2014_{:012d}.jpg", "COCO_test2014_{:012d}.jpg")


class Mscoco(TranslatedCaptions):
    """Builder of MS-COCO with translated captions; `images` names the folder of its pictures."""

    NAME = "ms-coco-az"
    PICTURES = "MS-COCO"
    FILES = {"default": {"train": ("coco_captions.csv", "*/coco_captions.csv")}}  # noqa: RUF012 - a table

    def names_of(self, name: str) -> tuple[str, ...]:
        """Its own, or those of its number: the table may have either."""
        return tuple(form.format(int(name)) for form in _CALLED) if name.isdecimal() else (name,)
