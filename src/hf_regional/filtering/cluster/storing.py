"""Storing: Parquet files and a plan in; kept and dropped files and a report in a storage without folders, such as S3, out.

Nothing there can be renamed, so that there is no hidden folder that appears when it is whole: the report is written last, and what has
no `report.json` is not finished. Each part leaves a receipt with its counts beside the others, after its files. The same call takes up
what has a receipt, whether it was killed or failed.
"""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hf_regional.durable import digest_of
from hf_regional.errors import OutputExistsError
from hf_regional.filtering.kernel import foreseen
from hf_regional.filtering.parquet.judging import SIDES, Job, Write, judge_part
from hf_regional.filtering.parquet.parts import Part, cut
from hf_regional.filtering.parquet.running import DRAWN, Spread, key_of, look_of, report_of, watched
from hf_regional.filtering.parquet.storage import File, Place, names_in, place_of, read_bytes, remove_folder, upload, write_bytes
from hf_regional.filtering.plan import Plan
from hf_regional.filtering.report import BEFORE_ALL, Counts, FilterReport, Tally

if TYPE_CHECKING:
    from hf_regional.filtering.copies import Copies

_REPORT: Final = "report.json"
_RECEIPTS: Final = ".receipts-"
_BEGUN: Final = "begun"
_AGAIN: Final = "again-"


@dataclass(frozen=True, slots=True)
class Order:
    """What each part is done with: the job, where its files go, and where its receipt, under what name.

    draws: whether what copies are found by is drawn from the part and left beside the receipt.
    """

    job: Job
    output: Place
    receipts: Place
    draws: bool = False
    prefix: str = ""


def filter_into_storage(
    files: Sequence[File],
    plan: Plan,
    output: str,
    *,
    mode: str,
    write: Write = "both",
    spread: Spread,
    copies: "Copies | None" = None,
) -> FilterReport:
    """Judge files into `output`, a URI: `kept/part-*.parquet`, `dropped/part-*.parquet` and the report.

    Raises:
        DamagedFileError: a file cannot be read.
        OutputExistsError: something else is there.
        CannotWriteError: no permission, no such bucket, or a worker ended.
    """
    parts, tally, place, look = cut(files), Tally(), place_of(output), look_of(files, plan, copies)
    receipts = place / f"{_RECEIPTS}{digest_of(key_of(files, plan, mode, write, look))[:16]}"
    finished = _taken_up(place, receipts)
    order = Order(Job(plan, Path(), write, compares=look.columns if look else None), place, receipts, bool(look))
    found = _judged(order, parts, finished, spread)
    if look:
        with tempfile.TemporaryDirectory(prefix="hf-regional-") as folder:
            held = look.held(_fetched(receipts / _drawn(part), Path(folder) / part.name) for part in parts)
        again = replace(order, job=replace(order.job, held=held), prefix=_AGAIN, draws=False)
        found |= _judged(again, [part for part in parts if held.touches(part.start, part.rows)], finished, spread)
    tally.put("", BEFORE_ALL, foreseen(plan))
    for part in parts:
        tally.put("", part.start, found[part.name])
    report = report_of(plan, mode, tally, parts, copies)
    _write_report(report, place)
    remove_folder(receipts)
    return report


def _judged(order: Order, parts: Sequence[Part], finished: set[str], spread: Spread) -> dict[str, Counts]:
    """The counts of some parts by name, those that have a receipt of an earlier call too."""
    taken = [part for part in parts if order.prefix + part.name in finished]
    found = {part.name: Counts.from_json(json.loads(read_bytes(order.receipts / f"{order.prefix}{part.name}"))) for part in taken}
    left = [part for part in parts if part.name not in found]
    for part, counts in watched(spread(partial(judge_into_storage, order), left, order.receipts.uri), parts, left):
        found[part.name] = counts
    return found


def judge_into_storage(order: Order, part: Part) -> Counts:
    """Judge a part on this machine's disk, upload its files, and then leave its receipt."""
    with tempfile.TemporaryDirectory(prefix="hf-regional-") as folder:
        drawn = Path(folder) / DRAWN if order.draws else None
        counts = judge_part(replace(order.job, folder=Path(folder), drawn=drawn), part)
        for side in SIDES:
            if (file := Path(folder) / side / part.name).exists():
                upload(file, order.output / side / part.name)
        if drawn:
            upload(drawn / part.name, order.receipts / _drawn(part))
    write_bytes(order.receipts / f"{order.prefix}{part.name}", json.dumps(counts.as_json()).encode())
    return counts


def _drawn(part: Part) -> str:
    return f"{DRAWN}-{part.name}"


def _fetched(place: Place, file: Path) -> Path:
    file.write_bytes(read_bytes(place))
    return file


def _write_report(report: FilterReport, output: Place) -> None:
    with tempfile.TemporaryDirectory(prefix="hf-regional-") as folder:
        report.write(folder)
        for file in sorted(Path(folder).iterdir(), key=lambda file: file.name == _REPORT):  # what says "finished" goes last
            upload(file, output / file.name)


def _taken_up(output: Place, receipts: Place) -> set[str]:
    """The names of parts that have a receipt; where there is nothing yet, the first receipt says that the output is ours.

    Raises:
        OutputExistsError: the output is finished, or of another call.
    """
    names = names_in(output)
    mine = f"{receipts.path.rpartition('/')[2]}/"
    if _REPORT in names:
        raise OutputExistsError(f"{output.uri} is finished: it holds {_REPORT}. Choose another output, or remove it first.")
    if f"{mine}{_BEGUN}" not in names:
        if names:
            raise OutputExistsError(
                f"{output.uri} holds {names[0]}, which is of something else, or of other files or settings. "
                "Choose another output, or remove it first."
            )
        write_bytes(receipts / _BEGUN, b"{}")
    return {name.removeprefix(mine) for name in names if name.startswith(mine)}
