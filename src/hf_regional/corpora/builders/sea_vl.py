"""SEA-VL, crowdsourced: a picture a row, with a caption in English and one in the contributor's language; two rows of `pairs`.

A picture may be of several countries' culture: then `country_iso3` is null, and `countries` has all of them.

Published by Cahyawijaya et al. (ACL 2025, arXiv:2503.07920) as `SEACrowd/sea-vl_crowdsourcing`, CC BY-SA 4.0.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, Final

from datasets import Features, Image, List, Value

from hf_regional.corpora import views
from hf_regional.corpora.published import SILENT, PublishedCorpus

_TEXT: Final = Value("string")


class SeaVl(PublishedCorpus):
    """Builder of SEA-VL's crowdsourced part; a caption that is empty has no row."""

    NAME = "sea-vl"
    RAW = Features(
        {
            "id": _TEXT,
            "image": Image(),
            "caption": _TEXT,
            "caption_native_lang": _TEXT,
            "culture_relevant_loc": _TEXT,
            "native_lang": _TEXT,
        }
    )
    FILES = {"default": {"train": ("data/train-*.parquet",)}}  # noqa: RUF012 - a table
    EXTRAS = {"countries": List(_TEXT)}  # noqa: RUF012
    SCORES: ClassVar[dict[str, str]] = {}  # column of `pairs` -> published column
    region_columns = {"country": "countries"}  # noqa: RUF012

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        countries = self.countries(row["culture_relevant_loc"], at)
        captions = ((row["caption"], "en"), (row["caption_native_lang"], self.language(row["native_lang"], at)))
        if not any(text and text.strip() for text, _ in captions):
            self.left_out[SILENT] += 1
        for side, (text, language) in zip(("en", "native"), captions, strict=True):
            if text and text.strip():
                yield views.pair(
                    image=row["image"], text=text.strip(), language=language, country=views.only_one(countries),
                    source=self.corpus.hub_id, license=self.corpus.license, identifier=f"{row['id']}/{side}",
                ) | {"countries": countries} | {name: row.get(column) for name, column in self.SCORES.items()}  # fmt: skip
