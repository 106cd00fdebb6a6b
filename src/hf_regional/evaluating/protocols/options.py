"""Options: pictures, questions and the options of each in; whether a model picks the right one, by row, out.

Three ways to ask, each a published habit: an embedding model is asked which "question option" lies nearest to the picture ("match"); a
vision-language model writes its answer ("generate"), or says how likely each option is as the next thing said ("weigh").
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from datasets import Dataset

from hf_regional import records
from hf_regional.encoding import ImageSource
from hf_regional.errors import BadRowError, ConfigError
from hf_regional.evaluating.asked import Asked, shown
from hf_regional.evaluating.parsing import LETTERS, read_option
from hf_regional.evaluating.protocols.asking import Way, check_template, read_all, way_to_ask
from hf_regional.evaluating.subjects import Subject
from hf_regional.evaluating.task import Encodes, Outcome, TaskRows
from hf_regional.generating import Prompt

PROMPT: Final = "{question}\n{options}\nAnswer with the letter of the right option alone."
MATCH: Final = "{question} {option}"


@dataclass(frozen=True, slots=True)
class OptionsTask:
    """Questions with options. Build one with `build_options_task`.

    Attributes:
        pictures: (n) what each question is asked of.
        questions: (n) texts.
        options: (n) the options of each, in the order in which they are shown.
        answers: (n,) the place of the right one.
        way: how to ask; null is "match" for embedding models and "generate" for those that answer in words.
        prompt: with {question} and {options}, which become lettered lines.
        match: with {question} and {option}: the text that is held against the picture.
    """

    name: str
    pictures: Sequence[ImageSource]
    questions: Sequence[str]
    options: Sequence[Sequence[str]]
    answers: np.ndarray
    rows: TaskRows
    counts: dict[str, int]
    way: Way | None = None
    prompt: str = PROMPT
    match: str = MATCH
    metric: str = "accuracy"

    def chance(self, metric: str) -> np.ndarray:
        """(n,) 1 / number of options; 0 of what is no answer."""
        return np.array([1 / len(options) if metric == "accuracy" else 0.0 for options in self.options])

    def measure(self, model: Any) -> Outcome:
        """`accuracy` of every row, and, of models that answer in words, `unparsed` and `unanswered`: 1 where that is why it is 0."""
        match way_to_ask(model, self.way, self.name):
            case "match":
                return self._matched(model)
            case "weigh":
                return self._weighed(model)
            case "generate":
                return self._generated(model)

    def _matched(self, model: Encodes) -> Outcome:
        if not shown(self.pictures[0]):  # one tells: a corpus has pictures or has none
            raise ConfigError(
                f"task {self.name!r} has questions without a picture: only a model that answers in words can be asked.", "way"
            )
        images = model.encode_images(self.pictures)
        texts = [
            self.match.format(question=asked, option=option)
            for asked, options in zip(self.questions, self.options, strict=True)
            for option in options
        ]
        distinct, place = np.unique(texts, return_inverse=True)
        features = model.encode_texts(distinct.tolist())
        bounds = np.cumsum([0, *map(len, self.options)])
        right = np.zeros(len(self.answers))
        for row, answer in enumerate(self.answers):
            near = features[place[bounds[row] : bounds[row + 1]]] @ images[row]
            # Equal texts are equally near: the right one among k has been found one time in k.
            right[row] = (near[answer] == near.max()) / (near == near.max()).sum()
        return Outcome({"accuracy": right})

    def _generated(self, model: Subject) -> Outcome:
        prompts = [Prompt(self._asked(row), shown(self.pictures[row])) for row in range(len(self.questions))]
        read = read_all(model, prompts, lambda text, row: read_option(text, self.options[row]))
        right = [float(value == answer) for value, answer in zip(read.values, self.answers.tolist(), strict=True)]
        chosen = ["" if place is None else self.options[row][place] for row, place in enumerate(read.values)]
        found = read.outcome({"accuracy": np.array(right)})
        return replace(found, details={**found.details, "chosen": chosen})

    def _weighed(self, model: Subject) -> Outcome:
        """The option with the highest log-likelihood a UTF-8 byte: sums favour short options, and tokens differ between models."""
        right: list[float] = []
        chosen: list[str] = []
        for row, options in enumerate(self.options):
            logs = model.weigher.weigh(Prompt(self.questions[row], shown(self.pictures[row])), options)
            best = int(np.argmax(logs / [max(1, len(option.encode())) for option in options]))
            right.append(float(best == self.answers[row]))
            chosen.append(options[best])
        return Outcome({"accuracy": np.array(right)}, {"answer": chosen, "chosen": chosen})

    def _asked(self, row: int) -> str:
        lines = "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, self.options[row], strict=False))
        return self.prompt.format(question=self.questions[row], options=lines)


def build_options_task(
    name: str, asked: Asked, data: Dataset, *, way: Way | None = None, prompt: str = PROMPT, match: str = MATCH, shuffle: int | None = None
) -> OptionsTask:
    """Make the task of rows of the view `vqa` that have options.

    Args:
        name: of the task.
        asked: the rows, see `ask`.
        data: where they were chosen from; not read here.
        way: how to ask.
        prompt: for models that answer in words, with {question} and {options}.
        match: for embedding models, with {question} and {option}.
        shuffle: seed by which the options of each row are put in another order, where a corpus has the right one mostly at one place.

    Raises:
        BadRowError: a row has no options, more than 26, or no right one.
        ConfigError: a template lacks a field.
    """
    check_template(prompt, ("question", "options"), name)
    check_template(match, ("option",), name, optional=("question",))
    options: list[list[str]] = []
    answers: list[int] = []
    for identifier, texts, answer in zip(asked.table[records.ID], asked.table[records.OPTIONS], asked.table[records.ANSWER], strict=True):
        if answer is None or answer != answer or not 1 < len(texts) <= len(LETTERS):
            raise BadRowError(
                f"row {identifier}: {len(texts)} options and the answer {answer}; 2 to {len(LETTERS)}, one right, are asked for."
            )
        order = list(range(len(texts)))
        if shuffle is not None:
            random.Random(f"{shuffle} {identifier}").shuffle(order)
        options.append([str(texts[place]) for place in order])
        answers.append(order.index(int(answer)))
    task = OptionsTask(
        name,
        asked.pictures,
        asked.table[records.QUESTION].tolist(),
        options,
        np.array(answers),
        asked.rows,
        asked.counts,
        way,
        prompt,
        match,
    )
    asked.rows.chance[:] = task.chance(task.metric)
    return task
