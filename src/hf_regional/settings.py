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
        first = _most_telling(error.errors())
        raise ConfigError(f"{where}: {_sentence(schema, first)}", ".".join(str(part) for part in first["loc"])) from error


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file that holds a mapping.

    Raises:
        MissingFileError: no such file. ConfigError: no valid YAML, or no mapping.
    """
    if not path.is_file():
        raise MissingFileError(f"there is no file {path}.")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no valid YAML: it is not UTF-8 text ({error.reason} at byte {error.start}).") from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, where: str) -> dict[str, Any]:
    """YAML text that holds a mapping. Errors as `read_yaml`."""
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where} is no valid YAML: {error}") from error
    if not isinstance(loaded, dict):
        raise ConfigError(f"{where} must hold a mapping of keys to values, got {type(loaded).__name__}.")
    return cast("dict[str, Any]", loaded)


def _most_telling(errors: list[ErrorDetails]) -> ErrorDetails:
    # Who misspells a required key makes two errors, and the one that is missing explains less.
    first = errors[0]
    beside = (other for other in errors if other["type"] == "extra_forbidden" and other["loc"][:-1] == first["loc"][:-1])
    return next(beside, first) if first["type"] == "missing" else first


def _sentence(schema: type[Settings], error: ErrorDetails) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return f"{key} is required and not there."
    if error["type"] != "extra_forbidden":
        return f"{key}: {error['msg'].lower()}, got {error['input']!r}."
    known = sorted(_keys_at(schema, error["loc"][:-1]))
    near = get_close_matches(str(error["loc"][-1]), known, n=1)
    return f"unknown key {key!r}; " + (f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}.")


def _keys_at(schema: type[Settings], location: tuple[int | str, ...]) -> set[str]:
    """The keys of the schema that a location in the mapping leads to."""
    here = [schema]
    for part in location:
        # An index, a key of a dict, or the class of a union's member leads no deeper; a class narrows the choice.
        inner = [found for outer in here if part in outer.model_fields for found in _schemas_in(outer.model_fields[str(part)].annotation)]
        here = inner or [outer for outer in here if outer.__name__ == part] or here
    return {key for found in here for key in found.model_fields}


def _schemas_in(annotation: Any) -> Iterator[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        yield annotation
    for inner in get_args(annotation):
        yield from _schemas_in(inner)
