"""Choosing: a model as people write it in one line or in YAML in, the object that answers out."""

from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any, Final, TypeVar

from hf_regional.errors import ConfigError
from hf_regional.generating.local import LocalModel
from hf_regional.generating.pricing import Prices
from hf_regional.generating.prompts import Sampling, TextModel
from hf_regional.generating.served import ServedModel
from hf_regional.nearest import did_you_mean
from hf_regional.network import Retry

Record = TypeVar("Record")

# What YAML may give where a default is of a plain type.
_TYPES: Final[dict[type, tuple[type, ...]]] = {str: (str,), int: (int,), float: (int, float), tuple: (list, tuple)}
_NESTED: Final[dict[str, type]] = {"sampling": Sampling, "retry": Retry, "prices": Prices}


def make_model(spec: str | Mapping[str, Any], sampling: Sampling | None = None) -> TextModel:
    """A model from its name, or from a mapping of the fields of `ServedModel` (where it has a `url`) or `LocalModel`.

    "http://host:8000/v1#model" is a server's, anything else a Hub id or a folder.

    >>> make_model("http://localhost:8000/v1#Qwen/Qwen2.5-VL-7B-Instruct").model
    'Qwen/Qwen2.5-VL-7B-Instruct'
    >>> make_model({"model": "CodeGoat24/UnifiedReward-7b", "batch_size": 32}).batch_size
    32

    Raises:
        ConfigError: there is no name, an unknown field, or a value of the wrong type.
    """
    if isinstance(spec, Mapping):
        chosen = {"sampling": sampling} | dict(spec) if sampling else dict(spec)
        return make_record(ServedModel if "url" in spec else LocalModel, chosen, "model")
    if not spec.strip():
        raise ConfigError("the name of a model is empty; give a Hub id, a folder, or http://host:8000/v1#MODEL.", "model")
    if spec.startswith(("http://", "https://")):
        url, _, model = spec.partition("#")
        return ServedModel(url, model or None, sampling or Sampling())
    return LocalModel(spec, sampling or Sampling())


def make_record(kind: type[Record], values: Mapping[str, Any], where: str) -> Record:
    """A dataclass from a mapping as YAML gives it: lists become tuples, mappings the records that they stand for.

    Args:
        kind: the dataclass.
        values: its fields.
        where: for messages.

    Raises:
        ConfigError: a field that it does not have or that is missing, or a value of another type than the default's.
    """
    known = {field.name: field for field in fields(kind) if field.init}  # pyright: ignore[reportArgumentType]
    for name, value in values.items():
        if name not in known:
            raise ConfigError(f"{where} has no {name!r}.{did_you_mean(str(name), known)} Known: {', '.join(known)}.", where)
        if not _fits(known[name], value):
            wanted = type(known[name].default).__name__
            raise ConfigError(f"{where}: {name}={value!r} is of type {type(value).__name__}; give one of type {wanted}.", where)
    try:
        return kind(**{name: _built(name, value, where) for name, value in values.items()})
    except TypeError as error:  # a field without a default
        raise ConfigError(f"{where}: {str(error).partition('() ')[2] or error}.", where) from error


def _built(name: str, value: Any, where: str) -> Any:
    if name in _NESTED and isinstance(value, Mapping):
        return make_record(_NESTED[name], value, f"{where}.{name}")
    return tuple(value) if isinstance(value, list) else value


def _fits(field: Field[Any], value: object) -> bool:
    """Whether a value may stand in a field whose default is of a plain type, or that takes a mapping."""
    if isinstance(value, Mapping) and "Mapping" in str(field.type):
        return True
    allowed = next((kinds for plain, kinds in _TYPES.items() if type(field.default) is plain), None)
    return allowed is None or (isinstance(value, allowed) and not isinstance(value, bool))
