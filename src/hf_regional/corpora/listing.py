"""The catalogue: which corpora load by name, what they may be used for, and where each is built."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Corpus:
    """One row of the catalogue. `builder` is "module:class", so that listing the catalogue loads no library."""

    name: str
    builder: str
    license: str
    use: str
    languages: tuple[str, ...]  # as CLDR writes them; empty where the rows say it
    citation: str
    options: tuple[str, ...] = ()  # what `load_corpus` passes on
    evidence: tuple[str, ...] = ("country", "language")  # kinds that place its rows: what the words name is not where a row is from
    limits: str = ""  # what a model adapted to it must not be taken for; goes onto its card

    def to_class(self) -> Any:
        """Import the `datasets` builder class."""
        module, name = self.builder.split(":")
        return getattr(importlib.import_module(module), name)


_GLOBAL: Final = ("en", "es", "fr", "de", "pt", "ru", "zh", "ja", "ko", "ar", "hi", "tr", "sw", "ta")
_SOUTHEAST_ASIAN: Final = ("id", "ms", "th", "vi", "my", "km", "lo", "fil", "jv")

_CORPORA: Final = (
    Corpus(
        name="emoji-world",
        builder="hf_regional.corpora.emoji_world:EmojiWorld",
        license="OFL-1.1 AND Unicode-DFS-2016",
        use="training and scoring; comes with the package; languages over shared pictures, not a culture's own things",
        languages=(*_GLOBAL, *_SOUTHEAST_ASIAN, "az"),
        citation="Noto Color Emoji 2.042, Google Inc. and contributors; annotations of Unicode CLDR 41, Unicode, Inc.",
        limits="Adapted to languages over pictures that all places share: it shows the method and the trade-off, not cultural knowledge.",
    ),
    Corpus(
        name="imagefolder+csv",
        builder="hf_regional.corpora.imagefolder_csv:ImageFolderCsv",
        license="what the license column says of each row",
        use="your own pictures: a folder with pictures and a CSV beside them",
        languages=(),
        citation="",
        options=("data_dir", "metadata", "columns"),
    ),
)


def catalogue() -> Mapping[str, Corpus]:
    """List the corpora that load by name.

    >>> catalogue()["emoji-world"].license
    'OFL-1.1 AND Unicode-DFS-2016'
    """
    return MappingProxyType({corpus.name: corpus for corpus in _CORPORA})
