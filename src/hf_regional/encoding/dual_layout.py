"""Dual layout: where the parts of a saved `DualEncoder` lie, and what `dual_encoder.json` says of them. Loads no torch.

dual_encoder.json   the version of this layout, the poolings, the widths, the dropout
vision_model/       a plain checkpoint of transformers, with its image processor
text_model/         the same, with its tokenizer
projection/         model.safetensors: both heads and the logit scale
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from hf_regional.errors import ConfigError, DamagedFileError, MissingFileError

FILE_NAME: Final = "dual_encoder.json"
CLASS_NAME: Final = "DualEncoder"
MODEL_TYPE: Final = "dual_encoder"  # as config.json names those of transformers
SCHEMA_VERSION: Final = 1
VISION: Final = "vision_model"
TEXT: Final = "text_model"
PROJECTION: Final = "projection"
PARTS: Final = (VISION, TEXT, PROJECTION)
POOLINGS: Final = ("pooler", "cls", "mean")


@dataclass(frozen=True, slots=True)
class Heads:
    """What stands between the towers and the shared space."""

    vision_dim: int  # width of the pooled image
    text_dim: int  # width of the pooled text
    projection_dim: int = 256
    dropout: float = 0.1
    vision_pooling: str = "pooler"  # one of POOLINGS
    text_pooling: str = "cls"

    def __post_init__(self) -> None:
        """Check types and ranges.

        Raises:
            ConfigError: naming the key.
        """
        for key in ("vision_dim", "text_dim", "projection_dim"):
            width = getattr(self, key)
            if isinstance(width, bool) or not isinstance(width, int) or width < 1:
                raise ConfigError(f"{key} must be a whole number above 0, got {width!r}.", key)
        rate: Any = self.dropout
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
            raise ConfigError(f"dropout must be a number from 0 to below 1, got {rate!r}.", "dropout")
        for key in ("vision_pooling", "text_pooling"):
            if getattr(self, key) not in POOLINGS:
                raise ConfigError(f"{key} must be one of {', '.join(POOLINGS)}, got {getattr(self, key)!r}.", key)

    def as_json(self) -> str:
        """The text of dual_encoder.json; the same heads give the same bytes."""
        return json.dumps({"class": CLASS_NAME, "schema_version": SCHEMA_VERSION, **asdict(self)}, indent=2) + "\n"


def read_heads(folder: Path) -> Heads:
    """Read dual_encoder.json.

    Raises:
        MissingFileError: the folder has none.
        DamagedFileError: it is no JSON, not of this shape, or of another schema.
    """
    file = folder / FILE_NAME
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        found = f"{folder} holds no {FILE_NAME} that can be read, so it is no {CLASS_NAME}"
        raise MissingFileError(f"{found}; give the folder that `{CLASS_NAME}.save_pretrained` wrote.") from error
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"{file} is not readable JSON ({error}). Download or save it again.") from error
    return parse_heads(content, file)


def parse_heads(content: Any, file: Path) -> Heads:
    """The content of dual_encoder.json as a record; `file` is named in messages. Errors as `read_heads`."""
    if not isinstance(content, Mapping) or content.get("class") != CLASS_NAME:
        raise DamagedFileError(f"{file} does not say that it is of the class {CLASS_NAME}. Download or save it again.")
    version: Any = content.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        found = f"{file} was written with schema {version}, this version reads up to {SCHEMA_VERSION}"
        raise DamagedFileError(f"{found}; upgrade hf-regional.")
    if version is True or version != SCHEMA_VERSION:
        raise DamagedFileError(f"{file} lacks schema_version {SCHEMA_VERSION}, it has {version!r}. Download or save it again.")
    values = {key: value for key, value in content.items() if key not in ("class", "schema_version")}
    known = {field.name for field in fields(Heads)}
    if values.keys() != known:
        lacking, unknown = sorted(known - values.keys()), sorted(values.keys() - known)
        raise DamagedFileError(f"{file} lacks the keys {lacking} and has {unknown}, which nobody knows. Download or save it again.")
    try:
        return Heads(**values)
    except ConfigError as error:
        raise DamagedFileError(f"{file}: {error} Download or save it again.") from error
