"""Drivers: a source of any kind in, `Filtered` of the same kind out. They only feed the kernel.

filtered = filter_regional(dataset, Region("SEA"))
filtered.data, filtered.dropped, print(filtered.report)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Generic, Literal, TypedDict, TypeVar, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import ClassLabel, Dataset, DatasetDict, Features, IterableDataset, IterableDatasetDict, concatenate_datasets

from hf_regional.errors import ConfigError, NoRowsError, NotBuiltYetError
from hf_regional.filtering.kernel import ANNOTATIONS, judge
from hf_regional.filtering.plan import Columns, Exclude, Plan, excluded_reason, make_plan, nearest
from hf_regional.filtering.report import Counts, FilterReport, Outcome, Tally
from hf_regional.filtering.verdict import KEPT
from hf_regional.records import REGION_VERDICT
from hf_regional.regions import Region

Source = TypeVar("Source", Dataset, DatasetDict, IterableDataset, IterableDatasetDict, pa.Table)
Part = Dataset | IterableDataset | pa.Table
Mode = Literal["keep", "annotate"]

_MODES: Final = ("keep", "annotate")
_BATCH: Final = 10_000  # rows; below 1,000 the fixed cost of a batch shows, above 100,000 the copy of a stream's images does
_STREAM_BATCH: Final = 1_000  # whole rows, images too, are in memory at once
_BEFORE_ALL: Final = -1
_REASONS: Final = 5


class Settings(TypedDict):
    """The settings that `make_plan` checks, as the caller gave them."""

    columns: Columns | None
    quality: str | None
    min_quality: float | None
    exclude: Exclude | None


@dataclass(frozen=True, slots=True)
class Filtered(Generic[Source]):
    """What a filter gave back.

    data: the kept rows, or every row with mode="annotate". dropped: all other rows, null with mode="annotate"; of these,
    `region_verdict == "other"` is the rest of the world, while "none" has no answer or takes no part (excluded, quality).
    Both are of the kind of the source and carry `region_countries`, `region_verdict` and `region_evidence`.
    """

    data: Source
    dropped: Source | None
    report: FilterReport


def filter_regional(
    source: Source,
    region: Region | str | None,
    *,
    columns: Columns | None = None,
    quality: str | None = None,
    min_quality: float | None = None,
    mode: Mode = "keep",
    exclude: Exclude | None = None,
) -> Filtered[Source]:
    """Keep the rows that are from a region, and say of every row why it was kept or not.

    Args:
        source: a `Dataset`, `DatasetDict`, `IterableDataset`, `IterableDatasetDict` or pyarrow `Table`. No image is decoded.
        region: a `Region` or its name; null filters by quality and exclusions alone.
        columns: where evidence stands, by kind: {"language": "lang", "country": ["born", "lives"]}; null switches a kind off. A
            kind left out is looked for under its usual names: country_iso3, country; language.
        quality: "column:NAME", a column of scores. Asked of the rows that the region selects.
        min_quality: the least score that passes, on that column's scale; the bound itself passes.
        mode: "keep" parts the rows into `data` and `dropped`, "annotate" keeps them all in `data`.
        exclude: rows that take no part, {"language": ["az"]} by column or kind: verdict "none", reason "excluded:language=az".

    Returns:
        `Filtered`. Of a stream, `data` and `dropped` are read lazily, each judging the rows anew, and the report fills as either
        is read; it is complete after one whole pass in this process (workers of a `DataLoader` keep their counts to themselves).

    Raises:
        MissingColumnError: a named column is not there, or no column that says where a row is from.
        NoRowsError: nothing was kept, with the counts. A stream cannot know it before it was read and never raises it.
        ConfigError: unknown mode, kind, quality or kind of source; a threshold without its quality.
        NotBuiltYetError: what a later version brings: other scorers, other evidence, paths and Hub ids as a source.
    """
    if mode not in _MODES:
        raise ConfigError(f"mode={mode!r} is no mode. {nearest(str(mode), _MODES)}", "mode")
    settings: Settings = {"columns": columns, "quality": quality, "min_quality": min_quality, "exclude": exclude}
    where, tally, splits = Region(region) if isinstance(region, str) else region, Tally(), _splits(source)
    plans = {name: _plan(part, where, settings) for name, part in splits.items()}
    for name, plan in plans.items():
        tally.put(name, _BEFORE_ALL, _foreseen(plan))
    parted = {name: _part(part, plans[name], tally, name, mode) for name, part in splits.items()}
    report = FilterReport(
        where.name if where else "any region",
        {"mode": mode, **next(iter(plans.values())).settings()},
        tally,
        tuple(splits) if isinstance(source, dict) else (),
    )
    streams = isinstance(source, IterableDataset | IterableDatasetDict)
    if mode == "keep" and not streams and report.kept == 0:
        raise NoRowsError(_nothing_kept(report))
    data, dropped = ({name: pair[side] for name, pair in parted.items()} for side in (0, 1))
    return Filtered(_like(source, data), None if mode == "annotate" else _like(source, dropped), report)


def _splits(source: object) -> dict[str, Part]:
    """The parts of a source by name; one that has no splits is a single part without a name."""
    if isinstance(source, str | Path):
        raise NotBuiltYetError(f"source={str(source)!r}: paths and Hub ids are not built yet; load it with datasets.load_dataset first.")
    if isinstance(source, DatasetDict | IterableDatasetDict):
        if not source:
            raise NoRowsError("the source has no splits.")
        return {str(name): part for name, part in source.items()}
    if isinstance(source, Dataset | IterableDataset | pa.Table):
        return {"": source}
    raise ConfigError(f"source is a {type(source).__name__}; give a Dataset, DatasetDict, IterableDataset or pyarrow Table.", "source")


def _like(source: Source, parts: Mapping[str, Part]) -> Source:
    made = type(source)(parts) if isinstance(source, dict) else parts[""]
    return cast("Source", made)


def _plan(part: Part, region: Region | None, settings: Settings) -> Plan:
    features = _features(part)
    labels = {name: tuple(feature.names) for name, feature in features.items() if isinstance(feature, ClassLabel)}
    return make_plan(list(features), region, labels=labels, **settings)


def _features(part: Part) -> Features:
    if isinstance(part, pa.Table):
        return Features.from_arrow_schema(part.schema)
    # A stream after `map` does not know its columns; the library's own way of finding out reads its first rows.
    return part.features or part._resolve_features().features  # pyright: ignore[reportPrivateUsage]


def _foreseen(plan: Plan) -> Counts:
    """Zero rows for each exclusion: one that meets no row, a misspelt code perhaps, must show."""
    counts = Counts()
    for rule in plan.exclude:
        for value in rule.values:
            counts.outcomes[Outcome("none", excluded_reason(rule.key, value), rule.column)] = 0
    return counts


def _part(part: Part, plan: Plan, tally: Tally, split: str, mode: Mode) -> tuple[Part, Part | None]:
    """One split as (data, dropped)."""
    if isinstance(part, pa.Table):
        return _part_table(part, plan, tally, split, mode)
    if isinstance(part, IterableDataset):
        return _part_stream(part, plan, tally, split, mode)
    return _part_dataset(part, plan, tally, split, mode)


def _part_table(table: pa.Table, plan: Plan, tally: Tally, split: str, mode: Mode) -> tuple[pa.Table, pa.Table | None]:
    judged, counts = judge(table, plan)
    tally.put(split, 0, counts)
    if mode == "annotate":
        return judged, None
    kept = _is_kept(judged)
    return judged.filter(kept), judged.filter(pc.invert(kept))


def _part_dataset(dataset: Dataset, plan: Plan, tally: Tally, split: str, mode: Mode) -> tuple[Dataset, Dataset | None]:
    """Judge the few columns that evidence stands in and lay the answers beside the rest.

    Neither images nor texts are read or written again: kept and dropped rows are selections of the source's own table.
    """
    bare = dataset.remove_columns([name for name in ANNOTATIONS.names if name in dataset.column_names])
    judging = partial(_annotations, plan=plan, tally=tally, split=split)
    if len(bare) == 0:  # `map` would not call us, and the columns would be missing
        return Dataset(judge(bare.with_format("arrow")[:], plan)[0], split=dataset.split), None if mode == "annotate" else dataset
    narrow = bare.select_columns(list(plan.reads)).with_format("arrow")
    answers = narrow.map(
        judging,
        batched=True,
        batch_size=_BATCH,
        with_indices=True,
        remove_columns=narrow.column_names,
        features=Features.from_arrow_schema(ANNOTATIONS),
        load_from_cache_file=False,  # rows found in a cache would not be counted
        desc="Judging rows",
    )
    judged = _formatted(concatenate_datasets([bare.with_format(None), answers.with_format(None)], split=dataset.split, axis=1), dataset)
    if mode == "annotate":
        return judged, None
    kept = _is_kept(answers.data).to_numpy()
    return judged.select(np.flatnonzero(kept)), judged.select(np.flatnonzero(~kept))


def _part_stream(
    stream: IterableDataset, plan: Plan, tally: Tally, split: str, mode: Mode
) -> tuple[IterableDataset, IterableDataset | None]:
    bare = {name: feature for name, feature in _features(stream).items() if name not in ANNOTATIONS.names}
    features = Features({**bare, **Features.from_arrow_schema(ANNOTATIONS)})
    formatting = stream._formatting  # pyright: ignore[reportPrivateUsage] - a Dataset tells its format, a stream does not

    def side(wanted: bool | None) -> IterableDataset:
        judging = partial(_judged, plan=plan, tally=tally, split=split, wanted=wanted)
        mapped = stream.with_format("arrow").map(judging, batched=True, batch_size=_STREAM_BATCH, with_indices=True, features=features)
        return mapped.with_format(formatting.format_type if formatting else None)

    return (side(None), None) if mode == "annotate" else (side(True), side(False))


def _annotations(rows: pa.Table, indices: Sequence[int], *, plan: Plan, tally: Tally, split: str) -> pa.Table:
    return _judged(rows, indices, plan=plan, tally=tally, split=split, wanted=None).select(ANNOTATIONS.names)


def _judged(rows: pa.Table, indices: Sequence[int], *, plan: Plan, tally: Tally, split: str, wanted: bool | None) -> pa.Table:
    """The rows of a batch with their annotations: the kept ones, the dropped ones, or (null) all."""
    judged, counts = judge(rows, plan)
    tally.put(split, indices[0], counts)
    if wanted is None:
        return judged
    kept = _is_kept(judged)
    return judged.filter(kept if wanted else pc.invert(kept))


def _is_kept(judged: Any) -> Any:
    return pc.equal(judged.column(REGION_VERDICT), KEPT)


def _formatted(judged: Dataset, like: Dataset) -> Dataset:
    """Give back the format that the source had, the new columns included where it had chosen columns."""
    form = like.format
    chosen = None if set(form["columns"]) == set(like.column_names) else [*form["columns"], *ANNOTATIONS.names]
    return judged.with_format(form["type"], columns=chosen, output_all_columns=form["output_all_columns"], **form["format_kwargs"])


def _nothing_kept(report: FilterReport) -> str:
    if report.rows == 0:
        return "the source has no rows."
    reasons = ", ".join(f"{reason} {rows:,}" for reason, rows in list(report.by_reason.items())[:_REASONS])
    verdicts = ", ".join(f"{verdict} {rows:,}" for verdict, rows in report.by_verdict.items())
    return (
        f"none of {report.rows:,} rows is kept for {report.region}: {verdicts}; most often {reasons}. "
        'Widen the region, map other columns with columns=, or see every row\'s verdict with mode="annotate".'
    )
