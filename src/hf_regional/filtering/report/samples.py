"""Samples: the rows of each reason in, batch by batch; the same few of them out, however the rows were cut into batches."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, NamedTuple

import numpy as np

from hf_regional.filtering.report.columns import Sampling
from hf_regional.filtering.report.excerpts import Excerpt, excerpt, readable
from hf_regional.filtering.report.pictures import Picture, thumbnail
from hf_regional.filtering.report.steps import REGION, step_of
from hf_regional.filtering.verdict import KEPT

STRATIFIED: Final = ("country", "language")
_LONGEST_URL: Final = 500  # characters
_GOLDEN: Final = 0x9E3779B97F4A7C15
_LAST: Final = (1 << 64) - 1
_MIX: Final = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1))


class Reason(NamedTuple):
    """A stratum: the rows that were ruled on alike."""

    verdict: str
    reason: str


class Taken(NamedTuple):
    """A stratum: the rows that a step took from a part of the corpus."""

    step: str
    group: str
    value: str


Stratum = Reason | Taken
ReadCell = Callable[[str, int], object]  # column and number of a row -> its cell


@dataclass(frozen=True, slots=True)
class Sample:
    """One row as it is shown; `row` is its number in the source, `groups` the parts of the corpus that it is counted in.

    texts, url and picture are null until they were read.
    """

    row: int
    verdict: str
    reason: str
    column: str
    groups: Mapping[str, str]
    countries: tuple[str, ...] = ()
    evidence: tuple[Mapping[str, Any], ...] = ()
    quality: float | None = None
    texts: tuple[Excerpt, ...] | None = None
    url: str | None = None
    picture: Picture | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, for `from_dict`; of a picture, only what is said of it."""
        return {
            **{name.name: getattr(self, name.name) for name in fields(self)},
            "groups": dict(self.groups),
            "countries": list(self.countries),
            "evidence": [dict(one) for one in self.evidence],
            "texts": None if self.texts is None else [text.as_dict() for text in self.texts],
            "picture": self.picture and {"width": self.picture.width, "height": self.picture.height, "note": self.picture.note},
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Sample":
        """The sample that `as_dict` wrote, without its picture."""
        texts = record["texts"]
        read: dict[str, Any] = {
            **record,
            "countries": tuple(record["countries"]),
            "evidence": tuple(record["evidence"]),
            "texts": None if texts is None else tuple(map(Excerpt.from_dict, texts)),
            "picture": None,
        }
        return cls(**read)


class Samples:
    """A few rows of each stratum: those whose numbers, scrambled under the seed, are smallest.

    A stratum is a (verdict, reason), of which `per_reason` rows are taken; or what one step, other than the region's, took from one
    country or language, of which half as many are: where a rule erases Lao, rows in Lao must be there to look at. Which rows these
    are depends on their numbers alone, so that batches, processes and a kill change nothing.
    """

    def __init__(self, per_reason: int = 0, seed: int = 0) -> None:
        """Begin without rows."""
        self.per_reason, self.seed = per_reason, seed
        self._chosen: dict[Stratum, dict[int, int]] = {}  # row -> its scrambled number
        self._rows: dict[int, Sample] = {}

    def __iter__(self) -> Iterator[Sample]:
        return iter([self._rows[row] for row in sorted(self._rows)])

    def __len__(self) -> int:
        return len(self._rows)

    def wanted(self, numbers: np.ndarray, strata: Sequence[Stratum], places: np.ndarray) -> np.ndarray:
        """Those of n rows, (m,) int64 places among them, that belong to the samples of their strata as far as those are known.

        Args:
            numbers: (n,) int64, the rows' numbers in the source.
            strata: those that occur.
            places: (n,) int64, the place of each row's stratum among them.
        """
        order = _scrambled(numbers, self.seed)
        bars = np.array([self._bar(stratum) for stratum in strata] or [0], np.uint64)
        below = np.flatnonzero(order < bars[places])
        ranked = below[np.lexsort((order[below], places[below]))]
        begin = np.searchsorted(places[ranked], places[ranked])  # where the run of each row's stratum begins
        most = np.array([self._most(stratum) for stratum in strata] or [0])[places[ranked]]
        return ranked[np.arange(len(ranked)) - begin < most]

    def add(self, found: Iterable[Sample]) -> None:
        """Take up rows, and let go of those that they outrank."""
        for sample in found:
            self.forget(sample.row, 1)
            order = int(_scrambled(np.array([sample.row]), self.seed)[0])
            for stratum in strata_of(sample):
                chosen = self._chosen.setdefault(stratum, {})
                chosen[sample.row] = order
                if len(chosen) > self._most(stratum):
                    del chosen[max(chosen, key=chosen.__getitem__)]
            self._rows[sample.row] = sample
        still = {row for chosen in self._chosen.values() for row in chosen}
        self._rows = {row: sample for row, sample in self._rows.items() if row in still}

    def update(self, other: "Samples") -> None:
        """Add the sample of other rows of the same source."""
        if other.per_reason:
            self.per_reason, self.seed = other.per_reason, other.seed
            self.add(other)

    def forget(self, first: int, rows: int) -> None:
        """Let go of `rows` rows from `first` on: they come again."""
        for row in [row for row in self._rows if first <= row < first + rows]:
            for stratum in strata_of(self._rows.pop(row)):
                self._chosen[stratum].pop(row, None)

    def rows_without_texts(self) -> list[int]:
        """The numbers of the rows whose texts were not read yet, ascending."""
        return [sample.row for sample in self if sample.texts is None]

    def rows_without_pictures(self) -> list[int]:
        """The numbers of the rows whose pictures were not looked at yet, ascending."""
        return [sample.row for sample in self if sample.picture is None]

    def read_texts(self, sampling: Sampling, cell: ReadCell) -> None:
        """Read the texts and addresses of the rows that have none yet."""
        for row in self.rows_without_texts():
            self._rows[row] = _with_texts(self._rows[row], sampling, cell)

    def read_pictures(self, sampling: Sampling, cell: ReadCell, rows: Iterable[int] | None = None) -> None:
        """Look at the pictures of the rows that have none yet, of all or of some, where pictures are wanted."""
        if sampling.picture:
            for row in self.rows_without_pictures() if rows is None else rows:
                self._rows[row] = replace(self._rows[row], picture=thumbnail(cell(sampling.picture, row)))

    def as_json(self) -> dict[str, Any]:
        """JSON-able, for `from_json`; without pictures."""
        return {"per_reason": self.per_reason, "seed": self.seed, "rows": [sample.as_dict() for sample in self]}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Samples":
        """The sample that `as_json` wrote, without pictures."""
        samples = cls(record["per_reason"], record["seed"])
        samples.add(map(Sample.from_dict, record["rows"]))
        return samples

    def _most(self, stratum: Stratum) -> int:
        return self.per_reason if len(stratum) == len(Reason._fields) else (self.per_reason + 1) // 2

    def _bar(self, stratum: Stratum) -> int:
        """What the scrambled number of another row of this stratum must stay below."""
        chosen = self._chosen.get(stratum, {})
        return max(chosen.values()) if len(chosen) >= self._most(stratum) and chosen else _LAST if self.per_reason else 0


def strata_of(sample: Sample) -> list[Stratum]:
    """The strata that a row is in."""
    found: list[Stratum] = [Reason(sample.verdict, sample.reason)]
    if is_taken(sample.verdict, sample.reason):
        found += [Taken(step_of(sample.reason), group, sample.groups[group]) for group in STRATIFIED if group in sample.groups]
    return found


def is_taken(verdict: str, reason: str) -> bool:
    """Whether a step other than the region's took rows like this; the region's reasons tell countries and languages apart."""
    return verdict != KEPT and step_of(reason) != REGION


def _scrambled(rows: np.ndarray, seed: int) -> np.ndarray:
    """Scramble numbers of rows: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), which maps no two of them to one."""
    state = (rows.astype(np.uint64) + np.uint64(1)) * np.uint64(_GOLDEN) + np.uint64(seed % (1 << 64))
    for shift, factor in _MIX:
        state = (state ^ (state >> np.uint64(shift))) * np.uint64(factor)
    return state


def _with_texts(sample: Sample, sampling: Sampling, cell: ReadCell) -> Sample:
    found = [excerpt(cell(column, sample.row), column, sample.evidence) for column in sampling.texts]
    url = readable(cell(sampling.url, sample.row)) if sampling.url else None
    return replace(sample, texts=tuple(text for text in found if text), url=url and url[:_LONGEST_URL])
