"""`RegionalFilter`: a builder of a corpus, or any class with rows, in; the same with a filter of its own out."""

from collections.abc import Iterable
from typing import Any, ClassVar, cast

import pyarrow as pa
from datasets import Dataset, DatasetBuilder

from hf_regional.errors import ConfigError
from hf_regional.filtering.consent import ConsentPolicy
from hf_regional.filtering.copies import Copies
from hf_regional.filtering.drivers import DEFAULT_CONSENT, Filtered, Mode, filter_regional
from hf_regional.filtering.evidence.references import References
from hf_regional.filtering.plan import Columns, Exclude, Terms, Weights
from hf_regional.filtering.quality.hook import HookScorer
from hf_regional.regions import Region


class RegionalFilter:
    """Mixin that gives a corpus `filter_regional`, and lets it say what it knows of its own rows.

    Wear it over a `datasets` builder, or over any class whose rows can be had: by iterating over it (dicts), or by a method
    `rows()` that gives dicts or an object that the function `filter_regional` takes. Its hooks see a row as a dict, pictures as
    {"bytes": ..., "path": ...}.

        class StreetFood(RegionalFilter):
            region_columns = {"text": "caption"}

            def __iter__(self): ...
            def locate(self, row): return "THA" if row["file"].startswith("bkk") else None
            def quality(self, row): return row["votes"] / row["views"]

        StreetFood().filter_regional("SEA", min_quality=0.1).data

    Class attributes:
        region_columns: where evidence stands, as `columns` of the function; what a caller gives goes before it.
    """

    region_columns: ClassVar[Columns] = {}

    def locate(self, row: dict[str, Any]) -> str | Iterable[str] | dict[str, float] | None:
        """The country of a row, several, {country: probability}, or None where the class knows nothing. Override it."""
        raise NotImplementedError

    def quality(self, row: dict[str, Any]) -> float | None:
        """How good a row is, the more the better, or None where that is unknown; asked of the rows that the region selects. Override it."""
        raise NotImplementedError

    def filter_regional(
        self,
        region: Region | str | None,
        *,
        columns: Columns | None = None,
        min_quality: float | None = None,
        mode: Mode = "keep",
        exclude: Exclude | None = None,
        combine: str = "strongest",
        weights: Weights | None = None,
        terms: Terms | None = None,
        references: References | None = None,
        consent: ConsentPolicy | None = DEFAULT_CONSENT,
        check_pictures: bool = True,
        copies: Copies | None = None,
        samples: int = 0,
        pictures: bool = False,
    ) -> Filtered[Any]:
        """Keep the rows that are from a region, by what the class knows and by all evidence that they carry.

        Args and errors are those of `hf_regional.filtering.filter_regional`; `min_quality` is on the scale of `quality`.

        Raises:
            ConfigError: a threshold on a class without `quality`, or a class without rows.
        """
        return filter_regional(
            _rows_of(self),
            region,
            columns={**self.region_columns, **(columns or {})},
            quality=self._scorer() if min_quality is not None else None,
            min_quality=min_quality,
            mode=mode,
            exclude=exclude,
            combine=combine,
            weights=weights,
            locate=self.locate if _overrides(self, "locate") else None,
            terms=terms,
            references=references,
            consent=consent,
            check_pictures=check_pictures,
            copies=copies,
            samples=samples,
            pictures=pictures,
        )

    def _scorer(self) -> HookScorer:
        if not _overrides(self, "quality"):
            raise ConfigError(f"min_quality= needs a score: {type(self).__name__} has no method quality(row).", "min_quality")
        return HookScorer(self.quality)


def _rows_of(corpus: object) -> Any:
    if isinstance(corpus, DatasetBuilder):
        corpus.download_and_prepare()
        return corpus.as_dataset()
    rows: Any = getattr(corpus, "rows", None)
    found = rows() if callable(rows) else corpus
    if hasattr(found, "map") or isinstance(found, pa.Table):
        return found
    if isinstance(found, Iterable):
        return Dataset.from_list([*cast("Iterable[dict[str, Any]]", found)])
    raise ConfigError(
        f"{type(corpus).__name__} has no rows: give it __iter__ or rows() that yield dicts, or wear it over a builder.", "rows"
    )


def _overrides(corpus: RegionalFilter, hook: str) -> bool:
    return getattr(type(corpus), hook) is not getattr(RegionalFilter, hook)
