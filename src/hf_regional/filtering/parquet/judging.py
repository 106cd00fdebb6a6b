"""Judging: one part of a Parquet file in, its kept and its dropped rows written, its counts out."""

import platform
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import pyarrow as pa
from pyarrow import compute, parquet

from hf_regional.durable import atomic_file
from hf_regional.errors import CannotWriteError, DamagedFileError
from hf_regional.filtering.held import Held
from hf_regional.filtering.kernel import ANNOTATIONS, judge
from hf_regional.filtering.parquet.parts import Part
from hf_regional.filtering.parquet.storage import opened
from hf_regional.filtering.parquet.writing import Sink
from hf_regional.filtering.plan import Plan
from hf_regional.filtering.report import Counts, Samples
from hf_regional.filtering.report.reading import cell_of
from hf_regional.filtering.verdict import KEPT
from hf_regional.records import REGION_VERDICT

if TYPE_CHECKING:
    from hf_regional.filtering.copies import Compared

pc: Any = compute  # its functions are made at import, out of a type checker's sight

_BATCH: Final = 1 << 16  # rows
_BATCH_BYTES: Final = 64 << 20  # uncompressed: rows with pictures come in smaller batches
SIDES: Final = ("kept", "dropped")
Write = Literal["both", "kept", "all"]


@dataclass(frozen=True, slots=True)
class Job:
    """What every part is done with.

    write: kept and dropped rows, kept rows alone, or all rows in "kept". compares, drawn: the columns that copies are found by, and the
    folder for what is drawn from them; null where none are looked for, or when they have been. held: what was found.
    """

    plan: Plan
    folder: Path
    write: Write
    columns: tuple[str, ...] | None = None  # of the source, all by default
    compares: "Compared | None" = None
    drawn: Path | None = None
    held: Held | None = None


def judge_part(job: Job, part: Part) -> Counts:
    """Judge a part; its files are there whole or not at all.

    Raises:
        DamagedFileError: the file ends before its footer says, or a page cannot be read.
        CannotWriteError: this machine does not see the folder.
    """
    if not job.folder.is_dir():  # made here, its files would be found by nobody
        raise CannotWriteError(
            f"{job.folder} is not there on {platform.node()}. Workers on several machines need an output that all of them see: "
            "a folder on a shared disk, or a URI such as s3://bucket/out."
        )
    sampling, at = job.plan.sampling, part.start
    counts = Counts(samples=Samples(sampling.per_reason, sampling.seed) if sampling else Samples())
    sides, drawn = SIDES if job.write == "both" else SIDES[:1], list[pa.Table]()
    with ExitStack() as stack:
        sinks = [Sink(stack.enter_context(atomic_file(job.folder / side / part.name))) for side in sides]
        for batch in _batches(part, job):
            judged = _judge_batch(batch, job, at, counts, sinks)
            if job.drawn:
                drawn.append(_drawn(judged, job, at))
            del judged
            at += batch.num_rows
        for sink in sinks:
            sink.close()
    if job.drawn:
        with atomic_file(job.drawn / part.name) as path:
            parquet.write_table(pa.concat_tables(drawn, promote_options="permissive"), path, compression="zstd")
    return counts


def _drawn(judged: pa.RecordBatch, job: Job, at: int) -> pa.Table:
    from hf_regional.filtering.copies import Compared, drawn_from  # not needed by who looks for none

    return drawn_from(judged, job.compares or Compared(None, None, None), at)


def _judge_batch(batch: pa.RecordBatch, job: Job, at: int, counts: Counts, sinks: Sequence[Sink]) -> pa.RecordBatch:
    # In a function of its own: what was made of a batch is let go before the next is read, a third of the memory.
    sampling = job.plan.sampling
    judged, counted = judge(batch, job.plan, counts.samples if sampling else None, at, job.held)
    counts.update(counted)
    if sampling:
        counts.samples.read_texts(sampling, partial(_cell, judged, at))
    if job.write == "all":
        sinks[0].write(judged)
        return judged
    kept = pc.equal(judged.column(REGION_VERDICT), KEPT)
    for sink, wanted in zip(sinks, (kept, pc.invert(kept)), strict=False):
        sink.write(judged.filter(wanted))
    return judged


def _cell(batch: pa.RecordBatch, at: int, column: str, row: int) -> object:
    return cell_of(batch, column, row - at)


def _batches(part: Part, job: Job) -> Iterator[pa.RecordBatch]:
    try:
        with opened(part.file, memory_map=True) as file:
            groups = [*range(part.first, part.last)]
            size = sum(file.metadata.row_group(group).total_byte_size for group in groups)
            rows = max(1, min(_BATCH, int(_BATCH_BYTES / max(size / part.rows, 1e-9))))
            columns = [name for name in job.columns or file.schema_arrow.names if name not in ANNOTATIONS.names]
            yield from file.iter_batches(rows, row_groups=groups, columns=columns, use_threads=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise DamagedFileError(
            f"{part.file}, row groups {part.first} to {part.last - 1}: {error}. Fetch it again, or leave it out."
        ) from error
