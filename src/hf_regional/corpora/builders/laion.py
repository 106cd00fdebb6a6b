"""LAION by addresses: a table of captions and web addresses of pictures, and the pictures that were fetched from them.

The high-resource side of Ignat et al. (LREC-COLING 2024, arXiv:2403.07687), for the 61 topics that their map marks. LAION is
published as addresses: name a folder with a part of its Parquet files by `data_dir`, and by `images` one with the pictures under the
SHA-256 of their address (64 hex digits and any ending). A table that `img2dataset` wrote names pictures by its `key`:
`config="img2dataset"`. With `config="fetched"` they are fetched while the corpus is built. Addresses whose picture is not there, dead
ones among them, are counted.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from datasets import Features, Value

from hf_regional.corpora import views
from hf_regional.corpora.given_pictures import GivenPictures
from hf_regional.corpora.linked import LinkedCorpus, linked
from hf_regional.corpora.pictures import ENDINGS

_TEXT: Final = Value("string")
_UNKNOWN: Final = {"", "?", None}  # "?" is LAION-400M's own for a licence that it does not know


@dataclass(frozen=True, slots=True)
class _Names:
    url: str
    text: str
    key: str | None = None


_FETCHED: Final = "fetched"
_NAMES: Final = {"default": _Names("URL", "TEXT"), "img2dataset": _Names("url", "caption", "key"), _FETCHED: _Names("URL", "TEXT")}


def address_key(url: str) -> str:
    """The name, without its ending, of the file that holds the picture of an address: SHA-256, 64 hex digits.

    >>> address_key("https://example.org/1.jpg")[:8]
    'c1be48f0'
    """
    return hashlib.sha256(url.encode()).hexdigest()


class Laion(GivenPictures, LinkedCorpus):
    """Builder of one row an address whose picture is there. `topic` is that of a column `topic`, which who chose the rows may add."""

    NAME = "laion"
    RAW = Features(dict.fromkeys(("URL", "TEXT", "LICENSE", "LANGUAGE", "topic", "url", "caption", "key"), _TEXT))
    OPTIONAL = ("URL", "TEXT", "LICENSE", "LANGUAGE", "topic", "url", "caption", "key")
    FILES = {name: {"train": ("*.parquet",)} for name in _NAMES}  # noqa: RUF012 - a table
    EXTRAS = {"url": _TEXT}  # noqa: RUF012

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        names = self._names
        url = row[names.url]
        picture = linked(url) if self.config.name == _FETCHED else self._picture_of(row, url)
        if picture is None:
            return
        licence = row.get("LICENSE")
        pair = views.pair(
            image=picture, text=row[names.text], language=self.language(row.get("LANGUAGE"), at), country=None, topic=row.get("topic"),
            source="LAION", license=self.corpus.license if licence in _UNKNOWN else licence,
            identifier=at.removeprefix(f"{self._store.origin}/"),
        )  # fmt: skip
        yield {**pair, "url": url}

    def _picture_of(self, row: dict[str, Any], url: str) -> Any | None:
        key = address_key(url) if self._names.key is None else row[self._names.key]
        return self.picture(*(f"{key}{ending}" for ending in ENDINGS))

    @property
    def _names(self) -> _Names:
        return _NAMES[self.config.name]

    @property
    def _needed(self) -> tuple[str, ...]:
        names = self._names
        return tuple(filter(None, (names.url, names.text, names.key)))
