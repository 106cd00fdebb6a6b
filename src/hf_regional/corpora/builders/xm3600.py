"""Crossmodal-3600: the same 3,600 pictures in one split a language, each with some captions; a row of `pairs` for each caption.

    load_corpus("xm3600", "SEA", split="th")     # fetches the files of Thai alone

`image_locale` is the language of the place that a picture is from, which is no country.

Published by Thapliyal et al. (EMNLP 2022); this copy is `floschne/xm3600`, CC BY 4.0.
"""

from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, List, Value

from hf_regional.corpora import views
from hf_regional.corpora.published import SILENT, PublishedCorpus
from hf_regional.corpora.repository import Store

_TEXT: Final = Value("string")
_SPLITS: Final = (
    "ar", "bn", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fil", "fr", "he", "hi", "hr", "hu", "id", "it",
    "ja", "ko", "mi", "nl", "no", "pl", "pt", "quz", "ro", "ru", "sv", "sw", "te", "th", "tr", "uk", "vi", "zh",
)  # fmt: skip


class Xm3600(PublishedCorpus):
    """Builder of Crossmodal-3600; the language of a row is that of its split."""

    NAME = "xm3600"
    RAW = Features(
        {
            "image_id": _TEXT,
            "image_locale": _TEXT,
            "captions": List(_TEXT),
            "captions_tokenized": List(_TEXT),
            "captions_tokenized_lowercase": List(_TEXT),
            "image": {"bytes": Value("binary"), "path": _TEXT},
        }
    )
    NEEDED = ("image_id", "captions", "image")
    FILES = {"default": {split: (f"data/{split}-*.parquet",) for split in _SPLITS}}  # noqa: RUF012 - a table
    EXTRAS = {"image_locale": _TEXT}  # noqa: RUF012

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:
        """The published rows, each with the language of its split."""
        split = name.rpartition("/")[2].partition("-")[0]
        for row in super().rows_of(store, name):
            yield {**row, "split": split}

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        texts = [text.strip() for text in row["captions"] or () if text.strip()]
        if not texts:
            self.left_out[SILENT] += 1
        for number, text in enumerate(texts):
            yield views.pair(
                image=row["image"], text=text, language=self.language(row["split"], at), country=None,
                source=self.corpus.hub_id, license=self.corpus.license, identifier=f"{row['image_id']}/{row['split']}/{number}",
            ) | {"image_locale": self.language(row.get("image_locale"), at)}  # fmt: skip
