"""NormAd-Eti: 2,633 stories of everyday manners in 75 countries, and whether what a person does in them is acceptable there. No pictures.

A story is five rows of `vqa`, which differ in what is said before it, the column `context`: "none", "country", "country+value", "value" and
"rule-of-thumb". Published by Rao, Yerukola et al. (arXiv:2404.12464) as `akhilayerukola/NormAd`, CC BY 4.0.
"""

from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, Value

from hf_regional.corpora import views
from hf_regional.corpora.published import PublishedCorpus
from hf_regional.errors import BadRowError

_TEXT: Final = Value("string")
VERDICTS: Final = ("yes", "no", "neutral")
# What is told of a story, in the order in which it stands; "" is the story alone.
_CONTEXTS: Final = {
    "none": "",
    "country": "The story takes place in {country}.",
    "country+value": "The story takes place in {country}. What people there value: {value}",
    "value": "What people value: {value}",
    "rule-of-thumb": "A rule that people keep: {rule}",
}
_ASKED: Final = "Is what the person in the story does acceptable to the people there? Neutral means that nothing in it touches on manners."


class NormAd(PublishedCorpus):
    """Builder of NormAd-Eti. `pairs` has the story alone."""

    NAME = "normad"
    RAW = Features(
        dict.fromkeys(
            ("ID", "Country", "Background", "Axis", "Subaxis", "Value", "Rule-of-Thumb", "Story", "Explanation", "Gold Label"), _TEXT
        )
    )
    NEEDED = ("ID", "Country", "Value", "Rule-of-Thumb", "Story", "Gold Label")
    FILES = {"default": {"train": ("*normad_etiquette_final_data.csv",)}}  # noqa: RUF012 - a table
    VQA_EXTRAS = {"context": _TEXT}  # noqa: RUF012
    VIEWS = ("raw", "pairs", "vqa")

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        yield views.pair(text=row["Story"], **self._rest(row, at), identifier=str(row["ID"]))

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        verdict = str(row["Gold Label"]).strip().lower()
        if verdict not in VERDICTS:
            raise BadRowError(f"{at}: Gold Label is {row['Gold Label']!r}, where one of {', '.join(VERDICTS)} is expected.")
        told = {"country": _name(row), "value": row["Value"], "rule": row["Rule-of-Thumb"]}
        for context, words in _CONTEXTS.items():
            parts = (words.format(**told), f"Story: {row['Story']}", _ASKED)
            yield {
                **views.question(
                    text="\n\n".join(part for part in parts if part), options=VERDICTS, answer=VERDICTS.index(verdict),
                    identifier=f"{row['ID']}/{context}", **self._rest(row, at),
                ),
                "context": context,
            }  # fmt: skip

    def _rest(self, row: dict[str, Any], at: str) -> dict[str, Any]:
        return {
            "image": None, "language": "en", "country": self.country(_name(row), at), "topic": row.get("Subaxis"),
            "source": "Cultural Atlas", "license": self.corpus.license,
        }  # fmt: skip


def _name(row: dict[str, Any]) -> str:
    """A country's name as people write it: the file has "papua_new_guinea"."""
    return str(row["Country"]).replace("_", " ").title()
