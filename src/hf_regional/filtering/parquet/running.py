"""Running: Parquet files and a plan in; a folder of kept rows, dropped rows and a report out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hf_regional.durable import Journal, resumable_folder
from hf_regional.filtering.kernel import foreseen
from hf_regional.filtering.parquet.judging import SIDES, Job, Write
from hf_regional.filtering.parquet.parts import Part, cut
from hf_regional.filtering.parquet.pictures import look_at_pictures
from hf_regional.filtering.parquet.workers import judged
from hf_regional.filtering.plan import Plan
from hf_regional.filtering.report import BEFORE_ALL, Counts, FilterReport, Tally
from hf_regional.version import __version__


def filter_parquet(
    files: Sequence[Path], plan: Plan, output: Path, *, mode: str, write: Write = "both", processes: int = 1
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

    Raises:
        DamagedFileError: a file cannot be read.
        OutputExistsError, CannotWriteError: the output is there already, or cannot be written.
    """
    parts = cut(files)
    tally = Tally()
    tally.put("", BEFORE_ALL, foreseen(plan))
    with resumable_folder(output, _key(files, plan, mode, write)) as folder:
        journal, job = Journal(folder), Job(plan, folder, write)
        for side in SIDES if write == "both" else SIDES[:1]:
            (folder / side).mkdir(exist_ok=True)
        left = [part for part in parts if not _take_up(journal, part, tally)]
        for part, counts in _watched(judged(job, left, processes), parts, left):
            journal.finish(
                part.name, counts.as_json(), [folder / side / part.name for side in SIDES if (folder / side / part.name).exists()]
            )
            tally.put("", part.start, counts)
        report = FilterReport(plan.region.name if plan.region else "any region", {"mode": mode, **plan.settings()}, tally)
        if plan.sampling:
            look_at_pictures(tally.samples(""), plan.sampling, parts)
        report.write(folder)
    return report


def _take_up(journal: Journal, part: Part, tally: Tally) -> bool:
    record = journal.done(part.name)
    if record is None:
        return False
    tally.put("", part.start, Counts.from_json(record))
    return True


def _watched(done: Any, parts: Sequence[Part], left: Sequence[Part]) -> Any:
    from huggingface_hub.utils import tqdm

    total = sum(part.rows for part in parts)
    with tqdm(total=total, initial=total - sum(part.rows for part in left), unit="row", unit_scale=True, desc="judging") as bar:
        for part, counts in done:
            yield part, counts
            bar.update(part.rows)


def _key(files: Sequence[Path], plan: Plan, mode: str, write: Write) -> object:
    """What decides a byte of the result: the files as they are, the settings, and our version."""
    stats = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    region = sorted(plan.region.countries) if plan.region else None
    return {"files": stats, "region": region, "settings": plan.settings(), "mode": mode, "write": write, "version": __version__}
