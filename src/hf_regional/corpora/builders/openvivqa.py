"""OpenViVQA: open questions in Vietnamese with one answer each, about pictures that were taken in Vietnam.

Published by Nguyen et al. (Information Fusion 2023) as `uitnlp/OpenViVQA-dataset`, MIT: a JSON object and a zip archive a split.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

from datasets import Features, Value

from hf_regional.corpora import views
from hf_regional.corpora.nested import NestedCorpus
from hf_regional.corpora.pictures import Pictures
from hf_regional.corpora.published import SILENT
from hf_regional.corpora.repository import Store
from hf_regional.corpora.seacrowd import DOCUMENT

_TEXT: Final = Value("string")
_SPLITS: Final = {"train": "train", "validation": "dev", "test": "test"}
_FOLDERS: Final = {
    "vlsp2023_train_data.json": "training-images",
    "vlsp2023_dev_data.json": "dev-images",
    "vlsp2023_test_data.json": "test-images",
}


class OpenViVqa(NestedCorpus):
    """Builder of OpenViVQA. `pairs` has the question with its answer as the text."""

    NAME = "openvivqa"
    RAW = Features(dict.fromkeys(("id", "image_id", "image", "question", "answer"), _TEXT))
    FILES = {"default": {split: (f"*vlsp2023_{short}_data.json",) for split, short in _SPLITS.items()}}  # noqa: RUF012 - a table
    VIEWS = ("raw", "pairs", "vqa", "imqa")
    VQA_EXTRAS = {DOCUMENT: _TEXT}  # noqa: RUF012

    def unfold(self, held: Any, name: str) -> Iterator[dict[str, Any]]:
        """A row a question; pictures' names stand apart, by their numbers."""
        for identifier, asked in held["annotations"].items():
            number = str(asked["image_id"])
            answer = asked.get("answer")
            yield {
                "id": identifier, "image_id": number, "image": held["images"][number], "question": asked["question"], "answer": answer,
            }  # fmt: skip

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:
        """The rows of one file, each with its picture."""
        rows = super().rows_of(store, name)
        if self._chosen.view == "raw":
            yield from rows
            return
        folder = _FOLDERS[name.rpartition("/")[2]]
        with closing(Pictures(store, self._streaming)) as pictures:
            for row in rows:
                yield {**row, "picture": pictures.find(f"{folder}/{row['image']}")}

    def _columns(self, name: str) -> tuple[str, ...]:
        return tuple(column for column in super()._columns(name) if column != "picture")

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        if not row["answer"]:
            self.left_out[SILENT] += 1
            return
        yield views.pair(text=f"{row['question']} {row['answer']}", **self._rest(row))

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        answers = (row["answer"],) if row["answer"] else ()
        yield views.question(text=row["question"], answers=answers, **self._rest(row)) | {DOCUMENT: row["image_id"]}

    def _rest(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "image": row["picture"], "language": "vi", "country": "VNM", "source": self.corpus.hub_id, "license": self.corpus.license,
            "identifier": row["id"],
        }  # fmt: skip
