"""Your own prompts in a CSV or TSV, a row each, by country and aspect: `pairs` without pictures, the text of which is to be drawn.

The columns are `prompt` (or a `name` that a task's template makes a prompt of), `country`, and as you have them `aspect`, `language`, `id`
and `license`. So are the generation prompts of SEA-VL written (arXiv:2503.07920): a culture, a dish or a landmark, and its country.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any, Final

from datasets import Features, Value

from hf_regional.corpora import views
from hf_regional.corpora.published import PublishedCorpus
from hf_regional.corpora.repository import Store
from hf_regional.errors import BadRowError

_TEXT: Final = Value("string")
_PLACE: Final = "row"


class PromptsCsv(PublishedCorpus):
    """Builder of prompts in a table of one's own."""

    NAME = "prompts+csv"
    RAW = Features(dict.fromkeys(("prompt", "name", "country", "aspect", "language", "id", "license"), _TEXT))
    NEEDED = ("country",)
    FILES = {"default": {"test": ("*.csv", "*.tsv")}}  # noqa: RUF012 - a table

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        for place, row in zip(count(), super().rows_of(store, name)):
            yield row if self._chosen.view == "raw" else {**row, _PLACE: f"{name}-{place}"}

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        text = row.get("prompt") or row.get("name") or ""
        if not text.strip():
            raise BadRowError(f"{at} has neither a prompt nor a name.")
        yield views.pair(
            image=None, text=text, language=self.language(row.get("language") or "en", at), country=self.country(row["country"], at),
            topic=row.get("aspect") or None, source=row.get("name") or None, license=row.get("license") or "not stated",
            identifier=row.get("id") or row[_PLACE],
        )  # fmt: skip
