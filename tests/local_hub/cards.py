"""The head of a README.md in; the metadata in it, and what the Hub would object to, out."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

import yaml

from local_hub.state import Kind

_HEAD: Final = re.compile(r"\A\s*---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)

# Of huggingface.co/docs/hub/repositories-licenses, as of 2026.
LICENCES: Final = frozenset(Path(__file__).with_name("licences.txt").read_text().split())
_COLOURS: Final = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
_SDKS: Final = ("gradio", "streamlit", "docker", "static")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}([-_][A-Za-z0-9]+)*|code|multilingual")
_REPO: Final = re.compile(r"[\w.-]+(/[\w.-]+)?")


def metadata(text: str) -> dict[str, Any]:
    """What stands between the two rules; an empty dict where nothing does or it cannot be read."""
    try:
        read = _read(text)
    except yaml.YAMLError:
        return {}
    return cast("dict[str, Any]", read) if isinstance(read, dict) else {}


def objections(text: str, kind: Kind) -> tuple[list[str], list[str]]:
    """Errors, with which the Hub takes no card, and warnings."""
    try:
        read = _read(text)
    except yaml.YAMLError as error:
        return [f"YAML Metadata Error: {error}"], []
    if not read:
        said = "empty or missing yaml metadata in repo card"
        return ([f"Missing configuration in README: {said}"], []) if kind == "space" else ([], [said])
    if not isinstance(read, dict):
        return ["YAML Metadata Error: the metadata is not a mapping"], []
    head = cast("dict[str, Any]", read)
    rules = {**_RULES, **(_SPACE_RULES if kind == "space" else {})}
    errors = [f'"{name}" {said}' for name, rule in rules.items() if name in head for said in rule(head[name])]
    needed = ("sdk",) if kind == "space" else ()
    return errors + [f'"{name}" is required' for name in needed if name not in head], []


def _read(text: str) -> object:
    found = _HEAD.match(text)
    return yaml.safe_load(found[1]) if found else None


def _several(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _texts(value: object) -> Iterator[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in cast("list[object]", value)):
        yield "must be an array of strings"


def _licence(value: object) -> Iterator[str]:
    for name in _several(value):
        if name not in LICENCES:
            yield f"must be one of the Hub's identifiers, which {name!r} is not"


def _language(value: object) -> Iterator[str]:
    for name in _several(value):
        if not isinstance(name, str):  # `no` is Norwegian to a person and False to YAML
            yield f"must only contain characters, not {name!r}; put quotes around it"
        elif not _LANGUAGE.fullmatch(name):
            yield f"must be an ISO 639-1, 639-2 or 639-3 code, which {name!r} is not"


def _repos(value: object) -> Iterator[str]:
    for name in _several(value):
        if not isinstance(name, str) or not _REPO.fullmatch(name):
            yield f"with value {name!r} is not valid. Use a model id from https://hf.co/models."


def _index(value: object) -> Iterator[str]:
    if not isinstance(value, list):
        yield "must be an array"
        return
    for at, model in enumerate(cast("list[Any]", value)):
        yield from (f"[{at}] {said}" for said in _lacks(model, {"name": "name", "results": "results"}))
        for number, result in enumerate(_under(model, "results")):
            needed = {"task.type": "task type", "dataset.name": "dataset name", "dataset.type": "dataset type", "metrics": "metrics"}
            yield from (f"[{at}].results[{number}] {said}" for said in _lacks(result, needed))
            for metric in _under(result, "metrics"):
                yield from (f"[{at}].results[{number}].metrics {said}" for said in _lacks(metric, {"type": "type", "value": "value"}))


def _under(value: Any, name: str) -> list[Any]:
    return (value.get(name) or []) if isinstance(value, dict) else []


def _lacks(value: Any, needed: Mapping[str, str]) -> Iterator[str]:
    for path, name in needed.items():
        inner = value
        for step in path.split("."):
            inner = inner.get(step) if isinstance(inner, dict) else None
        if inner is None:
            yield f"has no {name}"


def _one_of(*names: str) -> "Rule":
    def rule(value: object) -> Iterator[str]:
        if value not in names:
            yield f"must be one of [{', '.join(names)}]"

    return rule


def _short(value: object) -> Iterator[str]:
    if not isinstance(value, str) or len(value) > 60:
        yield "length must be less than or equal to 60 characters long"


def _text(value: object) -> Iterator[str]:
    if not isinstance(value, str):
        yield "must be a string"


Rule = Callable[[object], Iterator[str]]
_RULES: Final[Mapping[str, Rule]] = {
    "license": _licence,
    "language": _language,
    "tags": _texts,
    "base_model": _repos,
    "datasets": _repos,
    "model-index": _index,
    "pipeline_tag": _text,
    "library_name": _text,
    "base_model_relation": _one_of("adapter", "merge", "quantized", "finetune"),
}
_SPACE_RULES: Final[Mapping[str, Rule]] = {
    "title": _text,
    "sdk": _one_of(*_SDKS),
    "colorFrom": _one_of(*_COLOURS),
    "colorTo": _one_of(*_COLOURS),
    "short_description": _short,
    "models": _repos,
    "app_file": _text,
}
