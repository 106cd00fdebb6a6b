"""A task whose rows and scores are typed by hand."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from hf_regional.evaluating.task import TaskRows


@dataclass(frozen=True)
class HandTask:
    """One row a text: (language, side, picture); chance is the same for all."""

    table: list[tuple[str, str, int]]
    name: str = "hand"
    metric: str = "MRR"
    by_chance: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> TaskRows:
        languages, sides, pictures = (np.array(column) for column in zip(*self.table, strict=True))
        chance = np.full(len(self.table), self.by_chance)
        return TaskRows(languages, pictures, sides, chance, int(pictures.max()) + 1, {"language": languages.astype(object)})

    def chance(self, metric):
        return np.full(len(self.table), self.by_chance)

    def measured(self, scores, **others) -> pd.DataFrame:
        return pd.DataFrame({"task": self.name, "MRR": np.asarray(scores, dtype=float)} | others)


# en: two texts, es: one; id: two texts, ms: one; six pictures.
SMALL = HandTask(
    [
        ("en", "global", 0),
        ("en", "global", 1),
        ("es", "global", 2),
        ("id", "regional", 3),
        ("id", "regional", 4),
        ("ms", "regional", 5),
    ],
    by_chance=0.1,
)
