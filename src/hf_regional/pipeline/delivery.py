"""From a working folder to the result: only what plain `from_pretrained` needs."""

from pathlib import Path
from typing import Final

from hf_regional.durable import copy_file

# A card or facts beside the base belong to the base, not to what was made of it.
_NOT_THE_MODEL: Final = {
    "README.md",
    "regional.json",
    "report.json",
    "tradeoff.png",
    "stage.json",
    "training_args.bin",
    "LICENSE",
    "training.json",
}


def copy_model(source: Path, target: Path) -> None:
    """Copy a checkpoint folder's own files: weights, config, tokenizer, processor."""
    for path in sorted(source.iterdir()):
        if path.is_file() and path.name not in _NOT_THE_MODEL and not path.name.startswith("."):
            copy_file(path, target / path.name)
