"""DPG-Bench: one question a published row; a row of `pairs` for each of 1,065 long prompts, its questions in a column. No pictures.

Published by Hu et al. (arXiv:2403.05135) as `dpg_bench.csv` in the repository of ELLA. A question's parents are the questions that must
be answered yes for it to count. The program published with it skips the file's first question; here none is skipped, so that the first
prompt has one more.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from datasets import Features, List, Value

from hf_regional.corpora import views
from hf_regional.corpora.published import PublishedCorpus
from hf_regional.corpora.repository import Store
from hf_regional.errors import BadRowError

_TEXT: Final = Value("string")
_ROWS: Final = "rows"


class DpgBench(PublishedCorpus):
    """Builder of DPG-Bench. `questions` lists {key, question, parents, category, detail}; `category` is what its tables call L1."""

    NAME = "dpg-bench"
    RAW = Features(
        dict.fromkeys(
            (
                "item_id", "text", "keywords", "proposition_id", "dependency", "category_broad", "category_detailed", "tuple",
                "question_natural_language",
            ),
            _TEXT,
        )
    )  # fmt: skip
    NEEDED = ("item_id", "text", "proposition_id", "dependency", "tuple", "question_natural_language")
    FILES = {"default": {"test": ("*dpg_bench.csv",)}}  # noqa: RUF012 - a table
    EXTRAS = {  # noqa: RUF012
        "questions": List({"key": _TEXT, "question": _TEXT, "parents": List(_TEXT), "category": _TEXT, "detail": _TEXT})
    }

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        rows = super().rows_of(store, name)
        if self._chosen.view == "raw":
            yield from rows
            return
        for _, questions in groupby(rows, key=lambda row: row["item_id"]):
            listed = list(questions)
            yield {**listed[0], _ROWS: listed}

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        yield {
            **views.pair(
                image=None, text=row["text"], language="en", country=None, source=row.get("keywords"), license=self.corpus.license,
                identifier=row["item_id"],
            ),
            "questions": [_question(one, f"{at}, item {row['item_id']}") for one in row[_ROWS]],
        }  # fmt: skip


def _question(row: dict[str, Any], at: str) -> dict[str, Any]:
    """The tuple is "attribute - color (bike, red)": before the parenthesis stand the category and, behind a dash, its detail."""
    kind = row["tuple"].partition("(")[0]
    category, _, detail = kind.partition("-")
    return {
        "key": str(_number(row["proposition_id"], at)),
        "question": row["question_natural_language"],
        "parents": [str(number) for one in row["dependency"].split(",") if (number := _number(one, at))],  # 0 is no question
        "category": category.strip(),
        "detail": detail.strip(),
    }


def _number(text: str, at: str) -> int:
    try:
        return int(text.strip())
    except ValueError as error:
        raise BadRowError(f"{at}: {text!r} is no number of a question.") from error
