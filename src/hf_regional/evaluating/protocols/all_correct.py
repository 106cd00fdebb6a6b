"""All correct: statements that belong together in; 1 where every one of a question was judged rightly, 0 where one was not, out.

So CulturalBench-Hard scores (Chiu et al., arXiv 2410.02677): its four options are judged one at a time, and four lucky guesses are rare.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasets import Dataset

from hf_regional.evaluating.asked import Asked
from hf_regional.evaluating.protocols.asking import Way
from hf_regional.evaluating.protocols.options import PROMPT, OptionsTask, build_options_task
from hf_regional.evaluating.task import Outcome, TaskRows


@dataclass(frozen=True, slots=True)
class AllCorrectTask:
    """Questions, each of several rows. Build one with `build_all_correct_task`.

    Attributes:
        asked: every row by itself.
        of: (m,) the question that each row belongs to, in [0, n).
        rows: (n) the questions.
        counts: what was left out, by reason.
    """

    asked: OptionsTask
    of: np.ndarray
    rows: TaskRows
    counts: dict[str, int]
    metric: str = "all_correct"

    @property
    def name(self) -> str:
        """Of the task."""
        return self.asked.name

    def chance(self, metric: str) -> np.ndarray:
        """(n,) the product over a question's rows of 1 / number of options; 0 of what is no answer."""
        if metric != self.metric:
            return np.zeros(len(self.rows.groups))
        return np.exp(np.bincount(self.of, np.log(self.asked.chance("accuracy"))))

    def measure(self, model: Any) -> Outcome:
        """`all_correct` of every question, `accuracy`, the share of its rows that are right, and shares unparsed and unanswered."""
        found = self.asked.measure(model)
        sizes = np.bincount(self.of)
        shares = {name: np.bincount(self.of, values) / sizes for name, values in found.scores.items()}
        answers = [[said for said, of in zip(found.details["answer"], self.of, strict=True) if of == row] for row in range(len(sizes))]
        return Outcome({self.metric: (shares["accuracy"] == 1).astype(float), **shares}, {"answers": answers}, found.extras)


def build_all_correct_task(name: str, asked: Asked, data: Dataset, *, way: Way | None = None, prompt: str = PROMPT) -> AllCorrectTask:
    """Make the task of rows of the view `vqa` that share a picture, or in rows of words an id up to the first slash.

    A question of which a row was left out (by `limit`, or for its country) is left out whole, and counted. Settings and errors as in
    `build_options_task`.
    """
    whole = Counter(asked.keys.tolist())
    keys = asked.keys[asked.places].tolist()
    there = Counter(keys)
    complete = np.array([there[key] == whole[key] for key in keys])
    asked = asked.take(complete, {"rows of questions of which another row was left out": int((~complete).sum())})
    inner = build_options_task(name, asked, data, way=way, prompt=prompt)
    _, first, of = np.unique(asked.rows.clusters, return_index=True, return_inverse=True)
    task = AllCorrectTask(inner, of, asked.take(first).rows, asked.counts)
    task.rows.chance[:] = task.chance(task.metric)
    return task
