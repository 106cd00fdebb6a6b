"""WorldCuisines: questions about dishes of the world in 30 languages and registers; task1 asks for the dish, task2 for where it is from.

Pictures are addresses at Wikimedia, and their licences do not stand in the rows: those of `worldcuisines-food-kb` have them.

Published by Winata et al. (NAACL 2025, arXiv:2410.12705) as `worldcuisines/vqa`.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, Value

from hf_regional.corpora import views
from hf_regional.corpora.linked import LinkedCorpus, both, linked

_TEXT: Final = Value("string")
_SPLITS: Final = {"train": "train", "test_small": "small_eval", "test_large": "large_eval"}
_NUMBER: Final = re.compile(r"(?:^|\s)(\d)[.)]\s+")
NO_CHOICE: Final = "questions whose answer is none of their options"
# What follows the language in a code; "zh_cn" has a country there.
REGISTERS: Final = frozenset({"formal", "casual", "krama", "ngoko", "loma", "spoken", "formal_spoken"})
EXTRAS: Final = {"register": _TEXT, "food_id": _TEXT, "prompt_type": _TEXT}


class WorldCuisines(LinkedCorpus):
    """Builder of WorldCuisines' first edition. `pairs` has the open question with its answer as the text."""

    NAME = "worldcuisines"
    RAW = Features(
        {
            **dict.fromkeys(("qa_id", "lang", "food_id", "prompt_id", "prompt_type"), _TEXT),
            **dict.fromkeys(("multi_choice_prompt", "open_ended_prompt", "image_url", "answer"), _TEXT),
            "multi_choice_answer": Value("int64"),
            "task": _TEXT,
            "lang_status": _TEXT,
        }
    )
    NEEDED = ("qa_id", "lang", "multi_choice_prompt", "open_ended_prompt", "image_url", "answer", "multi_choice_answer")
    FILES = {  # noqa: RUF012 - a table
        task: {split: (f"hf_prompt/{folder}_{task}/*.jsonl",) for split, folder in _SPLITS.items()} for task in ("task1", "task2")
    }
    VIEWS = ("raw", "pairs", "vqa")
    EXTRAS = EXTRAS
    VQA_EXTRAS = EXTRAS

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        yield views.pair(text=f"{row['open_ended_prompt']} {row['answer']}", **self._rest(row, at)) | extras_of(row)

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        text, options = read_options(row["multi_choice_prompt"])
        answer = _right(row, options)
        if answer is None:
            self.left_out[NO_CHOICE] += 1
            return
        yield views.question(text=text, options=options, answer=answer, **self._rest(row, at)) | extras_of(row)

    def _rest(self, row: dict[str, Any], at: str) -> dict[str, Any]:
        return {
            "image": linked(row["image_url"]), "language": self.language(row["lang"], at), "country": None, "topic": row.get("task"),
            "source": row["image_url"], "license": both(self.corpus.license, None), "identifier": f"{row['qa_id']}/{row['lang']}",
        }  # fmt: skip


def read_options(prompt: str) -> tuple[str, list[str]]:
    r"""Part a question from the numbered options behind it; no options where they are not numbered from 1 on.

    >>> read_options("What is it?\n1. Soto\n2. Gulai 3. Pho")
    ('What is it?', ['Soto', 'Gulai', 'Pho'])
    """
    parts = _NUMBER.split(prompt)
    numbers, texts = parts[1::2], [text.strip() for text in parts[2::2]]
    if numbers != [str(place + 1) for place in range(len(numbers))]:
        return prompt.strip(), []
    return parts[0].strip(), texts


def extras_of(row: dict[str, Any]) -> dict[str, Any]:
    """Who speaks how, in which register, and of which dish.

    >>> extras_of({"lang": "jv_krama", "food_id": 7, "prompt_type": 1}), extras_of({"lang": "zh_cn"})["register"]
    ({'register': 'krama', 'food_id': '7', 'prompt_type': '1'}, None)
    """
    register = row["lang"].partition("_")[2]
    numbers = {name: None if row.get(name) is None else str(row[name]) for name in ("food_id", "prompt_type")}
    return {"register": register if register in REGISTERS else None, **numbers}


def _right(row: dict[str, Any], options: list[str]) -> int | None:
    """The place of the right option: by the answer's text, else by its number, which counts from 1."""
    if row["answer"] in options:
        return options.index(row["answer"])
    number = row["multi_choice_answer"]
    return number - 1 if number is not None and 1 <= number <= len(options) else None
