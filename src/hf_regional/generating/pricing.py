"""Pricing: a prompt in, what its answer may cost out; an answer in, what it did cost out. US dollars."""

from dataclasses import dataclass
from typing import Final

from hf_regional.errors import OutOfRangeError
from hf_regional.generating.prompts import Answer, Prompt

_TOKENS_PER_PICTURE: Final = 1_500  # Qwen2.5-VL takes one a 28 x 28 pixels: 1,024 x 1,024 are 1,369
_BYTES_PER_TOKEN: Final = 2  # of UTF-8; English has about 4, and scripts that a tokenizer hardly knows come near 1


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars a million tokens, and the most to spend.

    The limit holds for one object in one process; what the answers that were kept had cost is not counted again.
    """

    input_usd: float
    output_usd: float
    limit_usd: float

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            OutOfRangeError: a price or the limit is negative, or not a number.
        """
        if not (self.input_usd >= 0 and self.output_usd >= 0 and self.limit_usd >= 0):
            raise OutOfRangeError(f"{self}: prices and the limit must be 0 or more.")

    def estimate(self, prompt: Prompt, max_new_tokens: int) -> float:
        """What a prompt may cost, rather too much than too little: every token that it may answer with is counted.

        >>> Prices(input_usd=1, output_usd=4, limit_usd=10).estimate(Prompt("ab" * 500), max_new_tokens=1_000)
        0.0045
        """
        asked = len((prompt.system + prompt.text).encode("utf-8", "replace")) / _BYTES_PER_TOKEN + len(prompt.images) * _TOKENS_PER_PICTURE
        return self._dollars(asked, max_new_tokens)

    def cost(self, answer: Answer) -> float | None:
        """What an answer cost, or None where the server did not say."""
        if answer.input_tokens is None or answer.output_tokens is None:
            return None
        return self._dollars(answer.input_tokens, answer.output_tokens)

    def _dollars(self, asked: float, said: float) -> float:
        return (asked * self.input_usd + said * self.output_usd) / 1e6
