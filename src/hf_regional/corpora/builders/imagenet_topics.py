"""ImageNet by topics: pictures of ImageNet under the 99 everyday topics of Dollar Street and GeoDE, where a map of topics has classes.

The high-resource side of Ignat et al. (LREC-COLING 2024, arXiv:2403.07687). The map is their `data_pre-processing.csv`
(github.com/MichiganNLP/visual_diversity_budget, no licence stated, so it does not come along): 84 topics have ids of ImageNet-21k and
11 of ImageNet-1k. Put it into a folder with ImageNet's own, one a class and named by its id, `n02773037/n02773037_12.JPEG`.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, Image, Value

from hf_regional import records
from hf_regional.corpora import views
from hf_regional.corpora.pictures import Pictures
from hf_regional.corpora.published import PublishedCorpus
from hf_regional.corpora.repository import Store
from hf_regional.corpora.tabular import read_rows
from hf_regional.errors import MissingFileError

_TEXT: Final = Value("string")
_MAP: Final = (
    *("GeoDe", "DollarStreet", "Combined and renamed", "ImageNet21k classes", "ImageNet21k ids"),
    *("ImageNet1k classes", "ImageNet1k ids", "LAION?"),
)
_TOPIC: Final = "Combined and renamed"
_IDS: Final = ("ImageNet21k ids", "ImageNet1k ids")
_WNID: Final = re.compile(r"n\d{8}")
_ADDED: Final = ("wnid", "file_name")
NO_PICTURES: Final = "classes of the map without a folder of pictures"


class ImagenetTopics(PublishedCorpus):
    """Builder: a row a topic and picture; a class under two topics gives its pictures to both. No row has a country."""

    NAME = "imagenet-topics"
    RAW = Features({records.IMAGE: Image(), **dict.fromkeys((*_MAP, *_ADDED), _TEXT)})
    NEEDED = (_TOPIC, *_IDS)
    FILES = {"default": {"train": ("data_pre-processing.csv", "*/data_pre-processing.csv")}}  # noqa: RUF012 - a table
    EXTRAS = {"wnid": _TEXT}  # noqa: RUF012

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:
        """A row for each topic of the map and each picture of its classes."""
        pictures = Pictures(store)
        bare: set[str] = set()
        with self._open(name) as file:
            for row in read_rows(file, f"{store.origin}/{name}"):
                for wnid in _wnids(row):
                    names = pictures.below(wnid)
                    bare |= set() if names else {wnid}
                    yield from ({**row, "wnid": wnid, "file_name": each, records.IMAGE: pictures.find(each)} for each in names)
        if not pictures.any_below(_WNID):
            raise MissingFileError(
                f"{store.origin} holds no folder of a class of ImageNet, such as n02773037, with pictures in it: "
                "unpack ImageNet's archives, one folder a class, beside the map."
            )
        if bare:
            self.left_out[NO_PICTURES] += len(bare)

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        topic = row[_TOPIC]
        pair = views.pair(
            image=row[records.IMAGE], text=topic, language="en", country=None, topic=topic, source=f"ImageNet {row['wnid']}",
            license=self.corpus.license, identifier=f"{topic}/{row['file_name']}",
        )  # fmt: skip
        yield {**pair, "wnid": row["wnid"]}

    def _columns(self, name: str) -> tuple[str, ...]:
        return (records.IMAGE, *super()._columns(name), *_ADDED)


def _wnids(row: dict[str, Any]) -> tuple[str, ...]:
    """The ids of a topic, each once, in the order of the map: it repeats one for every name of its class."""
    return tuple(dict.fromkeys(wnid for column in _IDS for wnid in _WNID.findall(row[column] or "")))
