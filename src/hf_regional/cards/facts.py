"""What is known of a model's making: one entry a step, kept in `regional.json` beside the weights.

facts = CardFacts().with_step("base", id="openai/clip-vit-base-patch32", license="mit")
facts.save(folder)
CardFacts.load(folder).of("base")["license"]   # "mit"
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from hf_regional.durable import atomic_file
from hf_regional.errors import DamagedFileError, MissingFileError, NotRecordableError

SCHEMA_VERSION: Final = 1
FILE_NAME: Final = "regional.json"

Step = Mapping[str, Any]  # JSON-able, with at least a "kind"


@dataclass(frozen=True, slots=True)
class CardFacts:
    """Steps in the order in which they ran. Adding one returns a new record; none is ever changed."""

    steps: tuple[Step, ...] = ()

    def with_step(self, kind: str, **content: Any) -> "CardFacts":
        """The same facts with one more step.

        Args:
            kind: "model", "base", "filtering", "training", "merging", "choosing", "evaluation", "environment", ...
            **content: JSON-able values; tuples become lists, numpy scalars numbers.

        Raises:
            NotRecordableError: a value is NaN, infinite, or nothing that JSON knows; the message names its key.

        >>> CardFacts().with_step("training", rows=120, seed=0).of("training")["rows"]
        120
        """
        step = {"kind": kind} | {key: _recordable(value, f"{kind}.{key}") for key, value in content.items()}
        return CardFacts((*self.steps, step))

    def of(self, kind: str) -> Step | None:
        """The last step of a kind, or None."""
        found = self.all(kind)
        return found[-1] if found else None

    def all(self, kind: str) -> tuple[Step, ...]:
        """Every step of a kind, oldest first."""
        return tuple(step for step in self.steps if step.get("kind") == kind)

    def as_json(self) -> str:
        """What `regional.json` holds; the same facts give the same text."""
        content = {"schema_version": SCHEMA_VERSION, "steps": list(self.steps)}
        return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def save(self, folder: str | Path) -> Path:
        """Write `regional.json` into a folder, whole or not at all."""
        path = Path(folder) / FILE_NAME
        with atomic_file(path) as partial:
            partial.write_text(self.as_json(), encoding="utf-8")
        return path

    @classmethod
    def load(cls, folder: str | Path) -> "CardFacts":
        """Read `regional.json` from a folder, or the file itself.

        Raises:
            MissingFileError: it is not there.
            DamagedFileError: it is no JSON, not of this shape, or of a newer schema.
        """
        path = Path(folder)
        path = path / FILE_NAME if path.is_dir() else path
        return cls(_steps_of(_parsed(path), path))


def _recordable(value: Any, name: str) -> Any:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise NotRecordableError(f"{name} cannot be recorded in {FILE_NAME}: {error}. Give numbers, texts, lists and mappings.") from error
    return json.loads(text)


def _plain(value: object) -> Any:
    # numpy and torch scalars know how to become Python numbers; neither library is imported for asking.
    item = getattr(value, "item", None)
    if callable(item):
        return item()
    raise TypeError(f"a {type(value).__name__} is nothing that JSON knows")


def _parsed(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MissingFileError(f"{path} does not exist: a model's card needs the facts recorded in {FILE_NAME}.") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise DamagedFileError(f"{path} is not readable JSON ({error}); restore it or run the job again.") from error


def _steps_of(content: Any, path: Path) -> tuple[Step, ...]:
    record = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
    version, steps = record.get("schema_version"), record.get("steps")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise DamagedFileError(f"{path} was written with schema {version}, this version reads up to {SCHEMA_VERSION}; upgrade hf-regional.")
    if version != SCHEMA_VERSION or not isinstance(steps, list):
        raise DamagedFileError(f"{path} lacks schema_version {SCHEMA_VERSION} and a list of steps; restore it or run the job again.")
    for number, step in enumerate(cast("list[Any]", steps)):
        if not isinstance(step, dict) or not isinstance(cast("dict[str, Any]", step).get("kind"), str):
            raise DamagedFileError(f"{path}: step {number} is no mapping with a kind; restore it or run the job again.")
    return tuple(cast("list[Step]", steps))
