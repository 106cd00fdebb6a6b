"""Settings that people write in YAML: checked against a schema, refused with the key and the nearest valid one."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from hf_regional.errors import ConfigError, MissingFileError


class Settings(BaseModel):
    """Base of every schema: frozen, and a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


S = TypeVar("S", bound=Settings)


def parse(schema: type[S], raw: Mapping[str, Any], where: str) -> S:
    """A mapping as settings.

    Args:
        schema: the class to make.
        raw: keys and values as YAML gives them.
        where: the file or recipe, for messages.

    Raises:
        ConfigError: an unknown key or a value of the wrong type; the message names the key, and `key` holds it.
    """
    try:
        return schema.model_validate(raw)
    except ValidationError as error:
        # Where a value may have several types each of them complains; a key that none of them knows says most.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        key = ".".join(map(str, _keys_of(schema, first)))
        raise ConfigError(f"{where}: {_sentence(schema, first, key)}", key) from error


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file that holds a mapping.

    Raises:
        MissingFileError: no such file. ConfigError: no valid YAML, or no mapping.
    """
    if not path.is_file():
        raise MissingFileError(f"there is no file {path}.")
    return parse_yaml(path.read_text(encoding="utf-8"), str(path))


def parse_yaml(text: str, where: str) -> dict[str, Any]:
    """YAML text that holds a mapping. Errors as `read_yaml`."""
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where} is no valid YAML: {error}") from error
    if not isinstance(loaded, dict):
        raise ConfigError(f"{where} must hold a mapping of keys to values, got {type(loaded).__name__}.")
    return cast("dict[str, Any]", loaded)


def _sentence(schema: type[Settings], error: ErrorDetails, key: str) -> str:
    if error["type"] != "extra_forbidden":
        return f"{key}: {error['msg'].lower()}, got {error['input']!r}."
    known = sorted(name for found in _schemas_at(schema, error["loc"][:-1]) for name in found.model_fields)
    near = get_close_matches(str(error["loc"][-1]), known, n=1)
    return f"unknown key {key!r}; " + (f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}.")


def _keys_of(schema: type[Settings], error: ErrorDetails) -> list[int | str]:
    """An error's location without the names of types that pydantic puts in where a value may have several."""
    location, is_unknown = error["loc"], error["type"] == "extra_forbidden"
    kept: list[int | str] = []
    for place, part in enumerate(location):
        here = _schemas_at(schema, location[:place])
        is_field = not here or any(part in found.model_fields for found in here)
        if isinstance(part, int) or is_field or (is_unknown and place == len(location) - 1):
            kept.append(part)
    return kept


def _schemas_at(schema: type[Settings], location: tuple[int | str, ...]) -> list[type[Settings]]:
    """The schemas that a location in the mapping leads to; the name of one of them leads to that one."""
    here = [schema]
    for part in location:
        inner = [found for outer in here if part in outer.model_fields for found in _schemas_in(outer.model_fields[str(part)].annotation)]
        if any(part in outer.model_fields for outer in here):
            here = inner
        elif named := [found for found in here if found.__name__ == part]:
            here = named
    return here


def _schemas_in(annotation: Any) -> Iterator[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        yield annotation
    for inner in get_args(annotation):
        yield from _schemas_in(inner)
