"""SEA-VQA: 1,999 questions in English with up to four choices about UNESCO's intangible heritage of eight countries, a split each.

Pictures are addresses at UNESCO's, which owns them or names who does: the licence of the repository is that of the questions.

Published by Urailertprasert et al. (ALVR 2024) as `wit543/sea-vqa`.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from datasets import Features, Value

from hf_regional.corpora import views
from hf_regional.corpora.linked import LinkedCorpus, both, linked
from hf_regional.corpora.repository import Store

_TEXT: Final = Value("string")
_SPLITS: Final = ("cambodia", "indonesia", "laos", "malaysia", "philippines", "singapore", "thailand", "vietnam")
_LETTERS: Final = "abcd"
NO_CHOICE: Final = "questions whose answer is none of their choices"


class SeaVqa(LinkedCorpus):
    """Builder of SEA-VQA. The country is the split; `pairs` has the question with its answer as the text."""

    NAME = "sea-vqa"
    RAW = Features(
        dict.fromkeys(
            ("question", *(f"choice_{letter}" for letter in _LETTERS), "correct_answer", "image_path", "image_page", "copyright"), _TEXT
        )
    )
    NEEDED = ("question", "choice_a", "choice_b", "correct_answer", "image_path")
    FILES = {"default": {split: (f"{split}/*.arrow",) for split in _SPLITS}}  # noqa: RUF012 - a table
    VIEWS = ("raw", "pairs", "vqa")
    EXTRAS = {"copyright": _TEXT}  # noqa: RUF012
    VQA_EXTRAS = EXTRAS

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:
        """The published rows, each with its split and its place, since they have no id."""
        split = name.split("/")[0]
        for place, row in enumerate(super().rows_of(store, name)):
            yield {**row, "split": split, "place": place}

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        choices, answer = _choices(row)
        if answer is None:
            self.left_out[NO_CHOICE] += 1
            return
        yield views.pair(text=f"{row['question']} {choices[answer]}", **self._rest(row, at)) | _copyright(row)

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        choices, answer = _choices(row)
        if answer is None:
            self.left_out[NO_CHOICE] += 1
            return
        yield views.question(text=row["question"], options=choices, answer=answer, **self._rest(row, at)) | _copyright(row)

    def _rest(self, row: dict[str, Any], at: str) -> dict[str, Any]:
        return {
            "image": linked(row["image_path"]), "language": "en", "country": self.country(row["split"], at),
            "source": row.get("image_page"), "license": both(self.corpus.license, row.get("copyright")),
            "identifier": f"{row['split']}/{row['place']}",
        }  # fmt: skip


def _choices(row: dict[str, Any]) -> tuple[Sequence[str], int | None]:
    """The choices that are there, and the place of the right one: `correct_answer` is its letter, or, in some rows, its text."""
    there = {letter: text for letter in _LETTERS if (text := (row.get(f"choice_{letter}") or "").strip())}
    said = (row["correct_answer"] or "").strip()
    letters, texts = [*there], [*there.values()]
    if said.lower() in letters:
        return texts, letters.index(said.lower())
    return texts, texts.index(said) if said in texts else None


def _copyright(row: dict[str, Any]) -> dict[str, Any]:
    return {"copyright": row.get("copyright")}
