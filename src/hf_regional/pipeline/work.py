"""The stages of a run that take time: training, merging, measuring. Each is a folder that is made once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from hf_regional.adapting import adapt
from hf_regional.durable import Stages
from hf_regional.encoding import FeatureCache, load_encoder
from hf_regional.evaluating.beta import checked_grid
from hf_regional.evaluating.runner import measure_rows
from hf_regional.evaluating.task import Task
from hf_regional.merging import merge_checkpoints
from hf_regional.pipeline.clock import Clock
from hf_regional.pipeline.inputs import Inputs


@dataclass(frozen=True)
class Work:
    """What a run makes on the way to its result, under one working folder.

    A stage's key holds all that it depends on, so a stage of another config, corpus or base is never taken for this one's.
    """

    inputs: Inputs
    root: Path
    progress: bool = True

    @cached_property
    def stages(self) -> Stages:
        """The finished stages."""
        return Stages(self.root)

    @cached_property
    def clock(self) -> Clock:
        """What they took."""
        return Clock(self.root / "seconds.jsonl")

    @cached_property
    def features(self) -> FeatureCache:
        """What the towers gave, so that one that no mix touched is asked once."""
        return FeatureCache()

    @cached_property
    def regional(self) -> Path:
        """θ_regional, trained where it is not there yet."""
        return self._trained / "model"

    @cached_property
    def training(self) -> dict[str, Any]:
        """The facts of the training."""
        return _read(self._trained / "training.json")

    @cached_property
    def mixes(self) -> dict[float, Path]:
        """β -> the checkpoint of that mix; β = 0 is the base itself."""
        betas = checked_grid(self.inputs.config.merging.betas)
        return {beta: self._merged / "mixes" / f"beta-{beta:g}" if beta else self.inputs.base for beta in betas}

    @cached_property
    def merging(self) -> dict[str, Any]:
        """The report of the merge, over all β."""
        return _read(self._merged / "merging.json")

    def measure(self, name: str, model: Path, split: str, tasks: Sequence[Task]) -> pd.DataFrame:
        """The measured rows of one model on one split's tasks."""

        def work(folder: Path) -> None:
            with self.clock.timed(f"scoring {split}"):
                rows = measure_rows(load_encoder(model, device=self.inputs.config.device, cache=self.features), tasks)
            rows.to_parquet(folder / "rows.parquet")

        described = [task.model_dump(mode="json") for task in self.inputs.config.tasks]
        folder = self.stages.run(f"{split}-{name}", {**self._merge_key, "tasks": described, "split": split, "model": name}, work)
        return pd.read_parquet(folder / "rows.parquet")

    @cached_property
    def _trained(self) -> Path:
        config = self.inputs.config
        recipe = config.to_recipe()

        def work(folder: Path) -> None:
            with self.clock.timed("training"):
                made = adapt(
                    self.inputs.base,
                    self.inputs.training_rows,
                    recipe,
                    folder / "model",
                    seed=config.seed,
                    device=config.device,
                    progress=self.progress,
                )
            _write(folder / "training.json", {**(made.facts.of("training") or {}), "history": made.history})

        key = {**self.inputs.identity(), "recipe": recipe.model_dump(mode="json"), "seed": config.seed}
        return self.stages.run("training", key, work)

    @cached_property
    def _merge_key(self) -> dict[str, Any]:
        return {**self.inputs.identity(), "training": self.training, "merging": self.inputs.config.merging.model_dump(mode="json")}

    @cached_property
    def _merged(self) -> Path:
        settings = self.inputs.config.merging
        grid = [beta for beta in checked_grid(settings.betas) if beta > 0]

        def work(folder: Path) -> None:
            with self.clock.timed("merging"):
                made = merge_checkpoints(
                    self.inputs.base, self.regional, grid, folder / "mixes", method=settings.method, only=settings.only, skip=settings.skip
                )
            _write(folder / "merging.json", made.report)

        return self.stages.run("merging", self._merge_key, work)


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")
