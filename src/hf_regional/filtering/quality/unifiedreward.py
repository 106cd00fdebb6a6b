"""UnifiedReward: pictures with their captions in, what a reward model says of them out, from 1 to 5 (arXiv:2503.05236).

The model judges each pair by itself ("pointwise"): how well the picture meets its caption, and how good it is. GG-EZ kept what had 3 or
more (arXiv:2604.11490, §5.1). Any image-text model that ends its answer with "Final Score: n" will do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, cast

import pyarrow as pa

from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.filtering.quality.cells import pictures_of, python_texts, texts_of
from hf_regional.filtering.quality.final_score import final_score
from hf_regional.filtering.quality.scores import FAILED, MISSING, SCORED, UNPARSED, Detail, Scores, scores_of
from hf_regional.generating import KeptAnswers, Prompt, Sampling, TextModel, answer_all, make_model, read_answers
from hf_regional.generating import readings as reading
from hf_regional.records import IMAGE, TEXT

MODEL: Final = "CodeGoat24/UnifiedReward-qwen-7b"
CAPTION: Final = "{caption}"
PROMPT: Final = """\
Look at the picture and read the caption that belongs to it.

Caption: {caption}

Judge two things together. First, does the picture show what the caption says: the things, their number, what they look like, and how \
they stand to one another? Second, how good is the picture itself: is it clear and well composed, and free of defects?

Say briefly what you found. Then give one number from 1 to 5, where 1 is a picture that has nothing to do with its caption or is \
unusable, and 5 is one that shows all of it and is excellent. End with this line:
Final Score: <number>"""


@dataclass(frozen=True)
class UnifiedRewardScorer:
    """A model that says how good a picture and its caption are.

    Answers are kept and not asked for again, after a kill either. An answer without a score on the scale is "unparsed"; a picture that
    cannot be opened, a caption that is too long, or a prompt that the model would not answer has "failed". Both are counted by row.

    Attributes:
        model: a Hub id, a folder, "http://host:8000/v1#MODEL" (any OpenAI-compatible server), a mapping of the fields of `LocalModel` or
            `ServedModel`, or such an object.
        image: the column of pictures.
        text: the column of captions; of a list of them the first that is not empty.
        prompt: what is asked; "{caption}" is where the caption goes.
        label: what stands before the score in the answer.
        scale: the lowest and the highest score; (0, 100) for the model's prompt for questions and their answers.
        parse: reads an answer instead of `label`: a text in, a number or None out.
        max_new_tokens: of an answer.
        longest_caption: in characters; a longer one is not sent.
        answers: the folder in which answers are kept; null is that of `KeptAnswers`.
    """

    model: str | Mapping[str, Any] | TextModel = MODEL
    image: str = IMAGE
    text: str = TEXT
    prompt: str = field(default=PROMPT, repr=False)
    label: str = "Final Score"
    scale: tuple[float, float] = (1.0, 5.0)
    parse: Callable[[str], float | None] | None = None
    max_new_tokens: int = 512
    longest_caption: int = 4_000
    answers: str | Path | None = None

    def __post_init__(self) -> None:
        """Check prompt and scale, and make a model of a mapping: what it holds may be wrong, or a key that no report should show.

        Raises:
            ConfigError: the prompt has no place for the caption, or the model is none.
            OutOfRangeError: the scale does not rise.
        """
        if CAPTION not in self.prompt:
            raise ConfigError(f"the prompt of unifiedreward has no {CAPTION}, so the model would not see it: add it.", "quality")
        if not self.scale[0] < self.scale[1]:
            raise OutOfRangeError(f"the scale {self.scale} does not rise; give the lowest score first.")
        if isinstance(self.model, Mapping):
            object.__setattr__(self, "model", make_model(self.model, Sampling(self.max_new_tokens)))

    @property
    def name(self) -> str:
        """Its name; the model's stands in the settings."""
        return "unifiedreward"

    @property
    def reads(self) -> tuple[str, ...]:
        """The pictures and the captions."""
        return (self.image, self.text)

    def score(self, rows: pa.Table) -> Scores:
        """The score of each row.

        Raises:
            MissingColumnError, ConfigError: a column is not there or of another type, or the model cannot be asked.
            NoAnswerError, ServerError, SpendLimitError: the model does not answer any more; what it had answered is kept.
        """
        pictures, captions = pictures_of(rows, self.image, self.name), python_texts(texts_of(rows, self.text, self.name))
        faults, details, prompts = [SCORED] * len(rows), list[Detail](), dict[int, Prompt]()
        for row, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
            if picture is None or caption is None or not caption.strip():
                faults[row] = MISSING
            elif len(caption) > self.longest_caption:
                faults[row] = FAILED
                details.append(Detail(row, FAILED, f"the caption has {len(caption):,} characters, more than {self.longest_caption:,}"))
            else:
                prompts[row] = Prompt(self.prompt.replace(CAPTION, caption), (picture,))
        values = [0.0] * len(rows)
        answers = answer_all(self._asked, list(prompts.values())) if prompts else []
        for row, read in zip(prompts, read_answers(answers, self._read), strict=True):
            values[row], faults[row] = read.value or 0.0, _FAULTS.get(read.fault, FAILED)
            if read.fault:
                details.append(Detail(row, faults[row], read.detail))
        return scores_of(self, self.scale, values, faults, details)

    def _read(self, text: str) -> float | None:
        value = (self.parse or final_score(*self.scale, self.label))(text)
        return value if value is not None and self.scale[0] <= value <= self.scale[1] else None

    @cached_property
    def _asked(self) -> KeptAnswers:
        given = cast("str | TextModel", self.model)
        model = make_model(given, Sampling(self.max_new_tokens)) if isinstance(given, str) else given
        return model if isinstance(model, KeptAnswers) else KeptAnswers(model, Path(self.answers) if self.answers else None)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_asked"}


_FAULTS: Final = {reading.PARSED: SCORED, reading.UNPARSED: UNPARSED}
