"""CulturalBench: questions on 45 regions' everyday culture that people wrote and checked, in two forms, without pictures.

`hard`, the default: each of a question's four options is judged true or false by itself, and only all four together count. `easy`: one of
four is chosen. Published by Chiu et al. (arXiv:2410.02677) as `kellycyy/CulturalBench`.
"""

from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, Value

from hf_regional.corpora import views
from hf_regional.corpora.published import PublishedCorpus
from hf_regional.errors import BadRowError

_TEXT: Final = Value("string")
_LETTERS: Final = "abcd"
_JUDGEMENTS: Final = ("True", "False")
_JUDGED: Final = "{question}\nProposed answer: {option}\nIs the proposed answer right?"


class CulturalBench(PublishedCorpus):
    """Builder of CulturalBench. In `hard` the rows of a question have ids that are the same up to the slash."""

    NAME = "culturalbench"
    RAW = Features(
        dict.fromkeys(
            (
                "data_idx", "question_idx", "prompt_question", "prompt_option", *(f"prompt_option_{letter}" for letter in _LETTERS),
                "answer", "country",
            ),
            _TEXT,
        )
    )  # fmt: skip
    NEEDED = ("question_idx", "prompt_question", "answer", "country")
    OPTIONAL = ("data_idx", "prompt_option", *(f"prompt_option_{letter}" for letter in _LETTERS))
    FILES = {  # noqa: RUF012 - a table
        "hard": {"test": ("*CulturalBench-Hard.csv",)},
        "easy": {"test": ("*CulturalBench-Easy.csv",)},
    }
    VIEWS = ("raw", "pairs", "vqa")

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        asked = next(self.to_vqa(row, at))
        kept = {name: asked[name] for name in ("image", "language", "country_iso3", "topic", "source", "license", "id")}
        yield {**kept, "text": f"{asked['question']} {asked['answers'][0]}"}

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        is_hard = self.config.name == "hard"
        text, options, answer = _judged(row, at) if is_hard else _chosen(row, at)
        part = f"/{row.get('data_idx') or row['prompt_option']}" if is_hard else ""
        yield views.question(
            image=None, text=text, options=options, answer=answer, language="en", country=self.country(row["country"], at),
            license=self.corpus.license, identifier=f"{row['question_idx']}{part}",
        )  # fmt: skip


def _judged(row: dict[str, Any], at: str) -> tuple[str, tuple[str, ...], int]:
    said = str(row["answer"]).strip().capitalize()
    if said not in _JUDGEMENTS or not row.get("prompt_option"):
        raise BadRowError(f"{at}: the option {row.get('prompt_option')!r} is {row['answer']!r}, where True or False is expected.")
    return _JUDGED.format(question=row["prompt_question"], option=row["prompt_option"]), _JUDGEMENTS, _JUDGEMENTS.index(said)


def _chosen(row: dict[str, Any], at: str) -> tuple[str, tuple[str, ...], int]:
    letter = str(row["answer"]).strip().lower()
    options = tuple(str(row.get(f"prompt_option_{one}") or "") for one in _LETTERS)
    if letter not in _LETTERS or len(letter) != 1 or not all(options):
        raise BadRowError(f"{at}: the answer is {row['answer']!r} of {options}, where one letter of four options is expected.")
    return row["prompt_question"], options, _LETTERS.index(letter)
