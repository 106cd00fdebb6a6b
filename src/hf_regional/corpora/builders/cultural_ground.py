"""CulturalGround: open questions about things of 42 countries, a JSON-lines table and an archive of pictures for each country.

    load_corpus("cultural-ground", "SEA", countries="SEA", streaming=True)     # opens the tables of five countries alone

A row asks after one property of one thing of Wikidata, in one of 39 languages; the answer comes as a name and as a sentence.

Published by Nyandwi et al. (EMNLP 2025, arXiv:2508.07414) as `neulab/CulturalGround`, Apache-2.0. Its multiple-choice tables
(`CulturalGround-Raw-MCQ`) are not read: their columns are not known.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from datasets import Features, Value

from hf_regional.corpora import views
from hf_regional.corpora.joined import PICTURE, PLACE, TABLE, JoinedConfig, JoinedCorpus
from hf_regional.corpora.published import SILENT
from hf_regional.corpora.repository import matching
from hf_regional.errors import MissingFileError
from hf_regional.regions import Region, country_code

_TEXT: Final = Value("string")
_TABLES: Final = "CulturalGround-Recipes/CulturalGround-Refined-OE/"
_ENDING: Final = "_refined.jsonl"
_NOTHING: Final = frozenset({"", "none", "null", "nan"})  # it writes a missing value as a word


@dataclass
class CulturalGroundConfig(JoinedConfig):
    """A configuration, and the countries whose tables to read: a region, or names or codes between commas."""

    countries: str | None = None


class CulturalGround(JoinedCorpus):
    """Builder of CulturalGround's open questions. `pairs` has the answer as a sentence; the country is that of the table."""

    NAME = "cultural-ground"
    RAW = Features(
        dict.fromkeys(
            (
                "id", "language", "image", "media", "property_id", "question_type", "label",
                "original_question", "original_answer", "reformulated_question", "reformulated_answer",
            ),
            _TEXT,
        )
    )  # fmt: skip
    NEEDED = ("id", "language", "label")
    FILES = {"open-ended": {"train": (f"{_TABLES}*{_ENDING}",)}}  # noqa: RUF012 - a table
    ARCHIVES = {"open-ended": ("CultureGroundImages/*.tar.gz",)}  # noqa: RUF012
    VIEWS = ("raw", "pairs", "vqa")
    EXTRAS = {"entity": _TEXT, "property": _TEXT, "question_type": _TEXT}  # noqa: RUF012 - of Wikidata: "Q252", "P30"
    VQA_EXTRAS = EXTRAS
    BUILDER_CONFIG_CLASS = CulturalGroundConfig

    def files(self) -> Mapping[str, tuple[str, ...]]:
        """The tables of the countries that are asked for.

        Raises:
            MissingFileError: there is none of them.
        """
        assert isinstance(self.config, CulturalGroundConfig)
        if not self.config.countries:
            return super().files()
        asked = Region(*(part.strip() for part in self.config.countries.split(","))).countries
        tables = matching(self._store, super().files()["train"], "tables of countries")
        if found := tuple(table for table in tables if country_code(_country(table)) in asked):
            return {"train": found}
        there = ", ".join(_country(table) for table in tables)
        raise MissingFileError(f"{self._store.origin} has no table of countries={self.config.countries!r}. It has: {there}.")

    def archives_of(self, table: str) -> tuple[str, ...]:
        """The one archive of the table's country."""
        return matching(self._store, (f"CultureGroundImages/{_country(table)}.tar.gz",), f"the pictures of {table}")

    def pictures_of(self, row: dict[str, Any]) -> Sequence[str]:  # noqa: D102 - see JoinedCorpus
        picture = _first(row, "image", "media")
        return [self.member_key(picture)] if picture else []

    def member_key(self, member: str) -> str:
        """The name of the file: tables and archives write different folders before it."""
        return PurePosixPath(member).name

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        if text := _first(row, "reformulated_answer", "original_answer", "label"):
            yield views.pair(text=text, **self._rest(row, at)) | _extras(row)
        else:
            self.left_out[SILENT] += 1

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        text, sentence = _first(row, "reformulated_question", "original_question"), _first(row, "reformulated_answer", "original_answer")
        answers = [*dict.fromkeys(answer for answer in (_first(row, "label"), sentence) if answer)]
        if text and answers:
            yield views.question(text=text, answers=answers, **self._rest(row, at)) | _extras(row)
        else:
            self.left_out[SILENT] += 1

    def _rest(self, row: dict[str, Any], at: str) -> dict[str, Any]:
        country = _country(row[TABLE])
        return {
            "image": row[PICTURE], "language": self.language(row["language"], at), "country": self.country(country, at),
            "source": self.corpus.hub_id, "license": self.corpus.license, "identifier": f"{country}/{row[PLACE]}",
        }  # fmt: skip


def _country(table: str) -> str:
    return table.rpartition("/")[2].removesuffix(_ENDING)


def _first(row: dict[str, Any], *columns: str) -> str | None:
    """The first of some cells that says something."""
    texts = (str(row.get(column) or "").strip() for column in columns)
    return next((text for text in texts if text.casefold() not in _NOTHING), None)


def _extras(row: dict[str, Any]) -> dict[str, Any]:
    return {"entity": _first(row, "id"), "property": _first(row, "property_id"), "question_type": _first(row, "question_type")}
