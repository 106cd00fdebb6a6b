"""Several answers: questions with candidates of which some are right in; how many of k right ones are a model's k likeliest, out.

As GeoMLAMA probes (Yin et al., arXiv 2205.12247): the same question has other answers in other countries, and often more than one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from datasets import Dataset

from hf_regional import records
from hf_regional.encoding import ImageSource
from hf_regional.errors import BadRowError
from hf_regional.evaluating.asked import Asked, shown
from hf_regional.evaluating.protocols.asking import check_template
from hf_regional.evaluating.subjects import require_kind
from hf_regional.evaluating.task import Outcome, TaskRows
from hf_regional.generating import Prompt

PROMPT: Final = "{question} Answer in a word or two."


@dataclass(frozen=True, slots=True)
class SeveralAnswersTask:
    """Questions with candidates. Build one with `build_several_answers_task`.

    Attributes:
        pictures: (n) what each question is asked of; None where it is asked of nothing.
        questions: (n) texts.
        candidates: (n) the texts to rank.
        gold: (n) the places of the right ones, fewer than there are candidates.
    """

    name: str
    pictures: Sequence[ImageSource]
    questions: Sequence[str]
    candidates: Sequence[Sequence[str]]
    gold: Sequence[frozenset[int]]
    rows: TaskRows
    counts: dict[str, int]
    prompt: str = PROMPT
    metric: str = "found"

    def chance(self, metric: str) -> np.ndarray:
        """(n,) k right ones of m candidates: k/m are found in a random order, all of them in one order of (m choose k)."""
        sizes = [(len(gold), len(some)) for gold, some in zip(self.gold, self.candidates, strict=True)]
        return np.array([k / m if metric == "found" else 1 / math.comb(m, k) for k, m in sizes])

    def measure(self, model: Any) -> Outcome:
        """`found`, the share of the right answers among as many likeliest, by log-likelihood a byte; `strict`, 1 where all are."""
        require_kind(model, ("vision-language",), self.name)
        found: list[float] = []
        said: list[str] = []
        for row, (some, gold) in enumerate(zip(self.candidates, self.gold, strict=True)):
            logs = model.weigher.weigh(Prompt(self.prompt.format(question=self.questions[row]), shown(self.pictures[row])), some)
            top = likeliest(logs / [max(1, len(one.encode())) for one in some], gold)
            found.append(len(gold & set(top)) / len(gold))
            said.append(", ".join(some[place] for place in top))
        shares = np.array(found)
        return Outcome({"found": shares, "strict": (shares == 1).astype(float)}, {"answer": said})


def likeliest(scores: np.ndarray, gold: frozenset[int]) -> list[int]:
    """The places of as many highest scores as there are right ones; of equal scores the wrong ones come first.

    >>> likeliest(np.array([0.1, 0.7, 0.7, 0.0]), frozenset({1, 3}))
    [2, 1]
    """
    return sorted(range(len(scores)), key=lambda place: (-scores[place], place in gold))[: len(gold)]


def build_several_answers_task(name: str, asked: Asked, data: Dataset, *, prompt: str = PROMPT) -> SeveralAnswersTask:
    """Make the task of rows of the view `vqa` whose options are the candidates, and whose answers are the right ones.

    A row whose candidates are all right asks nothing: it is left out and counted.

    Args:
        name: of the task.
        asked: the rows, see `ask`.
        data: where they were chosen from; not read here.
        prompt: with {question}.

    Raises:
        BadRowError: a right answer is no candidate, or there is none. NoRowsError: no row asks anything. ConfigError: the template.
    """
    check_template(prompt, ["question"], name)
    open_ = np.array(
        [len(set(gold)) < len(some) for gold, some in zip(asked.table[records.ANSWERS], asked.table[records.OPTIONS], strict=True)]
    )
    asked = asked.take(open_, {"rows whose candidates are all right": int((~open_).sum())})
    table = asked.table
    gold = [_gold(*row) for row in zip(table[records.ID], table[records.OPTIONS], table[records.ANSWERS], strict=True)]
    candidates = [[str(one) for one in some] for some in table[records.OPTIONS]]
    task = SeveralAnswersTask(name, asked.pictures, table[records.QUESTION].tolist(), candidates, gold, asked.rows, asked.counts, prompt)
    asked.rows.chance[:] = task.chance(task.metric)
    return task


def _gold(identifier: str, some: Sequence[str], right: Sequence[str]) -> frozenset[int]:
    listed = list(some)
    strange = [one for one in right if one not in listed]
    if strange or not len(right):
        what = f"{strange[0]!r} is right and no candidate" if strange else "no answer is right"
        raise BadRowError(f"row {identifier}: {what}; the candidates are {', '.join(map(repr, listed))}.")
    return frozenset(listed.index(one) for one in right)
