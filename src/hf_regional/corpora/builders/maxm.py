"""MaXM: open questions in seven languages, Thai among them, about pictures of Crossmodal-3600, each with every accepted answer.

Published by Changpinyo et al. (Findings of EMNLP 2023) as `maxm_v1_release.zip`, to be unpacked: `maxm_v1_th.json`, a file a language.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, List, Value

from hf_regional.corpora import views
from hf_regional.corpora.linked import both, linked
from hf_regional.corpora.nested import NestedCorpus
from hf_regional.corpora.published import SILENT
from hf_regional.corpora.seacrowd import DOCUMENT

_TEXT: Final = Value("string")
_LANGUAGE: Final = re.compile(r"_([a-z]{2,3})\.json$")


class Maxm(NestedCorpus):
    """Builder of MaXM; configurations are "regular" and "yesno". `pairs` has the question with its first answer as the text."""

    NAME = "maxm"
    RAW = Features(
        {
            **dict.fromkeys(("image_id", "image_url", "question_id", "question"), _TEXT),
            **dict.fromkeys(("answers", "processed_answers"), List(_TEXT)),
            "is_collection": Value("bool"),
            "method": _TEXT,
        }
    )
    NEEDED = ("image_id", "image_url", "question_id", "question", "answers")
    FILES = {  # noqa: RUF012 - a table
        "regular": {"test": ("*maxm_v1_[a-z][a-z].json",)},
        "yesno": {"test": ("*maxm_v1_yesno_[a-z][a-z].json",)},
    }
    VIEWS = ("raw", "pairs", "vqa", "imqa")
    VQA_EXTRAS = {DOCUMENT: _TEXT}  # noqa: RUF012

    def unfold(self, held: Any, name: str) -> Iterator[dict[str, Any]]:
        """A row for each question of each picture; the address stands once, or once a question."""
        language = _LANGUAGE.search(name)
        for picture in held["annotations"]:
            for place, asked in enumerate(picture["qa_pairs"]):
                urls = picture["image_url"]
                url = urls if isinstance(urls, str) else urls[place]
                yield {"image_id": picture["image_id"], "image_url": url, **asked, "language": language[1] if language else None}

    def _columns(self, name: str) -> tuple[str, ...]:
        return tuple(column for column in super()._columns(name) if column != "language")  # it is the file's name that says it

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        if not row["answers"]:
            self.left_out[SILENT] += 1
            return
        yield views.pair(text=f"{row['question']} {row['answers'][0]}", **self._rest(row, at))

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        if not row["answers"]:
            self.left_out[SILENT] += 1
            return
        yield views.question(text=row["question"], answers=row["answers"], **self._rest(row, at)) | {DOCUMENT: row["image_id"]}

    def _rest(self, row: dict[str, Any], at: str) -> dict[str, Any]:
        return {
            "image": linked(row["image_url"]), "language": self.language(row["language"], at), "country": None, "topic": row.get("method"),
            "source": row["image_url"], "license": both(self.corpus.license, None), "identifier": f"{row['language']}/{row['question_id']}",
        }  # fmt: skip
