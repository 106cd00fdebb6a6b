"""Programs of `metric_programs.py` in, run in turn as whole processes; ratios of their seconds and their peak memory out."""

import json
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

PROGRAMS = Path(__file__).with_name("metric_programs.py")
_BLOCK = 10_000


@dataclass(frozen=True, slots=True)
class Bound:
    """A program may take so many times the seconds of another, and so many megabytes."""

    program: str
    beside: str
    times: float
    peak_mb: float


def features_file(folder: Path, rows: int, width: int) -> Path:
    """Write random features once: (rows, width) float32 as .npy."""
    file = folder / f"features-{rows}x{width}.npy"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".half")
        draw = np.random.default_rng(0)
        with half.open("wb") as stream:  # not through a mapping: programs started from here would begin with its peak of memory
            np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (rows, width)})
            for first in range(0, rows, _BLOCK):
                stream.write(draw.standard_normal((min(_BLOCK, rows - first), width), dtype=np.float32).tobytes())
        half.rename(file)
    return file


def measure(
    file: Path, programs: Sequence[str], *, rounds: int, threads: int | None, script: Path = PROGRAMS
) -> dict[str, list[dict[str, Any]]]:
    """Run every program of a script once a round, in a new order each time."""
    found: dict[str, list[dict[str, Any]]] = {program: [] for program in programs}
    environment = os.environ | ({} if threads is None else {"OMP_NUM_THREADS": str(threads)})
    order = random.Random(0)
    for _ in range(rounds):
        for program in order.sample(programs, len(programs)):
            command = [sys.executable, str(script), program, str(file)]
            ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
            found[program].append(json.loads(ran.stdout))
    return found


def report(found: Mapping[str, Sequence[Mapping[str, Any]]], bounds: Sequence[Bound]) -> bool:
    """Print seconds, ratios within rounds and verdicts; true where every bound holds."""
    for program, rounds in found.items():
        walls, cpus = ([one[what] for one in rounds] for what in ("wall", "cpu"))
        print(
            f"{program:10} wall {statistics.median(walls):7.2f} s ({min(walls):.2f} to {max(walls):.2f}), "
            f"CPU {statistics.median(cpus):7.2f} s, peak {max(one['peak_mb'] for one in rounds):6.0f} MB: {rounds[0]['answer']}"
        )
    kept = True
    for bound in bounds:
        pairs = list(zip(found[bound.program], found[bound.beside], strict=True))
        ratios = {what: statistics.median(one[what] / other[what] for one, other in pairs) for what in ("wall", "cpu")}
        peak = max(one["peak_mb"] for one in found[bound.program])
        good = ratios["wall"] <= bound.times and peak <= bound.peak_mb
        kept &= good
        print(
            f"{'PASS' if good else 'FAIL'} {bound.program} over {bound.beside}: {ratios['wall']:.2f} times by the clock, "
            f"{ratios['cpu']:.2f} by CPU (bound {bound.times:g}); peak {peak:.0f} MB (bound {bound.peak_mb:g})"
        )
    return kept
