"""`TranslatedCaptions`: builder of captions that were translated by machine into 34 languages, as in CC3M-35L and COCO-35L.

Published by Thapliyal et al. (EMNLP 2022, Crossmodal-3600) as `*_mt_train.jsonl.gz` and `*_mt_dev.jsonl.gz`, a line a caption and language.
"""

from typing import Any, ClassVar, Final

from datasets import Features, Value

from hf_regional.corpora import views
from hf_regional.corpora.linked import LinkedCorpus, both

_TEXT: Final = Value("string")
SEA: Final = ("fil", "id", "th", "vi")


class TranslatedCaptions(LinkedCorpus):
    """Builder of one of the two. Configurations are languages, "sea" for the four of Southeast Asia, and "all"."""

    PREFIX: ClassVar[str]
    RAW = Features(
        dict.fromkeys(("src_lang", "caption_tokenized", "trg_lang", "translation_tokenized", "backtranslation_tokenized"), _TEXT)
    )
    NEEDED = ("caption_tokenized", "trg_lang", "translation_tokenized")
    OPTIONAL = ("src_lang", "backtranslation_tokenized")
    VIEWS = ("raw", "pairs", "imtext")
    EXTRAS = {"context": _TEXT}  # noqa: RUF012 - a table

    def __init_subclass__(cls) -> None:
        splits = {"train": (f"*{cls.PREFIX}_mt_train.jsonl*",), "validation": (f"*{cls.PREFIX}_mt_dev.jsonl*",)}
        cls.FILES = dict.fromkeys(("sea", "all", *SEA), splits)
        super().__init_subclass__()

    def is_asked_for(self, row: dict[str, Any]) -> bool:
        """Whether a row is in the chosen configuration's languages."""
        match self.config.name:
            case "all":
                return True
            case "sea":
                return row["trg_lang"] in SEA
            case language:
                return row["trg_lang"] == language

    def pair(self, row: dict[str, Any], at: str, picture: Any, source: str | None, identifier: str) -> dict[str, Any]:
        """The row of `pairs`: the translation is the text, the English caption its context."""
        return views.pair(
            image=picture, text=row["translation_tokenized"], language=self.language(row["trg_lang"], at), country=None, source=source,
            license=both(self.corpus.license, None), identifier=f"{identifier}/{row['trg_lang']}",
        ) | {"context": row["caption_tokenized"]}  # fmt: skip
