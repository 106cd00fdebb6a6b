"""The main job on three seeds, and joint training on global + regional rows at equal steps beside it.

    python benchmarks/three_seeds.py [--seeds 0 1 2] [--output runs/seeds]

Merging needs no global data; joint training does. Both start from the same global model and take the same number of steps of the same
batch size; the joint rows are half the region's and half the world's. All figures are on the test split.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, concatenate_datasets

from hf_regional import adapt, run
from hf_regional.cards.figures import with_interval
from hf_regional.encoding import load_encoder
from hf_regional.evaluating.report import aligned
from hf_regional.evaluating.runner import measure_rows
from hf_regional.evaluating.sides import Scorer
from hf_regional.pipeline import load_config
from hf_regional.pipeline.inputs import Inputs, load_inputs


def joint_rows(inputs: Inputs, seed: int) -> Dataset:
    """The region's training rows and as many of the world's, drawn by the seed."""
    train, regional = inputs.corpus["train"], inputs.training_rows
    world = np.flatnonzero(np.asarray(train["region_verdict"][:]) == "other")
    drawn = np.random.default_rng(seed).choice(world, size=min(len(regional), len(world)), replace=False)
    return concatenate_datasets([regional, train.select(np.sort(drawn))])


def joint(seed: int, output: Path) -> dict[str, Any]:
    """Train jointly and score on test against the base."""
    config = load_config(seed=seed)
    inputs = load_inputs(config)
    folder = output / f"joint-{seed}"
    if not folder.exists():
        adapt(inputs.base, joint_rows(inputs, seed), config.to_recipe(), folder, seed=seed)
    test = inputs.tasks("test")
    scorer = Scorer(test, resamples=config.resamples, seed=seed)
    base, model = (scorer.score(measure_rows(load_encoder(path), test)) for path in (inputs.base, folder))
    sides = {side: model.estimate(side).as_dict() for side in ("global", "regional")}
    return {**sides, "retention": scorer.retained(model, base).as_dict(), "gain": scorer.gain(model, base)}


def merged(seed: int, output: Path) -> dict[str, Any]:
    """The main job."""
    report = run(seed=seed, output=str(output / f"run-{seed}")).report
    kept = ("beta", "base", "tuned", "merged", "retention", "gain", "tuned_retention", "tuned_gain", "seconds")
    return {key: report[key] for key in kept}


def line(name: str, scores: dict[str, Any], retention: dict[str, Any] | None, gain: dict[str, float] | None) -> list[str]:
    shares = ["–" if share is None else f"{100 * share:.1f}" for share in (retention["value"], retention["low"])] if retention else []
    kept = f"{shares[0]} (≥ {shares[1]})" if shares else ""
    gained = f"{gain['percent']:+.0f} (≥ {gain['low_percent']:+.0f})" if gain else ""
    return [name, with_interval(scores["global"]), with_interval(scores["regional"]), kept, gained]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--output", type=Path, default=Path("runs/seeds"))
    arguments = parser.parse_args()
    found: dict[int, dict[str, Any]] = {}
    table = [["test MRR, % [95 %]", "global", "regional", "retention, % (low)", "regional gain, % (low)"]]
    for seed in arguments.seeds:
        found[seed] = {**merged(seed, arguments.output), "joint": joint(seed, arguments.output)}
        one = found[seed]
        if seed == arguments.seeds[0]:
            table.append(line("base", one["base"], None, None))
        table.append(line(f"fine-tuned, seed {seed}", one["tuned"], one["tuned_retention"], one["tuned_gain"]))
        table.append(line(f"merged β = {one['beta']:g}, seed {seed}", one["merged"], one["retention"], one["gain"]))
        table.append(line(f"joint, seed {seed}", one["joint"], one["joint"]["retention"], one["joint"]["gain"]))
    print(aligned(table))
    (arguments.output / "three_seeds.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
