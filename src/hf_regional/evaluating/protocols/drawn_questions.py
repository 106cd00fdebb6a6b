"""Drawn questions: prompts with questions that rest on each other in; how much of each prompt the drawn pictures keep, by a judge, out.

Each prompt is drawn several times from fixed seeds, a vision-language model answers every question about every picture, and a question
counts where it and all it rests on are answered yes (DPG-Bench: Hu et al., arXiv 2403.05135).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from datasets import Dataset

from hf_regional import records
from hf_regional.errors import BadRowError, MissingColumnError
from hf_regional.evaluating.asked import Asked
from hf_regional.evaluating.drawing import brush_of, brush_used, cell, check_count, draw
from hf_regional.evaluating.judges import Judge, read_yes_no
from hf_regional.evaluating.protocols.asking import check_template
from hf_regional.evaluating.subjects import Subject
from hf_regional.evaluating.task import Outcome, TaskRows
from hf_regional.generating import Brush, Prompt, read_answers
from hf_regional.metrics import Question, prompt_graph_scores

QUESTIONS: Final = "questions"  # the column: a list of {key, question, parents, category}
PROMPT: Final = "{question} Answer with yes or no alone."


@dataclass(frozen=True, slots=True)
class DrawnQuestionsTask:
    """Prompts and what is asked of their pictures. Build one with `build_drawn_questions_task`.

    Attributes:
        name: with the judge's, unless it is the one that the benchmark was made with.
        prompts: (n) what to draw.
        graphs: (n) the questions of each, with what they rest on.
        texts: (n) question's key -> its words.
        judge: who answers.
        seeds: one a picture, the same for every prompt.
        brush: how to draw; null is the subject's own.
        prompt: how the judge is asked, with {question}.
    """

    name: str
    prompts: Sequence[str]
    graphs: Sequence[Sequence[Question]]
    texts: Sequence[Mapping[str, str]]
    judge: Judge
    seeds: Sequence[int]
    rows: TaskRows
    counts: dict[str, int]
    brush: Brush | None = None
    prompt: str = PROMPT
    metric: str = "dpg"

    def chance(self, metric: str) -> np.ndarray:
        """(n,) zeros: who answers by chance is the judge, not the model."""
        return np.zeros(len(self.prompts))

    def measure(self, model: Any) -> Outcome:
        """`dpg` of every prompt, the mean over its pictures of the share of questions kept, and `unparsed`, the share nobody can read."""
        each = len(self.seeds)
        files = draw(self.name, model, [one for one in self.prompts for _ in self.seeds], [*self.seeds] * len(self.prompts), self.brush)
        asked = [(place, key) for place in range(len(files)) for key in self.texts[place // each]]
        said = self.judge.answers(
            [Prompt(self.prompt.format(question=self.texts[place // each][key]), [cell(files[place])]) for place, key in asked],
            model.answers,
        )
        given: list[tuple[str, dict[str, bool | None]]] = [(str(place // each), {}) for place in range(len(files))]
        unread = np.zeros(len(self.prompts))
        for (place, key), reading in zip(asked, read_answers(said, read_yes_no), strict=True):
            given[place][1][key] = reading.value
            unread[place // each] += reading.value is None
        found = prompt_graph_scores({str(row): graph for row, graph in enumerate(self.graphs)}, given)
        scores = {
            "dpg": np.array([found.by_prompt[str(row)] for row in range(len(self.prompts))]),
            "unparsed": unread / [each * len(texts) for texts in self.texts],
        }
        pictures = [[str(file) for file in files[row * each : (row + 1) * each]] for row in range(len(self.prompts))]
        return Outcome(scores, {"pictures": pictures}, self._extras(model, found))

    def _extras(self, model: Subject, found: Any) -> dict[str, Any]:
        return {
            "judge": self.judge.name,
            "by_category": found.by_category,
            "by_category_alone": found.by_category_alone,
            "pictures": found.pictures,
            "unparsed": found.unparsed,
            "seeds": [*self.seeds],
            "brush": brush_used(model, self.brush),
        }


def build_drawn_questions_task(
    name: str,
    asked: Asked,
    data: Dataset,
    *,
    judge: str | Mapping[str, Any],
    own_judge: str | None = None,
    pictures: int = 4,
    seed: int = 0,
    brush: Mapping[str, Any] | None = None,
    prompt: str = PROMPT,
) -> DrawnQuestionsTask:
    """Make the task of rows whose text is a prompt and that have a column `questions`.

    Args:
        name: of the task; with another judge than `own_judge` it becomes "NAME (judged by JUDGE)", since scores of two judges are two
            benchmarks.
        asked: the rows, see `ask`.
        data: where they were chosen from; not read here.
        judge: a vision-language model, see `Judge`.
        own_judge: the one that the benchmark was published with.
        pictures: drawn of a prompt.
        seed: of the first picture; the others count on from it.
        brush: fields of a `Brush`; null leaves it to the subject.
        prompt: how the judge is asked, with {question}.

    Raises:
        MissingColumnError: the rows have no text or no questions. BadRowError: a prompt without questions.
        ConfigError, OutOfRangeError: the template, the brush or the number of pictures.
    """
    if missing := frozenset({records.TEXT, QUESTIONS}) - frozenset(asked.table.columns):
        raise MissingColumnError(f"task {name!r}: the rows lack {', '.join(sorted(missing))}: they are no prompts with questions.", missing)
    check_template(prompt, ["question"], name)
    check_count(name, "pictures", pictures)
    listed = [[dict(one) for one in row] for row in asked.table[QUESTIONS]]
    for identifier, questions in zip(asked.table[records.ID], listed, strict=True):
        if not questions:
            raise BadRowError(f"row {identifier}: the prompt has no questions, so that its pictures cannot be scored. Leave it out.")
    judging = Judge(judge)
    return DrawnQuestionsTask(
        name if judging.name == own_judge else f"{name} (judged by {judging.name})",
        asked.table[records.TEXT].tolist(),
        [[Question(one["key"], tuple(one["parents"]), one["category"] or "") for one in questions] for questions in listed],
        [{one["key"]: one["question"] for one in questions} for questions in listed],
        judging,
        range(seed, seed + pictures),
        asked.rows,
        asked.counts,
        brush_of(brush),
        prompt,
    )
