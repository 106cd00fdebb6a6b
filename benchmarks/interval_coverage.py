"""How often 95 % intervals hold the truth: simulated sets of rows in clusters, and the package's own intervals over them.

    python benchmarks/interval_coverage.py                      # 2,000 sets a cell, some minutes on one core
    python benchmarks/interval_coverage.py --sets 500 --chance 0

A set has n pictures with 1 to 5 questions each. A picture's difficulty is drawn from a beta distribution (questions on one picture
correlate by 0.3), each answer of the base is right with that probability; the merged model gives the base's answer in `--same` of the
questions and answers the rest anew, at a rate that makes its true retention 98 %. Bound: 93 to 97 % in every cell of 200 and more pictures,
of two-sided intervals; the one-sided bounds, by which β is judged, stand beside.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hf_regional.metrics import ClusterBootstrap, ratio_of, two_sided

KEPT = 0.98
WITHIN = 0.3  # correlation of two questions on one picture
PICTURES = (50, 200, 1000)
RATES = (0.1, 0.5, 0.9)
HELD = ("mean", "its lower bound", "retention", "its lower bound ", "mean, percentiles", "retention, percentiles")


@dataclass(frozen=True)
class Cell:
    """One row of the table."""

    pictures: int
    rate: float
    chance: float
    same: float

    def sets(self, count: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Picture of each row, and (rows, 2): what base and merged answered."""
        rng = np.random.default_rng([seed, self.pictures, round(100 * self.rate)])
        merged_rate = self.chance + KEPT * (self.rate - self.chance)
        anew = (merged_rate - self.same * self.rate) / (1 - self.same)  # mean rate of the answers given anew
        weight = (1 - WITHIN) / WITHIN
        for _ in range(count):
            picture = np.repeat(np.arange(self.pictures), rng.integers(1, 6, self.pictures))
            right = rng.beta(self.rate * weight, (1 - self.rate) * weight, self.pictures)[picture]
            base = rng.random(len(picture)) < right
            fresh = rng.random(len(picture)) < right * anew / self.rate
            yield picture, np.stack([base, np.where(rng.random(len(picture)) < self.same, base, fresh)], axis=1).astype(float)


def holds(boot: ClusterBootstrap, picture: np.ndarray, answers: np.ndarray, cell: Cell) -> Sequence[bool]:
    """Whether each interval holds the truth, in the order of HELD."""
    groups = np.zeros(len(picture))
    base, merged = (boot.resample(answers[:, system], groups, picture) for system in (0, 1))
    mean, plain = base.estimate(len(picture)), two_sided(base.draws, base.value, len(picture))
    above = base - cell.chance
    if above.value <= 0:  # no retention is told here, so none is told wrongly
        return mean.low <= cell.rate <= mean.high, base.lower_bound() <= cell.rate, True, True, plain.low <= cell.rate <= plain.high, True
    kept = ratio_of([merged - cell.chance], [above])
    both, low = kept.interval(), kept.lower_bound()
    ratios = (merged.draws - cell.chance)[above.draws > 0] / above.draws[above.draws > 0]
    shares = two_sided(ratios, kept.value, len(picture))
    return (
        mean.low <= cell.rate <= mean.high,
        base.lower_bound() <= cell.rate,
        both is None or both[0] <= KEPT <= both[1],
        low is None or low <= KEPT,
        plain.low <= cell.rate <= plain.high,
        shares.low <= KEPT <= shares.high,
    )


def coverage(cell: Cell, sets: int, *, seed: int = 0, resamples: int = 2000) -> dict[str, float]:
    """What share of the sets each interval holds the truth in."""
    boot = ClusterBootstrap(np.arange(cell.pictures), resamples=resamples, seed=seed)
    held = np.mean([holds(boot, picture, answers, cell) for picture, answers in cell.sets(sets, seed)], axis=0)
    return dict(zip(HELD, held.tolist(), strict=True))


def cells(same: float, chance: float | None) -> list[Cell]:
    """By default chance is a fifth of the rate of the base, as of five options for a base that is always right."""
    return [Cell(n, rate, rate / 5 if chance is None else chance, same) for n in PICTURES for rate in RATES]


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage of the 95 % intervals on simulated sets.")
    parser.add_argument("--sets", type=int, default=2000, help="simulated sets a cell (default 2000)")
    parser.add_argument("--same", type=float, default=0.8, help="share of answers that the merged model takes from the base (default 0.8)")
    parser.add_argument("--chance", type=float, help="score of a random answer (default: a fifth of the base's)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON object in place of the table")
    asked = parser.parse_args()
    begun, rows = time.perf_counter(), []
    for cell in cells(asked.same, asked.chance):
        rows.append({"pictures": cell.pictures, "rate": cell.rate, **coverage(cell, asked.sets, seed=asked.seed)})
    judged = [row[name] for row in rows if row["pictures"] >= 200 for name in HELD[:4]]
    if asked.json:
        print(json.dumps({"sets": asked.sets, "same": asked.same, "cells": rows, "least": min(judged), "most": max(judged)}))
        return
    print(f"{'pictures':>8} {'rate':>5} " + " ".join(f"{name.strip():>23}" for name in HELD))
    for row in rows:
        print(f"{row['pictures']:8d} {row['rate']:5.1f} " + " ".join(f"{100 * row[name]:22.1f}%" for name in HELD))
    verdict = "PASS" if min(judged) >= 0.93 and max(judged) <= 0.97 else "FAIL"
    spread = f"{100 * min(judged):.1f} to {100 * max(judged):.1f} %"
    print(f"{verdict}: from 200 pictures on, {spread} (bound: 93 to 97 %); {asked.sets} sets a cell, {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
