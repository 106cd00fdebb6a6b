"""COCO-35L: captions of COCO, translated by machine; pictures are those of COCO's edition of 2014.

Published by Thapliyal et al. (EMNLP 2022) and Chen et al. (2015). Put into one folder: `coco_mt_train.jsonl.gz`, `coco_mt_dev.jsonl.gz`,
`train2014.zip` and `val2014.zip`, or the folders that these hold.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from datasets import Features, Value

from hf_regional.corpora.coco import find_in_2014
from hf_regional.corpora.pictures import Pictures
from hf_regional.corpora.repository import Store
from hf_regional.corpora.translated import TranslatedCaptions


class Coco35l(TranslatedCaptions):
    """Builder of COCO-35L: `image_id` is a picture's number and its caption's, "9_0"."""

    NAME = "coco-35l"
    PREFIX = "coco"
    RAW = Features({"image_id": Value("string"), **TranslatedCaptions.RAW})
    NEEDED = ("image_id", *TranslatedCaptions.NEEDED)

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:
        """The published rows of the chosen languages, each with its picture."""
        rows = filter(self.is_asked_for, super().rows_of(store, name))
        if self._chosen.view == "raw":
            yield from rows
            return
        with closing(Pictures(store, self._streaming)) as pictures:
            pictures.require_any()
            for row in rows:
                yield {**row, "picture": find_in_2014(pictures, int(row["image_id"].partition("_")[0]))}

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        yield self.pair(row, at, row["picture"], "https://cocodataset.org", row["image_id"])
