"""Streams: an `IterableDataset` in, one that judges its rows while it is read out.

Batches go through the kernel in Arrow where the stream is made of Arrow (files, a `Dataset`), and no image is touched. A stream fed
by Python (a generator, `map`, `filter`) goes through as columns of Python values: the library makes Arrow of it row by row, and a
null in one row and a text in the next are two schemas that it cannot join.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final, cast

import pyarrow as pa
from datasets import Features, IterableDataset
from pyarrow import compute

from hf_regional.filtering.consent import hide_personal
from hf_regional.filtering.consent.nested import SEP
from hf_regional.filtering.held import Held
from hf_regional.filtering.kernel import ANNOTATIONS, judge
from hf_regional.filtering.plan import Plan
from hf_regional.filtering.report import Samples, Tally
from hf_regional.filtering.report.excerpts import readable
from hf_regional.filtering.report.reading import read_samples
from hf_regional.filtering.verdict import KEPT
from hf_regional.records import REGION_VERDICT

pc: Any = compute  # its functions are made at import, out of a type checker's sight

_BATCH: Final = 1_000  # rows: whole ones, images too, are in memory at once


def side_of_stream(stream: IterableDataset, plan: Plan, tally: Tally, split: str, wanted: bool | None) -> IterableDataset:
    """Make the stream of kept rows (`wanted` true), of dropped ones (false) or of all (null), judged and counted as they are read."""
    # Neither the format nor the feed of a stream is public; where they cannot be seen, the slower way is right too.
    formatting = getattr(stream, "_formatting", None)
    in_arrow = getattr(getattr(stream, "_ex_iterable", None), "iter_arrow", None) is not None
    judging = partial(judge_arrow if in_arrow else judge_python, plan=plan, tally=tally, split=split, wanted=wanted)
    feed = stream.with_format("arrow" if in_arrow else None)
    encoded = feed if in_arrow or stream.features is None else feed.decode(False)
    gone = [name for name in plan.present if name in plan.drops]
    judged = encoded.map(judging, batched=True, batch_size=_BATCH, with_indices=True, features=None, remove_columns=gone or None)
    # Cast afterwards: given to `map`, the features would be taken as applied, and encoded images would stay so.
    typed = judged if stream.features is None else judged.cast(_features(stream.features, plan))
    return typed.with_format(getattr(formatting, "format_type", None))


def annotations(rows: pa.Table, indices: Sequence[int], *, plan: Plan, tally: Tally, split: str, held: Held | None = None) -> pa.Table:
    """Give the three columns that the kernel adds to a batch, counted under the batch's first row, and no others."""
    return _judged(rows, indices, plan, tally, split, held)[0].select(ANNOTATIONS.names)


def judge_arrow(rows: pa.Table, indices: Sequence[int], *, plan: Plan, tally: Tally, split: str, wanted: bool | None) -> pa.Table:
    """Judge a batch and give back its kept rows, its dropped ones, or all."""
    judged, samples = _judged(rows, indices, plan, tally, split)
    if samples and plan.sampling:
        read_samples(samples, plan.sampling, judged, indices[0])
    return judged if wanted is None else judged.filter(_mask(judged, wanted))


def judge_python(
    rows: dict[str, list[Any]], indices: Sequence[int], *, plan: Plan, tally: Tally, split: str, wanted: bool | None
) -> dict[str, list[Any]]:
    """As `judge_arrow`, from and to columns of Python values; only the columns that the plan reads become Arrow."""
    judged, samples = _judged(_read(rows, plan), indices, plan, tally, split)
    changed = [name for name in plan.hides if name in judged.schema.names]
    columns = rows | judged.select([*changed, *ANNOTATIONS.names]).to_pydict()
    for name in plan.pictures if plan.strips else ():
        if name in judged.schema.names:
            bare = judged.column(name).to_pylist()
            columns[name] = [new if _is_encoded(old) else old for old, new in zip(rows[name], bare, strict=True)]
    columns = {name: values for name, values in columns.items() if name not in plan.drops}
    if samples and plan.sampling:
        read_samples(samples, plan.sampling, columns, indices[0])
    if wanted is None:
        return columns
    places = [place for place, is_wanted in enumerate(_mask(judged, wanted).to_pylist()) if is_wanted]
    return {name: [values[place] for place in places] for name, values in columns.items()}


def _judged(
    rows: pa.Table, indices: Sequence[int], plan: Plan, tally: Tally, split: str, held: Held | None = None
) -> tuple[pa.Table, Samples | None]:
    samples = tally.samples(split, plan.sampling) if plan.sampling else None
    if samples is not None:
        samples.forget(indices[0], len(indices))  # the stream may be read for the second time
    judged, counts = judge(rows, plan, samples, indices[0], held)
    tally.put(split, indices[0], counts)
    return judged, samples


def _read(rows: dict[str, list[Any]], plan: Plan) -> pa.Table:
    """The columns that the plan reads; those that rows are counted by alone may be missing, and may hold values of several types."""
    weighed = {name: _array(rows[name], name in plan.looks) for name in dict.fromkeys((*plan.weighs, *plan.hides)) if name in rows}
    counted = {name: _texts(rows[name]) for name in plan.reads if name not in weighed and name in rows}
    return pa.table({**weighed, **counted})


def _array(values: list[Any], is_pictures: bool) -> pa.Array:
    """Values in Arrow; of pictures those that nobody has opened yet, the others have no bytes to look at any more."""
    return pa.array([value if _is_encoded(value) else None for value in values] if is_pictures else values)


def _is_encoded(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_encoded, cast("Sequence[object]", value)))
    return value is None or isinstance(value, dict | bytes | str)


def _texts(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
        return pa.array([readable(value) for value in values], pa.string())


def _mask(judged: pa.Table, wanted: bool) -> Any:
    return (pc.equal if wanted else pc.not_equal)(judged.column(REGION_VERDICT), KEPT)


def _features(known: Features, plan: Plan) -> Features:
    kept = {name: feature for name, feature in known.items() if name not in ANNOTATIONS.names and name not in plan.drops}
    if plan.consent and (nested := {path.split(SEP)[0] for path in plan.consent.drops if SEP in path} & {*kept}):
        schema = hide_personal(Features({name: kept[name] for name in nested}).arrow_schema.empty_table(), plan.consent)[0].schema
        kept |= Features.from_arrow_schema(schema)
    return Features({**kept, **Features.from_arrow_schema(ANNOTATIONS)})
