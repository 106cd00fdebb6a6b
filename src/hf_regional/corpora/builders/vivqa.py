"""ViVQA: 15,000 questions of COCO-QA, translated into Vietnamese by machine, about pictures of COCO's edition of 2014.

Published by Tran et al. (PACLIC 2021) as `train.csv` and `test.csv`; put them into one folder with `train2014.zip` and `val2014.zip`,
or the folders that these hold.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

from datasets import Features, Value

from hf_regional.corpora import views
from hf_regional.corpora.coco import find_in_2014
from hf_regional.corpora.pictures import Pictures
from hf_regional.corpora.published import PublishedCorpus
from hf_regional.corpora.repository import Store
from hf_regional.corpora.seacrowd import DOCUMENT

_TEXT: Final = Value("string")
_NUMBER: Final = "number"  # the first column has no name
_TYPES: Final = {"0": "object", "1": "number", "2": "colour", "3": "location"}  # of COCO-QA


class ViVqa(PublishedCorpus):
    """Builder of ViVQA; the topic is what is asked for. `pairs` has the question with its answer as the text."""

    NAME = "vivqa"
    RAW = Features(dict.fromkeys((_NUMBER, "question", "answer", "img_id", "type"), _TEXT))
    NEEDED = ("question", "answer", "img_id")
    FILES = {"default": {"train": ("*train.csv",), "test": ("*test.csv",)}}  # noqa: RUF012 - a table
    VIEWS = ("raw", "pairs", "vqa", "imqa")
    VQA_EXTRAS = {DOCUMENT: _TEXT}  # noqa: RUF012

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:
        """The published rows, each with its picture and its place."""
        rows = ({column or _NUMBER: cell for column, cell in row.items()} for row in super().rows_of(store, name))
        if self._chosen.view == "raw":
            yield from rows
            return
        split = name.rpartition("/")[2].removesuffix(".csv")
        with closing(Pictures(store, self._streaming)) as pictures:
            pictures.require_any()
            for place, row in enumerate(rows):
                yield {**row, "picture": find_in_2014(pictures, int(row["img_id"])), "place": f"{split}/{place}"}

    def _columns(self, name: str) -> tuple[str, ...]:
        return tuple(column or _NUMBER for column in super()._columns(name))

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        yield views.pair(text=f"{row['question']} {row['answer']}", **self._rest(row))

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        yield views.question(text=row["question"], answers=(row["answer"],), **self._rest(row)) | {DOCUMENT: row["img_id"]}

    def _rest(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "image": row["picture"], "language": "vi", "country": None, "topic": _TYPES.get(row.get("type") or "", row.get("type")),
            "source": "https://cocodataset.org", "license": self.corpus.license, "identifier": row["place"],
        }  # fmt: skip
