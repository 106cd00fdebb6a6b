"""Open answers: pictures and questions in; whether what a model writes holds an accepted answer, by row, out.

Both sides are folded (NFKC, case, blanks, punctuation at the ends) before they are compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from datasets import Dataset

from hf_regional import records
from hf_regional.encoding import ImageSource
from hf_regional.errors import BadRowError, ConfigError
from hf_regional.evaluating.asked import Asked
from hf_regional.evaluating.parsing import folded, stands_in
from hf_regional.evaluating.protocols.asking import by_language, read_all
from hf_regional.evaluating.subjects import require_kind
from hf_regional.evaluating.task import Outcome, TaskRows
from hf_regional.generating import Prompt

PROMPT: Final = "{question}\nAnswer in as few words as you can."
METRICS: Final = ("contains", "exact")


@dataclass(frozen=True, slots=True)
class OpenAnswersTask:
    """Questions without options. Build one with `build_open_answers_task`.

    Attributes:
        pictures: (n) what each question is asked of.
        prompts: (n) what is asked, whole.
        answers: (n) the accepted wordings of each, folded.
    """

    name: str
    pictures: Sequence[ImageSource]
    prompts: Sequence[str]
    answers: Sequence[Sequence[str]]
    rows: TaskRows
    counts: dict[str, int]
    metric: str = "contains"

    def chance(self, metric: str) -> np.ndarray:
        """(n,) 0: words at random answer nothing."""
        return np.zeros(len(self.prompts))

    def measure(self, model: Any) -> Outcome:
        """Ask every question.

        `exact` is 1 where the whole answer is an accepted one, `contains` where one stands in it and is no part of other words or
        numbers; `unparsed` where nothing but blanks and punctuation was written, `unanswered` where nothing came.
        """
        require_kind(model, ("vision-language",), self.name)
        prompts = [Prompt(text, [self.pictures[row]]) for row, text in enumerate(self.prompts)]
        read = read_all(model, prompts, lambda text, _: folded(text) or None)
        pairs = [(said or "", accepted) for said, accepted in zip(read.values, self.answers, strict=True)]
        scores = {
            "contains": np.array([float(any(stands_in(one, said) for one in accepted)) for said, accepted in pairs]),
            "exact": np.array([float(said in accepted) for said, accepted in pairs]),
        }
        return read.outcome(scores)


def build_open_answers_task(
    name: str, asked: Asked, data: Dataset, *, prompt: str | Mapping[str, str] = PROMPT, metric: str = "contains"
) -> OpenAnswersTask:
    """Make the task of rows of the view `vqa` with their accepted answers.

    Args:
        name: of the task.
        asked: the rows, see `ask`; of a row with options the right one is the accepted answer.
        data: where they were chosen from; not read here.
        prompt: with {question}; one for all, or language -> prompt, "*" for the others.
        metric: the one that counts, "contains" or "exact".

    Raises:
        BadRowError: a row has no accepted answer.
        ConfigError: a prompt without its field, a language without one, or a metric that there is not.
    """
    if metric not in METRICS:
        raise ConfigError(f"task {name!r} has no metric {metric!r}; it has: {', '.join(METRICS)}.", "settings")
    table = asked.table
    templates = by_language(prompt, table[records.LANGUAGE].tolist(), ("question",), name)
    answers = [tuple(filter(None, (folded(str(one)) for one in some))) for some in table[records.ANSWERS]]
    for identifier, some in zip(table[records.ID], answers, strict=True):
        if not some:
            raise BadRowError(f"row {identifier} has no accepted answer: nothing that is written could be right. Leave it out by `where`.")
    prompts = [template.format(question=text) for template, text in zip(templates, table[records.QUESTION], strict=True)]
    return OpenAnswersTask(name, asked.pictures, prompts, answers, asked.rows, asked.counts, metric)
