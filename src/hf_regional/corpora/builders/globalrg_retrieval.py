"""GlobalRG, retrieval: a picture a row, with one of 20 things that all cultures know and the country that it is from.

Published by Bhatia et al. (EMNLP 2024, arXiv:2407.00263) as `UBCNLP/GlobalRG-Retrieval`, CC BY 4.0.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, Final

from datasets import Features, Image, Value

from hf_regional.corpora import views
from hf_regional.corpora.published import PublishedCorpus
from hf_regional.corpora.repository import Store

_TEXT: Final = Value("string")


class GlobalRgRetrieval(PublishedCorpus):
    """Builder of GlobalRG's retrieval part: the thing is the text and the topic; `region` is the country as published."""

    NAME = "globalrg-retrieval"
    THING: ClassVar[str] = "universal"
    RAW = Features({"u_id": _TEXT, "image": Image(), "region": _TEXT, "universal": _TEXT})
    NEEDED = ("image", "region", "universal")
    OPTIONAL = ("u_id",)  # its card has it, and the header of its card has not
    FILES = {"default": {"test": ("data/test-*.parquet",)}}  # noqa: RUF012 - a table
    EXTRAS = {"region": _TEXT}  # noqa: RUF012

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:
        """The published rows, each with its place among all: file and row."""
        shard = name.rpartition("/")[2].removesuffix(".parquet")
        for place, row in enumerate(super().rows_of(store, name)):
            yield {**row, "place": f"{shard}/{place}"}

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        yield views.pair(
            image=row["image"], text=row[self.THING], language="en", country=self.country(row["region"], at), topic=row[self.THING],
            source=self.corpus.hub_id, license=self.corpus.license, identifier=str(row.get("u_id") or row["place"]),
        ) | {"region": row["region"]}  # fmt: skip
