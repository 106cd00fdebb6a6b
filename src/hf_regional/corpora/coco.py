"""COCO: the number of a picture in; the picture, from its makers' zip archives or from folders with what was in them, out."""

from typing import Any, Final

from hf_regional.corpora.pictures import Pictures

PARTS: Final = ("train2014", "val2014")


def find_in_2014(pictures: Pictures, number: int) -> Any | None:
    """Find a picture of the edition of 2014, where its number stands in its file's name; None where it is in neither part.

    >>> find_in_2014.__annotations__["number"]
    <class 'int'>
    """
    names = (f"COCO_{part}_{number:012d}.jpg" for part in PARTS)
    return next((cell for name in names if (cell := pictures.find(name)) is not None), None)
