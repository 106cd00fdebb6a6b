"""MaRVL: a statement about two pictures, true or false of them, in one of five languages and in English; two rows of `vqa`.

The picture of a row is the published one with both side by side; `left_image` and `right_image` have them apart. `pairs` has the
statements that are true. Who wrote a statement (`annotator_info`: age, gender and more) is in no view.

Published by Liu et al. (EMNLP 2021, arXiv:2109.13238); this copy is `floschne/marvl`, texts CC BY 4.0.
"""

from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, Image, Value

from hf_regional.corpora import views
from hf_regional.corpora.published import PublishedCorpus

_TEXT: Final = Value("string")
_PICTURE: Final = {"bytes": Value("binary"), "path": _TEXT}
_FALSE: Final = "statements that are false of their pictures"
_SPLITS: Final = ("id", "sw", "ta", "tr", "zh")
TRUE_OR_FALSE: Final = ("true", "false")


class Marvl(PublishedCorpus):
    """Builder of MaRVL; in `vqa` the options are `TRUE_OR_FALSE`, and an English row follows each local one."""

    NAME = "marvl"
    RAW = Features(
        {
            "id": _TEXT,
            "hypothesis": _TEXT,
            "hypo_en": _TEXT,
            "language": _TEXT,
            "label": Value("bool"),
            "chapter": _TEXT,
            "concept": _TEXT,
            "left_img": _PICTURE,
            "right_img": _PICTURE,
            "resized_left_img": _PICTURE,
            "resized_right_img": _PICTURE,
            "vertically_stacked_img": _PICTURE,
            "horizontally_stacked_img": _PICTURE,
        }
    )
    NEEDED = ("id", "hypothesis", "language", "label", "left_img", "right_img", "horizontally_stacked_img")
    FILES = {"default": {split: (f"data/{split}-*.parquet",) for split in _SPLITS}}  # noqa: RUF012 - a table
    VIEWS = ("raw", "pairs", "vqa")
    EXTRAS = {"left_image": Image(), "right_image": Image(), "concept": _TEXT}  # noqa: RUF012
    VQA_EXTRAS = EXTRAS

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        if not row["label"]:
            self.left_out[_FALSE] += 1
            return
        yield views.pair(
            text=row["hypothesis"], language=self.language(row["language"], at), identifier=self._id(row), **self._rest(row)
        ) | _apart(row)

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        for text, language in ((row["hypothesis"], self.language(row["language"], at)), (row.get("hypo_en"), "en")):
            if text:
                yield views.question(
                    text=text, options=TRUE_OR_FALSE, answer=TRUE_OR_FALSE.index("true" if row["label"] else "false"),
                    language=language, identifier=f"{self._id(row)}/{language}", **self._rest(row),
                ) | _apart(row)  # fmt: skip

    def _id(self, row: dict[str, Any]) -> str:
        return f"{row['language']}/{row['id']}"

    def _rest(self, row: dict[str, Any]) -> dict[str, Any]:
        said = {"topic": row.get("chapter"), "source": self.corpus.hub_id, "license": self.corpus.license}
        return {"image": row["horizontally_stacked_img"], "country": None, **said}


def _apart(row: dict[str, Any]) -> dict[str, Any]:
    return {"left_image": row["left_img"], "right_image": row["right_img"], "concept": row.get("concept")}
