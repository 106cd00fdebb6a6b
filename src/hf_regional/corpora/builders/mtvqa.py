"""MTVQA: pictures with text in them, each with a list of questions and answers that is written as a text; a row for each question.

Published by Tang et al. (Findings of ACL 2025, arXiv:2405.11985) as `ByteDance/MTVQA`, CC BY-NC 4.0.
"""

import ast
from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, Image, Value

from hf_regional.corpora import views
from hf_regional.corpora.published import PublishedCorpus
from hf_regional.errors import BadRowError

_TEXT: Final = Value("string")
# Its code for Korean is that of the country; as a language "kr" would be Kanuri, of Nigeria.
_OWN: Final = {"KR": "ko"}


class Mtvqa(PublishedCorpus):
    """Builder of MTVQA. Answers are open; `pairs` has the question with its answer as the text."""

    NAME = "mtvqa"
    RAW = Features({"image": Image(), "id": _TEXT, "qa_pairs": _TEXT, "lang": _TEXT})
    FILES = {"default": {"train": ("data/train-*.parquet",), "test": ("data/test-*.parquet",)}}  # noqa: RUF012 - a table
    VIEWS = ("raw", "pairs", "vqa")

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        for number, (text, answer) in enumerate(questions(row["qa_pairs"], at)):
            yield views.pair(text=f"{text} {answer}", identifier=f"{row['id']}/{number}", **self._rest(row, at))

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        for number, (text, answer) in enumerate(questions(row["qa_pairs"], at)):
            yield views.question(text=text, answers=(answer,), identifier=f"{row['id']}/{number}", **self._rest(row, at))

    def _rest(self, row: dict[str, Any], at: str) -> dict[str, Any]:
        language = self.language(_OWN.get(row["lang"], row["lang"]), at)
        return {
            "image": row["image"], "language": language, "country": None, "source": self.corpus.hub_id, "license": self.corpus.license,
        }  # fmt: skip


def questions(cell: str, at: str) -> list[tuple[str, str]]:
    """Read the questions and answers of a cell, a Python list of dicts written as a text; nothing in it is run.

    Raises:
        BadRowError: it is no such list.

    >>> questions("[{'question': 'ราคาเท่าไหร่', 'answer': '20 บาท'}]", "row 0")
    [('ราคาเท่าไหร่', '20 บาท')]
    """
    try:
        return [(str(pair["question"]), str(pair["answer"])) for pair in ast.literal_eval(cell)]
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError) as error:
        raise BadRowError(f"{at}: qa_pairs is {cell!r:.200}, where a list of questions with their answers is expected.") from error
