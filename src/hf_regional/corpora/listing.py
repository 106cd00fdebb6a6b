"""The catalogue: which corpora load by name, what they may be used for, and where each is built. One file of `catalogue/` a corpus."""

import importlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

SchemaSource = Literal["verified", "inferred"]
_FOLDER: Final = Path(__file__).with_name("catalogue")
_OWN: Final = ("emoji_world:EmojiWorld", "imagefolder_csv:ImageFolderCsv")
_BUILDERS: Final = "hf_regional.corpora.builders"


@dataclass(frozen=True, slots=True)
class Corpus:
    """One row of the catalogue.

    Attributes:
        name: that of its file.
        title: what it is, in a line.
        builder: "module:class" below `builders`, so that listing the catalogue loads no library.
        license: an SPDX name, or in words where rows say it.
        use: "training and evaluation", or "evaluation only" where its makers made it to test with or its licence says so.
        schema_source: "verified" where columns were read from the published files, "inferred" where they are known from descriptions.
        size: rows and splits, in words.
        languages: as CLDR writes them; empty where the rows say it.
        countries: alpha-3; empty where the rows say it, or where there are too many to list.
        hub_id: of the dataset's repository; empty where it does not lie on the Hub.
        citation: of the paper, or of who made it.
        options: what `load_corpus` passes on, besides those that every published corpus takes.
        pictures: whether rows have one; those of a corpus of words alone (prompts, questions) have a null in its place.
        evidence: kinds that place its rows: what the words name is not where a row is from.
        limits: what a model adapted to it must not be taken for; goes onto its card.
    """

    name: str
    title: str
    builder: str
    license: str
    use: str
    schema_source: SchemaSource
    size: str = ""
    languages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    hub_id: str = ""
    citation: str = ""
    options: tuple[str, ...] = ()
    pictures: bool = True
    evidence: tuple[str, ...] = ("country", "language")
    limits: str = ""

    @property
    def is_published(self) -> bool:
        """Whether its rows come from published files, which all are loaded alike."""
        return self.builder not in _OWN

    def to_class(self) -> Any:
        """Import the `datasets` builder class."""
        module, name = self.builder.split(":")
        return getattr(importlib.import_module(f"{_BUILDERS}.{module}"), name)


@cache
def catalogue() -> Mapping[str, Corpus]:
    """List the corpora that load by name.

    >>> catalogue()["emoji-world"].license
    'OFL-1.1 AND Unicode-DFS-2016'
    """
    return MappingProxyType({path.stem: _read(path) for path in sorted(_FOLDER.glob("*.toml"))})


def _read(path: Path) -> Corpus:
    entry = tomllib.loads(path.read_text(encoding="utf-8"))
    assert entry.keys() <= {field.name for field in fields(Corpus)}, f"{path.name} has a key that the catalogue does not know."
    tupled: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Corpus(name=path.stem, **tupled)
