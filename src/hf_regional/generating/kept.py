"""Kept: prompts in, answers out, each written down as it comes; what was answered is never asked again, not after a kill either."""

import re
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hf_regional.durable import Journal, digest_of
from hf_regional.errors import BadRowError, CannotWriteError
from hf_regional.generating.pictures import picture_digest
from hf_regional.generating.prompts import IMAGE, Answer, Prompt, TextModel, cleaned


@dataclass(frozen=True)
class KeptAnswers:
    """A model whose answers are kept in a folder: one file of lines a model and setting, about 300 bytes an answer.

    Kept are answers that came, whatever they say. What failed is asked again the next time. Equal prompts (the same text, the same
    bytes of the pictures) are one prompt, and asked once. Several processes may share the folder; one sees what another had
    answered before it began. All answers of a model and setting are held in memory, about 1 kB each.

    Attributes:
        model: what to ask.
        folder: where; null is the folder `hf_regional/answers` in the assets cache of `huggingface_hub` (HF_ASSETS_CACHE).
    """

    model: TextModel
    folder: Path | None = None

    @property
    def identity(self) -> Mapping[str, Any]:
        """The model's."""
        return self.model.identity

    def answers(self, prompts: Iterable[Prompt]) -> Generator[tuple[int, Answer]]:
        """Yield (place of the prompt, its answer): the kept ones first.

        Raises:
            CannotWriteError: the answer cannot be written down; what was written before it is there.
        """
        places: dict[str, list[int]] = {}
        missing: list[Prompt] = []
        for place, prompt in enumerate(prompts):
            try:
                key = prompt_digest(prompt)
            except BadRowError as error:
                yield place, Answer(None, IMAGE, str(error))
                continue
            if kept := _answer(self._journal.done(key)):
                yield place, kept
            elif key in places:
                places[key].append(place)
            else:
                places[key] = [place]
                missing.append(prompt)
        keys = list(places)
        for asked, answer in self.model.answers(missing) if missing else ():
            if not answer.fault:
                self._write(keys[asked], _record(answer))
            yield from ((place, answer) for place in places[keys[asked]])

    @cached_property
    def file(self) -> Path:
        """Where the answers of this model and setting lie."""
        identity = dict(self.identity)
        name = re.sub(r"[^A-Za-z0-9.-]+", "-", str(identity.get("model", "model")))[-60:].strip("-.")
        return answers_home(self.folder) / f"{name}-{digest_of(identity)[:16]}"

    @cached_property
    def _journal(self) -> Journal:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            return Journal(self.file)
        except OSError as error:
            raise self._unwritable(error) from error

    def _write(self, key: str, record: dict[str, Any]) -> None:
        try:
            self._journal.finish(key, record)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> CannotWriteError:
        return CannotWriteError(f"answers cannot be kept at {self.file}: {error.strerror}. Free some space there, or name another folder.")

    def __getstate__(self) -> dict[str, Any]:
        return {"model": self.model, "folder": self.folder}


def prompt_digest(prompt: Prompt) -> str:
    """SHA-256, 64 hex digits, of a prompt's texts and of the files of its pictures.

    Raises:
        BadRowError: a cell is empty, or its file is not there.
    """
    return digest_of([cleaned(prompt.system), cleaned(prompt.text), [picture_digest(image) for image in prompt.images]])


def answers_home(folder: Path | None) -> Path:
    """Where answers are kept: the folder, or ours in the assets cache of `huggingface_hub`."""
    if folder is not None:
        return Path(folder).expanduser()
    from huggingface_hub import cached_assets_path

    return Path(cached_assets_path("hf_regional", "answers")).parent


def _record(answer: Answer) -> dict[str, Any]:
    return {"text": answer.text, "cut": answer.is_cut, "tokens": [answer.input_tokens, answer.output_tokens]}


def _answer(record: Mapping[str, Any] | None) -> Answer | None:
    match record:
        case {"text": str(text), "cut": bool(is_cut), "tokens": [asked, said]}:
            return Answer(text, is_cut=is_cut, input_tokens=asked, output_tokens=said)
        case _:  # none, or one that another version wrote: it is asked again
            return None
