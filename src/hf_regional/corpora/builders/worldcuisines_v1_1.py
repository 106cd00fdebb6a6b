"""WorldCuisines 1.1: the benchmark's questions again, options apart, the pictures in an archive of the repository.

The archive is shared by the tables of all languages, so it is unpacked once, in streaming mode too.

Published by Winata et al. (NAACL 2025, arXiv:2410.12705) as `worldcuisines/vqa-v1.1`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from datasets import Features, List, Value

from hf_regional.corpora import views
from hf_regional.corpora.builders.worldcuisines import EXTRAS, extras_of
from hf_regional.corpora.linked import both
from hf_regional.corpora.published import PublishedCorpus
from hf_regional.corpora.repository import Folder, Store
from hf_regional.corpora.unpacked import unpacked

_TEXT: Final = Value("string")
_ARCHIVE: Final = "images.tar.gz"


class WorldCuisines11(PublishedCorpus):
    """Builder of WorldCuisines' second edition. `pairs` has the question with its answer as the text."""

    NAME = "worldcuisines-v1.1"
    RAW = Features(
        {
            **dict.fromkeys(("qa_id", "lang", "question"), _TEXT),
            "options": List(_TEXT),
            "mcq_answer_index": Value("int64"),
            **dict.fromkeys(("answer", "image_path", "prompt_type", "food_id"), _TEXT),
        }
    )
    NEEDED = ("qa_id", "lang", "question", "options", "mcq_answer_index", "image_path")
    OPTIONAL = ("answer",)
    FILES = {  # noqa: RUF012 - a table; which of the two forms its files have is not known
        task: {"test_large": (f"hf_prompt/large_eval_{task}/*.jsonl", f"{task}/test_large*")} for task in ("task1", "task2")
    }
    VIEWS = ("raw", "pairs", "vqa")
    EXTRAS = EXTRAS
    VQA_EXTRAS = EXTRAS

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:
        """The published rows, each with its picture's file."""
        rows = super().rows_of(store, name)
        if self._chosen.view == "raw":
            yield from rows
            return
        folder = self._pictures_of(store)
        for row in rows:
            path = folder / row["image_path"]
            yield {**row, "picture": str(path) if path.is_file() else None}

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        yield views.pair(text=f"{row['question']} {row['options'][row['mcq_answer_index']]}", **self._rest(row, at)) | extras_of(row)

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        yield views.question(
            text=row["question"], options=row["options"], answer=row["mcq_answer_index"], **self._rest(row, at)
        ) | extras_of(row)  # fmt: skip

    def _rest(self, row: dict[str, Any], at: str) -> dict[str, Any]:
        return {
            "image": row["picture"], "language": self.language(row["lang"], at), "country": None, "topic": self.config.name,
            "source": self.corpus.hub_id, "license": both(self.corpus.license, None), "identifier": f"{row['qa_id']}/{row['lang']}",
        }  # fmt: skip

    def _pictures_of(self, store: Store) -> Path:
        """A folder in which `image_path` leads to the picture."""
        is_loose = isinstance(store, Folder) and any(name.startswith("images/") for name in store.names)
        return store.path("") if is_loose else unpacked(store, _ARCHIVE, self._shelf.folder)
