"""Dual processor: what prepares the inputs of a `DualEncoder`, to the folders of its towers and back, where `Auto` classes find it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hf_regional.encoding.dual_layout import TEXT, VISION
from hf_regional.errors import DamagedFileError, MissingFileError

_IMAGE_FILE: Final = "preprocessor_config.json"
_TEXT_FILE: Final = "tokenizer_config.json"


@dataclass(frozen=True, slots=True)
class DualProcessor:
    """An image processor and a tokenizer, under the names that processors of transformers have."""

    image_processor: Any
    tokenizer: Any

    def save_pretrained(self, folder: str | Path) -> None:
        """Write both into the folders of the towers."""
        save_processors(Path(folder), self.image_processor, self.tokenizer)


def save_processors(folder: Path, image_processor: Any, tokenizer: Any) -> None:
    """Write what is given into the folder of its tower."""
    for name, processor in ((VISION, image_processor), (TEXT, tokenizer)):
        if processor is not None:
            processor.save_pretrained(folder / name)


def load_processor(folder: Path) -> DualProcessor:
    """Read both from the folders of the towers.

    Raises:
        MissingFileError: the model was saved without one of them.
        DamagedFileError: its files are not what plain `AutoImageProcessor` or `AutoTokenizer` reads.
    """
    from transformers import AutoImageProcessor, AutoTokenizer

    images = _loaded(AutoImageProcessor, folder / VISION, _IMAGE_FILE, "image_processor")
    return DualProcessor(images, _loaded(AutoTokenizer, folder / TEXT, _TEXT_FILE, "tokenizer"))


def _loaded(kind: Any, folder: Path, file: str, argument: str) -> Any:
    # Without its file AutoTokenizer would make an empty one of some kinds of model.
    if not (folder / file).is_file():
        way_out = f"Save it there: `model.save_pretrained(folder, {argument}=...)`, or its own `.save_pretrained({folder.name!r})`"
        raise MissingFileError(f"{folder} holds no {file}, so inputs cannot be prepared. {way_out}.")
    try:
        return kind.from_pretrained(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DamagedFileError(f"{folder / file} cannot be loaded by {kind.__name__}: {said}") from error
