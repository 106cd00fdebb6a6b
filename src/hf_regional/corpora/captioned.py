"""`TranslatedCaptions`: a builder for captions of well-known pictures in another language, the pictures being whoever asks's own.

The setting of LowCLIP (Asgarov and Rustamov, arXiv:2408.13909): captions of MS-COCO and Flickr, translated by machine into Azerbaijani,
published as `aliasgerovs/azclip-caption`. Captions of any other language load alike, from a folder and with `language=`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from datasets import Features, Value

from hf_regional.corpora import views
from hf_regional.corpora.given_pictures import GivenPictures, GivenPicturesConfig
from hf_regional.errors import MissingColumnError

_TEXT: Final = Value("string")
# What each of our columns may be called, the first one there is taken: the published headers are known by description alone.
_USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "image": ("image", "image_name", "file_name", "image_id"),
    "text": ("caption_az", "az_caption", "translated_caption", "caption", "comment", "text"),
}


@dataclass
class CaptionsConfig(GivenPicturesConfig):
    """A configuration, the language of the captions, and under which headers they and the names of pictures stand."""

    language: str = "az"
    columns: Mapping[str, str] | None = None


class TranslatedCaptions(GivenPictures):
    """Builder of one row a caption. `picture` names its picture: captions of one picture belong into one split.

    Class attributes:
        PICTURES: what the pictures are called, for provenance.
    """

    RAW = Features({"image": _TEXT, "caption": _TEXT})
    OPTIONAL = ("image", "caption")
    EXTRAS = {"picture": _TEXT}  # noqa: RUF012 - a table
    PICTURES: ClassVar[str]
    BUILDER_CONFIG_CLASS = CaptionsConfig

    def names_of(self, name: str) -> tuple[str, ...]:
        """The names under which the picture of a cell may lie. Override it where pictures are known by a number."""
        return (name,)

    def rows_of(self, store: Any, name: str) -> Iterator[dict[str, Any]]:
        """The rows, each with the number of its caption among those of its picture."""
        seen: Counter[str] = Counter()
        image = self._headers.get("image", "")
        for row in super().rows_of(store, name):
            picture = str(row.get(image))
            yield {**row, _NUMBER: seen[picture]}
            seen[picture] += 1

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        name = str(row[self._headers["image"]])
        picture = self.picture(*self.names_of(name))
        if picture is None:
            return
        assert isinstance(self.config, CaptionsConfig)
        pair = views.pair(
            image=picture, text=row[self._headers["text"]], language=self.language(self.config.language, at), country=None,
            source=self.PICTURES, license=self.corpus.license, identifier=f"{name}#{row[_NUMBER]}",
        )  # fmt: skip
        yield {**pair, "picture": name}

    def _columns(self, name: str) -> tuple[str, ...]:
        found = super()._columns(name)
        self._headers = self._find_headers(found, f"{self._store.origin}/{name}")
        return found

    def _find_headers(self, found: tuple[str, ...], where: str) -> dict[str, str]:
        assert isinstance(self.config, CaptionsConfig)
        asked = dict(self.config.columns or {})
        wanted = {ours: (asked[ours],) if ours in asked else usual for ours, usual in _USUAL.items()}
        headers = {ours: next((each for each in usual if each in found), None) for ours, usual in wanted.items()}
        lost = frozenset(ours for ours, header in headers.items() if header is None)
        if lost and self._chosen.view != "raw":
            looked = "; ".join(f"{ours} ({' or '.join(wanted[ours])})" for ours in sorted(lost))
            raise MissingColumnError(
                f'{where} has no column for {looked}; it has: {", ".join(found)}. Say columns={{"text": "..."}}.', lost
            )
        return {ours: header for ours, header in headers.items() if header is not None}


_NUMBER: Final = "caption number"
