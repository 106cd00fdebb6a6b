"""Rounds: calls that do so many rows each in; rows a second of each, measured in turn, and a table of medians out."""

import statistics
import time
from collections.abc import Callable, Mapping

Job = tuple[int, Callable[[], object]]  # rows, and a call that does all of them


def take_turns(jobs: Mapping[str, Job], rounds: int) -> dict[str, list[float]]:
    """Rows a second of each job in each round: in turn, so that a busy minute burdens all of them; a first round warms up."""
    speeds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds + 1):
        for name, (rows, call) in jobs.items():
            begun = time.perf_counter()
            call()
            speeds[name].append(rows / (time.perf_counter() - begun))
    return {name: found[1:] for name, found in speeds.items()}


def show(speeds: Mapping[str, list[float]]) -> None:
    """Print the table."""
    width = max(map(len, speeds)) + 2
    print(f"{'rows a second':{width}}{'median':>12}{'least':>12}{'most':>12}")
    for name, found in speeds.items():
        print(f"{name:{width}}{statistics.median(found):>12,.0f}{min(found):>12,.0f}{max(found):>12,.0f}")
