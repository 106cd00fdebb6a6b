"""Local: prompts in, the answers of an image-text model of transformers on this machine out, a batch at a time.

model = LocalModel("CodeGoat24/UnifiedReward-7b", batch_size=16)
for place, answer in model.answers(prompts): ...
"""

import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

from PIL import Image

from hf_regional.durable import digest_of
from hf_regional.encoding import resolve_folder
from hf_regional.errors import BadRowError, DamagedFileError, OutOfRangeError
from hf_regional.generating.chat import Chat, load_chat
from hf_regional.generating.failures import Failures
from hf_regional.generating.pictures import load_picture
from hf_regional.generating.prompts import FAILED, IMAGE, Answer, Prompt, Sampling
from hf_regional.protocols import HasPath

Item = TypeVar("Item")

# What processors and models raise for a prompt that they cannot take; memory that runs out is a RuntimeError.
_FAILURES: Final = (RuntimeError, ValueError, IndexError, OverflowError)


@dataclass(frozen=True)
class LocalModel:
    """An image-text model of transformers (LLaVA, Qwen-VL, Gemma 3, ...), loaded when it is first asked. It pickles unloaded.

    Attributes:
        model: a folder, a Hub id ("owner/name@revision"), or a record with a `path`.
        sampling: how tokens are chosen. At a temperature above 0 the answers of a batch depend on what else is in it.
        longest_side: pixels; larger pictures are shrunk before the processor sees them. Null gives them whole.
        batch_size: prompts a forward pass. A batch that does not fit into memory is halved until it does.
        device: as torch names it; by default the accelerator where there is one.
        dtype: "float32", "bfloat16", ...; by default what the checkpoint says.
        device_map: "auto" spreads the model over several accelerators; then `device` is not asked.
        revision: of the Hub repository.
        give_up_after: prompts in a row without an answer, after which the work stops: the fault is the model's.
    """

    model: str | Path | HasPath
    sampling: Sampling = field(default_factory=Sampling)
    longest_side: int | None = 1024
    batch_size: int = 8
    device: str | None = None
    dtype: str | None = None
    device_map: str | None = None
    revision: str | None = None
    give_up_after: int = 20

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            OutOfRangeError: a number that must be 1 or more is not.
        """
        if min(self.batch_size, self.give_up_after) < 1 or (self.longest_side is not None and self.longest_side < 1):
            raise OutOfRangeError("batch_size, give_up_after and longest_side must each be 1 or more.")

    @property
    def identity(self) -> Mapping[str, Any]:
        """What decides an answer: the files of the checkpoint by name, length and time, and the settings; not the device."""
        name = self.model.path if isinstance(self.model, HasPath) else self.model
        chosen = {"longest_side": self.longest_side, "dtype": self.dtype, **asdict(self.sampling)}
        return {"kind": "local", "model": Path(name).name, "files": stamp_of(self._folder), **chosen}

    def answers(self, prompts: Iterable[Prompt]) -> Generator[tuple[int, Answer]]:
        """Yield (place of the prompt, its answer), batch by batch.

        Raises:
            MissingFileError, DamagedFileError: there is no such checkpoint, or it holds no image-text model.
            MissingExtraError, ConfigError: its processor needs more than is installed, or has no chat template.
            NoAnswerError: `give_up_after` prompts in a row had no answer.
        """
        failures = Failures(self.give_up_after)
        for batch in _batched(enumerate(prompts), self.batch_size):
            readable: list[tuple[int, Prompt, list[Image.Image]]] = []
            for place, prompt in batch:
                try:
                    readable.append((place, prompt, [load_picture(image, self.longest_side) for image in prompt.images]))
                except BadRowError as error:
                    yield place, Answer(None, IMAGE, str(error))
            _ = readable and (self.chat, self.loaded)  # here, where a checkpoint that cannot be opened is no fault of a prompt's
            for some in _alike(readable):
                for (place, _, _), answer in zip(
                    some, self._answers([prompt for _, prompt, _ in some], [shown for *_, shown in some]), strict=True
                ):
                    yield place, failures.counted(answer)

    @cached_property
    def _folder(self) -> Path:
        return resolve_folder(self.model, revision=self.revision)

    @cached_property
    def chat(self) -> Chat:
        """Its processor; raises as `answers` does."""
        return load_chat(self._folder)

    @cached_property
    def loaded(self) -> Any:
        """The module, on its device; raises as `answers` does."""
        import torch
        from transformers import AutoModelForImageTextToText

        where = {"device_map": self.device_map} if self.device_map else {}
        try:
            model: Any = AutoModelForImageTextToText.from_pretrained(
                self._folder, dtype=self.dtype or "auto", use_safetensors=True, **where
            )
        except (OSError, ValueError, KeyError) as error:
            raise DamagedFileError(f"{self._folder} holds no image-text model of transformers: {str(error).splitlines()[0]}") from error
        device = self.device or ("cuda" if torch.cuda.is_available() else "cpu")
        return (model if self.device_map else model.to(device)).eval()

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in {"_folder", "chat", "loaded"}}

    def _answers(self, prompts: Sequence[Prompt], pictures: Sequence[Sequence[Image.Image]]) -> list[Answer]:
        """One answer a prompt. What a batch fails on is found by halving it: one row must not take its neighbours along."""
        try:
            return self._batch(prompts, pictures)
        except _FAILURES as error:
            if len(prompts) == 1:
                return [Answer(None, FAILED, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}.")]
        half = len(prompts) // 2  # outside the `except`: the error holds the batch's tensors
        return self._answers(prompts[:half], pictures[:half]) + self._answers(prompts[half:], pictures[half:])

    def _batch(self, prompts: Sequence[Prompt], pictures: Sequence[Sequence[Image.Image]]) -> list[Answer]:
        import torch

        model = self.loaded
        inputs = self.chat.inputs(prompts, pictures).to(model.device, model.dtype)
        chosen: dict[str, Any] = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        if self.sampling.temperature > 0:
            chosen = {"do_sample": True, "temperature": self.sampling.temperature}
        with torch.inference_mode(), torch.random.fork_rng():
            torch.manual_seed(self.sampling.seed ^ zlib.crc32(prompts[0].text.encode("utf-8", "replace")))
            tokens = model.generate(
                **inputs, max_new_tokens=self.sampling.max_new_tokens, pad_token_id=self.chat.tokenizer.pad_token_id, **chosen
            )
        said = tokens if model.config.is_encoder_decoder else tokens[:, inputs["input_ids"].shape[1] :]
        asked = inputs["attention_mask"].sum(1).tolist()
        ends = _ends(model)
        lengths = [next((place + 1 for place, token in enumerate(row) if token in ends), None) for row in said.tolist()]
        return [
            Answer(text, is_cut=length is None, input_tokens=into, output_tokens=length or said.shape[1])
            for text, length, into in zip(self.chat.texts(said), lengths, asked, strict=True)
        ]


def _ends(model: Any) -> frozenset[int]:
    """Tokens after which the model says no more."""
    ends = model.generation_config.eos_token_id
    return frozenset([ends] if isinstance(ends, int) else ends or ())


def _alike(batch: Sequence[tuple[int, Prompt, list[Image.Image]]]) -> list[list[tuple[int, Prompt, list[Image.Image]]]]:
    """Prompts with pictures apart from those without: processors take no mixture."""
    parts = ([one for one in batch if bool(one[2]) is shown] for shown in (True, False))
    return [part for part in parts if part]


def _batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def stamp_of(folder: Path) -> str:
    """What names a checkpoint: a digest of the files' names, lengths and times; their bytes would take minutes to read."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return digest_of([[path.relative_to(folder).as_posix(), path.stat().st_size, path.stat().st_mtime_ns] for path in files])
