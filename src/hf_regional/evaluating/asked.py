"""Which rows of a corpus a task asks: rows with a verdict in; groups, clusters, sides and slices, and what was left out, out."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, overload

import numpy as np
import pandas as pd
from datasets import Dataset, Image

from hf_regional import records
from hf_regional.encoding import ImageSource
from hf_regional.errors import MissingColumnError, NoRowsError
from hf_regional.evaluating.quantiles import Quantiles
from hf_regional.evaluating.task import TaskRows
from hf_regional.generating.pictures import picture_digest

Part = Literal["select", "report", "all"]
SELECTED: Final = 0.3  # of the pictures: β is chosen on them, and the rest is reported
_SIDES: Final = {"kept": "regional", "other": "global"}
_NAMES: Final = {records.COUNTRY: "country"}  # what a slice is called, where not as its column
_SALT: Final = b"hf_regional select 1\n"


class Pictures(Sequence[ImageSource]):
    """The picture cells of chosen rows, undecoded, read when they are asked for: a corpus of pictures does not fit into memory.

    A row of words alone has None; `shown` makes of a cell what a prompt takes.
    """

    def __init__(self, rows: Dataset, chosen: np.ndarray, column: str = records.IMAGE) -> None:
        has_any = column in rows.column_names
        self._cells = rows.select_columns([column]).cast_column(column, Image(decode=False)) if has_any else None
        self._rows, self._chosen, self._column = rows, chosen, column

    def __len__(self) -> int:
        return len(self._chosen)

    def take(self, places: np.ndarray) -> "Pictures":
        """Some of them, (k,) numbers."""
        return Pictures(self._rows, self._chosen[places], self._column)

    @overload
    def __getitem__(self, place: int) -> ImageSource: ...
    @overload
    def __getitem__(self, place: slice) -> "Pictures": ...
    def __getitem__(self, place: int | slice) -> "ImageSource | Pictures":
        if isinstance(place, slice):
            return Pictures(self._rows, self._chosen[place], self._column)
        if self._cells is None:
            range(len(self))[place]  # the end of a sequence is an IndexError
            return cast("ImageSource", None)
        cell: Any = self._cells[int(self._chosen[place])][self._column]
        return cell


def shown(cell: ImageSource | None) -> tuple[ImageSource, ...]:
    """What a prompt shows of a row: its picture, or nothing where it is one of words alone."""
    return () if cell is None else (cell,)


@dataclass(frozen=True, slots=True)
class Asked:
    """The rows that a task asks of every model.

    Attributes:
        table: (n) the rows' columns but for those of pictures.
        pictures: (n) their pictures.
        rows: what a score is averaged and resampled over.
        counts: what was left out, by reason.
        places: (n,) where they stand in the data.
        eligible: (m,) the places of all rows that `where` and `without` allow, asked or not: galleries and lists of labels are theirs.
        keys: for each row of the data, what its picture is known by.
    """

    table: pd.DataFrame
    pictures: Pictures
    rows: TaskRows
    counts: dict[str, int]
    places: np.ndarray
    eligible: np.ndarray
    keys: np.ndarray

    def take(self, chosen: np.ndarray, counts: Mapping[str, int] | None = None) -> "Asked":
        """Some of the rows, in their order.

        Args:
            chosen: (k,) their numbers, or (n,) bool.
            counts: what the others were left out for.

        Raises:
            NoRowsError: none is left.
        """
        numbers = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        told = self.counts | {reason: count for reason, count in (counts or {}).items() if count}
        if not len(numbers):
            raise NoRowsError(f"no row is left to ask: {told}. Widen the part, the region or `where`.")
        rows, (clusters, cluster) = self.rows, np.unique(self.rows.clusters[numbers], return_inverse=True)
        fewer = TaskRows(
            rows.groups[numbers], cluster.astype(np.int64), rows.sides[numbers], rows.chance[numbers], len(clusters),
            {name: labels[numbers] for name, labels in rows.slices.items()},
        )  # fmt: skip
        table = self.table.iloc[numbers].reset_index(drop=True)
        return Asked(table, self.pictures.take(numbers), fewer, told, self.places[numbers], self.eligible, self.keys)


def ask(
    data: Dataset,
    *,
    group: str | None = records.COUNTRY,
    slices: Sequence[str | Quantiles] = (),
    part: Part = "all",
    where: Mapping[str, Sequence[str]] | None = None,
    without: Mapping[str, Sequence[str]] | None = None,
    limit: int | None = None,
) -> Asked:
    """Choose the rows of a task, and say how they are averaged.

    Rows of one picture share a cluster and a part; rows of words alone do where their ids are the same up to the first slash
    ("117/value" and "117/country" are one story).

    Args:
        data: rows with the columns of `filter_regional(..., mode="annotate")`, or without a verdict: then all are the world's.
        group: the column whose groups a score is averaged over; null averages over rows.
        slices: columns to report by, besides language, country and topic; of a column of numbers, its `Quantiles`.
        part: "select" and "report" share the pictures 30 to 70 by a hash of their bytes, fixed for ever; "all" asks of all of them.
        where: column -> allowed values.
        without: column -> values that are left out.
        limit: at most so many rows of each side, the first by the hash: for a quick look.

    Raises:
        MissingColumnError: a column of `group`, `slices`, `where` or `without` is not there.
        NoRowsError: no row is left; the message says where they went.
        BadRowError: a column of `Quantiles` holds no numbers, or a picture is not there.
    """
    named = [*([group] if group else []), *map(_column_of, slices), *(where or {}), *(without or {})]
    if missing := frozenset(named) - frozenset(data.column_names):
        there = ", ".join(data.column_names)
        raise MissingColumnError(f"the rows lack {', '.join(sorted(missing))}; there are: {there}.", missing)
    pictured = [name for name, feature in data.features.items() if _holds_pictures(feature)]
    table: pd.DataFrame = data.remove_columns(pictured).with_format("pandas")[:]  # pyright: ignore[reportAssignmentType]
    pictures = Pictures(data, np.arange(len(data)))
    # By the bytes, those of a file too: its path is another on every machine, and the parts must not be.
    names = table[records.ID] if records.ID in table else pd.Series(range(len(table)))
    keys = np.array([_key(cell, name) for cell, name in zip(pictures, names, strict=True)])
    counts: dict[str, int] = {}
    kept = np.ones(len(table), bool)
    for column, allowed in (where or {}).items():
        kept = _left_out(counts, kept, table[column].isin(list(allowed)).to_numpy(), f"rows of another {column}")
    for column, refused in (without or {}).items():
        kept = _left_out(counts, kept, ~table[column].isin(list(refused)).to_numpy(), f"rows whose {column} is left out")
    eligible = np.flatnonzero(kept)
    kept = _left_out(counts, kept, _in_part(keys, part), f"rows of pictures that are not in the part {part!r}")
    verdict = table.get(records.REGION_VERDICT)
    sides = np.full(len(table), "global", object) if verdict is None else verdict.map(_SIDES).to_numpy(object)
    kept = _left_out(counts, kept, pd.notna(sides), "rows of neither side (excluded, ambiguous or without evidence)")
    if group:
        kept = _left_out(counts, kept, table[group].notna().to_numpy(), f"rows without a {group}")
    chosen = _limited(np.flatnonzero(kept), keys, sides, limit, counts)
    if not len(chosen):
        raise NoRowsError(f"no row is left to ask: {counts}. Widen the part, the region or `where`.")
    clusters, cluster = np.unique(keys[chosen], return_inverse=True)
    picked = table.iloc[chosen].reset_index(drop=True)
    plain = [name for name in slices if isinstance(name, str)]
    present = [name for name in (records.LANGUAGE, records.COUNTRY, records.TOPIC, *plain) if name in picked and _is_label(picked[name])]
    # Bounds are those of all eligible rows: a part or a limit moves none.
    parts = {each.column: each.labels(table[each.column], eligible)[chosen] for each in slices if isinstance(each, Quantiles)}
    rows = TaskRows(
        groups=picked[group].to_numpy(str) if group else np.full(len(picked), "all"),
        clusters=cluster.astype(np.int64),
        sides=sides[chosen].astype(str),
        chance=np.zeros(len(picked)),
        n_clusters=len(clusters),
        slices={_NAMES.get(name, name): _labels(picked[name]) for name in dict.fromkeys(present)} | parts,
    )
    told = {reason: count for reason, count in counts.items() if count}
    return Asked(picked, Pictures(data, chosen), rows, told, chosen, eligible, keys)


def _holds_pictures(feature: Any) -> bool:
    return isinstance(feature, Image) or isinstance(getattr(feature, "feature", None), Image)


def part_of(key: str) -> float:
    """Where a picture falls in [0, 1): below `SELECTED` it serves to choose, above to report."""
    return int.from_bytes(hashlib.sha256(_SALT + key.encode()).digest()[:8]) / 2**64


def _key(cell: ImageSource | None, name: object) -> str:
    """What makes rows one cluster."""
    return f"row {str(name).partition('/')[0]}" if cell is None else picture_digest(cell)


def _in_part(keys: np.ndarray, part: Part) -> np.ndarray:
    if part == "all":
        return np.ones(len(keys), bool)
    selected = np.array([part_of(key) < SELECTED for key in keys.tolist()], bool)
    return selected if part == "select" else ~selected


def _left_out(counts: dict[str, int], kept: np.ndarray, condition: np.ndarray, reason: str) -> np.ndarray:
    counts[reason] = int((kept & ~condition).sum())
    return kept & condition


def _limited(chosen: np.ndarray, keys: np.ndarray, sides: np.ndarray, limit: int | None, counts: dict[str, int]) -> np.ndarray:
    if limit is None or not len(chosen):
        return chosen
    drawn = np.array([part_of(f"limit {key}") for key in keys[chosen].tolist()])
    order = chosen[np.argsort(drawn, kind="stable")]
    kept = np.concatenate([order[sides[order] == side][:limit] for side in dict.fromkeys(sides[order].tolist())])
    counts[f"rows beyond the limit of {limit} a side"] = len(chosen) - len(kept)
    return np.sort(kept)


def _column_of(slice_: str | Quantiles) -> str:
    return slice_.column if isinstance(slice_, Quantiles) else slice_


def _is_label(column: "pd.Series[Any]") -> bool:
    """Whether cells are single values: several labels a row (topics of a picture) are no slice."""
    return not any(isinstance(cell, list | np.ndarray) for cell in column)


def _labels(column: "pd.Series[Any]") -> np.ndarray:
    """Labels of a slice as text; a null stays null and belongs to none."""
    return np.array([None if pd.isna(label) else str(label) for label in column], object)
