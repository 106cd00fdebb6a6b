"""What a user waits for before anything happens: whole processes, timed in turn, against `import datasets`.

    python benchmarks/import_time.py --rounds 9

Bounds on a quiet machine: `import hf_regional` under 0.5 s, `hf-regional --help` under 0.7 s and at most 0.6 of `import datasets`.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

# Name to the arguments of the interpreter. The bare interpreter is what no import can beat.
PROGRAMS = {
    "bare interpreter": ["-c", "pass"],
    "import hf_regional": ["-c", "import hf_regional"],
    "hf-regional --help": ["-m", "hf_regional", "--help"],
    "import datasets": ["-c", "import datasets"],
}
YARDSTICK = "import datasets"


def seconds(arguments: Sequence[str]) -> float:
    """Wall-clock seconds of one whole process, start of the interpreter included."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def interleaved(rounds: int) -> dict[str, list[float]]:
    """Times per program. Each round runs every program once: a busy minute then burdens all of them, and their ratio holds."""
    for arguments in PROGRAMS.values():
        seconds(arguments)  # the first run reads from disk and writes byte code
    taken: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds):
        for name, arguments in PROGRAMS.items():
            taken[name].append(seconds(arguments))
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description="Import times as whole processes, interleaved.")
    parser.add_argument("--rounds", type=int, default=9, help="timed runs of each program (default 9)")
    taken = interleaved(parser.parse_args().rounds)
    yardstick = statistics.median(taken[YARDSTICK])
    print(f"{'seconds':<20} {'median':>7} {'least':>7} {'most':>7}   median / {YARDSTICK}")
    for name, times in taken.items():
        median = statistics.median(times)
        print(f"{name:<20} {median:7.3f} {min(times):7.3f} {max(times):7.3f}   {median / yardstick:.2f}")


if __name__ == "__main__":
    main()
