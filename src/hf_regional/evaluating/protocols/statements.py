"""Statements: a picture or two and a sentence about them in; whether a model knows it for true or false, by row, out.

A vision-language model writes its answer ("generate"), or the likelier of the words for true and false counts ("weigh").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from datasets import Dataset

from hf_regional import records
from hf_regional.encoding import ImageSource
from hf_regional.errors import BadRowError, ConfigError, MissingColumnError
from hf_regional.evaluating.asked import Asked, Pictures
from hf_regional.evaluating.protocols.asking import Way, by_language, read_all
from hf_regional.evaluating.subjects import Subject, require_kind
from hf_regional.evaluating.task import Outcome, TaskRows
from hf_regional.evaluating.truth import read_truth, truth_words
from hf_regional.generating import Prompt

# One language for the instruction: the words to choose from are those of the statement's language.
ONE: Final = 'Is this statement about the picture true? "{statement}"\nAnswer with {true} or {false} alone.'
TWO: Final = 'Is this statement about the two pictures, the left one first, true? "{statement}"\nAnswer with {true} or {false} alone.'
SIDES: Final = ("left_image", "right_image")


@dataclass(frozen=True, slots=True)
class StatementsTask:
    """Statements about pictures. Build one with `build_statements_task`.

    Attributes:
        pictures: one sequence of (n) pictures, or two, the left ones first.
        prompts: (n) what is asked, whole.
        truths: (n,) bool.
        languages: (n) codes, or null.
        way: "generate" or "weigh".
    """

    name: str
    pictures: Sequence[Sequence[ImageSource]]
    prompts: Sequence[str]
    truths: np.ndarray
    languages: Sequence[str | None]
    rows: TaskRows
    counts: dict[str, int]
    way: Way = "generate"
    metric: str = "accuracy"

    def chance(self, metric: str) -> np.ndarray:
        """(n,) 1/2; 0 of what is no answer."""
        return np.full(len(self.prompts), 0.5 if metric == "accuracy" else 0.0)

    def measure(self, model: Any) -> Outcome:
        """`accuracy` of every row, and, of what is written, `unparsed` and `unanswered`: 1 where that is why it is 0."""
        require_kind(model, ("vision-language",), self.name)
        asked = [Prompt(text, [side[row] for side in self.pictures]) for row, text in enumerate(self.prompts)]
        return self._weighed(model, asked) if self.way == "weigh" else self._generated(model, asked)

    def _generated(self, model: Subject, asked: Sequence[Prompt]) -> Outcome:
        read = read_all(model, asked, lambda text, row: read_truth(text, self.languages[row]))
        right = [float(value is truth) for value, truth in zip(read.values, self.truths.tolist(), strict=True)]
        return read.outcome({"accuracy": np.array(right)})

    def _weighed(self, model: Subject, asked: Sequence[Prompt]) -> Outcome:
        """Two words as likely as each other are half right. Sums over tokens: both are whole answers, and nearly always one word."""
        logs = np.stack([model.weigher.weigh(one, truth_words(spoken)) for one, spoken in zip(asked, self.languages, strict=True)])
        right = np.where(logs[:, 0] == logs[:, 1], 0.5, (logs[:, 0] > logs[:, 1]) == self.truths)
        answers = [truth_words(spoken)[int(place)] for spoken, place in zip(self.languages, logs.argmax(axis=1), strict=True)]
        return Outcome({"accuracy": right}, {"answer": answers})


def build_statements_task(
    name: str,
    asked: Asked,
    data: Dataset,
    *,
    way: Way = "generate",
    prompt: str | Mapping[str, str] | None = None,
    sides: Sequence[str] = SIDES,
) -> StatementsTask:
    """Make the task of rows of the view `vqa` whose options are "true" and "false", in any order.

    Args:
        name: of the task.
        asked: the rows, see `ask`.
        data: where they were chosen from; its columns `sides` hold the pictures where they stand apart.
        way: "generate" or "weigh".
        prompt: with {statement}, and {true} and {false}, which become the words of the row's language; one, or language -> prompt
            with "*" for the others; null asks in English.
        sides: columns of the left and the right picture; where the data lack them, or `[]` is given, the row's one picture is shown.

    Raises:
        BadRowError: a row's options are others, or none is right.
        MissingColumnError: the data have one side alone. ConfigError: another way, or a prompt that is wrong.
    """
    if way not in {"generate", "weigh"}:
        raise ConfigError(f"task {name!r} cannot ask with way={way!r}: it asks models that answer in words, generate or weigh.", "way")
    there = [column for column in sides if column in data.column_names]
    if there and len(there) < len(sides):
        lacking = frozenset(sides) - frozenset(there)
        raise MissingColumnError(f"task {name!r}: the rows have {there[0]} and lack {', '.join(lacking)}; give sides=[].", lacking)
    table = asked.table
    languages = [None if language is None or language != language else str(language) for language in table[records.LANGUAGE]]
    templates = by_language(prompt or (TWO if there else ONE), languages, ("statement",), name, optional=("true", "false"))
    prompts: list[str] = []
    for template, text, language in zip(templates, table[records.QUESTION], languages, strict=True):
        true, false = truth_words(language)
        prompts.append(template.format(statement=text, true=true, false=false))
    pictures: list[Sequence[ImageSource]] = [Pictures(data, asked.places, column) for column in there] or [asked.pictures]
    truths = [_truth(*cells) for cells in zip(table[records.ID], table[records.OPTIONS], table[records.ANSWER], strict=True)]
    task = StatementsTask(name, pictures, prompts, np.array(truths), languages, asked.rows, asked.counts, way)
    asked.rows.chance[:] = task.chance(task.metric)
    return task


def _truth(identifier: str, options: Sequence[str], answer: float | None) -> bool:
    if sorted(options) != ["false", "true"] or answer is None or answer != answer:
        raise BadRowError(
            f"row {identifier}: the options are {list(options)} and the answer {answer}; true and false, one right, are asked for."
        )
    return options[int(answer)] == "true"
