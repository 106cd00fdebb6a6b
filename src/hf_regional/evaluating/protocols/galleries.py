"""Galleries: pictures and their texts, apart by language, in; whether a text finds its pictures there, or a picture its texts, out.

What is asked is a part of what may be found: every eligible row is in its gallery, whichever rows are asked, so that no part and no
limit makes the search easier.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from datasets import Dataset

from hf_regional import records
from hf_regional.encoding import ImageSource
from hf_regional.errors import ConfigError, MissingColumnError
from hf_regional.evaluating.asked import Asked, Pictures
from hf_regional.evaluating.items import Items, Shown, picture_key
from hf_regional.evaluating.subjects import require_kind
from hf_regional.evaluating.task import Encodes, Outcome, TaskRows
from hf_regional.metrics import (
    Relevant,
    chance_recall_at,
    chance_reciprocal_rank,
    feature_retrieval_scores,
    recall_at,
    reciprocal_ranks,
    retrieval_ranks,
)

Direction = Literal["text-to-image", "image-to-text"]
DIRECTIONS: Final = ("text-to-image", "image-to-text")
DEPTH: Final = 10  # of nDCG
METRICS: Final = {"R@1": 1, "R@5": 5, "R@10": 10, "MRR": None, f"nDCG@{DEPTH}": None}


@dataclass(frozen=True, slots=True)
class Gallery:
    """What is searched by some of the rows.

    Attributes:
        rows: (q,) the numbers of the rows that search here.
        items: (m,) the numbers of what may be found.
        relevant: of each such row, the places among the items of what it should find.
    """

    rows: np.ndarray
    items: np.ndarray
    relevant: Relevant


@dataclass(frozen=True, slots=True)
class GalleriesTask:
    """Queries in galleries. Build one with `build_galleries_task`.

    Attributes:
        queries: (n) texts, or pictures.
        items: all pictures, or all texts, each once.
        galleries: that part the rows among them.
        direction: which of them are which.
    """

    name: str
    queries: Sequence[Any]
    items: Sequence[Any]
    galleries: Sequence[Gallery]
    rows: TaskRows
    counts: dict[str, int]
    direction: Direction = "text-to-image"
    metric: str = "MRR"

    def chance(self, metric: str) -> np.ndarray:
        """(n,) the expected score of a row under a random order of its gallery."""
        return self._by_row(lambda one: _chance(metric, len(one.items), one.relevant.counts))

    def measure(self, model: Encodes) -> Outcome:
        """Search every gallery: MRR, R@1, R@5 and R@10 (any right one among the first k) and nDCG@10 of every row; ties go against it."""
        require_kind(model, ("embedding",), self.name)
        if self.direction == "text-to-image":
            asked, offered = model.encode_texts(self.queries), model.encode_images(self.items)
        else:
            asked, offered = model.encode_images(self.queries), model.encode_texts(self.items)
        scores = {metric: np.zeros(len(self.queries)) for metric in METRICS}
        for one in self.galleries:
            for metric, values in _scores(asked[one.rows], offered[one.items], one.relevant).items():
                scores[metric][one.rows] = values
        return Outcome(scores)

    def as_items(self) -> Items:
        """A text with the first picture that is right for it, or a picture with its first text."""
        first = np.zeros(len(self.queries), np.intp)
        for one in self.galleries:
            first[one.rows] = one.items[one.relevant.items[one.relevant.starts[:-1]]]
        places: list[int] = first.tolist()
        nothing = [""] * len(first)
        if self.direction == "image-to-text":
            return Items(nothing, [self.items[place] for place in places], Shown(len(first), lambda row: (self.queries[row],)))
        keys = [picture_key(cell) for cell in self.items]  # each once: a picture is right for many texts
        pictures = Shown(len(first), lambda row: (self.items[places[row]],))
        return Items([*self.queries], nothing, pictures, keys=[[keys[place]] for place in places])

    def _by_row(self, score: Any) -> np.ndarray:
        found = np.zeros(len(self.queries))
        for one in self.galleries:
            found[one.rows] = score(one)
        return found


def build_galleries_task(
    name: str,
    asked: Asked,
    data: Dataset,
    *,
    direction: Direction = "text-to-image",
    gallery: str | None = records.LANGUAGE,
    metric: str = "MRR",
) -> GalleriesTask:
    """Make the task of rows of the view `pairs`.

    A text asked twice in a gallery is one query, and so is a picture; all pictures that bear a text (case aside) are right for it, and
    all texts of a picture are right for that.

    Args:
        name: of the task.
        asked: the rows, see `ask`.
        data: where they were chosen from.
        direction: "text-to-image" or "image-to-text".
        gallery: the column whose values part the rows into galleries; null is one gallery of them all.
        metric: the one that counts, "MRR", "R@1", "R@5", "R@10" or "nDCG@10".

    Raises:
        MissingColumnError: no such column. ConfigError: another direction or metric. NoRowsError: no row has a text and a gallery.
    """
    for said, known, what in ((direction, DIRECTIONS, "direction"), (metric, tuple(METRICS), "metric")):
        if said not in known:
            raise ConfigError(f"task {name!r} has no {what} {said!r}; it has: {', '.join(known)}.", "settings")
    if gallery is not None and gallery not in data.column_names:
        raise MissingColumnError(
            f"task {name!r}: the rows lack {gallery}; there are: {', '.join(data.column_names)}.", frozenset([gallery])
        )
    offered = _table(data, asked, gallery)
    own = offered.loc[offered.index.isin(asked.places)].reindex(asked.places)
    usable = own["usable"].eq(True).to_numpy()
    query, item = ("text", "picture") if direction == "text-to-image" else ("picture", "text")
    again = own.duplicated(["gallery", query]).to_numpy() & usable
    lost = {"rows without a text or a gallery": int((~usable).sum())}
    if direction == "text-to-image":  # further captions of a picture are no loss: they are what it should find
        lost["texts that repeat another of their gallery"] = int(again.sum())
    chosen = asked.take(usable & ~again, lost)
    offered = offered[offered["usable"]]
    pictures, texts = _distinct(data, offered)
    own = offered.loc[chosen.places]
    queries = [chosen.table[records.TEXT].tolist(), chosen.pictures][direction == "image-to-text"]
    task = GalleriesTask(
        name, queries, pictures if item == "picture" else texts, _galleries(own, offered, query, item), chosen.rows, chosen.counts,
        direction, metric,
    )  # fmt: skip
    chosen.rows.chance[:] = task.chance(metric)
    return task


def _table(data: Dataset, asked: Asked, gallery: str | None) -> pd.DataFrame:
    """Of every eligible row, by its place in the data: gallery, whether it can be found, and numbers of its picture and its text."""
    columns = data.select_columns([records.TEXT, *([gallery] if gallery and gallery != records.TEXT else [])])[asked.eligible]
    texts = [unicodedata.normalize("NFC", text).casefold().strip() if isinstance(text, str) else "" for text in columns[records.TEXT]]
    labels = pd.Series(columns[gallery] if gallery else ["all"] * len(texts), dtype=object)
    return pd.DataFrame(
        {
            "gallery": labels.to_numpy(),
            "usable": labels.notna().to_numpy() & np.array([bool(text) for text in texts]),
            "picture": np.unique(asked.keys[asked.eligible], return_inverse=True)[1],
            "text": np.unique(np.array(texts, object), return_inverse=True)[1],
        },
        index=asked.eligible,
    )


def _distinct(data: Dataset, offered: pd.DataFrame) -> tuple[Sequence[ImageSource], list[str]]:
    """Each picture and each text once; the numbers in the table become places among them."""
    out: list[np.ndarray] = []
    for column in ("picture", "text"):
        _, first, place = np.unique(offered[column], return_index=True, return_inverse=True)
        offered[column] = place
        out.append(offered.index.to_numpy()[first])
    return Pictures(data, out[0]), data.select_columns([records.TEXT])[out[1]][records.TEXT]


def _galleries(own: pd.DataFrame, offered: pd.DataFrame, query: str, item: str) -> list[Gallery]:
    """Part the rows; `own` are the rows that ask, in their order."""
    found: list[Gallery] = []
    rows = np.arange(len(own))
    for label, inside in offered.groupby("gallery", sort=True):
        here = own["gallery"].eq(label).to_numpy()
        if not here.any():
            continue
        items = np.unique(inside[item])
        right = {number: np.searchsorted(items, some) for number, some in inside.groupby(query)[item]}
        found.append(Gallery(rows[here], items, Relevant.of([right[number] for number in own[query][here]])))
    return found


def _scores(queries: np.ndarray, items: np.ndarray, relevant: Relevant) -> dict[str, np.ndarray]:
    ranks = retrieval_ranks(queries, items, relevant)
    depth = min(DEPTH, len(items))  # a shorter gallery is ranked whole
    gains = feature_retrieval_scores(queries, items, relevant, ks=[depth])[f"nDCG@{depth}"]
    found = {metric: recall_at(ranks, places) for metric, places in METRICS.items() if places}
    return {"MRR": reciprocal_ranks(ranks), f"nDCG@{DEPTH}": gains, **found}


def _chance(metric: str, n: int, right: np.ndarray) -> np.ndarray:
    if metric == "MRR":
        return chance_reciprocal_rank(n, right)
    if places := METRICS.get(metric):
        return chance_recall_at(n, right, min(places, n))
    # Every place holds a right one with probability r/n; the best order has them first.
    discounts = 1 / np.log2(1 + np.arange(1, min(DEPTH, n) + 1))
    best = np.cumsum(discounts)[np.minimum(right, len(discounts)) - 1]
    return right / n * discounts.sum() / best
