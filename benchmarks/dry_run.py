"""What `--dry-run` foretells, beside the run that follows: memory, disk and time, each as whole processes.

    python benchmarks/dry_run.py [config.yaml] [--output runs/dry-run]

Without a YAML it is the demo. Memory is the peak resident size of the run's process, disk the most bytes that its output and its
working folder held together, looked at ten times a second, time the wall clock from start to end, interpreter and imports included.
Bound: each ratio within a factor of 2. Rows, steps and downloads are exact; `tests/pipeline/test_dry_run.py` holds them.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "hf_regional", "run"]


def foretold(words: list[str]) -> dict[str, Any]:
    """The forecast, as a process of its own: what it measures must not sit in ours."""
    done = subprocess.run([*COMMAND, *words, "--dry-run", "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(done.stdout)


def measured(words: list[str], output: Path) -> dict[str, float]:
    """Peak memory and disk in bytes, and seconds, of the run."""
    folders = [output, output.absolute().with_name(f".{output.name}.work")]
    peak, over = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.1):
            peak = max(peak, sum(size_of(folder) for folder in (*folders, *output.parent.glob(f".{output.name}.partial-*"))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    process = subprocess.Popen([*COMMAND, *words, "--quiet"], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)  # of this child alone: RUSAGE_CHILDREN would know the dry run too
    seconds = time.perf_counter() - began
    over.set()
    watcher.join()
    if status:
        raise SystemExit(f"the run failed with status {os.waitstatus_to_exitcode(status)}")
    return {"memory": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024), "disk": peak, "time": seconds}


def size_of(folder: Path) -> int:
    """Bytes below a folder; files that vanish while it is read count for nothing."""
    total = 0
    for path in folder.rglob("*") if folder.is_dir() else ():
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?", help="a YAML; without one, the demo")
    parser.add_argument("--output", type=Path, default=Path("runs/dry-run"))
    arguments = parser.parse_args()
    shutil.rmtree(arguments.output, ignore_errors=True)
    words = [*([arguments.config] if arguments.config else []), "--output", str(arguments.output)]
    told = foretold(words)
    found = measured(words, arguments.output)
    expected = {"memory": told["memory_bytes"], "disk": told["disk_bytes"], "time": told["seconds"]["total"]}
    units = {"memory": (1e9, "GB"), "disk": (1e6, "MB"), "time": (1, "s")}
    print(f"{'':8}{'foretold':>12}{'measured':>12}{'ratio':>8}")
    for name, (unit, label) in units.items():
        ratio = expected[name] / found[name]
        verdict = "" if 0.5 <= ratio <= 2 else "   out of bounds"
        print(f"{name:8}{expected[name] / unit:>9.2f} {label:<2}{found[name] / unit:>9.2f} {label:<2}{ratio:>8.2f}{verdict}")
    report = json.loads((arguments.output / "report.json").read_text(encoding="utf-8"))
    print("seconds by stage, foretold:", told["seconds"])
    print("seconds by stage, measured:", report["seconds"])


if __name__ == "__main__":
    main()
