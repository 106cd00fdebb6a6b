"""Engines that filter the same Parquet files, side by side: rows a second and peak memory, as whole processes from file to file.

    python benchmarks/filter_engines.py --rows 2000000 --terms 5000 50000 --rounds 5      # the table; about an hour on two cores
    python benchmarks/filter_engines.py --memory 1000000 20000000                        # how peak memory grows with the rows
    python benchmarks/filter_engines.py --kinds country,url,text,language,detected     # with language detection; also "consent", masking

Captions are generated (`filter_corpus.py`), and the lexicon is cut to, or filled up to, so many terms. All write every row with its
evidence, kept and dropped apart, except "mask only", a column of booleans, and "IterableDataset", the kept rows. Those with `re` take few
rows (`--most`) and are timed without the start of the process and of the pattern; all others with everything. Programs run in turn, in
rounds of shuffled order; their peak is the sum of the proportional set sizes of all their processes, looked at five times a second.

Bounds: 200 thousand rows a second at 5 thousand terms, 120 thousand at 50 thousand, 100 thousand with language detection; 0.8 of "mask
only"; 200 times the loop with `re`; peak memory at 20 million rows less than 1.1 times that at one. Two processes on two cores.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from filter_corpus import make_package, make_rows

PROGRAM: Final = Path(__file__).with_name("filter_programs.py")
DRIVER, MASK, LOOP, FILTER = "parquet driver", "mask only", "loop with re", "datasets.filter with re"
LOOPS: Final = (LOOP, "loop with re, no edges", "loop with re, casefolded")
DAFT: Final = ("daft, native", "daft, ray", "rows through daft")
ALL: Final = (DRIVER, MASK, *DAFT, "Dataset", "IterableDataset", FILTER, *LOOPS)
KINDS: Final = "country,url,text,language"
_LOOKS: Final = 0.2  # seconds


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a whole program: rows a second, and the most memory its processes held together, 10**6 bytes."""

    speed: float
    peak_mb: float
    kept: int | None


def measure(name: str, rows: Path, work: Path, arguments: argparse.Namespace, package: Path, wanted: int) -> Cost:
    """Run a program once; the files it wrote are removed before and after."""
    output = work / "out"
    shutil.rmtree(output, ignore_errors=True)
    os.sync()
    command = [sys.executable, str(PROGRAM), name, str(rows), str(output), arguments.kinds, str(arguments.most), str(arguments.processes)]
    settings = {
        "PYTHONPATH": str(package),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "OMP_NUM_THREADS": str(arguments.processes),
    }
    log = work / "log.txt"
    with log.open("w", encoding="utf-8") as errors:
        begun = time.perf_counter()
        process = subprocess.Popen(command, env=os.environ | settings, stdout=subprocess.PIPE, stderr=errors, text=True)
        peak = 0
        while process.poll() is None:
            peak = max(peak, pss_of(family(process.pid)))
            time.sleep(_LOOKS)
        wall = time.perf_counter() - begun
    printed = process.communicate()[0]
    shutil.rmtree(output, ignore_errors=True)
    if process.returncode:
        raise SystemExit(f"{name} ended with {process.returncode}:\n{log.read_text(encoding='utf-8')[-3000:]}")
    told: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return Cost(told.get("rows", wanted) / told.get("seconds", wall), peak / 1e6, told.get("kept"))


def family(parent: int) -> list[int]:
    """A process and all that came from it; Ray's are told by their session, which they begin."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except (OSError, ValueError):  # it has ended meanwhile
            continue
    found, rest = [parent], [parent]
    while rest:
        rest = [child for child, its in parents.items() if its in rest]
        found += rest
    return found


def pss_of(processes: Iterable[int]) -> int:
    """Bytes that processes hold, what they share shared out among those that do."""
    total = 0
    for process in processes:
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8")
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) << 10
    return total


def table(names: Sequence[str], terms: int, arguments: argparse.Namespace) -> dict[str, list[Cost]]:
    """Rounds of all programs at one size of lexicon, and the table of them."""
    work = arguments.work
    rows, package = make_rows(work / f"rows-{arguments.rows}", arguments.rows), make_package(work / f"terms-{terms}", terms)
    order, costs = random.Random(terms), {name: list[Cost]() for name in names}
    for number in range(arguments.rounds):
        for name in order.sample([*names], len(names)):
            costs[name].append(measure(name, rows, work, arguments, package, arguments.rows))
            print(f"round {number + 1}: {name}, {costs[name][-1].speed:,.0f} rows/s", file=sys.stderr, flush=True)
    print(f"\n{arguments.rows:,} rows, {terms:,} terms, {arguments.kinds}, {arguments.processes} processes, {arguments.rounds} rounds")
    print(f"{'':26}{'rows/s, median':>16}{'least':>12}{'most':>12}{'peak MB':>10}{'kept':>12}")
    for name, found in costs.items():
        speeds = [cost.speed for cost in found]
        kept = "" if found[0].kept is None else f"{found[0].kept:,}"
        print(
            f"{name:26}{statistics.median(speeds):>16,.0f}{min(speeds):>12,.0f}{max(speeds):>12,.0f}"
            f"{statistics.median(cost.peak_mb for cost in found):>10,.0f}{kept:>12}"
        )
    for other, bound in ((MASK, 0.8), *((loop, 200.0) for loop in LOOPS)):
        if DRIVER in costs and other in costs:
            ratio = statistics.median(ours.speed / theirs.speed for ours, theirs in zip(costs[DRIVER], costs[other], strict=True))
            print(f"{DRIVER} is {ratio:,.2f} times {other!r}, round by round; bound {bound:g}: {'kept' if ratio >= bound else 'NOT KEPT'}")
    return costs


def memory(name: str, sizes: Sequence[int], arguments: argparse.Namespace) -> None:
    """Peak memory by the number of rows."""
    work, peaks = arguments.work, list[float]()
    package = make_package(work / f"terms-{arguments.terms[0]}", arguments.terms[0])
    for size in sizes:
        rows = make_rows(work / f"rows-{size}", size)
        costs = [measure(name, rows, work, arguments, package, size) for _ in range(arguments.rounds)]
        peaks.append(max(cost.peak_mb for cost in costs))
        print(
            f"{name}, {size:>12,} rows: peak {peaks[-1]:,.0f} MB, {statistics.median(cost.speed for cost in costs):,.0f} rows/s", flush=True
        )
    growth = peaks[-1] / peaks[0] - 1
    print(f"from {sizes[0]:,} to {sizes[-1]:,} rows: {growth:+.1%}; bound +10%: {'kept' if growth < 0.1 else 'NOT KEPT'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--terms", type=int, nargs="+", default=[5_000, 50_000])
    parser.add_argument("--kinds", default=KINDS, help=f"kinds of evidence, by default {KINDS}; and consent")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--most", type=int, default=2_000, help="rows for the programs with re")
    parser.add_argument("--only", nargs="+", choices=ALL, help="some of the programs")
    parser.add_argument("--memory", type=int, nargs="+", metavar="ROWS", help="peak memory at these numbers of rows, in place of the table")
    parser.add_argument("--work", type=Path, default=Path("runs/filter-engines"), help="folder for rows and lexicons, which stay there")
    arguments = parser.parse_args()
    arguments.work = arguments.work.absolute()
    arguments.work.mkdir(parents=True, exist_ok=True)
    names = arguments.only or ALL
    if find_spec("daft") is None and {*names} & {*DAFT}:
        print('Daft is left out: pip install "hf-regional[cluster]"')
        names = [name for name in names if name not in DAFT]
    if arguments.memory:
        for name in arguments.only or [DRIVER]:
            memory(name, arguments.memory, arguments)
        return
    for terms in arguments.terms:
        table(names, terms, arguments)


if __name__ == "__main__":
    main()
