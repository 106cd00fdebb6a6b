"""ALM-bench: open, multiple-choice and true-or-false questions about cultures in 100 languages, each with its English; two rows of `vqa`.

Answers come as texts, also those of the questions with options, which stand in the question itself; all are open here.

Published by Vayani et al. (CVPR 2025, arXiv:2411.16508) as `MBZUAI/ALM-Bench`, CC BY-NC 4.0. Its columns are known from its makers'
own evaluation program.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, Image, Value

from hf_regional.corpora import views
from hf_regional.corpora.published import SILENT, PublishedCorpus

_TEXT: Final = Value("string")
_CHOICE: Final = "Multiple Choice Questions"
_BRACKET: Final = re.compile(r"[(（]")
# Kinds of a language that it names after a country, and names that CLDR spells otherwise
_OWN: Final = {
    "Egyptian Arabic": ("ar", "EGY"),
    "Emirati Arabic": ("ar", "ARE"),
    "Saudi Arabic": ("ar", "SAU"),
    "Waray-Waray": ("war", None),
}


class AlmBench(PublishedCorpus):
    """Builder of ALM-bench. `pairs` has the local question with its answer as the text."""

    NAME = "alm-bench"
    RAW = Features(
        {
            "file_name": Image(),
            "ID": _TEXT,
            "Language": _TEXT,
            "Category": _TEXT,
            "Question_Type": _TEXT,
            "English_Question": _TEXT,
            "English_Answer": _TEXT,
            "Translated_Question": _TEXT,
            "Translated_Answer": _TEXT,
            "Image_Url": _TEXT,
        }
    )
    NEEDED = ("file_name", "ID", "Language", "Translated_Question", "Translated_Answer")
    FILES = {"default": {"test": ("data/test-*.parquet",)}}  # noqa: RUF012 - a table
    VIEWS = ("raw", "pairs", "vqa")
    EXTRAS = {"question_type": _TEXT}  # noqa: RUF012
    VQA_EXTRAS = EXTRAS

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        language, country = self._place(row["Language"], at)
        text = f"{row['Translated_Question']} {_answer(row, 'Translated_Answer')}"
        yield views.pair(text=text, language=language, country=country, identifier=_id(row), **self._rest(row)) | _kind(row)

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        language, country = self._place(row["Language"], at)
        for side, spoken in (("Translated", language), ("English", "en")):
            text, answer = row.get(f"{side}_Question"), _answer(row, f"{side}_Answer")
            if not text or not answer:
                self.left_out[SILENT] += 1
                continue
            identifier = f"{_id(row)}/{side.lower()}"
            yield views.question(
                text=text, answers=(answer,), language=spoken, country=country, identifier=identifier, **self._rest(row)
            ) | _kind(row)

    def _place(self, name: str, at: str) -> tuple[str | None, str | None]:
        return _OWN[name] if name in _OWN else (self.language(name, at), None)

    def _rest(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "image": row["file_name"], "topic": row.get("Category"), "source": row.get("Image_Url"), "license": self.corpus.license,
        }  # fmt: skip


def _answer(row: dict[str, Any], column: str) -> str:
    answer = (row.get(column) or "").strip()
    # Behind the answer of a question with options, all options stand in brackets, in Chinese in full-width ones.
    return _BRACKET.split(answer)[0].strip() or answer if row.get("Question_Type") == _CHOICE else answer


def _id(row: dict[str, Any]) -> str:
    return f"{row['Language']}/{row['ID'].strip()}"


def _kind(row: dict[str, Any]) -> dict[str, Any]:
    return {"question_type": row.get("Question_Type")}
