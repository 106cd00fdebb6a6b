"""CVQA: one question a row, in the local language and in English, with four options each; two rows of `vqa`.

Of 30 countries; asked of pictures that people of the place chose. `Subset` names the language and the country as a tuple in a text.

Published by Romero et al. (NeurIPS 2024, arXiv:2406.05967) as `afaji/cvqa`; licences differ by picture.
"""

import ast
from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, Image, List, Value

from hf_regional.corpora import views
from hf_regional.corpora.published import PublishedCorpus
from hf_regional.errors import BadRowError

_TEXT: Final = Value("string")


class Cvqa(PublishedCorpus):
    """Builder of CVQA. `pairs` has the local question with its answer as the text; in `vqa` an English row follows each local one."""

    NAME = "cvqa"
    RAW = Features(
        {
            "image": Image(),
            "ID": _TEXT,
            "Subset": _TEXT,
            "Question": _TEXT,
            "Translated Question": _TEXT,
            "Options": List(_TEXT),
            "Translated Options": List(_TEXT),
            "Label": Value("int64"),
            "Category": _TEXT,
            "Image Type": _TEXT,
            "Image Source": _TEXT,
            "License": _TEXT,
        }
    )
    NEEDED = ("image", "ID", "Subset", "Question", "Options", "Label", "License")
    FILES = {"default": {"test": ("data/test-*.parquet",)}}  # noqa: RUF012 - a table
    VIEWS = ("raw", "pairs", "vqa")

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        language, country = self._place(row["Subset"], at)
        yield views.pair(
            image=row["image"], text=f"{row['Question']} {row['Options'][row['Label']]}", language=language, country=country,
            topic=row.get("Category"), source=row.get("Image Source"), license=row["License"], identifier=row["ID"],
        )  # fmt: skip

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        language, country = self._place(row["Subset"], at)
        asked = ((row["Question"], row["Options"], language), (row.get("Translated Question"), row.get("Translated Options"), "en"))
        for text, options, spoken in asked:
            if text and options:
                yield views.question(
                    image=row["image"], text=text, options=options, answer=row["Label"], language=spoken, country=country,
                    topic=row.get("Category"), source=row.get("Image Source"), license=row["License"], identifier=f"{row['ID']}/{spoken}",
                )  # fmt: skip

    def _place(self, subset: str, at: str) -> tuple[str | None, str | None]:
        try:
            language, country = ast.literal_eval(subset)
        except (ValueError, SyntaxError, TypeError) as error:
            raise BadRowError(f"{at}: Subset is {subset!r}, where a tuple of language and country is expected.") from error
        return self.language(language, at), self.country(country, at)
