"""Tables: an Arrow table or a `Dataset` in, the same cut into kept and dropped rows out. No image is decoded."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa
from datasets import Dataset, Features, concatenate_datasets
from pyarrow import compute

from hf_regional.filtering.consent import ConsentPlan, hide_personal
from hf_regional.filtering.consent.nested import SEP
from hf_regional.filtering.held import Held
from hf_regional.filtering.kernel import ANNOTATIONS, judge
from hf_regional.filtering.pictures import LEFT_IN_FILE, TAKEN_OUT, without_positions
from hf_regional.filtering.plan import Plan
from hf_regional.filtering.report import Samples, Tally
from hf_regional.filtering.report.columns import Sampling
from hf_regional.filtering.report.reading import cell_of, read_samples
from hf_regional.filtering.streams import annotations
from hf_regional.filtering.verdict import KEPT
from hf_regional.records import REGION_VERDICT

pc: Any = compute  # its functions are made at import, out of a type checker's sight

_BATCH: Final = 10_000  # rows; below 1,000 the fixed cost of a batch shows, above 100,000 the copy of a stream's images does
_BATCH_BYTES: Final = 64 << 20  # of a batch with pictures
_IN_MEMORY: Final = 500_000  # rows whose answers, about 100 bytes each, need no file beside the source's


def judge_table(table: pa.Table, plan: Plan, tally: Tally, split: str, held: Held | None = None) -> pa.Table:
    """Give all rows of a table with what is said of them."""
    samples = tally.samples(split, plan.sampling) if plan.sampling else None
    judged, counts = judge(table, plan, samples, held=held)
    tally.put(split, 0, counts)
    if samples and plan.sampling:
        read_samples(samples, plan.sampling, judged)
    return judged


def judge_dataset(dataset: Dataset, plan: Plan, tally: Tally, split: str, held: Held | None = None) -> Dataset:
    """Judge the few columns that evidence stands in and lay the answers beside the rest, which is neither read nor written again."""
    bare = dataset.remove_columns([name for name in ANNOTATIONS.names if name in dataset.column_names])
    judging = partial(annotations, plan=plan, tally=tally, split=split, held=held)
    if len(bare) == 0:  # `map` would not call us, and the columns would be missing
        return Dataset(judge(bare.with_format("arrow")[:], plan)[0], split=dataset.split)
    reads = [name for name in dict.fromkeys((*plan.reads, *plan.hides)) if name in bare.column_names]
    narrow = bare.select_columns(reads).with_format("arrow")
    answers = narrow.map(
        judging,
        batched=True,
        batch_size=_batch_of(narrow) if plan.looks else _BATCH,
        with_indices=True,
        remove_columns=narrow.column_names,
        features=Features.from_arrow_schema(ANNOTATIONS),
        keep_in_memory=len(narrow) <= _IN_MEMORY,
        load_from_cache_file=False,  # rows found in a cache would not be counted
        desc="Judging rows",
    )
    hidden = tally.total(split).hidden
    bare = _without_positions(_without_persons(bare, plan, hidden), hidden)
    if plan.sampling:
        _look_at(bare, plan.sampling, tally.samples(split))
    return _formatted(concatenate_datasets([bare.with_format(None), answers.with_format(None)], split=dataset.split, axis=1), dataset)


def parted(judged: pa.Table | Dataset) -> tuple[Any, Any]:
    """The kept rows and all others; of a `Dataset` both are selections of its own table."""
    if isinstance(judged, pa.Table):
        kept = _is_kept(judged)
        return judged.filter(kept), judged.filter(pc.invert(kept))
    kept = _is_kept(judged.select_columns([REGION_VERDICT]).with_format("arrow")[:]).to_numpy()
    return judged.select(np.flatnonzero(kept)), judged.select(np.flatnonzero(~kept))


def _batch_of(dataset: Dataset) -> int:
    """Rows whose pictures are together in memory at a time."""
    table = dataset.data
    return max(1, min(_BATCH, int(_BATCH_BYTES / max(table.nbytes / max(len(table), 1), 1e-9))))


def _without_positions(dataset: Dataset, hidden: Mapping[tuple[str, str], int]) -> Dataset:
    """Lay columns without positions in the place of those of pictures that told any."""
    telling = [column for column, kind in hidden if kind == TAKEN_OUT]
    if not telling:
        return dataset
    pictures = dataset.select_columns(telling).with_format("arrow")
    bare = pictures.map(
        _stripped,
        batched=True,
        batch_size=_batch_of(pictures),
        features=pictures.features,
        load_from_cache_file=False,
        desc="Taking positions out of pictures",
    )
    kept = dataset.select_columns([name for name in dataset.column_names if name not in telling]).with_format(None)
    return concatenate_datasets([kept, bare.with_format(None)], split=dataset.split, axis=1).select_columns(dataset.column_names)


def _stripped(rows: pa.Table) -> pa.Table:
    return pa.table({name: without_positions(rows[name], name)[0] for name in rows.column_names})


def _without_persons(dataset: Dataset, plan: Plan, hidden: Mapping[tuple[str, str], int]) -> Dataset:
    """Lay masked columns in the place of those in which something was found; all others stay as they are on the disk."""
    names = [name for name in dataset.column_names if name not in plan.drops]
    changed = {path.split(SEP)[0] for path, kind in hidden if kind not in (TAKEN_OUT, LEFT_IN_FILE)} - plan.drops
    if plan.consent is None or not (changed or plan.drops & {*dataset.column_names}):
        return dataset
    kept = dataset.select_columns([name for name in names if name not in changed]).with_format(None)
    if not changed:
        return kept
    masked = dataset.select_columns(sorted(changed)).with_format("arrow")
    masked = masked.map(partial(_masked, consent=plan.consent), batched=True, batch_size=_BATCH, load_from_cache_file=False, desc="Masking")
    return concatenate_datasets([kept, masked.with_format(None)], split=dataset.split, axis=1).select_columns(names)


def _masked(rows: pa.Table, *, consent: ConsentPlan) -> pa.Table:
    return hide_personal(rows, consent)[0]


def _look_at(dataset: Dataset, sampling: Sampling, samples: Samples) -> None:
    """Read texts and pictures, of the sampled rows alone."""
    rows = samples.rows_without_texts()
    shown = dataset.select_columns(list(sampling.columns)).with_format("arrow").select(rows)
    place = {row: number for number, row in enumerate(rows)}
    # One at a time: a row may hold a picture of many megabytes.
    samples.read_texts(sampling, lambda column, row: cell_of(shown[place[row] : place[row] + 1], column, 0))
    samples.read_pictures(sampling, lambda column, row: cell_of(shown[place[row] : place[row] + 1], column, 0))


def _is_kept(judged: Any) -> Any:
    return pc.equal(judged.column(REGION_VERDICT), KEPT)


def _formatted(judged: Dataset, like: Dataset) -> Dataset:
    """Give back the format that the source had, the new columns included where it had chosen columns."""
    form: dict[str, Any] = like.format
    chosen = None if set(form["columns"]) == set(like.column_names) else [*form["columns"], *ANNOTATIONS.names]
    return judged.with_format(form["type"], columns=chosen, output_all_columns=form["output_all_columns"], **form["format_kwargs"])
