"""CC3M-35L: Conceptual Captions, translated by machine; pictures are addresses in another file, beside the same English caption.

Published by Thapliyal et al. (EMNLP 2022) and Sharma et al. (ACL 2018). Put into one folder: `cc3m_mt_train.jsonl.gz`,
`cc3m_mt_dev.jsonl.gz`, `Train_GCC-training.tsv` and `Validation_GCC-1.1.0-Validation.tsv`.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

from hf_regional.corpora.caption_index import CaptionIndex
from hf_regional.corpora.linked import linked
from hf_regional.corpora.repository import Store, matching
from hf_regional.corpora.translated import TranslatedCaptions

_ADDRESSES: Final = {"train": "*Train*GCC-training.tsv", "dev": "*Validation*GCC-*.tsv"}
_ALONE: Final = "captions that stand beside no address"


class Cc3m35l(TranslatedCaptions):
    """Builder of CC3M-35L: one row for each picture beside whose caption the translation's original stands."""

    NAME = "cc3m-35l"
    PREFIX = "cc3m"

    def rows_of(self, store: Store, name: str) -> Iterator[dict[str, Any]]:
        """The published rows of the chosen languages, each with the lines of addresses that it belongs to."""
        rows = filter(self.is_asked_for, super().rows_of(store, name))
        if self._chosen.view == "raw":
            yield from rows
            return
        pattern = _ADDRESSES["train" if "_train." in name else "dev"]
        path = store.path(matching(store, (pattern,), f"the addresses of {name}")[0])
        with closing(CaptionIndex(path)) as index:
            for row in rows:
                yield {**row, "beside": [*index.find(row["caption_tokenized"])]}

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        if not row["beside"]:
            self.left_out[_ALONE] += 1
        for place, url in row["beside"]:
            yield self.pair(row, at, linked(url), url, str(place))
