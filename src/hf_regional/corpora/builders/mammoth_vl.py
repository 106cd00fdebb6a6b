"""MAmmoTH-VL: conversations about pictures, in two JSON files; the pictures lie in shards of archives. A row for each exchange.

    load_corpus("mammoth-vl", archives="single_image_data/shard_[1-5].tar.gz", streaming=True)     # five shards of a hundred

Conversations without a picture, about several, or about a video are in `raw` alone, and counted.

Published by Guo et al. (arXiv:2412.05237) as `MAmmoTH-VL/MAmmoTH-VL-Instruct-12M`, Apache-2.0.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from datasets import Features, List, Value

from hf_regional.corpora import views
from hf_regional.corpora.joined import PICTURE, PLACE, TABLE, JoinedCorpus
from hf_regional.errors import BadRowError

_TEXT: Final = Value("string")
_MARK: Final = "<image>"


class MammothVl(JoinedCorpus):
    """Builder of MAmmoTH-VL. `pairs` has an instruction with its answer as the text; in `raw`, a list of pictures is JSON."""

    NAME = "mammoth-vl"
    RAW = Features({"id": _TEXT, "image": _TEXT, "video": _TEXT, "conversations": List({"from": _TEXT, "value": _TEXT}), "source": _TEXT})
    NEEDED = ("conversations",)
    OPTIONAL = ("image", "video", "source")
    FILES = {  # noqa: RUF012 - a table
        "mammoth_si_10M": {"train": ("mammoth_si_10M.json",)},
        "mammoth_ov_2M": {"train": ("mammoth_ov_2M.json",)},
    }
    ARCHIVES = {  # noqa: RUF012
        "mammoth_si_10M": ("single_image_data/*.tar.gz",),
        "mammoth_ov_2M": ("single_image_data/*.tar.gz", "multi_image_data/*.tar.gz"),
    }
    VIEWS = ("raw", "pairs", "vqa")

    def pictures_of(self, row: dict[str, Any]) -> Sequence[str]:  # noqa: D102 - see JoinedCorpus
        named = row.get("image") or ()
        return [self.member_key(each) for each in ((named,) if isinstance(named, str) else named)]

    def to_pairs(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102 - see PublishedCorpus
        for number, (text, answer) in enumerate(exchanges(row["conversations"], at)):
            yield views.pair(text=f"{text} {answer}", **self._rest(row, number))

    def to_vqa(self, row: dict[str, Any], at: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        for number, (text, answer) in enumerate(exchanges(row["conversations"], at)):
            yield views.question(text=text, answers=(answer,), **self._rest(row, number))

    def _rest(self, row: dict[str, Any], number: int) -> dict[str, Any]:
        table = row[TABLE].rpartition("/")[2].removesuffix(".json")
        return {
            "image": row[PICTURE], "language": "en", "country": None, "topic": None, "source": row.get("source"),
            "license": self.corpus.license, "identifier": f"{table}/{row[PLACE]}/{number}",
        }  # fmt: skip


def exchanges(turns: Sequence[dict[str, Any]], at: str) -> list[tuple[str, str]]:
    r"""Take the turns of a conversation by twos: what a person says, without the mark of the picture, and what the model answers.

    Raises:
        BadRowError: the turns are not in twos, or not those of a person and a model.

    >>> exchanges([{"from": "human", "value": "<image>\nWhat is it?"}, {"from": "gpt", "value": "Tempeh."}], "row 0")
    [('What is it?', 'Tempeh.')]
    """
    speakers = [turn.get("from") for turn in turns]
    if not turns or speakers != ["human", "gpt"] * (len(turns) // 2):
        raise BadRowError(f"{at}: the turns of the conversation are by {speakers}, where human and gpt in turn are expected.")
    said = [str(turn.get("value") or "").replace(_MARK, "").strip() for turn in turns]
    return [*zip(said[::2], said[1::2], strict=True)]
