"""Settings that people write in YAML: checked against a schema, refused with the key and the nearest valid one."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeVar, cast, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from hf_regional.errors import ConfigError, MissingFileError


class Settings(BaseModel):
    """Base of every schema: frozen, and a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


_PLAIN_TYPE: Final = re.compile(r"str|int|float|bool|constrained-\w+|\w+\[.*\]")  # how pydantic names a union's other members
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
        # Where a value may have several types each of them complains, and a misspelt
        # required key is missing too; a key that nobody knows says most.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        key = _key_of(schema, first["loc"])
        raise ConfigError(f"{where}: {_sentence(schema, first, key)}", key) from error


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


def _sentence(schema: type[Settings], error: ErrorDetails, key: str) -> str:
    if error["type"] == "missing":
        return f"{key} is required and not there."
    if error["type"] != "extra_forbidden":
        return f"{key}: {error['msg'].lower()}, got {error['input']!r}."
    known = sorted(_keys_at(schema, error["loc"][:-1]))
    near = get_close_matches(str(error["loc"][-1]), known, n=1)
    return f"unknown key {key!r}; " + (f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}.")


def _key_of(schema: type[Settings], location: tuple[int | str, ...]) -> str:
    """A location as its writer knows it: without the types that pydantic names where a value may have several."""
    tags = {place for place, part in enumerate(location) if part in {found.__name__ for found in _schemas_at(schema, location[:place])}}
    return ".".join(str(part) for place, part in enumerate(location) if place not in tags and not _PLAIN_TYPE.fullmatch(str(part)))


def _keys_at(schema: type[Settings], location: tuple[int | str, ...]) -> set[str]:
    """The keys of the schema that a location in the mapping leads to."""
    return {key for found in _schemas_at(schema, location) for key in found.model_fields}


def _schemas_at(schema: type[Settings], location: tuple[int | str, ...]) -> list[type[Settings]]:
    here = [schema]
    for part in location:
        # An index, a key of a dict, or the class of a union's member leads no deeper; a class narrows the choice.
        inner = [found for outer in here if part in outer.model_fields for found in _schemas_in(outer.model_fields[str(part)].annotation)]
        here = inner or [outer for outer in here if outer.__name__ == part] or here
    return here


def _schemas_in(annotation: Any) -> Iterator[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        yield annotation
    for inner in get_args(annotation):
        yield from _schemas_in(inner)
