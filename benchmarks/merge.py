"""Merging from file to file, ours beside mergekit 0.1.5: whole processes on the same files, in turn, round by round.

    python benchmarks/merge.py --rounds 5 --check --json runs/merge/figures.json
    python benchmarks/merge.py --scale 0.05 --rounds 2          # a try, in a minute

What runs: mergekit's linear merge, ours with and without SHA-256, by its console, past and through the page cache, to a file system
in memory, at four β in one pass (beside four runs of mergekit), by every other method, and what does nothing but read the inputs or
write as many bytes. Inputs: two checkpoints of 1.104 G parameters in 4 shards, bf16 (2 x 2.2 GB) and fp32 (2 x 4.4 GB), made once.

How: each run is a process of its own, start of the interpreter included; before it, every output is removed, the disk waited for,
and the inputs read into the page cache ("warm"). Rounds are shuffled. CPU and peak memory are what the kernel tells of the process
when it ends. Every ratio is taken within a round; the I/O limit is bytes over the best bandwidth of the whole run, reading and
writing added. Needs Linux, 32 GB of disk, 16 GB of memory, and an environment for mergekit, which --peer names and which is made
there on the first run. Bounds: those that it prints. Exit code 0, whatever they say; 1 if a run failed.
"""

import argparse
import hashlib
import json
import os
import platform
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import merge_programs as programs
from merge_processes import Cost, FailedRunError, cached_share, run, settle, warm
from merge_programs import BETA, PEER, Program, Task
from merge_verdicts import Figures, Verdict, bits_verdicts, same_bytes

_HERE: Final = Path(__file__).resolve().parent
_CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
_KEPT: Final = (PEER, "ours")  # of the last round, for the check of their bits


class Bench:
    """Runs, and remembers what they cost."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.given = arguments
        self.rows: list[dict[str, Any]] = []
        self.verdicts: list[Verdict] = []
        self.checks: dict[str, Any] = {}
        self.limits: dict[str, dict[str, float]] = {}  # seconds
        self.failed: dict[str, str] = {}
        self.about = _about(arguments)

    def dtype(self, dtype: str) -> None:
        """All rounds of one dtype."""
        known = programs.methods() if self.given.method_rounds else {}
        inputs = self.given.work / f"{dtype}-{self.given.scale:g}"
        task = Task(dtype, inputs, self.given.work, self.given.peer, None)
        programs.write_inputs(task, self.given.scale, max([1, *known.values()]))
        size = _size(task.base)
        self._require_room(4 * size)
        task = Task(dtype, inputs, self.given.work, self.given.peer, programs.memory_folder(self.given.memory, size, 2 * size))
        found = [
            *programs.merges(task, sweeps=self.given.sweeps),
            *programs.other_methods(task, known, rounds=self.given.method_rounds),
            *programs.limits(task, size),
        ]
        try:
            self._rounds(found, task)
        finally:  # what lies in memory must not stay there, whatever happened
            if task.memory:
                settle(task.memory)
        self._judge(task, size)

    def _rounds(self, found: list[Program], task: Task) -> None:
        dtype = task.dtype
        for number in range(1, self.given.rounds + 1):
            order = [one for one in found if (one.rounds is None or number <= one.rounds) and f"{dtype} {one.name}" not in self.failed]
            random.Random(number).shuffle(order)
            for place, program in enumerate(order, start=1):
                _tell(f"{dtype} round {number}/{self.given.rounds}, {place}/{len(order)}: {program.name}")
                self._measure(program, task, number)
            self._save()

    def _measure(self, program: Program, task: Task, number: int) -> None:
        settle(program.output)
        warm(file for folder in program.inputs for file in sorted(folder.glob("*.safetensors")))
        load = os.getloadavg()[0]
        try:
            cost = run(
                program.command(program.output), log=self.given.work / "logs" / f"{program.output.name}.log", settings=program.settings
            )
        except FailedRunError as error:
            self.failed[f"{task.dtype} {program.name}"] = str(error)
            _tell(f"FAILED: {error}")
            settle(program.output)
            return
        self.rows.append(_row(program, task, number, cost) | {"load": load} | self._output_facts(program, number))
        if not (self.given.check and number == self.given.rounds and program.name in _KEPT):
            settle(program.output)

    def _output_facts(self, program: Program, number: int) -> dict[str, Any]:
        # of the four β the one that the others have too
        folder = program.output / f"beta-{BETA:g}" if (program.output / f"beta-{BETA:g}").is_dir() else program.output
        files = sorted(folder.glob("*.safetensors"))
        if not files:
            return {}
        facts: dict[str, Any] = {"cached": cached_share(files), "output_bytes": sum(file.stat().st_size for file in files)}
        return facts | ({"digest": _digest(files)} if number == 1 else {})

    def _judge(self, task: Task, size: int) -> None:
        figures = Figures(self.rows, task.dtype, read=_size(task.base) + _size(task.region()), written=size)
        found = [*figures.verdicts(), *same_bytes(self.rows, task.dtype)]
        if self.given.check and (checked := self._check(task)):
            self.checks[task.dtype] = checked
            found += bits_verdicts(checked, task.dtype)
        self.verdicts += found
        print("\n" + figures.table())
        limits = {"one stream": figures.limit(one_stream=True), "best of all": figures.limit(one_stream=False)}
        print(f"I/O limit: {limits['one stream']:.2f} s with one stream each way, {limits['best of all']:.2f} s with the best of all")
        self.limits[task.dtype] = limits
        print("\n".join(verdict.line() for verdict in found), flush=True)
        self._save()

    def _check(self, task: Task) -> dict[str, Any]:
        kept = {name: task.output(name) for name in _KEPT if task.output(name).is_dir()}
        if "ours" not in kept:
            return {}
        _tell(f"{task.dtype}: comparing every value with the exact one")
        words = [word for name, folder in kept.items() for word in ("--output", f"{name}={folder}")]
        command = [sys.executable, str(_HERE / "merge_bits.py"), str(task.base), str(task.region()), "--beta", str(BETA), *words]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for name, counts in found.items():
            if "values" in counts:
                share = counts["off"] / counts["values"]
                print(f"{name:12}{counts['off']:>12} of {counts['values']} values off ({share:.4%}), furthest {counts['furthest']} ulp")
        for folder in kept.values():
            settle(folder)
        return found

    def _require_room(self, size: int) -> None:
        free = shutil.disk_usage(self.given.work).free
        if free < 1.1 * size:
            raise SystemExit(
                f"{self.given.work} has {free / 1e9:.1f} GB free and four mixes take {size / 1e9:.1f}. Name another with --work."
            )

    def _save(self) -> None:
        if self.given.json:
            text = json.dumps(
                {
                    "about": self.about,
                    "verdicts": [verdict.as_json() for verdict in self.verdicts],
                    "limits": self.limits,
                    "check": self.checks,
                    "failed": self.failed,
                    "figures": self.rows,
                },
                indent=2,
            )
            self.given.json.parent.mkdir(parents=True, exist_ok=True)
            partial = self.given.json.with_name(f".{self.given.json.name}.partial")
            partial.write_text(text, encoding="utf-8")
            partial.replace(self.given.json)


def _row(program: Program, task: Task, number: int, cost: Cost) -> dict[str, Any]:
    last = cost.printed.strip().splitlines()[-1:] if program.name.startswith(("ours", "read", "write")) else []
    said = json.loads(last[0]) if last and last[0].startswith("{") else {}
    figures = {key: getattr(cost, key) for key in ("wall", "user", "system", "peak_mb", "read_mb", "written_mb")}
    ours = {"dtype": task.dtype, "round": number, "program": program.name, "input_bytes": sum(_size(folder) for folder in program.inputs)}
    return ours | figures | said


def _about(arguments: argparse.Namespace) -> dict[str, Any]:
    words = {key: str(value) if isinstance(value, Path) else value for key, value in vars(arguments).items()}
    about = {"arguments": words, "cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
    about["versions"] = programs.versions(sys.executable, "numpy", "safetensors", "torch")
    if arguments.peer:
        about["peer_versions"] = programs.versions(
            str(arguments.peer / "bin" / "python"), "mergekit", "torch", "transformers", "safetensors"
        )
    return about


def _digest(files: Sequence[Path]) -> str:
    together = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            together.update(hashlib.file_digest(stream, "sha256").digest())
    return together.hexdigest()


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sweeps", type=int, default=3, help="rounds in which mergekit runs at four betas and with --async-write (3)")
    parser.add_argument("--method-rounds", type=int, default=1, help="rounds in which our other methods run (1); 0 leaves them out")
    parser.add_argument("--dtypes", nargs="+", default=["bf16", "fp32"], choices=["bf16", "fp32"])
    parser.add_argument("--scale", type=float, default=1.0, help="share of 1.104 G parameters (1)")
    parser.add_argument("--work", type=Path, default=Path("runs/merge"), help="inputs, made once, and outputs (runs/merge)")
    parser.add_argument("--peer", type=Path, default=_CACHE / "hf-regional" / "mergekit-0.1.5", help="mergekit's environment, made once")
    parser.add_argument("--no-peer", dest="peer", action="store_const", const=None, help="ours alone")
    parser.add_argument("--memory", type=Path, default=Path("/dev/shm"), help="a file system in memory, used if there is room (/dev/shm)")
    parser.add_argument("--check", action="store_true", help="compare every value of the last round's outputs with the exact result")
    parser.add_argument("--json", type=Path, help="write every figure there")
    return parser.parse_args()


def main() -> None:
    arguments = parsed()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.peer:
        programs.install_peer(arguments.peer)
    bench = Bench(arguments)
    for dtype in arguments.dtypes:
        bench.dtype(dtype)
    short = [verdict for verdict in bench.verdicts if verdict.outcome != "PASS"]
    print(f"\n{len(bench.verdicts) - len(short)} of {len(bench.verdicts)} bounds kept at the median.")
    if bench.failed:
        raise SystemExit(f"{len(bench.failed)} programs failed: {', '.join(bench.failed)}. Their words are in {arguments.work / 'logs'}.")


if __name__ == "__main__":
    main()
