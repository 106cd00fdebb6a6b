"""WIT: pictures of Wikipedia with what pages in 108 languages say beside them; here those in the languages of Southeast Asia, or all.

Published by Srinivasan et al. (SIGIR 2021) as `wit_v1.train.all-00000-of-00010.tsv.gz` and so on; put them into one folder.
"""

from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, Value

from hf_regional.corpora import views
from hf_regional.corpora.linked import LinkedCorpus, both, linked
from hf_regional.corpora.published import SILENT
from hf_regional.corpora.repository import Store
from hf_regional.regions import language_code

_TEXT: Final = Value("string")
_SEA: Final = frozenset({"ceb", "fil", "id", "jv", "km", "lo", "ms", "my", "su", "th", "vi", "war"})
_SPLITS: Final = {"train": "train", "validation": "val", "test": "test"}
# In this order SEACrowd takes a text: the caption below the picture, the one of the picture's own page, the one for who cannot see it.
_TEXTS: Final = ("caption_reference_description", "caption_attribution_description", "caption_alt_text_description")


class Wit(LinkedCorpus):
    """Builder of WIT; `context` names the column that the text is from. Numbers stay texts, as the files have them."""

    NAME = "wit"
    RAW = Features(
        dict.fromkeys(
            (
                "language", "page_url", "image_url", "page_title", "section_title", "hierarchical_section_title", *_TEXTS, "mime_type",
                "original_height", "original_width", "is_main_image", "attribution_passes_lang_id", "page_changed_recently",
                "context_page_description", "context_section_description",
            ),
            _TEXT,
        )
    )  # fmt: skip
    NEEDED = ("language", "image_url", *_TEXTS)
    FILES = {  # noqa: RUF012 - a table
        config: {split: (f"*wit_v1.{short}.*.tsv*",) for split, short in _SPLITS.items()} for config in ("sea", "all")
    }
    VIEWS = ("raw", "pairs", "imtext")
    EXTRAS = {"context": _TEXT, "page_title": _TEXT}  # noqa: RUF012

    def numbered_rows(self, store: Store, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """The published rows of the chosen languages, with their places among all."""
        shard = name.rpartition("/")[2].partition(".tsv")[0]
        for place, row in enumerate(self.rows_of(store, name)):
            if self.config.name == "all" or language_code(row["language"] or "") in _SEA:
                yield place, {**row, "place": f"{shard}/{place}"}

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        column = next((name for name in _TEXTS if (row[name] or "").strip()), None)
        if column is None:
            self.left_out[SILENT] += 1
            return
        yield views.pair(
            image=linked(row["image_url"]), text=row[column], language=self.language(row["language"], at), country=None,
            source=row.get("page_url"), license=both(self.corpus.license, None), identifier=row["place"],
        ) | {"context": column, "page_title": row.get("page_title")}  # fmt: skip
