"""SEA-VL, crawled: a picture a row with the captions that stood beside it; a row of `pairs` for each caption.

Neither country nor language is published, so both are null; a region is read from the places that a caption names.

Published by Cahyawijaya et al. (ACL 2025, arXiv:2503.07920) as `SEACrowd/sea-vl_crawling`; one `id` may stand in several rows.
"""

from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, Image, List, Value

from hf_regional.corpora import views
from hf_regional.corpora.published import SILENT, PublishedCorpus
from hf_regional.corpora.repository import Store

_TEXT: Final = Value("string")


class SeaVlCrawling(PublishedCorpus):
    """Builder of SEA-VL's crawled part. A row's `id` in `pairs` is the published one with its place, since that repeats."""

    NAME = "sea-vl-crawling"
    RAW = Features({"id": _TEXT, "image": Image(), "caption": List(_TEXT), "category": _TEXT})
    NEEDED = ("id", "image", "caption")
    FILES = {"default": {"train": ("data/train-*.parquet",)}}  # noqa: RUF012 - a table

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:
        """The published rows, each with its place among all: file and row."""
        shard = name.rpartition("/")[2].removesuffix(".parquet")
        for place, row in enumerate(super().rows_of(store, name)):
            yield {**row, "place": f"{shard}/{place}"}

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        texts = [text.strip() for text in row["caption"] or () if text and text.strip()]
        if not texts:
            self.left_out[SILENT] += 1
        for number, text in enumerate(texts):
            yield views.pair(
                image=row["image"], text=text, language=None, country=None, topic=row.get("category"),
                source=self.corpus.hub_id, license=self.corpus.license, identifier=f"{row['id']}/{row['place']}/{number}",
            )  # fmt: skip
