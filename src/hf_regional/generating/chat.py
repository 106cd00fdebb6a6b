"""Chat: prompts with their pictures in, the tensors that an image-text model of transformers reads out, and texts from its tokens."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image

from hf_regional.errors import ConfigError, DamagedFileError, MissingExtraError
from hf_regional.generating.prompts import Prompt, cleaned

# Attributes of processors that hold the marks of pictures and videos; they are special, and not every tokenizer says so.
_MARKS = ("image_token", "boi_token", "eoi_token", "video_token", "fake_image_token", "image_token_str")


@dataclass(frozen=True)
class Chat:
    """A processor of transformers with a chat template."""

    processor: Any

    def inputs(self, prompts: Sequence[Prompt], pictures: Sequence[Sequence[Image.Image]]) -> Any:
        """Token ids (n, t) padded on the left, their mask, and what the model makes of the pictures, as one mapping of tensors.

        Raises:
            ValueError: the processor does not take them: a picture too narrow, a text too long.
        """
        texts = [
            self.processor.apply_chat_template(self._messages(prompt), add_generation_prompt=True, tokenize=False) for prompt in prompts
        ]
        begins = bool(self.tokenizer.bos_token and texts[0].startswith(self.tokenizer.bos_token))
        shown = [list(some) for some in pictures] if any(pictures) else None
        return self.processor(text=texts, images=shown, padding=True, return_tensors="pt", add_special_tokens=not begins)

    def texts(self, tokens: Any) -> list[str]:
        """Texts of token ids (n, t), without special tokens."""
        return [cleaned(text).strip() for text in self.tokenizer.batch_decode(tokens, skip_special_tokens=True)]

    @property
    def tokenizer(self) -> Any:
        """The processor's."""
        return self.processor.tokenizer

    def _messages(self, prompt: Prompt) -> list[dict[str, Any]]:
        content = [*({"type": "image"} for _ in prompt.images), {"type": "text", "text": self.plain(prompt.text)}]
        system = [{"role": "system", "content": [{"type": "text", "text": self.plain(prompt.system)}]}] if prompt.system else []
        return [*system, {"role": "user", "content": content}]

    def plain(self, text: str) -> str:
        """A text in which no special token is left: a caption that holds "<image>" would ask for a second picture."""
        return self._special.sub(lambda found: f"{found[0][0]} {found[0][1:]}", cleaned(text))

    @cached_property
    def _special(self) -> re.Pattern[str]:
        added = [str(token) for token in self.tokenizer.added_tokens_decoder.values()]
        marks = [mark for name in _MARKS if isinstance(mark := getattr(self.processor, name, None), str)]
        tokens = {token for token in (*added, *self.tokenizer.all_special_tokens, *marks) if token.strip()}
        return re.compile("|".join(map(re.escape, sorted(tokens, key=len, reverse=True))) or "(?!)")


def load_chat(folder: Path) -> Chat:
    """Open the processor of a checkpoint.

    Raises:
        MissingExtraError: it needs a library that is not there, torchvision mostly.
        DamagedFileError: there is none in the folder.
        ConfigError: it has no chat template, so nobody knows how the model is asked.
    """
    from transformers import AutoProcessor

    try:
        processor: Any = AutoProcessor.from_pretrained(folder, trust_remote_code=False)
    except ImportError as error:
        lacking = " ".join(str(error).split())[:200]
        advice = "Install it in the build that fits your torch, or serve the model (vLLM) and give its address"
        raise MissingExtraError(f"the processor of {folder} needs more than is installed: {lacking}. {advice}.") from error
    except (OSError, ValueError) as error:
        raise DamagedFileError(f"{folder} holds no processor that transformers can open: {str(error).splitlines()[0]}") from error
    if not getattr(processor, "image_processor", None) or not getattr(processor, "chat_template", None):
        raise ConfigError(f"{folder} has no image processor or no chat template; give an image-text model that is tuned for chat.", "model")
    processor.tokenizer.padding_side = "left"  # what is generated follows the last token of each prompt
    if processor.tokenizer.pad_token is None:
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
    return Chat(processor)
