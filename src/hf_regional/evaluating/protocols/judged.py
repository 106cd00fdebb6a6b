"""Judged: open questions in; how a judge model rates the answers, or prefers them to others, in [0, 1], out.

A rating has no other answer to be held against. A preference has one, a reference or another model's answer, and is asked for twice,
the answers in either order: judges lean to what they read first (Zheng et al., arXiv 2306.05685).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from datasets import Dataset, Image, List

from hf_regional import records
from hf_regional.encoding import ImageSource
from hf_regional.errors import BadRowError, ConfigError
from hf_regional.evaluating.asked import Asked, shown
from hf_regional.evaluating.judges import PREFERENCES, Judge, read_preference, read_rating
from hf_regional.evaluating.parsing import LETTERS
from hf_regional.evaluating.protocols.asking import check_template
from hf_regional.evaluating.subjects import Subject, require_kind
from hf_regional.evaluating.task import Outcome, TaskRows
from hf_regional.generating import Answer, Prompt, answer_all, read_answers

MORE: Final = "more_images"  # the column of pictures beside the row's own, read undecoded as they are asked for
Way = Literal["rate", "compare"]
_LOWEST, _HIGHEST = 1, 5
RATE: Final = (
    "Question: {question}\n\nReference answer: {reference}\n\nAnswer to rate: {answer}\n\nRate the answer from 1 (wrong or useless) to 5 "
    "(right, complete, in the language of the question). Write the number after 'Rating:'."
)
COMPARE: Final = (
    "Question: {question}\n\nFirst answer: {first}\n\nSecond answer: {second}\n\nWhich answer is more right, more complete, and in the "
    "language of the question?\n{options}\nAnswer with the letter alone."
)
_FIELDS: Final[Mapping[Way, tuple[str, ...]]] = {"rate": ("question", "answer"), "compare": ("question", "first", "second", "options")}
_PREFERENCES: Final = "\n".join(f"{letter}. {words}" for letter, words in zip(LETTERS, PREFERENCES, strict=False))


@dataclass(frozen=True, slots=True)
class JudgedTask:
    """Open questions and who judges the answers. Build one with `build_judged_task`.

    Attributes:
        pictures: (n) what each question is asked of; None where it is asked of nothing.
        questions: (n) texts, given to the model as they are.
        references: (n) an answer that its makers gave, empty where there is none.
        judge: who judges.
        way: "rate" or "compare".
        prompt: how the judge is asked.
        baseline: the model whose answers are compared with; null compares with the references.
        sees: whether the judge is shown the picture.
        more: (n) further pictures of each question, where rows have a column of them.
    """

    name: str
    pictures: Sequence[ImageSource]
    questions: Sequence[str]
    references: Sequence[str]
    judge: Judge
    rows: TaskRows
    counts: dict[str, int]
    way: Way
    prompt: str
    baseline: Judge | None = None
    sees: bool = True
    more: Dataset | None = None

    @property
    def metric(self) -> str:
        """What is measured, with who judges and against whom."""
        against = f" over {self.baseline.name}" if self.baseline else " over the reference"
        return f"rating by {self.judge.name}" if self.way == "rate" else f"preference{against} by {self.judge.name}"

    def chance(self, metric: str) -> np.ndarray:
        """(n,) zeros: a random answer is worth nothing."""
        return np.zeros(len(self.questions))

    def measure(self, model: Any) -> Outcome:
        """The score of every row, `unanswered`: the model gave nothing, so 0; and `unrated`: nobody can read what the judge said.

        A rating r is (r - 1) / 4, and an unreadable one 0. A preference is the mean over both orders of 1 (better), 0.5 or 0, of one
        order where the other cannot be read, and 0.5 where neither can.
        """
        require_kind(model, ("vision-language",), self.name)
        asked = [Prompt(question, self._seen(row)) for row, question in enumerate(self.questions)]
        said = answer_all(model.speaker, asked)
        there = [row for row, answer in enumerate(said) if (answer.text or "").strip()]
        values, unrated, verdicts, extras = self._rated(said, there, model) if self.way == "rate" else self._compared(said, there, model)
        scores = {self.metric: values, "unanswered": 1.0 - np.isin(np.arange(len(said)), there), "unrated": unrated}
        answers = [answer.text if answer.text is not None else f"({answer.fault})" for answer in said]
        rated = [row for row in there if not unrated[row]]
        mean = float(values[rated].mean()) if rated else None
        counts = {"rated": len(rated), "unrated": len(there) - len(rated), "unanswered": len(said) - len(there)}
        told = {"judge": self.judge.name, "mean_of_rated": mean, "answers": counts, **extras}
        return Outcome(scores, {"answer": answers, "verdict": verdicts}, told)

    def _rated(
        self, said: Sequence[Answer], there: Sequence[int], model: Subject
    ) -> tuple[np.ndarray, np.ndarray, list[str], dict[str, Any]]:
        prompts = [self._prompt(row, answer=said[row].text or "", reference=self.references[row] or "(none)") for row in there]
        verdicts = self.judge.answers(prompts, model.answers)
        values, unrated, words = np.zeros(len(said)), np.zeros(len(said)), [""] * len(said)
        for row, verdict, reading in zip(there, verdicts, read_answers(verdicts, read_rating), strict=True):
            values[row] = 0.0 if reading.value is None else (reading.value - _LOWEST) / (_HIGHEST - _LOWEST)
            unrated[row], words[row] = reading.value is None, _words(verdict)
        return values, unrated, words, {"scale": [_LOWEST, _HIGHEST]}

    def _compared(
        self, said: Sequence[Answer], there: Sequence[int], model: Subject
    ) -> tuple[np.ndarray, np.ndarray, list[str], dict[str, Any]]:
        others = self._others(there, model)
        pairs = [(row, said[row].text or "", others[row]) for row in there]
        ours_first = [self._prompt(row, first=ours, second=other, options=_PREFERENCES) for row, ours, other in pairs]
        ours_second = [self._prompt(row, first=other, second=ours, options=_PREFERENCES) for row, ours, other in pairs]
        verdicts = self.judge.answers([*ours_first, *ours_second], model.answers)
        read = [reading.value for reading in read_answers(verdicts, read_preference)]
        values, unrated, words = np.zeros(len(said)), np.zeros(len(said)), [""] * len(said)
        for place, row in enumerate(there):
            swapped = read[len(there) + place]
            seen = [one for one in (read[place], None if swapped is None else 1 - swapped) if one is not None]
            values[row], unrated[row] = float(np.mean(seen)) if seen else 0.5, not seen
            words[row] = f"{_words(verdicts[place])} | {_words(verdicts[len(there) + place])}"
        readable = [one for one in read if one is not None]
        # Half where the judge does not mind the order: each answer stands first once.
        first = float(np.mean(readable)) if readable else None
        return values, unrated, words, {"first_preferred": first, "against": self.baseline.name if self.baseline else "reference"}

    def _others(self, there: Sequence[int], model: Subject) -> dict[int, str]:
        if self.baseline is None:
            return {row: self.references[row] for row in there}
        answers = self.baseline.answers([Prompt(self.questions[row], self._seen(row)) for row in there], model.answers)
        return {row: answer.text or "" for row, answer in zip(there, answers, strict=True)}

    def _seen(self, row: int) -> tuple[ImageSource, ...]:
        """All pictures of a question, the row's own first."""
        others = [] if self.more is None else self.more[row][MORE] or []
        return (*shown(self.pictures[row]), *others)

    def _prompt(self, row: int, **filled: str) -> Prompt:
        return Prompt(self.prompt.format(question=self.questions[row], **filled), self._seen(row) if self.sees else ())


def build_judged_task(
    name: str,
    asked: Asked,
    data: Dataset,
    *,
    judge: str | Mapping[str, Any],
    way: Way = "rate",
    baseline: str | Mapping[str, Any] | None = None,
    prompt: str | None = None,
    sees: bool = True,
    max_new_tokens: int = 256,
) -> JudgedTask:
    """Make the task of rows of the view `vqa`; their options, where they have any, are not shown.

    Args:
        name: of the task.
        asked: the rows, see `ask`.
        data: where they were chosen from; `more_images` are read from it.
        judge: a model that answers in words, see `Judge`.
        way: "rate" from 1 to 5, or "compare" with another answer, in both orders.
        baseline: the model whose answers are compared with; null takes the reference answers.
        prompt: how the judge is asked: with {question} and {answer} to rate ({reference} if you like), or {question}, {first}, {second}
            and {options} to compare.
        sees: show the judge the picture too.
        max_new_tokens: of a baseline's answer; the judge has 64.

    Raises:
        ConfigError: another way, a template that lacks a field, or a baseline where answers are rated.
        BadRowError: a row without a reference that is to be compared with it.
    """
    if way not in _FIELDS:
        raise ConfigError(f"task {name!r}: way is {way!r}; it is one of {', '.join(_FIELDS)}.", "settings.way")
    if baseline is not None and way == "rate":
        raise ConfigError(f"task {name!r}: a rating needs no baseline. Set way: compare, or leave the baseline out.", "settings.baseline")
    template = prompt or {"rate": RATE, "compare": COMPARE}[way]
    check_template(template, _FIELDS[way], name, optional=("reference",) if way == "rate" else ())
    references = [str(answers[0]) if len(answers) else "" for answers in asked.table[records.ANSWERS]]
    if way == "compare" and baseline is None:
        for identifier, reference in zip(asked.table[records.ID], references, strict=True):
            if not reference.strip():
                raise BadRowError(f"row {identifier} has no reference answer to compare with: name a baseline, or leave the row out.")
    return JudgedTask(
        name, asked.pictures, asked.table[records.QUESTION].tolist(), references, Judge(judge), asked.rows, asked.counts, way, template,
        None if baseline is None else Judge(baseline, max_new_tokens), sees, _more(data, asked),
    )  # fmt: skip


def _more(data: Dataset, asked: Asked) -> Dataset | None:
    if MORE not in data.column_names:
        return None
    return data.select_columns([MORE]).select(asked.places).cast_column(MORE, List(Image(decode=False)))


def _words(answer: Answer) -> str:
    return answer.text if answer.text is not None else f"({answer.fault})"
