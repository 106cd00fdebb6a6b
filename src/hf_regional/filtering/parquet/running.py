"""Running: Parquet files and a plan in; a folder of kept rows, dropped rows and a report out."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hf_regional.durable import Journal, resumable_folder
from hf_regional.filtering.kernel import foreseen
from hf_regional.filtering.parquet.judging import SIDES, Job, Write, judge_part
from hf_regional.filtering.parquet.parts import Part, cut
from hf_regional.filtering.parquet.pictures import look_at_pictures
from hf_regional.filtering.parquet.storage import File, stamps
from hf_regional.filtering.parquet.workers import Done, judged
from hf_regional.filtering.plan import Plan
from hf_regional.filtering.report import BEFORE_ALL, Counts, FilterReport, Tally
from hf_regional.version import __version__

# What is done with each part, the parts, and a folder for notes, in; parts and their counts, as they are finished, out.
Spread = Callable[[Callable[[Part], Counts], Sequence[Part], File], Iterator[Done]]


def filter_parquet(
    files: Sequence[File],
    plan: Plan,
    output: Path,
    *,
    mode: str,
    write: Write = "both",
    processes: int = 1,
    spread: Spread | None = None,
) -> FilterReport:
    """Judge files into `output`: `kept/part-*.parquet`, `dropped/part-*.parquet` and the report: `report.json`, `.md`, `.html`.

    Killed in the middle, the same call goes on where it was: parts that are finished are not read again.

    Args:
        files: Parquet files with the same columns.
        plan: what to read and how to rule.
        output: a folder that does not exist yet.
        mode: "keep" or "annotate", for the report.
        write: see `Job`.
        processes: how many judge at a time.
        spread: who else judges, in place of processes of this machine.

    Raises:
        DamagedFileError: a file cannot be read.
        OutputExistsError, CannotWriteError: the output is there already, or cannot be written.
    """
    parts = cut(files)
    tally = Tally()
    tally.put("", BEFORE_ALL, foreseen(plan))
    with resumable_folder(output, key_of(files, plan, mode, write)) as folder:
        journal, job = Journal(folder), Job(plan, folder, write)
        for side in SIDES if write == "both" else SIDES[:1]:
            (folder / side).mkdir(exist_ok=True)
        left = [part for part in parts if not _take_up(journal, part, tally)]
        done = spread(partial(judge_part, job), left, folder.with_name("notes")) if spread else judged(job, left, processes)
        for part, counts in watched(done, parts, left):
            journal.finish(
                part.name, counts.as_json(), [folder / side / part.name for side in SIDES if (folder / side / part.name).exists()]
            )
            tally.put("", part.start, counts)
        report = report_of(plan, mode, tally, parts)
        report.write(folder)
    return report


def report_of(plan: Plan, mode: str, tally: Tally, parts: Sequence[Part]) -> FilterReport:
    """The report on what a plan did, once all parts are done."""
    if plan.sampling:
        look_at_pictures(tally.samples(""), plan.sampling, parts)
    return FilterReport(plan.region.name if plan.region else "any region", {"mode": mode, **plan.settings()}, tally)


def watched(done: Iterator[Done], parts: Sequence[Part], left: Sequence[Part]) -> Iterator[Done]:
    """Pass on what is done and show how far it is."""
    from huggingface_hub.utils import tqdm

    total = sum(part.rows for part in parts)
    bar: Any = tqdm(total=total, initial=total - sum(part.rows for part in left), unit="row", unit_scale=True, desc="judging")
    with bar:
        for part, counts in done:
            yield part, counts
            bar.update(part.rows)


def key_of(files: Sequence[File], plan: Plan, mode: str, write: Write) -> object:
    """What decides a byte of the result: the files as they are, the settings, and our version."""
    region = sorted(plan.region.countries) if plan.region else None
    return {"files": stamps(files), "region": region, "settings": plan.settings(), "mode": mode, "write": write, "version": __version__}


def _take_up(journal: Journal, part: Part, tally: Tally) -> bool:
    record = journal.done(part.name)
    if record is None:
        return False
    tally.put("", part.start, Counts.from_json(record))
    return True
