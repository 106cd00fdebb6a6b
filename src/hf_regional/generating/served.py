"""Served: prompts in, the answers of a server that speaks OpenAI's chat completions (vLLM, SGLang, llama.cpp, a provider) out.

model = ServedModel("http://localhost:8000/v1", "CodeGoat24/UnifiedReward-qwen-7b")
for place, answer in model.answers(prompts): ...
"""

import os
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from hf_regional.errors import BadRowError, ConfigError, OutOfRangeError, ServerBusyError, ServerError
from hf_regional.generating.failures import Failures
from hf_regional.generating.pictures import data_url, load_picture
from hf_regional.generating.pricing import Prices
from hf_regional.generating.prompts import FAILED, IMAGE, REFUSED, Answer, Prompt, Sampling, cleaned
from hf_regional.network import HttpClient, Retry, Spending, each
from hf_regional.network.routes import read_address

API_KEY: Final = "HF_REGIONAL_API_KEY"  # ours alone: a key meant for one provider must not be sent to another
# What a server answers to one prompt that it will not take; another prompt may do.
_OF_THE_PROMPT: Final = frozenset({400, 413, 415, 422})
# What it answers where every prompt would fare the same: wrong key, wrong model, wrong address.
_OF_THE_SERVER: Final = frozenset({*range(300, 400), 401, 402, 403, 404, 405, 410, 501})


@dataclass(frozen=True)
class ServedModel:
    """A model behind an OpenAI-compatible server. The server batches; we keep `workers` prompts under way.

    Attributes:
        url: up to and with "/v1".
        model: as the server calls it; null takes the only one that it serves.
        sampling: how tokens are chosen.
        longest_side: pixels; larger pictures are shrunk before they are sent. Null sends them whole.
        lossless: send PNG, 20 times the work and 6 times the bytes of JPEG at quality 95.
        workers: prompts under way.
        timeout_s: for one prompt, its time in the server's queue included.
        retry: how often, with what waits.
        api_key: sent as a bearer token; null reads the environment variable HF_REGIONAL_API_KEY. Never written anywhere.
        prices: of tokens, and the most to spend; null is a server that costs nothing.
        extra: further fields of the request, {"max_completion_tokens": 64, "max_tokens": None}; None leaves one of ours out.
        give_up_after: prompts in a row without an answer, after which the work stops: the fault is the server's.
    """

    url: str
    model: str | None = None
    sampling: Sampling = field(default_factory=Sampling)
    longest_side: int | None = 1024
    lossless: bool = False
    workers: int = 16
    timeout_s: float = 180.0
    retry: Retry = field(default_factory=Retry)
    api_key: str | None = field(default=None, repr=False)
    prices: Prices | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    give_up_after: int = 20

    def __post_init__(self) -> None:
        """Check the address and the ranges.

        Raises:
            ConfigError: the address is none.
            OutOfRangeError: a number that must be 1 or more is not.
        """
        read_address(self.url)
        if min(self.workers, self.give_up_after) < 1 or (self.longest_side is not None and self.longest_side < 1):
            raise OutOfRangeError("workers, give_up_after and longest_side must each be 1 or more.")

    @property
    def identity(self) -> Mapping[str, Any]:
        """What decides an answer. The address does not: the same model may be served elsewhere tomorrow."""
        chosen = {"max_new_tokens": self.sampling.max_new_tokens, "temperature": self.sampling.temperature, "seed": self.sampling.seed}
        return {
            "kind": "served",
            "model": self.name,
            **chosen,
            "longest_side": self.longest_side,
            "lossless": self.lossless,
            "extra": dict(self.extra),
        }

    @cached_property
    def name(self) -> str:
        """The model's name, asked of the server where none was given.

        Raises:
            ConfigError: it serves several, or none.
            ServerError: it does not answer.
        """
        if self.model:
            return self.model
        listing = self._client.json("GET", f"{self._base}/models")
        entries = listing.get("data") if isinstance(listing, dict) else None
        names = [str(entry["id"]) for entry in entries or () if isinstance(entry, dict) and "id" in entry]
        if len(names) != 1:
            raise ConfigError(f"{self.url} serves {', '.join(names) or 'no model'}; name one, as in {self._base}#MODEL.", "model")
        return names[0]

    @cached_property
    def spending(self) -> Spending:
        """What was spent by this object, and the limit."""
        return Spending(self.prices.limit_usd if self.prices else float("inf"))

    def answers(self, prompts: Iterable[Prompt]) -> Generator[tuple[int, Answer]]:
        """Yield (place of the prompt, its answer) as they come in.

        Raises:
            NoAnswerError: `give_up_after` prompts in a row had no answer.
            ServerError: the server refuses us, whatever the prompt, or asks for a longer wait than `retry` allows.
            SpendLimitError: the next prompt would cost more than the limit leaves.
        """
        failures = Failures(self.give_up_after)
        _ = self.name, self.spending  # made once, before many threads ask for them

        def answer(prompt: Prompt) -> Answer:
            return failures.counted(self._answer(prompt))

        yield from each(answer, prompts, workers=self.workers, interrupt=self._interrupt)

    @property
    def _base(self) -> str:
        return self.url.rstrip("/")

    @cached_property
    def _client(self) -> HttpClient:
        return HttpClient(timeout_s=self.timeout_s, retry=self.retry, secret=self.api_key or os.environ.get(API_KEY))

    def _interrupt(self) -> None:
        self.__dict__.pop("_client").close()  # the next call opens another

    def __getstate__(self) -> dict[str, Any]:
        made = {"_client", "spending", "name"}
        return {key: value for key, value in self.__dict__.items() if key not in made}

    def _answer(self, prompt: Prompt) -> Answer:
        try:
            payload = self._payload(prompt)
        except BadRowError as error:
            return Answer(None, IMAGE, str(error))
        estimate = self.prices.estimate(prompt, self.sampling.max_new_tokens) if self.prices else 0.0
        with self.spending.reserve(estimate) as bill:
            try:
                reply = self._client.json("POST", f"{self._base}/chat/completions", payload, lost=bill.lost)
            except ServerBusyError:
                raise
            except ServerError as error:
                if error.status in _OF_THE_SERVER:
                    raise
                return Answer(None, REFUSED if error.status in _OF_THE_PROMPT else FAILED, str(error))
            answer = read_completion(reply)
            bill.settle(self.prices.cost(answer) if self.prices else 0.0)
        return answer

    def _payload(self, prompt: Prompt) -> dict[str, Any]:
        parts: list[dict[str, Any]] = [
            {"type": "image_url", "image_url": {"url": data_url(load_picture(image, self.longest_side), lossless=self.lossless)}}
            for image in prompt.images
        ]
        system = [{"role": "system", "content": cleaned(prompt.system)}] if prompt.system else []
        payload: dict[str, Any] = {
            "model": self.name,
            "messages": [*system, {"role": "user", "content": [*parts, {"type": "text", "text": cleaned(prompt.text)}]}],
            "max_tokens": self.sampling.max_new_tokens,
            "temperature": self.sampling.temperature,
            "seed": self.sampling.seed,
            **self.extra,
        }
        return {key: value for key, value in payload.items() if value is not None}


def read_completion(reply: object) -> Answer:
    """Read one chat completion; what is no such thing is an answer that failed."""
    match reply:
        case {"choices": [{"message": {"content": str(text)}, **choice}, *_], **rest}:
            used = _tokens(rest.get("usage"))
            if choice.get("finish_reason") == "content_filter":
                return Answer(None, REFUSED, "the server's content filter withheld the answer", False, *used)
            return Answer(cleaned(text), is_cut=choice.get("finish_reason") == "length", input_tokens=used[0], output_tokens=used[1])
        case {"choices": [{"message": {"refusal": str(words)}}, *_], **rest}:
            return Answer(None, REFUSED, words, False, *_tokens(rest.get("usage")))
        case {"choices": [{"message": {}, **choice}, *_], **rest}:  # all tokens went into reasoning, or none came
            return Answer("", "", "", choice.get("finish_reason") == "length", *_tokens(rest.get("usage")))
        case _:
            return Answer(None, FAILED, "the server's answer is no chat completion: it has no choices[0].message")


def _tokens(usage: object) -> tuple[int | None, int | None]:
    match usage:
        case {"prompt_tokens": int(asked), "completion_tokens": int(said)}:
            return asked, said
        case _:
            return None, None
