"""UIT-ViIC: captions in Vietnamese, five a picture by five people, of sports with a ball; pictures are addresses at COCO's.

Published by Lam et al. (ICCCI 2020, arXiv:2002.00175) as `uitviic_captions_train2017.json` and so on; put them into one folder.
"""

from collections.abc import Iterator
from typing import Any, Final

from datasets import Features, Value

from hf_regional.corpora import views
from hf_regional.corpora.linked import both, linked
from hf_regional.corpora.nested import NestedCorpus

_TEXT: Final = Value("string")
_NUMBER: Final = Value("int64")
_SPLITS: Final = {"train": "train", "validation": "val", "test": "test"}


class UitViic(NestedCorpus):
    """Builder of UIT-ViIC, whose files are built as COCO's: pictures, captions and the licences of pictures stand apart."""

    NAME = "uit-viic"
    RAW = Features(
        {
            **dict.fromkeys(("license", "height", "width", "image_id", "cap_id"), _NUMBER),
            **dict.fromkeys(("file_name", "coco_url", "flickr_url", "date_captured", "caption"), _TEXT),
        }
    )
    NEEDED = ("image_id", "caption", "cap_id", "coco_url")
    FILES = {  # noqa: RUF012 - a table
        "default": {split: (f"*uitviic_captions_{short}2017.json",) for split, short in _SPLITS.items()},
    }
    VIEWS = ("raw", "pairs", "imtext")

    def unfold(self, held: Any, name: str) -> Iterator[dict[str, Any]]:
        """A row a caption, with what is known of its picture."""
        pictures = {picture["id"]: picture for picture in held["images"]}
        licences = {licence["id"]: licence["name"] for licence in held.get("licenses", ())}
        for caption in held["annotations"]:
            picture = {key: cell for key, cell in pictures[caption["image_id"]].items() if key != "id"}
            row = {**picture, "image_id": caption["image_id"], "caption": caption["caption"], "cap_id": caption["id"]}
            yield row if self._chosen.view == "raw" else {**row, "licence": licences.get(picture.get("license"))}

    def _columns(self, name: str) -> tuple[str, ...]:
        return tuple(column for column in super()._columns(name) if column != "licence")

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        licence, source = both(self.corpus.license, row["licence"]), row.get("flickr_url") or row["coco_url"]
        yield views.pair(
            image=linked(row["coco_url"]), text=row["caption"], language="vi", country=None, license=licence, source=source,
            identifier=str(row["cap_id"]),
        )  # fmt: skip
