"""Summary: what became of rows in; how many went, why, and from which countries and languages, out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from hf_regional.filtering.duplicates.images import ImageHashes
from hf_regional.filtering.duplicates.links import ImageLinks
from hf_regional.filtering.duplicates.places import Places

_SHOWN: Final = 10
UNNAMED: Final = "(none)"


class Share(NamedTuple):
    """How many rows there were and how many of them stay."""

    rows: int
    kept: int


@dataclass(frozen=True, slots=True)
class DuplicateReport:
    """What a search for duplicates did; the reasons and the rows kept add up to `rows`.

    reasons: rows that go, by reason. countries, languages: rows and kept rows of each name; a row counts for each that it names,
    "(none)" for rows that name nothing. oddities: see `Thumbnail`. equal_images: the largest sets of rows with the very same hash
    (blank pictures, placeholders), as hash and rows; each is one class in the search, and its pairs are not listed. largest: the
    largest groups, as the row that stays and the size. crowd: different hashes so thick together that they were compared one by
    one. capped_texts: texts compared with the first of their likes only. uncompared: rows that stay for having neither an image
    nor a text.
    """

    rows: int
    kept: int
    reasons: Mapping[str, int]
    countries: Mapping[str, Share]
    languages: Mapping[str, Share]
    oddities: Mapping[str, int]
    equal_images: tuple[tuple[str, int], ...]
    largest: tuple[tuple[int, int], ...]
    crowd: int
    capped_texts: int
    uncompared: int
    settings: Mapping[str, float]

    def as_dict(self) -> dict[str, object]:
        """Everything as JSON-able values."""
        shares = {"countries": self.countries, "languages": self.languages}
        return {**asdict(self), **{kind: {name: share._asdict() for name, share in found.items()} for kind, found in shares.items()}}

    def __str__(self) -> str:
        lines = [f"{self.kept:,} of {self.rows:,} rows kept", *(f"  {reason}: {rows:,}" for reason, rows in self.reasons.items())]
        for kind, shares in (("country", self.countries), ("language", self.languages)):
            lines += [f"{kind} {name}: {share.kept:,} of {share.rows:,} kept" for name, share in shares.items()]
        return "\n".join(lines)


def summarise(
    stays: np.ndarray,
    why: pa.Array,
    places: Mapping[str, Places],
    links: ImageLinks,
    images: ImageHashes,
    texts: np.ndarray,
    capped: int,
    settings: Mapping[str, float],
) -> DuplicateReport:
    """Count what became of n rows; the arguments are the steps' own results (see `find_duplicates`)."""
    kept = why.is_null().to_numpy(zero_copy_only=False)
    reasons = Counter(reason for reason in why.drop_null().to_pylist())
    return DuplicateReport(
        rows=len(stays),
        kept=int(kept.sum()),
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        countries=_shares(places["countries"], kept),
        languages=_shares(places["languages"], kept),
        oddities=images.oddities,
        equal_images=tuple((f"{int(links.near.hashes[place]):016x}", rows) for place, rows in _largest(links.classes[links.classes >= 0])),
        largest=tuple(_largest(stays)),
        crowd=len(links.near.crowd),
        capped_texts=capped,
        uncompared=int((kept & ~images.readable & (texts < 0)).sum()),
        settings=settings,
    )


def _shares(places: Places, kept: np.ndarray) -> dict[str, Share]:
    rows, left = (np.bincount(places.codes[chosen], minlength=len(places.sets)).tolist() for chosen in (slice(None), kept))
    names = sorted({name for names in places.sets for name in names or (UNNAMED,)})
    found = dict.fromkeys(names, Share(0, 0))
    for cell, all_rows, kept_rows in zip(places.sets, rows, left, strict=True):
        for name in cell or (UNNAMED,):
            found[name] = Share(found[name].rows + all_rows, found[name].kept + kept_rows)
    return {name: share for name, share in found.items() if share.rows}


def _largest(numbers: np.ndarray) -> list[tuple[int, int]]:
    """The numbers that occur most often, and how often, if more than once; of equally many the lowest first."""
    sizes = np.bincount(numbers) if len(numbers) else np.zeros(0, np.int64)
    most = np.argsort(-sizes, kind="stable")[:_SHOWN]
    return [(place, size) for place, size in zip(most.tolist(), sizes[most].tolist(), strict=True) if size > 1]
