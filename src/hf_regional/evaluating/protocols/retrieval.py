"""Text → image retrieval: each text is asked of all pictures of a corpus; its score is 1 / rank of its first right picture (MRR)."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
from datasets import Dataset, DatasetDict, Image

from hf_regional.encoding import ImageSource, image_key
from hf_regional.errors import ConfigError, MissingColumnError, NoRowsError
from hf_regional.evaluating.subjects import require_kind
from hf_regional.evaluating.task import SIDES, Encodes, TaskRows
from hf_regional.metrics.retrieval import chance_recall_at, chance_reciprocal_rank, recall_at, reciprocal_ranks, retrieval_ranks
from hf_regional.records import COUNTRY, IMAGE, LANGUAGE, REGION_VERDICT, TEXT

_SLICES = {LANGUAGE: "language", COUNTRY: "country"}
_SIDE_OF_VERDICT = {"kept": "regional", "other": "global"}


@dataclass(frozen=True, slots=True)
class RetrievalTask:
    """Queries with their right pictures in a gallery. Build one with `build_retrieval_task`."""

    name: str
    texts: tuple[str, ...]
    gallery: tuple[ImageSource, ...]
    relevant: tuple[np.ndarray, ...]  # per text, the indices of its right pictures
    rows: TaskRows
    counts: dict[str, int]
    metric: str = "MRR"

    def measure(self, model: Encodes) -> dict[str, np.ndarray]:
        """MRR, R@1 and R@5 of every text, each (n,) float64 in [0, 1]."""
        require_kind(model, ("embedding",), self.name)
        ranks = retrieval_ranks(model.encode_texts(self.texts), model.encode_images(self.gallery), self.relevant)
        return {"MRR": reciprocal_ranks(ranks), "R@1": recall_at(ranks, 1), "R@5": recall_at(ranks, 5)}

    def chance(self, metric: str) -> np.ndarray:
        """(n,) the expected score of a text under a random order of the gallery."""
        right = np.array([len(found) for found in self.relevant])
        if metric == "MRR":
            return chance_reciprocal_rank(len(self.gallery), right)
        return chance_recall_at(len(self.gallery), right, int(metric.removeprefix("R@")))


def build_retrieval_task(
    corpus: DatasetDict, split: str, *, group: str = "language", where: Mapping[str, Sequence[str]] | None = None, name: str | None = None
) -> RetrievalTask:
    """Make the retrieval task of a split.

    A text of a row kept for the region is a regional query, a text of any other row a global one. A text asked twice in a
    group is one query; pictures that bear the same text are all right answers. Regional texts that equal a global text of the
    same picture are left out of the score and counted, since knowing them is no regional knowledge.

    Args:
        corpus: all splits with the columns of `filter_regional(..., mode="annotate")`; the gallery is every picture of them all.
        split: whose texts are asked.
        group: the column whose groups are averaged: "language", "country_iso3", ...
        where: column -> allowed values; only such rows name a picture (`{"kind": ["name"]}` leaves keywords out).
        name: of the task; by default "retrieval:<split>".

    Raises:
        MissingColumnError: the corpus lacks a column. NoRowsError: a side is left without a query. ConfigError: an unknown split.
    """
    if split not in corpus:
        raise ConfigError(f"the corpus has no split {split!r}; there are: {', '.join(map(str, corpus))}.", "splits")
    table = _table(corpus, group, where or {})
    gallery_keys, first = np.unique(table["key"], return_index=True)
    table["picture"] = np.searchsorted(gallery_keys, table["key"])
    named = _rows_where(table, where or {})
    answers = {text: np.unique(found.to_numpy()) for text, found in named.groupby("folded")["picture"]}
    queries, counts = _queries(named, split, group)
    rows = TaskRows(
        groups=queries[group].to_numpy(str),
        clusters=queries["picture"].to_numpy(np.int64),
        sides=queries["side"].to_numpy(str),
        chance=np.zeros(len(queries)),
        n_clusters=len(gallery_keys),
        slices={label: queries[column].to_numpy(object) for column, label in _SLICES.items() if column in queries},
    )
    gallery = _cells(corpus, first)
    relevant = tuple(answers[text] for text in queries["folded"])
    task = RetrievalTask(name or f"retrieval:{split}", tuple(queries[TEXT]), gallery, relevant, rows, counts)
    rows.chance[:] = task.chance(task.metric)
    return task


def _table(corpus: DatasetDict, group: str, where: Mapping[str, object]) -> pd.DataFrame:
    columns = sorted({TEXT, group, REGION_VERDICT, *where})
    parts: list[pd.DataFrame] = []
    for name, rows in corpus.items():
        _require(rows, {IMAGE, *columns}, str(name))
        present = sorted({*columns, *(_SLICES.keys() & set(rows.column_names))})
        frame = cast("pd.DataFrame", rows.select_columns(present).with_format("pandas")[:])
        parts.append(frame.assign(key=_image_keys(rows), split=str(name)))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(folded=[unicodedata.normalize("NFC", text).casefold() for text in table[TEXT]])


def _require(rows: Dataset, columns: set[str], split: str) -> None:
    missing = columns - set(rows.column_names)
    if missing:
        there = ", ".join(rows.column_names)
        raise MissingColumnError(f"split {split!r} lacks {', '.join(sorted(missing))}; there are: {there}.", frozenset(missing))


def _image_keys(rows: Dataset) -> list[str]:
    cells = rows.select_columns([IMAGE]).cast_column(IMAGE, Image(decode=False)).with_format("arrow")[:][IMAGE]
    return [image_key(cell) for cell in cells.to_pylist()]


def _cells(corpus: DatasetDict, indices: np.ndarray) -> tuple[ImageSource, ...]:
    """The undecoded picture cells at positions of the concatenated splits."""
    out: dict[int, Any] = {}
    start = 0
    for rows in corpus.values():
        inside = [int(i) for i in indices if start <= i < start + len(rows)]
        local = rows.select_columns([IMAGE]).cast_column(IMAGE, Image(decode=False)).select([i - start for i in inside])
        out.update(zip(inside, local[IMAGE], strict=True))
        start += len(rows)
    return tuple(out[int(i)] for i in indices)


def _rows_where(table: Any, where: Mapping[str, Sequence[str]]) -> Any:
    for column, values in where.items():
        table = table[table[column].isin([values] if isinstance(values, str) else list(values))]
    return table


def _queries(named: Any, split: str, group: str) -> tuple[Any, dict[str, int]]:
    table = named[named["split"] == split].copy()
    table["side"] = table[REGION_VERDICT].map(_SIDE_OF_VERDICT)
    counts = {
        "texts of neither side (excluded, ambiguous or without evidence)": int(table["side"].isna().sum()),
        f"texts without a {group}": int(table[group].isna().sum()),
    }
    table = table.dropna(subset=["side", group])
    counts[f"texts that repeat another of their {group}"] = int(table.duplicated(["folded", group]).sum())
    table = table.drop_duplicates(["folded", group])
    of_world = named.loc[named[REGION_VERDICT] == "other", ["picture", "folded"]].drop_duplicates()
    shared = table.merge(of_world, on=["picture", "folded"], how="left", indicator=True)["_merge"].to_numpy() == "both"
    shared &= (table["side"] == "regional").to_numpy()
    counts["regional texts equal to a global text of the same picture"] = int(shared.sum())
    table = table[~shared].reset_index(drop=True)
    for side in SIDES:
        if not (table["side"] == side).any():
            raise NoRowsError(f"split {split!r} has no {side} text to ask; left out: {counts}. Widen the region, the corpus or `where`.")
    return table, counts
