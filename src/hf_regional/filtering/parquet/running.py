"""Running: Parquet files and a plan in; a folder of kept rows, dropped rows and a report out."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

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

if TYPE_CHECKING:
    from hf_regional.filtering.copies import Copies
    from hf_regional.filtering.parquet.looking import Look

DRAWN: Final = "drawn"
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
    copies: "Copies | None" = None,
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
        copies: how to look for copies: when all parts are judged, over what was drawn from their kept rows. Parts in which one is found
            are judged again.

    Raises:
        DamagedFileError: a file cannot be read.
        OutputExistsError, CannotWriteError: the output is there already, or cannot be written.
    """
    parts, look = cut(files), look_of(files, plan, copies)
    with resumable_folder(output, key_of(files, plan, mode, write, look)) as folder:
        for side in SIDES if write == "both" else SIDES[:1]:
            (folder / side).mkdir(exist_ok=True)
        work = _Work(Journal(folder), folder, parts, spread, processes)
        found = work.judged(Job(plan, folder, write, compares=look.columns if look else None, drawn=_drawn(folder, look)), parts)
        if look:
            found |= work.judged_again(Job(plan, folder, write), look)
        tally = Tally()
        tally.put("", BEFORE_ALL, foreseen(plan))
        for part in parts:
            tally.put("", part.start, Counts.from_json(found[part.name]))
        report = report_of(plan, mode, tally, parts, copies)
        report.write(folder)
    return report


@dataclass(frozen=True, slots=True)
class _Work:
    """Parts that are judged into a folder, each noted in the journal when it is finished."""

    journal: Journal
    folder: Path
    parts: Sequence[Part]
    spread: Spread | None
    processes: int

    def judged(self, job: Job, parts: Sequence[Part], prefix: str = "") -> dict[str, dict[str, Any]]:
        """The counts of some parts by name, those of an earlier process too; `prefix` tells this time from another."""
        left = [part for part in parts if self.journal.done(prefix + part.name) is None]
        beside = self.folder.with_name("notes")
        done = self.spread(partial(judge_part, job), left, beside) if self.spread else judged(job, left, self.processes)
        # Closed by name: when all is stopped, nobody may write on after the folder was let go.
        with closing(cast("Generator[Done]", done)):
            for part, counts in watched(done, parts, left):
                files = [place / part.name for place in (*(self.folder / side for side in SIDES), *([job.drawn] if job.drawn else []))]
                self.journal.finish(prefix + part.name, counts.as_json(), [file for file in files if file.exists()])
        return {part.name: self.journal.done(prefix + part.name) or {} for part in parts}

    def judged_again(self, job: Job, look: "Look") -> dict[str, dict[str, Any]]:
        """The counts of the parts in which a copy was found."""
        held = look.held(self.folder.with_name(DRAWN) / part.name for part in self.parts)
        return self.judged(replace(job, held=held), [part for part in self.parts if held.touches(part.start, part.rows)], "again ")


def look_of(files: Sequence[File], plan: Plan, copies: "Copies | None") -> "Look | None":
    """How copies are looked for, checked. Errors as `plan_look`."""
    if copies is None:
        return None
    from hf_regional.filtering.parquet.looking import plan_look  # loads what compares pictures

    return plan_look(files, plan, copies)


def _drawn(folder: Path, look: "Look | None") -> Path | None:
    """Beside the folder: what is compared is no part of the result, and goes with the journal."""
    if look is None:
        return None
    drawn = folder.with_name(DRAWN)
    drawn.mkdir(exist_ok=True)
    return drawn


def report_of(plan: Plan, mode: str, tally: Tally, parts: Sequence[Part], copies: "Copies | None" = None) -> FilterReport:
    """The report on what a plan did, once all parts are done."""
    if plan.sampling:
        look_at_pictures(tally.samples(""), plan.sampling, parts)
    return FilterReport(plan.region.name if plan.region else "any region", _told(plan, mode, copies), tally)


def _told(plan: Plan, mode: str, copies: "Copies | None") -> dict[str, object]:
    return {"mode": mode, **plan.settings(), **({"copies": copies.as_dict()} if copies else {})}


def watched(done: Iterator[Done], parts: Sequence[Part], left: Sequence[Part]) -> Iterator[Done]:
    """Pass on what is done and show how far it is."""
    from huggingface_hub.utils import tqdm

    total = sum(part.rows for part in parts)
    bar: Any = tqdm(total=total, initial=total - sum(part.rows for part in left), unit="row", unit_scale=True, desc="judging")
    with bar:
        for part, counts in done:
            yield part, counts
            bar.update(part.rows)


def key_of(files: Sequence[File], plan: Plan, mode: str, write: Write, look: "Look | None" = None) -> object:
    """What decides a byte of the result: the files as they are, the settings, and our version."""
    region = sorted(plan.region.countries) if plan.region else None
    key = {"files": stamps(files), "region": region, "settings": plan.settings(), "mode": mode, "write": write, "version": __version__}
    return key | ({"copies": look.key} if look else {})
