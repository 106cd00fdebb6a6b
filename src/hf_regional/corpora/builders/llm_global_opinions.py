"""GlobalOpinionQA: 2,556 questions of the Global Attitudes and World Values surveys, with each country's answers. No pictures.

A row a question and country: `shares` says which share of the people asked chose each option. Published by Durmus et al.
(arXiv:2306.16388) as `Anthropic/llm_global_opinions`, CC BY-NC-SA 4.0; the answers stand in a cell as Python writes a defaultdict.
"""

import ast
import re
from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, List, Value

from hf_regional.corpora import views
from hf_regional.corpora.published import PublishedCorpus
from hf_regional.errors import BadRowError

_TEXT: Final = Value("string")
_SAMPLE: Final = re.compile(r"\s*\(([^)]*sample)\)\s*$", re.IGNORECASE)  # "India (Non-national sample)"
_NATIONAL: Final = "current national sample"
# As the surveys abbreviate, where a table of names would not.
_ALIASES: Final = {
    "Britain": "GBR", "Great Britain": "GBR", "Northern Ireland": "GBR", "S. Korea": "KOR", "S. Africa": "ZAF", "Palest. ter.": "PSE",
    "Hong Kong SAR": "HKG", "Macau SAR": "MAC", "Macao SAR": "MAC", "Taiwan ROC": "TWN", "Bosnia Herzegovina": "BIH",
}  # fmt: skip
NO_TEXT: Final = "questions without a text"
PART: Final = "answers of a part of a country's people, or of an earlier sample"
UNLIKE: Final = "answers that are not one number an option"


class GlobalOpinions(PublishedCorpus):
    """Builder of GlobalOpinionQA. `topic` is the survey, GAS or WVS."""

    NAME = "llm-global-opinions"
    RAW = Features(dict.fromkeys(("question", "selections", "options", "source"), _TEXT))
    FILES = {"default": {"train": ("data/global_opinions.csv", "global_opinions.csv")}}  # noqa: RUF012 - a table
    VQA_EXTRAS = {"shares": List(Value("float64"))}  # noqa: RUF012
    VIEWS = ("raw", "pairs", "vqa")

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        for country, name, _, _ in self._answers(row, at):
            yield views.pair(text=row["question"], **self._rest(row, country, name, at))

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        for country, name, options, shares in self._answers(row, at):
            yield {**views.question(text=row["question"], options=options, **self._rest(row, country, name, at)), "shares": shares}

    def _answers(self, row: dict[str, Any], at: str) -> Iterator[tuple[str | None, str, list[str], list[float]]]:
        if not (row["question"] or "").strip():
            self.left_out[NO_TEXT] += 1
            return
        options = [str(option) for option in _literal(row["options"], at, "options", list)]
        for name, shares in _literal(_inner(row["selections"]), at, "selections", dict).items():
            sample = _SAMPLE.search(name)
            if sample and sample[1].lower() != _NATIONAL:
                self.left_out[PART] += 1
            elif len(shares) != len(options) or len(options) < 2 or not any(shares):
                self.left_out[UNLIKE] += 1
            else:
                plain = _SAMPLE.sub("", name)
                yield _ALIASES.get(plain) or self.country(plain, at), name, options, [float(share) for share in shares]

    def _rest(self, row: dict[str, Any], country: str | None, name: str, at: str) -> dict[str, Any]:
        # The row's place in the file is all that names a question.
        return {
            "image": None, "language": "en", "country": country, "topic": row.get("source"), "source": name,
            "license": self.corpus.license, "identifier": f"{at.rpartition('row ')[2]}/{name}",
        }  # fmt: skip


def _inner(text: str) -> str:
    """The dict in "defaultdict(<class 'list'>, {...})"."""
    return text[text.find("{") : text.rfind("}") + 1]


def _literal(text: str, at: str, what: str, kind: type) -> Any:
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        raise BadRowError(f"{at}: {what} is {text[:80]!r}, which cannot be read.") from error
    if not isinstance(found, kind):
        raise BadRowError(f"{at}: {what} is {text[:80]!r}, where a {kind.__name__} is expected.")
    return found
