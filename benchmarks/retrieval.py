"""Retrieval among a million candidates from a memory-mapped file, beside the bare matrix product of the same blocks.

    python benchmarks/retrieval.py --rounds 5                    # 2 GB of features under runs/metrics, then about a minute a round
    python benchmarks/retrieval.py --rows 100000 --rounds 2      # a try

256 queries, 512 dimensions, the first 10. `product` multiplies block by block and looks at nothing; `nearest` finds the first 10 of each
query; `retrieval` scores them (recall, hits, MRR, MAP, nDCG at 10, ties counted). Bound: 1.5 times the product, and a peak of 500 MB,
mapped pages included, whatever the number of candidates.
"""

import argparse
import sys
from pathlib import Path

from metric_rounds import Bound, features_file, measure, report

BOUNDS = [Bound("nearest", "product", 1.5, 500), Bound("retrieval", "product", 1.5, 500)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, help="of the matrix product; all by default")
    parser.add_argument("--folder", type=Path, default=Path("runs/metrics"))
    arguments = parser.parse_args()
    file = features_file(arguments.folder, arguments.rows, 512)
    found = measure(file, ["product", "nearest", "retrieval"], rounds=arguments.rounds, threads=arguments.threads)
    sys.exit(0 if report(found, BOUNDS) else 1)


if __name__ == "__main__":
    main()
