"""Prompts and answers: what a model is asked, and what came of it. An answer that did not come has a reason."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from hf_regional.encoding import ImageSource
from hf_regional.errors import OutOfRangeError

# Why there is no text: a picture of the prompt cannot be read; the model will not take or answer it; it failed to, often enough.
IMAGE: Final = "image"
REFUSED: Final = "refused"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question: pictures first, then the text."""

    text: str
    images: Sequence[ImageSource] = ()
    system: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said, or why it said nothing."""

    text: str | None
    fault: str = ""  # "", IMAGE, REFUSED or FAILED
    detail: str = ""  # of the fault, in words
    is_cut: bool = False  # it had more to say than `max_new_tokens`
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen: the likeliest at temperature 0, else by chance in proportion to p^(1/temperature)."""

    max_new_tokens: int = 256
    temperature: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            OutOfRangeError: no token at all, or a temperature below 0.
        """
        if self.max_new_tokens < 1 or not self.temperature >= 0:
            raise OutOfRangeError(f"{self}: max_new_tokens must be 1 or more, and temperature 0 or more.")


class TextModel(Protocol):
    """What answers prompts."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """All that decides an answer besides the prompt, JSON-able: answers are kept under it."""
        ...

    def answers(self, prompts: Iterable[Prompt]) -> Generator[tuple[int, Answer]]:
        """Yield (place of the prompt, its answer), each prompt once, in the order in which they are done."""
        ...


def answer_all(model: TextModel, prompts: Sequence[Prompt]) -> list[Answer]:
    """Ask a model all prompts; the answers in their order."""
    found = dict(model.answers(prompts))
    return [found[place] for place in range(len(prompts))]


def cleaned(text: str) -> str:
    """A text that every encoder takes: lone surrogates, which are no characters, become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
