"""Norms: stories and whether what happens in them is acceptable in, three ways to answer, accuracy by row and macro-F1 out.

As NormAd asks (arXiv 2404.12464). Its code prints the micro F1, which is the accuracy: macro-F1 shows a model that never says "neutral".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from datasets import Dataset

from hf_regional.evaluating.asked import Asked
from hf_regional.evaluating.protocols.asking import Way
from hf_regional.evaluating.protocols.options import PROMPT, OptionsTask, build_options_task
from hf_regional.evaluating.task import Outcome, TaskRows
from hf_regional.metrics import social_norms


@dataclass(frozen=True, slots=True)
class NormsTask:
    """Questions whose options are verdicts, the same for all. Build one with `build_norms_task`."""

    asked: OptionsTask
    verdicts: Sequence[str]
    metric: str = "accuracy"

    @property
    def name(self) -> str:
        """Of the task."""
        return self.asked.name

    @property
    def rows(self) -> TaskRows:
        """As they were asked."""
        return self.asked.rows

    @property
    def counts(self) -> dict[str, int]:
        """What was left out."""
        return self.asked.counts

    def chance(self, metric: str) -> np.ndarray:
        """(n,) one in the number of verdicts."""
        return self.asked.chance(metric)

    def measure(self, model: Any) -> Outcome:
        """As `OptionsTask.measure`; the extras have `macro_f1`, and precision, recall and F1 `by_class`."""
        found = self.asked.measure(model)
        right = [options[answer] for options, answer in zip(self.asked.options, self.asked.answers.tolist(), strict=True)]
        told = social_norms([chosen or None for chosen in found.details["chosen"]], right, classes=self.verdicts).as_dict()
        return replace(found, extras={**found.extras, "macro_f1": told["overall"]["macro_f1"], "by_class": told["by_class"]})


def build_norms_task(name: str, asked: Asked, data: Dataset, *, way: Way | None = None, prompt: str = PROMPT) -> NormsTask:
    """Make the task of rows of the view `vqa` with the same options each; settings and errors as in `build_options_task`."""
    inner = build_options_task(name, asked, data, way=way, prompt=prompt)
    return NormsTask(inner, sorted({option for options in inner.options for option in options}))
