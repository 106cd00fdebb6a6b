"""Survey: questions with the shares of a country's people that chose each option in; how near a model's probabilities are, out.

As GlobalOpinionQA asks (Durmus et al., arXiv 2306.16388): 1 - the Jensen-Shannon distance, here to base 2 unless another is given, since
the paper names none. The model is shown lettered options, and its probabilities are those of the letters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from datasets import Dataset

from hf_regional import records
from hf_regional.errors import BadRowError, MissingColumnError, OutOfRangeError
from hf_regional.evaluating.asked import Asked
from hf_regional.evaluating.parsing import LETTERS
from hf_regional.evaluating.protocols.asking import check_template
from hf_regional.evaluating.subjects import require_kind
from hf_regional.evaluating.task import Outcome, TaskRows
from hf_regional.generating import Prompt
from hf_regional.metrics.survey import jensen_shannon_distance

SHARES: Final = "shares"  # the column: a number an option
PROMPT: Final = "How would you answer the following question?\n\n{question}\n\n{options}\n\nAnswer with the letter alone."


@dataclass(frozen=True, slots=True)
class SurveyTask:
    """Questions and what people said. Build one with `build_survey_task`.

    Attributes:
        questions: (n) texts.
        options: (n) the options of each.
        shares: (n) arrays: of the people asked, how many chose each option; any sum above 0.
        base: of the logarithm.
    """

    name: str
    questions: Sequence[str]
    options: Sequence[Sequence[str]]
    shares: Sequence[np.ndarray]
    rows: TaskRows
    counts: dict[str, int]
    base: float = 2.0
    prompt: str = PROMPT
    metric: str = "value_alignment"

    def chance(self, metric: str) -> np.ndarray:
        """(n,) the alignment of a model that finds all options equally likely."""
        return np.array([self._alignment(np.ones(len(shares)), shares) for shares in self.shares])

    def measure(self, model: Any) -> Outcome:
        """`value_alignment` of every row."""
        require_kind(model, ("vision-language",), self.name)
        scores: list[float] = []
        likeliest: list[str] = []
        for row, options in enumerate(self.options):
            # Kept by the weigher: the countries that were asked one question share its probabilities.
            logs = model.weigher.weigh(Prompt(self._asked(row)), [*LETTERS[: len(options)]])
            chosen = np.exp(logs - logs.max())
            scores.append(self._alignment(chosen, self.shares[row]))
            likeliest.append(options[int(chosen.argmax())])
        return Outcome({"value_alignment": np.array(scores)}, {"answer": likeliest}, {"base": self.base})

    def _alignment(self, model: np.ndarray, people: np.ndarray) -> float:
        return float(1 - jensen_shannon_distance(model, people, base=self.base))

    def _asked(self, row: int) -> str:
        lines = "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, self.options[row], strict=False))
        return self.prompt.format(question=self.questions[row], options=lines)


def build_survey_task(name: str, asked: Asked, data: Dataset, *, base: float = 2.0, prompt: str = PROMPT) -> SurveyTask:
    """Make the task of rows of the view `vqa` that have a column `shares`, a number an option.

    Args:
        name: of the task.
        asked: the rows, see `ask`.
        data: where they were chosen from; not read here.
        base: of the logarithm, 2 or more, so that scores lie in [0, 1].
        prompt: with {question} and {options}.

    Raises:
        MissingColumnError: there is no such column. BadRowError: shares that fit no options, or of which all are 0.
        OutOfRangeError: the base. ConfigError: the template.
    """
    if SHARES not in asked.table:
        raise MissingColumnError(f"task {name!r}: the rows have no column {SHARES!r}: they are no survey.", frozenset({SHARES}))
    check_template(prompt, ["question", "options"], name)
    if not base >= 2:
        raise OutOfRangeError(f"task {name!r}: base must be 2 or more, got {base}: below, scores leave [0, 1].")
    options = [[str(one) for one in some] for some in asked.table[records.OPTIONS]]
    shares = [np.asarray(one, np.float64) for one in asked.table[SHARES]]
    for identifier, some, people in zip(asked.table[records.ID], options, shares, strict=True):
        if len(some) != len(people) or not 1 < len(some) <= len(LETTERS) or not _is_distribution(people):
            raise BadRowError(
                f"row {identifier}: the shares {people.tolist()} are none of {len(some)} options. Mend the row or leave it out."
            )
    task = SurveyTask(name, asked.table[records.QUESTION].tolist(), options, shares, asked.rows, asked.counts, base, prompt)
    asked.rows.chance[:] = task.chance(task.metric)
    return task


def _is_distribution(people: np.ndarray) -> bool:
    return bool(np.isfinite(people).all() and (people >= 0).all() and people.any())
