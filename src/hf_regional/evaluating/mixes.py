"""Mixes: two models and some β in; the measured rows of each mix out. Checkpoints are made, scored, and removed again."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm.auto import tqdm

from hf_regional.encoding import FeatureCache, load_encoder, resolve_folder
from hf_regional.evaluating.runner import measure_rows
from hf_regional.evaluating.subjects import Subject, open_subject
from hf_regional.evaluating.task import Task
from hf_regional.merging import merge_checkpoints
from hf_regional.merging.patterns import Patterns
from hf_regional.protocols import HasPath

_LEAST_STEP = 0.001  # two mixes nearer than this are one to any test set


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a mix is made: the method, and the components or tensors that take part."""

    method: str = "linear"
    only: Patterns = None
    skip: Patterns = None


@dataclass(frozen=True)
class Mixes:
    """Measures θ_β over tasks, a β at a time. A tower that the recipe leaves alone is encoded once for all β."""

    base: str | Path | HasPath
    regional: str | Path | HasPath
    tasks: Mapping[str, Sequence[Task]]  # by region; several regions share one pass over the models
    folder: Path  # for the checkpoints, as long as they are needed
    recipe: Recipe = Recipe()
    device: str | None = None
    progress: bool = True
    cache: FeatureCache = field(default_factory=FeatureCache)

    def measure(self, betas: Sequence[float]) -> dict[str, dict[float, pd.DataFrame]]:
        """Region -> β -> the measured rows. All β > 0 are merged in one pass over the files; β = 0 is the base itself."""
        mixed, place = [beta for beta in betas if beta > 0], self.folder / "mixes"
        paths = {0.0: resolve_folder(self.base)} if 0 in betas else {}
        if mixed:
            recipe = self.recipe
            made = merge_checkpoints(
                self.base, self.regional, mixed, place, method=recipe.method, only=recipe.only, skip=recipe.skip, hash_inputs=False
            )
            paths |= dict(zip(mixed, made.paths, strict=True))
        out: dict[str, dict[float, pd.DataFrame]] = {name: {} for name in self.tasks}
        for beta, path in tqdm(paths.items(), desc="scoring β", disable=not self.progress):
            model = self._opened(path)
            for name, tasks in self.tasks.items():
                out[name][beta] = measure_rows(model, tasks)
        shutil.rmtree(place, ignore_errors=True)
        return out

    def _opened(self, path: Path) -> Any:
        # Answers of mixes are kept only as long as the sweep lasts: their checkpoints are gone afterwards.
        subject: Subject = open_subject(path, device=self.device, answers=self.folder / "answers")
        return load_encoder(path, device=self.device, cache=self.cache) if subject.kind == "embedding" else subject


def midpoints(best: float, betas: Sequence[float]) -> tuple[float, ...]:
    """The β halfway to the neighbours of the best one, as far as they are new.

    >>> midpoints(0.2, [0.0, 0.2, 0.6]), midpoints(0.0, [0.0, 0.5]), midpoints(0.5, [0.4995, 0.5])
    ((0.1, 0.4), (0.25,), ())
    """
    order = sorted(betas)
    place = order.index(best)
    beside = order[max(place - 1, 0) : place] + order[place + 1 : place + 2]
    return tuple(round((best + other) / 2, 6) for other in beside if abs(best - other) > _LEAST_STEP)
