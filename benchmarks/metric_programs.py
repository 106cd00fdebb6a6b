"""One program of `retrieval.py` or `vendi.py` as a process of its own: a memory-mapped file of features in, seconds and peak memory out.

    python benchmarks/metric_programs.py retrieval FILE

Started by those two; a process has one peak of memory, so that what is compared must not share one. The seconds are of the work alone,
after imports and with the file mapped; they are printed as JSON.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hf_regional.metrics import Relevant, feature_retrieval_scores, nearest_items, vendi_score

BLOCK = 4096
QUERIES, DEPTH = 256, 10


def draw_queries(width: int) -> np.ndarray:
    rows = np.random.default_rng(1).standard_normal((QUERIES, width), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def product(items: np.ndarray) -> str:
    """The bare product, block by block: no score is looked at."""
    queries = draw_queries(items.shape[1])
    out = np.empty((BLOCK, QUERIES), dtype=np.float32)
    for first in range(0, len(items), BLOCK):
        block = items[first : first + BLOCK]
        np.matmul(block, queries.T, out=out[: len(block)])
    return f"{out[0, 0]:.6f}"


def nearest(items: np.ndarray) -> str:
    _, numbers = nearest_items(draw_queries(items.shape[1]), items, DEPTH)
    return str(numbers[0].tolist())


def retrieval(items: np.ndarray) -> str:
    """All scores at k, with two relevant items a query."""
    relevant = Relevant.of(np.random.default_rng(2).integers(0, len(items), (QUERIES, 2)).tolist())
    found = feature_retrieval_scores(draw_queries(items.shape[1]), items, relevant, ks=[DEPTH])
    return f"{found['MAP@10'].mean():.6f}"


def gram(items: np.ndarray) -> str:
    """X.T @ X in float32, block by block."""
    total = np.zeros((items.shape[1], items.shape[1]), dtype=np.float32)
    for first in range(0, len(items), BLOCK):
        block = items[first : first + BLOCK]
        total += block.T @ block
    return f"{total[0, 0]:.3f}"


def vendi(items: np.ndarray) -> str:
    return f"{vendi_score(items):.3f}"


PROGRAMS: dict[str, Callable[[np.ndarray], str]] = {one.__name__: one for one in (product, nearest, retrieval, gram, vendi)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    items = np.load(arguments.file, mmap_mode="r")
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    answer = PROGRAMS[arguments.program](items)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    # the kernel's account, pages of the mapped file included
    print(json.dumps({"wall": wall, "cpu": cpu, "peak_mb": after.ru_maxrss * 1024 / 1e6, "answer": answer}))


if __name__ == "__main__":
    main()
