"""Asking: what the protocols of questions have in common: the way a model is asked, templates checked, answers read and counted."""

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

import numpy as np

from hf_regional.errors import ConfigError
from hf_regional.evaluating.subjects import Subject, kind_of, require_kind
from hf_regional.evaluating.task import Outcome
from hf_regional.generating import Prompt, answer_all, read_answers

Way = Literal["match", "generate", "weigh"]
Value = TypeVar("Value")
ANY: Final = "*"  # among templates by language: that of all others
_WHY: Final = {True: "answers in words: generate or weigh", False: "gives features: match"}


@dataclass(frozen=True, slots=True)
class Read(Generic[Value]):
    """What was read in the answers to a task's rows.

    Attributes:
        values: (n) what each says, or None.
        faults: "unparsed" and "unanswered" -> (n,) float64, 1 where that is why there is no value.
        said: (n) the answers, or the reason why there is none, in brackets.
    """

    values: list[Value | None]
    faults: dict[str, np.ndarray]
    said: list[str]

    def outcome(self, scores: Mapping[str, np.ndarray]) -> Outcome:
        """The scores with the faults beside them, what was said, and how many answers were read."""
        lost = {name: int(rows.sum()) for name, rows in self.faults.items()}
        counts = {"read": len(self.said) - sum(lost.values()), **lost}
        return Outcome({**scores, **self.faults}, {"answer": self.said}, {"answers": counts})


def way_to_ask(model: Any, way: Way | None, task: str) -> Way:
    """How to ask a model: as the task says, else "match" where it gives features and "generate" where it answers in words.

    Raises:
        ConfigError: the model cannot be asked so, or gives pictures.
    """
    require_kind(model, ("embedding", "vision-language"), task)
    gives_words = kind_of(model) == "vision-language"
    chosen: Way = way or ("generate" if gives_words else "match")
    if (chosen == "match") == gives_words:
        raise ConfigError(f"task {task!r} cannot ask this model with way={chosen!r}: it {_WHY[gives_words]}.", "way")
    return chosen


def read_all(model: Subject, prompts: Sequence[Prompt], parse: Callable[[str, int], Value | None]) -> Read[Value]:
    """Ask every prompt, and read each answer; `parse` is given the text and the number of its row."""
    answers = answer_all(model.speaker, prompts)
    read = [read_answers([answer], lambda text, row=row: parse(text, row))[0] for row, answer in enumerate(answers)]
    faults = {
        "unparsed": np.array([float(reading.fault == "unparsed") for reading in read]),
        "unanswered": np.array([float(reading.fault not in {"", "unparsed"}) for reading in read]),
    }
    said = [answer.text if answer.text is not None else f"({answer.fault})" for answer in answers]
    return Read([reading.value for reading in read], faults, said)


def check_template(template: str, fields: Sequence[str], task: str, *, optional: Sequence[str] = ()) -> None:
    """See to it that a template has these fields, and no others but the optional ones.

    Raises:
        ConfigError: it lacks one, has another, or has a brace by itself.
    """
    try:
        found = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    except ValueError as error:
        raise ConfigError(
            f"task {task!r}: the template {template!r} cannot be read: {error}. Write {{{{ for a brace.", "settings"
        ) from error
    if lacking := [name for name in fields if name not in found]:
        raise ConfigError(f"task {task!r}: the template {template!r} lacks {_braced(lacking)}.", "settings")
    if strange := sorted(found - {*fields, *optional}):
        known = _braced([*fields, *optional]) or "none"
        raise ConfigError(f"task {task!r}: the template {template!r} has {_braced(strange)}; it may have {known}.", "settings")


def by_language(
    said: str | Mapping[str, str], languages: Sequence[str | None], fields: Sequence[str], task: str, *, optional: Sequence[str] = ()
) -> list[str]:
    """The template of each row: one for all, or one a language with "*" for the others.

    Args:
        said: as the settings give it.
        languages: (n) of the rows.
        fields: that each template has.
        task: for messages.
        optional: fields that it may have.

    Raises:
        ConfigError: a template is wrong, or a language has none.
    """
    templates = {ANY: said} if isinstance(said, str) else dict(said)
    for template in templates.values():
        check_template(template, fields, task, optional=optional)
    if ANY not in templates and (lacking := {str(language) for language in languages} - set(templates)):
        raise ConfigError(f'task {task!r} has no template in {", ".join(sorted(lacking))}; add them, or one under "*".', "settings")
    return [templates[language] if language in templates else templates[ANY] for language in map(str, languages)]


def _braced(names: Sequence[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
