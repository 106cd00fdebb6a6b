"""GeoMLAMA: 25 everyday concepts asked of five countries in five languages, each with candidates of which one or more are right.

No pictures. A configuration a language. Published by Yin et al. (EMNLP 2022, arXiv:2205.12247) as `gd_prompt_<language>.tsv` in the
repository WadeYin9712/GeoMLAMA; a blank row parts the concepts, and the five rows of each are of the United States, China, India, Iran and
Kenya, in that order.
"""

import csv
import re
from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, Value

from hf_regional.corpora import views
from hf_regional.corpora.published import PublishedCorpus
from hf_regional.corpora.repository import Store
from hf_regional.errors import BadRowError

_TEXT: Final = Value("string")
_COUNTRIES: Final = ("USA", "CHN", "IND", "IRN", "KEN")
_BETWEEN: Final = re.compile(r"\s*[,，、،]\s*")
_PLACE: Final = "place"


class GeoMlama(PublishedCorpus):
    """Builder of GeoMLAMA. In `vqa` the options are the candidates, and `answers` the right ones; ids begin with the concept."""

    NAME = "geomlama"
    RAW = Features(
        dict.fromkeys(
            ("Prompt", "Corresponding Questions", "Ans", "Candidate Ans", "Context", "GPT-3 Pred", "GPT-3 Pred (T/F/I)", "comments"), _TEXT
        )
    )
    NEEDED = ("Prompt", "Ans", "Candidate Ans")
    OPTIONAL = ("Corresponding Questions", "Context", "GPT-3 Pred", "GPT-3 Pred (T/F/I)", "comments")
    FILES = {language: {"test": (f"*gd_prompt_{language}.tsv",)} for language in ("en", "fa", "hi", "sw", "zh")}  # noqa: RUF012
    VIEWS = ("raw", "pairs", "vqa")

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        lines = self._lines(name)
        concept, row = 0, -1
        # Quotes are no quotes here: a cell begins with "chi" (尺) and goes on.
        for cells in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            is_blank = not (cells["Prompt"] or "").strip()
            concept, row = (concept + 1, -1) if is_blank and row >= 0 else (concept, row + (not is_blank))
            if self._chosen.view == "raw":
                yield cells
            elif not is_blank and (cells["Ans"] or "").strip():
                yield {**cells, _PLACE: (concept + row // len(_COUNTRIES), row % len(_COUNTRIES))}

    def _columns(self, name: str) -> tuple[str, ...]:
        return tuple(self._lines(name)[0].split("\t"))

    def _lines(self, name: str) -> list[str]:
        with self._open(name) as file:
            return file.read().decode("utf-8-sig").splitlines()

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        yield views.pair(text=row["Prompt"].replace("<mask>", row["Ans"]), **self._rest(row))

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        candidates, right = (_BETWEEN.split(row[column].strip().strip(",")) for column in ("Candidate Ans", "Ans"))
        if strange := [one for one in right if one not in candidates]:
            raise BadRowError(f"{at}: {strange[0]!r} is right and no candidate; the candidates are {', '.join(candidates)}.")
        text = row.get("Corresponding Questions") or row["Prompt"].replace("<mask>", "___")
        yield views.question(text=text, options=candidates, answers=right, **self._rest(row))

    def _rest(self, row: dict[str, Any]) -> dict[str, Any]:
        concept, country = row[_PLACE]
        return {
            "image": None, "language": self.config.name, "country": _COUNTRIES[country], "topic": row.get("Context") or None,
            "license": self.corpus.license, "identifier": f"{self.config.name}-{concept}/{_COUNTRIES[country]}",
        }  # fmt: skip
