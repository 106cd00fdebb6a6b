"""Recipes: small YAML files that say how a model is trained, every default visible.

A recipe is a family and a list of stages. Those that come with the package lie in `recipes/`; a path to a YAML of one's own works the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, cast

import yaml

from hf_regional.errors import ConfigError, MissingFileError, NotBuiltYetError, UnknownNameError

Family = Literal["contrastive", "instruction", "diffusion"]
BUILT: Final = ("contrastive",)


@dataclass(frozen=True, slots=True)
class Stage:
    """One round of training. Names are those of `transformers.TrainingArguments` where that has them."""

    name: str = "train"
    loss: Literal["auto", "softmax", "sigmoid"] = "auto"  # auto: softmax for CLIP, sigmoid for SigLIP
    trainable: tuple[str, ...] = ("*",)  # fnmatch patterns on parameter names; the rest is frozen
    learning_rate: float = 5e-6
    weight_decay: float = 0.01
    schedule: str = "linear"
    warmup: float = 0.0  # share of the steps
    batch_size: int = 128
    epochs: float = 1.0
    max_steps: int = -1  # above 0 it overrides epochs
    max_grad_norm: float = 1.0
    adam_beta2: float = 0.999

    def steps(self, rows: int) -> int:
        """Optimiser steps over `rows` rows; the last, smaller batch of an epoch is left out."""
        return self.max_steps if self.max_steps > 0 else max(1, int(rows // self.batch_size * self.epochs))


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is trained: its family, and the stages in their order."""

    name: str
    family: Family
    stages: tuple[Stage, ...] = field(default_factory=lambda: (Stage(),))
    paper: str = ""

    def overridden(self, **changes: Any) -> "Recipe":
        """The same recipe with fields of every stage replaced, types checked as in a file."""
        return replace(self, stages=tuple(replace(stage, **_checked(changes, f"recipe {self.name}")) for stage in self.stages))

    def require_built(self) -> None:
        """Refuse a family that this version cannot train.

        Raises:
            NotBuiltYetError: naming the family and those that are there.
        """
        if self.family not in BUILT:
            raise NotBuiltYetError(
                f"recipe {self.name!r} is of the {self.family} family, which this version cannot train yet; it trains: {', '.join(BUILT)}."
            )


@cache
def recipe_names() -> tuple[str, ...]:
    """The recipes that come with the package."""
    return tuple(sorted(Path(entry.name).stem for entry in files(__package__).joinpath("recipes").iterdir() if entry.name.endswith(".yaml")))


def load_recipe(recipe: "str | Path | Recipe") -> Recipe:
    """A recipe by name or from a YAML file.

    Raises:
        UnknownNameError: no recipe of that name; the nearest is named.
        MissingFileError: a path to a file that is not there.
        ConfigError: an unknown key or a value of the wrong type, with the key and the nearest valid one.
    """
    if isinstance(recipe, Recipe):
        return recipe
    name = str(recipe)
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        if not path.is_file():
            raise MissingFileError(f"there is no recipe file {path}. Recipes that come with the package: {', '.join(recipe_names())}.")
        return _parse(path.read_text(encoding="utf-8"), str(path))
    if name not in recipe_names():
        near = get_close_matches(name, recipe_names(), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownNameError(f"no recipe {name!r}.{hint} Known: {', '.join(recipe_names())}; or give a path to a YAML file.")
    return _parse(files(__package__).joinpath("recipes", f"{name}.yaml").read_text(encoding="utf-8"), name)


def _parse(text: str, where: str) -> Recipe:
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where} is no valid YAML: {error}") from error
    if not isinstance(loaded, dict):
        raise ConfigError(f"{where}: a recipe is a mapping with `name`, `family` and `stages`.")
    raw = cast("dict[str, Any]", loaded)
    known = {item.name for item in fields(Recipe)}
    for key in raw:
        _require_known(key, known, where)
    stages = tuple(Stage(**_checked(stage, where)) for stage in raw.get("stages", []))
    if raw.get("family") not in Family.__args__ or not stages:
        raise ConfigError(f"{where}: `family` must be one of {', '.join(Family.__args__)}, and `stages` must hold at least one stage.", "family")
    return Recipe(str(raw.get("name", where)), raw["family"], stages, str(raw.get("paper", "")))


def _checked(raw: Mapping[str, Any], where: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    defaults = {item.name: item.default for item in fields(Stage)}
    for key, value in raw.items():
        _require_known(key, set(defaults), where)
        out[key] = _typed(key, value, defaults[key], where)
    return out


def _typed(key: str, value: Any, default: Any, where: str) -> Any:
    if isinstance(default, tuple):
        return tuple(str(item) for item in ([value] if isinstance(value, str) else value))
    if isinstance(default, float) and isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return float(value)  # YAML 1.1 reads 5e-6 as text
        except ValueError as error:
            raise ConfigError(f"{where}: {key} must be a number, got {value!r}.", key) from error
    if type(value) is not type(default):
        raise ConfigError(f"{where}: {key} must be {type(default).__name__}, got {value!r} ({type(value).__name__}).", key)
    return value


def _require_known(key: str, known: set[str], where: str) -> None:
    if key not in known:
        near = get_close_matches(key, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}."
        raise ConfigError(f"{where}: unknown key {key!r}; {hint}", key)
