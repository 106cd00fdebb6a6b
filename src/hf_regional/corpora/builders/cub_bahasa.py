"""CUB-Bahasa: captions of CUB-200-2011, 200 kinds of birds, half by machine translated into Indonesian, beside their English.

Published by Mahadi and Utama (arXiv:2303.14517) and Wah et al. (2011). Put into one folder `indo_cub_200_2011_captions.json` and the
folder `CUB_200_2011` out of `CUB_200_2011.tgz`.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import PurePosixPath
from typing import Any, Final

import datasets
from datasets import Features, List, Value

from hf_regional.corpora import views
from hf_regional.corpora.nested import NestedCorpus
from hf_regional.corpora.pictures import Pictures
from hf_regional.corpora.published import SILENT
from hf_regional.corpora.repository import Store, matching
from hf_regional.corpora.seacrowd import CONTEXT, LABELS

_TEXT: Final = Value("string")
_CAPTIONS: Final = ("*indo_cub_200_2011_captions.json",)
_IS_TRAIN: Final = {"train": "1", "test": "0"}
_SPLIT: Final = "#"  # both splits are in one file, and CUB says which picture is in which


class CubBahasa(NestedCorpus):
    """Builder of CUB-Bahasa: one published row a picture, one pair a caption; the English one is its context."""

    NAME = "cub-bahasa"
    RAW = Features(
        {
            **dict.fromkeys(("image_id", "class_id"), Value("int64")),
            **dict.fromkeys(("image_path", "class_name"), _TEXT),
            "captions": List({"caption_eng": _TEXT, "caption_ind": _TEXT}),
        }
    )
    FILES = {"default": {"train": _CAPTIONS, "test": _CAPTIONS}}  # noqa: RUF012 - a table
    VIEWS = ("raw", "pairs", "imtext")
    EXTRAS = {CONTEXT: _TEXT, LABELS: List(_TEXT)}  # noqa: RUF012

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:
        """The rows of one split, each with its picture; the name of the file ends in the split's."""
        file, _, split = name.partition(_SPLIT)
        is_train = self._table(store, "train_test_split.txt")
        wanted = (row for row in super().rows_of(store, file) if not split or is_train[row["image_id"]] == _IS_TRAIN[split])
        with closing(Pictures(store, self._streaming)) as pictures:
            for row in wanted:
                yield row if self._chosen.view == "raw" else {**row, "picture": pictures.find(f"images/{row['image_path']}")}

    def unfold(self, held: Any, name: str) -> Iterator[dict[str, Any]]:
        """A row for each picture that has captions; its numbers and its class stand in CUB's own tables."""
        classes = self._table(self._store, "image_class_labels.txt")
        numbers = {PurePosixPath(path).name: (number, path) for number, path in self._table(self._store, "images.txt").items()}
        for picture in held["dataset"]:
            number, path = numbers[PurePosixPath(picture["filename"]).name]
            captions = [{"caption_eng": each["english"], "caption_ind": each["indo"]} for each in picture["captions"]]
            yield {
                "image_id": number, "class_id": int(classes[number]), "image_path": path, "class_name": path.split("/")[0],
                "captions": captions,
            }  # fmt: skip

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        for place, caption in enumerate(row["captions"]):
            if not caption["caption_ind"]:
                self.left_out[SILENT] += 1
                continue
            yield views.pair(
                image=row["picture"], text=caption["caption_ind"], language="id", country=None, topic=row["class_name"],
                source=row["image_path"], license=self.corpus.license, identifier=f"{row['image_id']}/{place}",
            ) | {CONTEXT: caption["caption_eng"], LABELS: [row["class_name"]]}  # fmt: skip

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        found = super()._split_generators(dl_manager)
        for split in found:
            split.gen_kwargs["files"] = [f"{name}{_SPLIT}{split.name}" for name in split.gen_kwargs["files"]]
        return found

    def _columns(self, name: str) -> tuple[str, ...]:
        return tuple(column for column in super()._columns(name) if column != "picture")

    def _table(self, store: Store, name: str) -> dict[int, str]:
        """One of CUB's tables: a number and a word a line."""
        file = matching(store, (f"*CUB_200_2011/{name}", name), "a table of CUB-200-2011")[0]
        lines = store.path(file).read_text(encoding="utf-8").splitlines()
        return {int(number): word for number, _, word in (line.partition(" ") for line in lines if line.strip())}
