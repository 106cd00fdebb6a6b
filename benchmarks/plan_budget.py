"""Time of a plan of the size of the published data: 94 topics, 52 countries, 1,501 pairs; seconds of one process, and the gap it leaves.

python benchmarks/plan_budget.py --money 5000 --seconds 60
"""

import argparse
import time

import numpy as np
import pandas as pd

from hf_regional.planning.allocation import annotation_plan
from hf_regional.planning.problem import posed
from hf_regional.regions.countries import countries


def world(topics: int, places: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Countries on a plane, alike where they are near; 31 % of the pairs are there, with a median of 30 images."""
    rng = np.random.default_rng(seed)
    at = rng.normal(size=(places, 2))
    alike = np.clip(0.97 - 0.12 * np.linalg.norm(at[:, None] - at[None], axis=2), -1, 1)
    names = sorted(countries())[:places]
    rows = []
    for topic in range(topics):
        here = np.flatnonzero(rng.random(places) < 0.31)
        images = rng.geometric(1 / 45, size=len(here)) + 9
        rows += [
            (f"topic {topic}", names[a], names[b], alike[a, b], images[i], images[j])
            for i, a in enumerate(here)
            for j, b in enumerate(here)
            if i < j
        ]
    prices = pd.DataFrame({"country": names, "price_usd": rng.uniform(0.5, 2, places), "start_usd": rng.uniform(0, 300, places)})
    return pd.DataFrame(rows, columns=["topic", "country_a", "country_b", "similarity", "n_a", "n_b"]), prices


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--topics", type=int, default=94)
    parser.add_argument("--countries", type=int, default=52)
    parser.add_argument("--money", type=float, default=5000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--no-starts", action="store_true")
    arguments = parser.parse_args()
    table, prices = world(arguments.topics, arguments.countries, seed=0)
    costs = prices.drop(columns="start_usd") if arguments.no_starts else prices
    problem = posed(table, prices=costs)
    begun = time.process_time(), time.monotonic()
    plan = annotation_plan(table, money=arguments.money, prices=costs, seconds=arguments.seconds)
    spent = time.process_time() - begun[0], time.monotonic() - begun[1]
    print(f"{len(problem)} pairs, {problem.lent.nnz} lendings: {spent[0]:.1f} s of processor, {spent[1]:.1f} s")
    print(f"gain {100 * plan.gain:.4f} points, gap {100 * plan.gap:.2f} %, equal {100 * plan.baselines['gain'][1]:.4f}")
    print(plan)


if __name__ == "__main__":
    main()
