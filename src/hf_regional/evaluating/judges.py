"""Judges: models that look at what another model made. A judge's name and prompts in; yes or no, ratings and preferences out.

What a judge wrote and nobody can read is None: it says nothing of the model that was judged, and is counted apart.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from hf_regional.evaluating.drawing import name_of
from hf_regional.evaluating.parsing import folded, read_option
from hf_regional.generating import Answer, KeptAnswers, Prompt, Sampling, ServedModel, TextModel, answer_all, make_model

# As they are lettered in a prompt that compares.
PREFERENCES: Final = ("The first answer is better.", "The second answer is better.", "Both are equally good.")
_YES_NO: Final = re.compile(r"\b(yes|no)\b")
_SCALE: Final = re.compile(r"(?:scale|from|between)?\s*(?:of|from)?\s*\d+\s*(?:to|and|[-–—])\s*\d+")  # "on a scale of 1 to 5"
_NUMBER: Final = r"(?<![\d.,-])(\d+(?:[.,]\d+)?)(?![\d%])(?:\s*(?:/|out of)\s*(\d+))?"
_ANNOUNCED: Final = re.compile(rf"(?:scores?|ratings?|rated?|grade)\b[^\d\n-]{{0,20}}{_NUMBER}")
_ANY: Final = re.compile(_NUMBER)


@dataclass(frozen=True)
class Judge:
    """A model that judges. Nothing is loaded before it is asked.

    Attributes:
        spec: as `generating.make_model` takes it: a Hub id, a folder, "http://host:8000/v1#model", or a mapping of its fields.
        max_new_tokens: of a verdict.
    """

    spec: str | Mapping[str, Any]
    max_new_tokens: int = 64

    @cached_property
    def name(self) -> str:
        """What to call it beside a score: the Hub id, the name of a folder, or as the server calls it.

        Raises:
            ConfigError: there is none. ServerError: the server is asked for it, and does not answer.
        """
        model: Any = self._model
        given = model.name if isinstance(model, ServedModel) else str(model.model)
        return name_of(given)

    def answers(self, prompts: Sequence[Prompt], kept: Path | None = None) -> list[Answer]:
        """Its verdicts, in the order of the prompts, each asked for once and kept in the folder (see `KeptAnswers`)."""
        return answer_all(KeptAnswers(self._model, kept), prompts)

    @cached_property
    def _model(self) -> TextModel:
        return make_model(self.spec, Sampling(max_new_tokens=self.max_new_tokens))


def read_yes_no(text: str) -> bool | None:
    """Whether a text says yes or no; None where it says neither or both.

    >>> [read_yes_no(text) for text in ("Yes.", "**No**, it is blue", "The answer is yes", "yes or no", "I cannot tell")]
    [True, False, True, None, None]
    """
    said = folded(text)
    found: list[str] = _YES_NO.findall(said)
    if found and said.startswith(found[0]) and not said.startswith(("yes or no", "no or yes", "yes and no")):
        return found[0] == "yes"
    return None if len(set(found)) != 1 else found[0] == "yes"


def read_rating(text: str, lowest: int = 1, highest: int = 5) -> float | None:
    """The rating that a text gives; None where it gives none, several that differ, or one outside the scale.

    The last number behind "score" or "rating" counts, else the only number; "4/5" and "4 out of 5" are 4.

    >>> [read_rating(text) for text in ("Final Score: 4", "4/5", "I'd give 3 on a scale of 1 to 5.", "8/10", "2 or 3", "good", "7")]
    [4.0, 4.0, 3.0, None, None, None, None]
    """
    said = _SCALE.sub(" ", folded(text))
    found = [*_ANNOUNCED.findall(said)[-1:]] or [*dict.fromkeys(_ANY.findall(said))]
    if len(found) != 1:
        return None
    number, most = found[0]
    value = float(number.replace(",", "."))
    return value if lowest <= value <= highest and most in {"", str(highest)} else None


def read_preference(text: str) -> float | None:
    """How the first of two answers fared, from a text that names one of `PREFERENCES`: 1 better, 0 worse, 0.5 equal; None if unclear.

    >>> [read_preference(text) for text in ("A", "[[B]]", "C. Both are equally good.", "hard to say")]
    [1.0, 0.0, 0.5, None]
    """
    place = read_option(text.replace("[[", "").replace("]]", ""), PREFERENCES)
    return None if place is None else (1.0, 0.0, 0.5)[place]
