"""emoji-world: 1,846 pictures of Noto Color Emoji with CLDR's names and keywords in 24 languages, 158,000 texts.

The corpus that the package carries within itself. It pairs shared pictures with many languages, and so shows how a model's
languages fare; it says nothing of a culture's own things.

Splits: the unit is (picture, case-folded text), so a text of a picture is on one side in every language. Units that are a name in
some language go 70 / 15 / 15 to train, validation and test by a hash; units that are keywords everywhere are all for training,
because only names (`kind == "name"`) are scored.

Licence: pictures OFL-1.1 (Google Inc.), texts Unicode-DFS-2016 (Unicode, Inc.); notices in NOTICE.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import datasets

from hf_regional import records
from hf_regional.corpora.emoji_pictures import extract_pictures, read_rows
from hf_regional.corpora.listing import catalogue

_CORPUS: Final = catalogue()["emoji-world"]
FEATURES: Final = datasets.Features(
    {
        records.IMAGE: datasets.Image(),
        records.TEXT: datasets.Value("string"),
        records.LANGUAGE: datasets.Value("string"),
        records.COUNTRY: datasets.Value("string"),
        records.TOPIC: datasets.Value("string"),
        records.SOURCE: datasets.Value("string"),
        records.LICENSE: datasets.Value("string"),
        records.ID: datasets.Value("string"),
        "picture": datasets.Value("string"),
        "kind": datasets.Value("string"),
    }
)
# The key of a builder's cache has no hash of its code: raise the version whenever the rows change.
_VERSION: Final = datasets.Version("1.0.0")


class EmojiWorld(datasets.GeneratorBasedBuilder):
    """Builder of the `pairs` view plus `picture` ("1F1EE-1F1E9") and `kind` ("name" or "keyword"); `country_iso3` is null.

    Rows hold the path of their picture in a folder of the cache, not its bytes: 86 rows share a picture.
    """

    VERSION = _VERSION
    BUILDER_CONFIGS = [  # noqa: RUF012 - the library's own way
        datasets.BuilderConfig(name="default", version=_VERSION, description=f"All {len(_CORPUS.languages)} languages.")
    ]
    DEFAULT_CONFIG_NAME = "default"

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(description=__doc__ or "", citation=_CORPUS.citation, license=_CORPUS.license, features=FEATURES)

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        splits = ("train", "validation", "test")
        folder = self._pictures()
        return [datasets.SplitGenerator(name=name, gen_kwargs={"split": name, "folder": str(folder)}) for name in splits]

    def _generate_examples(self, split: str, folder: str) -> Iterator[tuple[int, dict[str, Any]]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        key = 0
        for row in read_rows(columns=["picture", "topic", "texts"]):
            image = f"{folder}/{row['picture']}.webp"
            for text in row["texts"]:
                if text["split"] == split:
                    yield key, _pair(row, text, image)
                    key += 1

    def as_dataset(self, *args: Any, **kwargs: Any) -> Any:
        """Return the prepared dataset; the picture files are written again where someone cleaned them away."""
        self._pictures()
        return super().as_dataset(*args, **kwargs)

    def _pictures(self) -> Path:
        return extract_pictures(Path(self._cache_dir_root))


def _pair(row: dict[str, Any], text: dict[str, str], image: str) -> dict[str, Any]:
    return {
        records.IMAGE: image,
        records.TEXT: text["text"],
        records.LANGUAGE: text["language"],
        records.COUNTRY: None,
        records.TOPIC: row["topic"],
        records.SOURCE: _CORPUS.name,
        records.LICENSE: _CORPUS.license,
        records.ID: f"{row['picture']}/{text['language']}/{text['text']}",
        "picture": row["picture"],
        "kind": text["kind"],
    }
