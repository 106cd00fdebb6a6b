"""The Vendi score of a million features in a memory-mapped file, beside X.T @ X of the same blocks.

    python benchmarks/vendi.py --rounds 5                    # 2 GB of features under runs/metrics, then about a minute a round
    python benchmarks/vendi.py --rows 100000 --rounds 2      # a try

Both go through (1,000,000, 512) float32 in blocks of 4096 rows. `gram` sums in float32; `vendi` checks every row, brings it to unit
length, sums the products of blocks in float64 and takes the eigenvalues. Bound: 2 times, and a peak of 1 GB, mapped pages included.
"""

import argparse
import sys
from pathlib import Path

from metric_rounds import Bound, features_file, measure, report

BOUNDS = [Bound("vendi", "gram", 2.0, 1000)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, help="of the matrix product; all by default")
    parser.add_argument("--folder", type=Path, default=Path("runs/metrics"))
    arguments = parser.parse_args()
    file = features_file(arguments.folder, arguments.rows, 512)
    sys.exit(0 if report(measure(file, ["gram", "vendi"], rounds=arguments.rounds, threads=arguments.threads), BOUNDS) else 1)


if __name__ == "__main__":
    main()
