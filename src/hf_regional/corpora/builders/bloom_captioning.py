"""Bloom captioning: sentences of picture books in hundreds of languages beside the picture of their page; many are in no other set.

Published by Leong et al. (EMNLP 2022) as `sil-ai/bloom-captioning`; each book has its own Creative Commons licence.
"""

from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, Value

from hf_regional.corpora import views
from hf_regional.corpora.linked import LinkedCorpus, linked
from hf_regional.corpora.published import SILENT
from hf_regional.regions import language_code

_TEXT: Final = Value("string")
_ENDINGS: Final = ("parquet", "jsonl", "json", "csv")


class BloomCaptioning(LinkedCorpus):
    """Builder of Bloom captioning. A language that CLDR has no code for keeps its tag, an ISO 639-3 code."""

    NAME = "bloom-captioning"
    RAW = Features(
        {
            **dict.fromkeys(("image_id", "image_url", "caption", "story_id", "album_id", "license", "original_bloom_language_tag"), _TEXT),
            "index_in_story": Value("uint16"),
        }
    )
    NEEDED = ("image_id", "image_url", "caption", "license", "original_bloom_language_tag")
    FILES = {  # noqa: RUF012 - a table; only the columns are known, not the names of the files
        "default": {split: tuple(f"*{split[:3]}*.{ending}" for ending in _ENDINGS) for split in ("train", "validation", "test")}
    }
    VIEWS = ("raw", "pairs", "imtext")
    EXTRAS = {"story_id": _TEXT, "language_tag": _TEXT}  # noqa: RUF012

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        if not (row["caption"] or "").strip():
            self.left_out[SILENT] += 1
            return
        tag = (row["original_bloom_language_tag"] or "").strip()
        yield views.pair(
            image=linked(row["image_url"]), text=row["caption"], language=language_code(tag) or tag or None, country=None,
            source=row["image_url"], license=row["license"] or "not stated", identifier=row["image_id"],
        ) | {"story_id": row.get("story_id"), "language_tag": tag}  # fmt: skip
