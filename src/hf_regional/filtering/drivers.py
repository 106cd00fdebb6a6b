"""Drivers: a source of any kind in, `Filtered` of the same kind out. They only feed the kernel.

filtered = filter_regional(dataset, Region("SEA"))
filtered.data, filtered.dropped, print(filtered.report)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, Literal, Self, TypedDict, TypeVar, cast, overload

import pyarrow as pa
from datasets import ClassLabel, Dataset, DatasetDict, Features, Image, IterableDataset, IterableDatasetDict, LargeList, List

from hf_regional.errors import ConfigError, NoRowsError
from hf_regional.filtering.consent import ConsentPolicy
from hf_regional.filtering.copies import Copies, compared, drawn_from_all, held_among
from hf_regional.filtering.engines import Engine, Means, Runner, filter_files
from hf_regional.filtering.evidence.located import Locate
from hf_regional.filtering.evidence.references import References
from hf_regional.filtering.kernel import foreseen
from hf_regional.filtering.parquet import find_files
from hf_regional.filtering.parquet.parts import schema_of
from hf_regional.filtering.parquet.storage import File, inside, is_uri
from hf_regional.filtering.plan import Columns, Exclude, Plan, Terms, Weights, make_plan, nearest
from hf_regional.filtering.report import BEFORE_ALL, FilterReport, Tally
from hf_regional.filtering.sources import files_of, loaded, stream_of
from hf_regional.filtering.streams import side_of_stream
from hf_regional.filtering.tables import judge_dataset, judge_table, parted
from hf_regional.regions import Region

Source = TypeVar("Source", Dataset, DatasetDict, IterableDataset, IterableDatasetDict, pa.Table)
Named = str | Path | Sequence[str | Path]
Part = Dataset | IterableDataset | pa.Table
Mode = Literal["keep", "annotate"]

DEFAULT_CONSENT: Final = ConsentPolicy()
_ALL_ROWS: Final = (
    "copies= needs all rows, and a stream never shows them: {}. Files are looked through twice, part by part, in memory that holds "
    "what is compared alone."
)
_MODES: Final = ("keep", "annotate")
_REASONS: Final = 5


class Settings(TypedDict):
    """The settings that `make_plan` checks, as the caller gave them."""

    columns: Columns | None
    quality: Any
    min_quality: Any
    inclusive: bool
    exclude: Exclude | None
    combine: str
    weights: Weights | None
    locate: Locate | None
    terms: Terms | None
    references: References | None
    consent: ConsentPolicy | None
    check_pictures: bool
    samples: int
    pictures: bool
    seed: int


@dataclass(frozen=True, slots=True)
class Filtered(Generic[Source]):
    """What a filter gave back.

    data: the kept rows, or every row with mode="annotate". dropped: all other rows, null with mode="annotate"; of these,
    `region_verdict == "other"` is the rest of the world, while "none" has no answer or takes no part (excluded, quality).
    Both are of the kind of the source and carry `region_countries`, `region_verdict` and `region_evidence`. path: the folder that
    was written, if `output` was given; a string where that is a URI.
    """

    data: Source
    dropped: Source | None
    report: FilterReport
    path: Path | str | None = None


class FilteredFiles(Filtered[IterableDataset]):
    """`Filtered` over the files that were written. Their streams are opened when they are asked for: the first imports torch, 2 seconds."""

    __slots__ = ("_sides",)
    _sides: Mapping[str, str | Path | None]

    @classmethod
    def over(cls, report: FilterReport, path: Path | str, mode: Mode) -> Self:
        """The folder that a filter has written, with its report."""
        found = cls.__new__(cls)
        sides = {"data": inside(path, "kept"), "dropped": None if mode == "annotate" else inside(path, "dropped")}
        for name, value in (("report", report), ("path", path), ("_sides", sides)):
            object.__setattr__(found, name, value)
        return found

    def __getattr__(self, name: str) -> Any:
        """Open `data` or `dropped`, once."""
        if name not in ("data", "dropped"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        folder = self._sides[name]
        stream = None if folder is None else stream_of(find_files(folder))
        object.__setattr__(self, name, stream)
        return stream


@overload
def filter_regional(
    source: Source,
    region: Region | str | None,
    *,
    columns: Columns | None = None,
    quality: Any = None,
    min_quality: Any = None,
    inclusive: bool = True,
    mode: Mode = "keep",
    exclude: Exclude | None = None,
    combine: str = "strongest",
    weights: Weights | None = None,
    locate: Locate | None = None,
    terms: Terms | None = None,
    references: References | None = None,
    consent: ConsentPolicy | None = DEFAULT_CONSENT,
    check_pictures: bool = True,
    copies: Copies | None = None,
    samples: int = 0,
    pictures: bool = False,
    seed: int = 0,
) -> Filtered[Source]: ...
@overload
def filter_regional(
    source: Named,
    region: Region | str | None,
    *,
    columns: Columns | None = None,
    quality: Any = None,
    min_quality: Any = None,
    inclusive: bool = True,
    mode: Mode = "keep",
    exclude: Exclude | None = None,
    combine: str = "strongest",
    weights: Weights | None = None,
    locate: Locate | None = None,
    terms: Terms | None = None,
    references: References | None = None,
    consent: ConsentPolicy | None = DEFAULT_CONSENT,
    check_pictures: bool = True,
    copies: Copies | None = None,
    samples: int = 0,
    pictures: bool = False,
    seed: int = 0,
    output: str | Path | None = None,
    num_proc: int | None = None,
    engine: Engine = "datasets",
    runner: Runner = "native",
    address: str | None = None,
) -> Filtered[Any]: ...
def filter_regional(
    source: Any,
    region: Region | str | None,
    *,
    columns: Columns | None = None,
    quality: Any = None,
    min_quality: Any = None,
    inclusive: bool = True,
    mode: Mode = "keep",
    exclude: Exclude | None = None,
    combine: str = "strongest",
    weights: Weights | None = None,
    locate: Locate | None = None,
    terms: Terms | None = None,
    references: References | None = None,
    consent: ConsentPolicy | None = DEFAULT_CONSENT,
    check_pictures: bool = True,
    copies: Copies | None = None,
    samples: int = 0,
    pictures: bool = False,
    seed: int = 0,
    output: str | Path | None = None,
    num_proc: int | None = None,
    engine: Engine = "datasets",
    runner: Runner = "native",
    address: str | None = None,
) -> Filtered[Any]:
    """Keep the rows that are from a region, and say of every row why it was kept or not.

    Args:
        source: a `Dataset`, `DatasetDict`, `IterableDataset`, `IterableDatasetDict` or pyarrow `Table`, of which no image is decoded;
            or Parquet files (a path, a folder, a pattern, a list of them), or the id of a dataset on the Hub.
        region: a `Region` or its name; null filters by quality and exclusions alone.
        columns: where evidence stands, by kind: {"language": "lang", "country": ["born", "lives"]}; null switches a kind off. A
            kind left out is looked for under its usual names: country_iso3, country; language.
        quality: "column:NAME", a column of scores; or "unifiedreward", "clip:MODEL", "siglip:MODEL", "resolution", "length", "language"
            (docs/quality.md); or a scorer of your own; or a list of these. Asked of the rows that the region selects.
        min_quality: the least score that passes, on that scorer's scale, or {language: threshold}; of a list, one each.
        inclusive: whether the bound itself passes.
        mode: "keep" parts the rows into `data` and `dropped`, "annotate" keeps them all in `data`.
        exclude: rows that take no part, {"language": ["az"]} by column or kind: verdict "none", reason "excluded:language=az".
        combine: how kinds of evidence become one answer: "strongest", "any", "all" or "weighted" (see `filtering/combining.py`).
        weights: how much each kind weighs with "weighted", {"text": 2, "url": 1}.
        locate: a function of your own from a row (a dict) to its country, several, {country: probability}, or None; it outranks all
            other evidence.
        terms: words of your own that name a country, {"Kampung Naga": "IDN"}, or a CSV file of them (see `lexicon.load_terms`).
        references: pictures of known countries that the column `image` is compared with, `References.of(pictures, model)`.
        consent: which licences are allowed, whose opt-out is heeded, and what is hidden of persons. By default opt-outs are heeded,
            e-mail addresses and phone numbers in texts masked, and columns about annotators dropped, all counted in the report;
            docs/consent.md. Null lets everything through.
        check_pictures: set rows aside whose picture is no picture, empty, cut short or a decompression bomb, as far as its first bytes and
            its end tell; nothing is decoded. Files that are not there are left to who opens them.
        copies: how to look for copies among the kept rows, and for rows of evaluation sets: `Copies()`; null does not look. It takes
            all rows: of a `Dataset`, a `DatasetDict` (split by split), a `Table`, or Parquet files with `output`.
        samples: rows of each reason that the report shows, with the evidence marked in their texts; 0 for none. A few are cheap.
        pictures: show their pictures too, as thumbnails in the report's page.
        seed: of the choice of samples.
        output: of Parquet files: a new folder for `kept/`, `dropped/` and the report. A call that was killed goes on where it was.
            With engine="daft" also a URI: "s3://bucket/out".
        num_proc: processes that judge Parquet files at a time, with `output` only: one by default, with engine="daft" one a core.
        engine: who judges Parquet files: "datasets", processes of this machine, or "daft" (extra `cluster`), see docs/cluster.md.
        runner: with engine="daft": "native", this machine, or "ray", a cluster.
        address: of the Ray cluster; null for the one that is running, or a new one on this machine.

    Returns:
        `Filtered`. Of a stream, `data` and `dropped` are read lazily, each judging the rows anew, and the report fills as either
        is read; it is complete after one whole pass in this process (workers of a `DataLoader` keep their counts to themselves).
        Of Parquet files both are streams: over the files in `output`, or, without it, over the source.

    Raises:
        MissingColumnError: a named column is not there, or no column that says where a row is from.
        NoRowsError: nothing was kept, with the counts. A stream cannot know it before it was read and never raises it.
        ConfigError: unknown mode, kind, rule, quality or kind of source; a threshold without its quality.
        MissingFileError, DamagedFileError: a file is not there or cannot be read.
        MissingExtraError: engine="daft" without the package that the extra `cluster` brings.
        OutputExistsError, CannotWriteError: the output is there already, or cannot be written.
        NotBuiltYetError: what a later version brings: other scorers, other evidence.
    """
    if mode not in _MODES:
        raise ConfigError(f"mode={mode!r} is no mode. {nearest(str(mode), _MODES)}", "mode")
    settings = Settings(
        columns=columns,
        quality=quality,
        min_quality=min_quality,
        inclusive=inclusive,
        exclude=exclude,
        combine=combine,
        weights=weights,
        locate=locate,
        terms=terms,
        references=references,
        consent=consent,
        check_pictures=check_pictures,
        samples=samples,
        pictures=pictures,
        seed=seed,
    )
    where = region if region is None or isinstance(region, Region) else Region(region)
    files, means = files_of(source), Means(engine, runner, address, num_proc)
    means.check(output, bool(files))
    if files:
        if output is not None:
            return _filter_files(files, where, settings, output, mode, means, copies)
        if copies is not None:
            raise ConfigError(_ALL_ROWS.format("give these files an output="), "copies")
        source = stream_of(files)
    elif output is not None:
        raise ConfigError("output= is for Parquet files; save `data` and `dropped` of this source yourself.", "output")
    return _filter_loaded(loaded(source), where, settings, mode, copies)


def _filter_loaded(source: Any, region: Region | None, settings: Settings, mode: Mode, copies: Copies | None) -> Filtered[Any]:
    tally, splits = Tally(), _splits(source)
    plans = {name: _plan(part, region, settings) for name, part in splits.items()}
    for name, plan in plans.items():
        tally.put(name, BEFORE_ALL, foreseen(plan))
    sides = {name: _part(part, plans[name], tally, name, mode, copies) for name, part in splits.items()}
    told = {"mode": mode, **next(iter(plans.values())).settings(), **({"copies": copies.as_dict()} if copies else {})}
    report = FilterReport(region.name if region else "any region", told, tally, tuple(splits) if isinstance(source, dict) else ())
    streams = isinstance(source, IterableDataset | IterableDatasetDict)
    if mode == "keep" and not streams and report.kept == 0:
        raise NoRowsError(_nothing_kept(report))
    data, dropped = ({name: pair[side] for name, pair in sides.items()} for side in (0, 1))
    return Filtered(_like(source, data), None if mode == "annotate" else _like(source, dropped), report)


def _filter_files(
    files: Sequence[File], region: Region | None, settings: Settings, output: str | Path, mode: Mode, means: Means, copies: Copies | None
) -> Filtered[IterableDataset]:
    plan = _plan(schema_of(files[0]).empty_table(), region, settings)
    report = filter_files(files, plan, output, mode, means, copies)
    if mode == "keep" and report.kept == 0:
        raise NoRowsError(f"{_nothing_kept(report)} Every row and its verdict is in {inside(output, 'dropped')}.")
    return FilteredFiles.over(report, output if is_uri(output) else Path(output), mode)


def _splits(source: object) -> dict[str, Part]:
    """Name the parts of a source; one that has no splits is a single part without a name."""
    if isinstance(source, DatasetDict | IterableDatasetDict):
        if not source:
            raise NoRowsError("the source has no splits.")
        return {str(name): part for name, part in source.items()}
    if isinstance(source, Dataset | IterableDataset | pa.Table):
        return {"": source}
    raise ConfigError(f"source is a {type(source).__name__}; give a Dataset, DatasetDict, IterableDataset or pyarrow Table.", "source")


def _like(source: Source, parts: Mapping[str, Part | None]) -> Source:
    kind: Any = type(source)
    return kind(parts) if isinstance(source, dict) else cast("Source", parts[""])


def _plan(part: Part, region: Region | None, settings: Settings) -> Plan:
    features = part.features if isinstance(part, Dataset | IterableDataset) else Features.from_arrow_schema(part.schema)
    # A stream after `map` does not know its columns: its first row does.
    first: dict[str, Any] = {} if features else next(iter(cast("IterableDataset", part).take(1)), {})
    present = list(features or first)
    labels = {name: tuple(feature.names) for name, feature in (features or {}).items() if isinstance(feature, ClassLabel)}
    images = [name for name, feature in (features or {}).items() if isinstance(feature, Image)]
    pictured = [name for name, feature in (features or {}).items() if isinstance(_member(feature), Image)]
    schema = features.arrow_schema if features else _schema_of(first)
    return make_plan(present, region, labels=labels, images=images, pictured=pictured, schema=schema, **settings)


def _member(feature: Any) -> Any:
    """What a list holds, of lists of lists too; anything else is its own."""
    while isinstance(feature, List | LargeList):
        feature = feature.feature
    return feature


def _schema_of(row: Mapping[str, Any]) -> pa.Schema:
    """The types of a row's values; what Arrow has no type for, such as a decoded picture, is left out."""
    fields: list[pa.Field] = []
    for name, value in row.items():
        try:
            fields.append(pa.field(name, pa.array([value]).type))
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            continue
    return pa.schema(fields)


def _part(part: Part, plan: Plan, tally: Tally, split: str, mode: Mode, copies: Copies | None) -> tuple[Part, Part | None]:
    """One split as (data, dropped)."""
    if isinstance(part, IterableDataset):
        if copies is not None:
            raise ConfigError(_ALL_ROWS.format("write it to Parquet (stream.to_parquet) and filter that with output="), "copies")
        sides = (None,) if mode == "annotate" else (True, False)
        data, *dropped = (side_of_stream(part, plan, tally, split, wanted) for wanted in sides)
        return data, (dropped or [None])[0]
    judged = _judged(part, plan, tally, split, copies)
    return (judged, None) if mode == "annotate" else parted(judged)


def _judged(part: Dataset | pa.Table, plan: Plan, tally: Tally, split: str, copies: Copies | None) -> Dataset | pa.Table:
    judge: Any = judge_table if isinstance(part, pa.Table) else judge_dataset
    judged = judge(part, plan, tally, split)
    if copies is None:
        return judged
    schema = judged.schema if isinstance(judged, pa.Table) else judged.features.arrow_schema
    held = held_among(drawn_from_all(judged, compared(schema, plan, copies)), copies)
    if not len(held.rows):
        return judged
    tally.forget(split)
    return judge(part, plan, tally, split, held)


def _nothing_kept(report: FilterReport) -> str:
    if report.rows == 0:
        return "the source has no rows."
    reasons = ", ".join(f"{reason} {rows:,}" for reason, rows in list(report.by_reason.items())[:_REASONS])
    verdicts = ", ".join(f"{verdict} {rows:,}" for verdict, rows in report.by_verdict.items())
    return (
        f"none of {report.rows:,} rows is kept for {report.region}: {verdicts}; most often {reasons}. "
        'Widen the region, map other columns with columns=, or see every row\'s verdict with mode="annotate".'
    )
