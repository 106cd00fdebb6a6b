"""Weighing: prompts, each with texts that may follow it, in; the log-likelihood of each text under the model out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from hf_regional.durable import Journal, digest_of
from hf_regional.generating.kept import answers_home, prompt_digest
from hf_regional.generating.local import LocalModel
from hf_regional.generating.pictures import load_picture
from hf_regional.generating.prompts import Prompt, cleaned

_ASKED: Final = 0  # what `token_type_ids` and the like say of tokens that are text


@dataclass(frozen=True)
class Weigher:
    """Log-likelihoods under a local image-text model, kept in a folder as answers are.

    Attributes:
        model: what weighs.
        folder: where the weights are kept; null is the folder of `KeptAnswers`.
    """

    model: LocalModel
    folder: Path | None = None

    def weigh(self, prompt: Prompt, options: Sequence[str]) -> np.ndarray:
        """Log P(option | prompt), summed over the option's tokens and the one that ends the answer.

        Args:
            prompt: pictures and text; the option is what the assistant says next.
            options: at least one.

        Returns:
            (n,) float64, natural logarithms, at most 0.

        Raises:
            BadRowError: a picture cannot be read.
        """
        key = digest_of([prompt_digest(prompt), *map(cleaned, options)])
        if kept := self._journal.done(key):
            return np.array(kept["log"])
        found = self._weigh(prompt, [cleaned(option) for option in options])
        self._journal.finish(key, {"log": found.tolist()})
        return found

    @cached_property
    def _journal(self) -> Journal:
        file = answers_home(self.folder) / f"weights-{digest_of(dict(self.model.identity))[:16]}"
        file.parent.mkdir(parents=True, exist_ok=True)
        return Journal(file)

    def _weigh(self, prompt: Prompt, options: Sequence[str]) -> np.ndarray:
        model, chat = self.model.loaded, self.model.chat
        pictures = [load_picture(image, self.model.longest_side) for image in prompt.images]
        asked = chat.inputs([prompt], [pictures])
        ends = chat.tokenizer.eos_token_id
        said = [[*chat.tokenizer(chat.plain(option), add_special_tokens=False)["input_ids"], ends] for option in options]
        logs: list[float] = []
        for start in range(0, len(said), self.model.batch_size):
            logs += self._followed(model, asked, said[start : start + self.model.batch_size])
        return np.array(logs)

    def _followed(self, model: Any, asked: Mapping[str, Tensor], said: Sequence[Sequence[int]]) -> list[float]:
        """One forward pass: the prompt again for every option, padded behind, where no token before it can see."""
        length, longest = asked["input_ids"].shape[1], max(map(len, said))
        tail = torch.tensor([[*tokens, *[tokens[-1]] * (longest - len(tokens))] for tokens in said])
        seen = torch.tensor([[1] * len(tokens) + [0] * (longest - len(tokens)) for tokens in said])
        inputs = {name: _followed_by(name, value, tail, seen, length) for name, value in asked.items()}
        inputs = {
            name: value.to(model.device, model.dtype) if value.is_floating_point() else value.to(model.device)
            for name, value in inputs.items()
        }
        with torch.inference_mode():
            logits = model(**inputs).logits[:, length - 1 : -1].float()
        logs = torch.log_softmax(logits, -1).gather(2, tail.to(logits.device).unsqueeze(2)).squeeze(2)
        return (logs * seen.to(logs.device)).sum(1).double().cpu().tolist()


def _followed_by(name: str, value: Tensor, tail: Tensor, seen: Tensor, length: int) -> Tensor:
    """An input of the prompt, (1, t) or what a picture became, for as many rows as there are options."""
    rows = len(tail)
    if value.shape[:2] != (1, length):
        return value.repeat(rows, *[1] * (value.dim() - 1))
    more = {"input_ids": tail, "attention_mask": seen}.get(name, torch.full_like(tail, _ASKED))
    return torch.cat([value.expand(rows, -1), more.to(value.dtype)], 1)
