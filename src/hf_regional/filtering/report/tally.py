"""The tally: counts of a batch in, as often as it is judged; the sum over all batches, each counted once, out."""

from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from hf_regional.filtering.report.columns import Sampling
from hf_regional.filtering.report.counts import Counts, Cross, Outcome, capped
from hf_regional.filtering.report.samples import Samples

BEFORE_ALL: Final = -1  # the number of a batch before the first row: for counts of zero
_NOTHING: Final = np.zeros(0, np.int64)


class _Packed(NamedTuple):
    """One batch: places of the keys in the tally's list, (m,) int32, and rows of each, (m,) int64; what was not read as it was."""

    keys: np.ndarray
    rows: np.ndarray
    unknown: Counter[tuple[str, str]]
    hidden: Counter[tuple[str, str]]


class Tally:
    """Counts of each batch, under its split and the number of its first row.

    A stream is judged anew by whoever reads it: `data`, `dropped`, the next epoch. Kept by batch, a batch that comes again
    replaces its own counts and nothing is counted twice. A batch takes a few bytes a count: there may be a hundred thousand.
    """

    def __init__(self) -> None:
        """Begin without batches."""
        self._batches: dict[tuple[str, int], _Packed] = {}
        self._places: dict[Outcome | Cross, int] = {}
        self._samples: dict[str, Samples] = {}

    def put(self, split: str, start: int, counts: Counts) -> None:
        """Record the batch that begins at row `start` of a split."""
        keys: list[Outcome | Cross] = [*counts.outcomes, *counts.crosses]
        rows = [*counts.outcomes.values(), *counts.crosses.values()]
        places = [self._places.setdefault(key, len(self._places)) for key in keys]
        self._batches[split, start] = _Packed(np.array(places, np.int32), np.array(rows, np.int64), counts.unknown, counts.hidden)
        if counts.samples.per_reason:
            self.samples(split).update(counts.samples)

    def forget(self, split: str) -> None:
        """Let go of the batches of a split: its rows are judged anew, with what a first look at all of them has found."""
        self._batches = {(name, start): batch for (name, start), batch in self._batches.items() if name != split or start == BEFORE_ALL}
        self._samples.pop(split, None)

    def samples(self, split: str, sampling: Sampling | None = None) -> Samples:
        """The sampled rows of a split, to choose more for and to read."""
        if split not in self._samples:
            self._samples[split] = Samples(sampling.per_reason, sampling.seed) if sampling else Samples()
        return self._samples[split]

    def sampled(self) -> Mapping[str, Samples]:
        """The sampled rows by split."""
        return self._samples

    def total(self, split: str | None = None) -> Counts:
        """Sum the counts so far, of one split or of all."""
        batches = [batch for (name, _), batch in self._batches.items() if split is None or split == name]
        places = np.concatenate([_NOTHING, *(batch.keys for batch in batches)])
        rows = np.concatenate([_NOTHING, *(batch.rows for batch in batches)])
        sums, seen = np.zeros(len(self._places), np.int64), np.zeros(len(self._places), np.bool_)
        np.add.at(sums, places, rows)
        seen[places] = True  # a count of zero is said too
        summed = Counts()
        for key, size, is_seen in zip(self._places, sums.tolist(), seen.tolist(), strict=True):
            if is_seen:
                _add(summed, key, size)
        summed.crosses = capped(summed.crosses)
        for batch in batches:
            summed.unknown.update(batch.unknown)
            summed.hidden.update(batch.hidden)
        return summed


def _add(counts: Counts, key: Outcome | Cross, rows: int) -> None:
    if isinstance(key, Outcome):
        counts.outcomes[key] = rows
    else:
        counts.crosses[key] = rows
