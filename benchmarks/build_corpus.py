"""An archive in the shape of Dollar Street in, rows with pictures of at most 384 pixels out: beside `imagefolder` and `.map(resize)`.

    python benchmarks/build_corpus.py                                   # 20,000 pictures, three rounds, two cores
    python benchmarks/build_corpus.py --pictures 1000 --rounds 3        # a try

Bounds: at least 1.5 times as fast as `load_dataset("imagefolder")` followed by `.map(resize, num_proc=2)` on the same files, and memory
flat: the peak of the whole archive is at most 1.15 times that of a tenth of it.

Every program is a whole process, each round runs all of them, in a new order. `imagefolder` is what the library's users write, whose
resized pictures are stored as PNG; `imagefolder, JPEG` has its resizing write JPEG of quality 90, as ours does. The pictures, 1500 by
1000 pixels and about 360 kB, are made once; there are `--distinct` of them, the others are hard links to those, so files are read from
the page cache and what is compared is the work of the processor.
"""

import argparse
import csv
import io
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (1500, 1000)
SIDE = 384
_OURS, _THEIRS, _JPEG = "ours", "imagefolder", "imagefolder, JPEG"
_FASTER, _FLAT = 1.5, 1.15
_COLUMNS = ("id", "country.id", "country.name", "region.id", "type", "imageRelPath", "topics", "place", "income")

_BUILD_OURS = """
from hf_regional import load_corpus
rows = load_corpus("dollar-street", data_dir=archive, config="all", longest_side=side, cache_dir=cache, split="train")
"""
_BUILD_THEIRS = """
from datasets import load_dataset
def resize(row):
    picture = row["image"]
    scale = side / max(picture.size)
    return {"image": picture.resize([round(length * scale) for length in picture.size])}
rows = load_dataset("imagefolder", data_dir=archive + "/assets", drop_labels=True, cache_dir=cache, split="train").map(resize, num_proc=2)
"""
_BUILD_JPEG = """
import io
from datasets import load_dataset
def resize(row):
    picture = row["image"]
    scale, data = side / max(picture.size), io.BytesIO()
    picture.resize([round(length * scale) for length in picture.size]).save(data, "JPEG", quality=90)
    return {"image": {"bytes": data.getvalue(), "path": None}}
rows = load_dataset("imagefolder", data_dir=archive + "/assets", drop_labels=True, cache_dir=cache, split="train").map(resize, num_proc=2)
"""
PROGRAMS = {_OURS: _BUILD_OURS, _THEIRS: _BUILD_THEIRS, _JPEG: _BUILD_JPEG}
_HEAD = "import json, sys\narchive, cache, side = sys.argv[1], sys.argv[2], int(sys.argv[3])\n"
_TAIL = "\nprint(json.dumps([len(rows), *rows[0]['image'].size, *rows[-1]['image'].size]))\n"


@dataclass(frozen=True, slots=True)
class Cost:
    """One whole process with its children: seconds on the clock, of the processor; megabytes of their own at the peak (anonymous, PSS)."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    rows: tuple[int, ...]


def photograph(seed: int) -> bytes:
    """Something like a photograph to a JPEG coder: fields of all sizes, each half as strong as the one twice its size, and grain."""
    draw = np.random.default_rng(seed)
    pixels = np.full((SIZE[1], SIZE[0], 3), 128.0)
    for octave in range(1, 9):
        field = Image.fromarray(draw.integers(0, 256, (2**octave, 3 * 2**octave // 2, 3), dtype=np.uint8))
        pixels += (np.asarray(field.resize(SIZE, Image.Resampling.BICUBIC), np.float64) - 128) * 1.6**-octave * 1.5
    pixels += draw.normal(0, 5, pixels.shape)
    data = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(data, "JPEG", quality=90)
    return data.getvalue()


def make_archive(folder: Path, pictures: int, distinct: int) -> Path:
    """Write the archive once: `images_v2.csv` and `assets/<id>/<id>.jpg`."""
    if (folder / "images_v2.csv").exists():
        return folder
    identifiers = [f"5d4be6e4cf0b3a0f{number:08x}" for number in range(pictures)]
    paths = [folder / "assets" / identifier / f"{identifier}.jpg" for identifier in identifiers]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if number < distinct:
            path.write_bytes(photograph(number))
        else:
            path.hardlink_to(paths[number % distinct])
    with (folder / "half").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for number, identifier in enumerate(identifiers):
            home = ("ID", "Indonesia", "as") if number % 2 else ("BI", "Burundi", "af")
            cells = ("image", f"assets/{identifier}/{identifier}.jpg", "['Beds', 'Bedrooms']", f"Home {number % 300}", 27 + number % 9_000)
            writer.writerow((identifier, *home, *cells))
    (folder / "half").rename(folder / "images_v2.csv")
    return folder


def run(program: str, archive: Path, cores: set[int]) -> Cost:
    """Run a program into a cache of its own, which is removed afterwards."""
    with tempfile.TemporaryDirectory(dir=archive.parent) as cache, (Path(cache) / "told").open("w+") as told:
        command = [sys.executable, "-c", _HEAD + PROGRAMS[program] + _TAIL, str(archive), str(Path(cache) / "cache"), str(SIDE)]
        quiet = os.environ | {"HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
        begun = time.perf_counter()
        child = subprocess.Popen(command, stdout=told, env=quiet, preexec_fn=lambda: os.sched_setaffinity(0, cores))
        peak: list[float] = [0.0]
        watcher = threading.Thread(target=_watch, args=(child.pid, peak))
        watcher.start()
        _, status, usage = os.wait4(child.pid, 0)
        taken = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        watcher.join()
        if child.returncode:
            raise SystemExit(f"{program} ended with {child.returncode}")
        told.seek(0)
        return Cost(taken, usage.ru_utime + usage.ru_stime, peak[0], tuple(json.loads(told.read().splitlines()[-1])))


def _watch(pid: int, peak: list[float]) -> None:
    while (found := _pss_mb(pid)) is not None:
        peak[0] = max(peak[0], found)
        time.sleep(0.25)


def _pss_mb(pid: int) -> float | None:
    """Megabytes of a process and its children, shared pages once, files in the page cache not; None when it has ended."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    own = next((int(line.split()[1]) / 1024 for line in rollup.splitlines() if line.startswith("Pss_Anon:")), None)
    return None if own is None else own + sum(_pss_mb(child) or 0.0 for child in children)


def measure(archive: Path, rounds: int, cores: set[int]) -> dict[str, list[Cost]]:
    """Run every program once a round, in a new order each time."""
    found: dict[str, list[Cost]] = {program: [] for program in PROGRAMS}
    order = random.Random(0)
    for turn in range(rounds):
        for program in order.sample([*PROGRAMS], len(PROGRAMS)):
            found[program].append(run(program, archive, cores))
            print(f"round {turn + 1}: {program:<18} {found[program][-1].wall_s:7.1f} s", file=sys.stderr, flush=True)
    told = {cost.rows for costs in found.values() for cost in costs}
    if len(told) != 1:
        raise SystemExit(f"the programs did not build the same: rows and sizes of the first and the last are {sorted(told)}")
    return found


def report(found: Mapping[str, Sequence[Cost]], pictures: int, small: Cost) -> bool:
    """Print the figures and a verdict on each bound; true where both hold."""
    print(f"{'medians of ' + str(len(found[_OURS])) + ' rounds':<20} {'wall s':>8} {'cpu s':>8} {'pictures/s':>11} {'peak MB':>8}")
    for program, costs in found.items():
        wall, cpu = (statistics.median(getattr(cost, name) for cost in costs) for name in ("wall_s", "cpu_s"))
        print(f"{program:<20} {wall:8.1f} {cpu:8.1f} {pictures / wall:11.1f} {max(cost.peak_mb for cost in costs):8.0f}")
    for name in ("wall_s", "cpu_s"):
        for other in (_THEIRS, _JPEG):
            ratios = [getattr(theirs, name) / getattr(ours, name) for theirs, ours in zip(found[other], found[_OURS], strict=True)]
            print(f"{other} / ours, {name}: {statistics.median(ratios):.2f}  ({', '.join(f'{ratio:.2f}' for ratio in ratios)})")
    faster = statistics.median(theirs.wall_s / ours.wall_s for theirs, ours in zip(found[_THEIRS], found[_OURS], strict=True))
    peak = statistics.median(cost.peak_mb for cost in found[_OURS])
    print(f"{'PASS' if faster >= _FASTER else 'FAIL'}: {faster:.2f} times as fast as imagefolder and map, at least {_FASTER} asked for")
    flat = peak / small.peak_mb
    print(f"{'PASS' if flat <= _FLAT else 'FAIL'}: peak {peak:.0f} MB, {flat:.2f} times that of a tenth, at most {_FLAT} asked for")
    return faster >= _FASTER and flat <= _FLAT


def main() -> None:
    parser = argparse.ArgumentParser(description="Building a corpus with shrunken pictures, beside imagefolder and map.")
    parser.add_argument("--pictures", type=int, default=20_000, help="in the archive (default 20000)")
    parser.add_argument("--distinct", type=int, default=2_000, help="different ones among them, 0.36 MB each (default 2000)")
    parser.add_argument("--rounds", type=int, default=3, help="of all programs (default 3)")
    parser.add_argument("--cores", type=int, default=2, help="that the programs may use (default 2)")
    parser.add_argument("--folder", type=Path, default=Path("runs/build_corpus"), help="of the archive, kept (default runs/build_corpus)")
    parser.add_argument("--json", type=Path, help="write the figures there")
    asked = parser.parse_args()
    folder = asked.folder.absolute()
    sizes = {"whole": asked.pictures, "tenth": max(1, asked.pictures // 10)}
    distinct = {name: min(size, asked.distinct) for name, size in sizes.items()}
    archives = {name: make_archive(folder / f"{size}-{distinct[name]}", size, distinct[name]) for name, size in sizes.items()}
    cores = set(sorted(os.sched_getaffinity(0))[: asked.cores])
    small = run(_OURS, archives["tenth"], cores)
    found = measure(archives["whole"], asked.rounds, cores)
    held = report(found, asked.pictures, small)
    if asked.json:
        figures = {program: [asdict(cost) for cost in costs] for program, costs in found.items()}
        asked.json.write_text(json.dumps({"arguments": {"pictures": asked.pictures}, "tenth": asdict(small), **figures}, indent=2))
    if shutil.disk_usage(folder).free < 1e9:
        print(f"less than 1 GB is free in {folder}: its archives may be removed", file=sys.stderr)
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
