"""Full tables of visual similarity for 94 topics and 52 countries, beside one pass over the features and beside all pairs of images.

    python benchmarks/geo_similarity.py --rounds 5                   # 307 MB of features under runs/metrics, then half a minute a round
    python benchmarks/geo_similarity.py --rows 20000 --rounds 2      # a try

Each program is a process of its own that maps (100,000, 768) float32; topics and countries are drawn at random, so that the rows of a
group lie all over the file. `one_pass` reads every row once, brings it to unit length and adds it up, which is the least that can be done;
`tables` is `geo_similarity` without intervals, `intervals` with 200 resamples; `all_pairs` multiplies every image by every other of its
topic and takes the means, without intervals. Bounds: tables 2 times one pass; intervals 10 seconds, and 1 GB beyond the features.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from metric_rounds import Bound, features_file, measure, report

from hf_regional import Region
from hf_regional.planning import geo_similarity

TOPICS, COUNTRIES, RESAMPLES = 94, 52, 200
SECONDS, BEYOND_MB = 10, 1000
BLOCK = 1024


def labels(rows: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(1)
    topics, codes = np.array([f"topic {k}" for k in range(TOPICS)]), np.array(sorted(Region("world").countries)[:COUNTRIES])
    return topics[draw.integers(TOPICS, size=rows)].astype(object), codes[draw.integers(COUNTRIES, size=rows)].astype(object)


def one_pass(items: np.ndarray, topics: np.ndarray, countries: np.ndarray) -> str:
    total = np.zeros(items.shape[1])
    for first in range(0, len(items), BLOCK):
        block = items[first : first + BLOCK]
        total += (1 / np.sqrt(np.einsum("ij,ij->i", block, block))) @ block
    return f"{total[0]:.4f}"


def tables(items: np.ndarray, topics: np.ndarray, countries: np.ndarray, resamples: int = 0) -> str:
    table = geo_similarity(items, topics, countries, min_n=1, resamples=resamples).table
    return f"{len(table)} pairs, mean {table['similarity'].mean():.9f}"


def intervals(items: np.ndarray, topics: np.ndarray, countries: np.ndarray) -> str:
    return tables(items, topics, countries, RESAMPLES)


def all_pairs(items: np.ndarray, topics: np.ndarray, countries: np.ndarray) -> str:
    """Every image by every other of its topic, and the mean of each block of two countries."""
    means: list[float] = []
    for topic in np.unique(topics):
        rows = np.flatnonzero(topics == topic)
        rows = rows[np.argsort(countries[rows], kind="stable")]
        unit = items[rows] / np.linalg.norm(items[rows], axis=1, keepdims=True)
        _, first, n = np.unique(countries[rows], return_index=True, return_counts=True)
        sums = np.add.reduceat(np.add.reduceat(unit @ unit.T, first, axis=0), first, axis=1)
        mean = sums / np.outer(n, n)
        means += mean[~np.eye(len(n), dtype=bool)].tolist()
    return f"{len(means)} pairs, mean {np.mean(means):.9f}"


PROGRAMS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], str]] = {
    one.__name__: one for one in (one_pass, tables, intervals, all_pairs)
}


def run(program: str, file: Path) -> None:
    """Print seconds and peak memory of one program, after imports and with the file mapped, as JSON."""
    geo_similarity(np.eye(2), ["a", "a"], ["IDN", "KEN"], min_n=1)  # what is imported on first use
    items = np.load(file, mmap_mode="r")
    topics, countries = labels(len(items))
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    answer = PROGRAMS[program](items, topics, countries)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    print(json.dumps({"wall": wall, "cpu": cpu, "peak_mb": after.ru_maxrss * 1024 / 1e6, "answer": answer}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("program", nargs="?", choices=PROGRAMS, help="run one program on a file; without it all are compared")
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, help="of the matrix products; all by default")
    parser.add_argument("--folder", type=Path, default=Path("runs/metrics"))
    arguments = parser.parse_args()
    if arguments.program:
        run(arguments.program, arguments.file)
        return
    file = features_file(arguments.folder, arguments.rows, 768)
    found = measure(file, list(PROGRAMS), rounds=arguments.rounds, threads=arguments.threads, script=Path(__file__))
    peak = file.stat().st_size / 1e6 + BEYOND_MB
    kept = report(
        found, [Bound("tables", "one_pass", 2.0, peak), Bound("tables", "all_pairs", 1.0, peak), Bound("intervals", "all_pairs", 5.0, peak)]
    )
    seconds = statistics.median(one["wall"] for one in found["intervals"])
    print(f"{'PASS' if seconds <= SECONDS else 'FAIL'} intervals: {seconds:.1f} s (bound {SECONDS})")
    sys.exit(0 if kept and seconds <= SECONDS else 1)


if __name__ == "__main__":
    main()
