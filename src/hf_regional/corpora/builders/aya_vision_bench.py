"""AyaVisionBench: 135 open questions about pictures in each of 23 languages, with a reference answer; a configuration a language.

The configuration `all`, which is ours and the default, has them all. Some questions are about several pictures: the first is the
row's, and `more_images` has the others.

Published by Dash et al. (arXiv:2505.08751) as `CohereLabs/AyaVisionBench`, Apache-2.0.
"""

from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, Image, List, Value

from hf_regional.corpora import views
from hf_regional.corpora.published import PublishedCorpus
from hf_regional.errors import BadRowError

_TEXT: Final = Value("string")
_CONFIGS: Final = (
    "arb_Arab", "ces_Latn", "deu_Latn", "ell_Grek", "eng_Latn", "fra_Latn", "heb_Hebr", "hin_Deva", "ind_Latn", "ita_Latn", "jpn_Jpan",
    "kor_Hang", "nld_Latn", "pes_Arab", "pol_Latn", "por_Latn", "ron_Latn", "rus_Cyrl", "spa_Latn", "tur_Latn", "ukr_Cyrl", "vie_Latn",
    "zho_Hans",
)  # fmt: skip


class AyaVisionBench(PublishedCorpus):
    """Builder of AyaVisionBench; the question stands under `prompt`, in older revisions under `question`."""

    NAME = "aya-vision-bench"
    RAW = Features(
        {
            "image": List(Image()),
            "image_source": _TEXT,
            "image_source_category": _TEXT,
            "index": Value("int64"),
            "prompt": _TEXT,
            "reference": _TEXT,
            "language": _TEXT,
        }
    )
    NEEDED = ("image", "index", "reference", "language")
    OPTIONAL = ("prompt",)
    FILES = {  # noqa: RUF012 - a table
        "all": {"test": ("*_*/test-*.parquet",)},
        **{config: {"test": (f"{config}/test-*.parquet",)} for config in _CONFIGS},
    }
    VIEWS = ("raw", "pairs", "vqa")
    EXTRAS = {"more_images": List(Image())}  # noqa: RUF012
    VQA_EXTRAS = EXTRAS

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        yield views.pair(text=f"{_prompt(row, at)} {row['reference']}", **self._rest(row, at)) | _others(row)

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        yield views.question(text=_prompt(row, at), answers=(row["reference"],), **self._rest(row, at)) | _others(row)

    def _rest(self, row: dict[str, Any], at: str) -> dict[str, Any]:
        return {
            "image": next(iter(row["image"] or ()), None), "language": self.language(row["language"], at), "country": None,
            "topic": row.get("image_source_category"), "source": row.get("image_source"), "license": self.corpus.license,
            "identifier": f"{row['language']}/{row['index']}",
        }  # fmt: skip


def _prompt(row: dict[str, Any], at: str) -> str:
    text = row.get("prompt") or row.get("question")
    if not text:
        raise BadRowError(f"{at}: neither prompt nor question has a text.")
    return text


def _others(row: dict[str, Any]) -> dict[str, Any]:
    return {"more_images": [*(row["image"] or ())][1:]}
