"""Recipes: small YAML files that say how a model is trained, every default visible.

A recipe is a family and a list of stages. Those that come with the package lie in `recipes/`; a path to a YAML of one's own works the same.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from hf_regional.errors import NoRowsError, NotBuiltYetError, UnknownNameError
from hf_regional.nearest import did_you_mean
from hf_regional.settings import Settings, parse, parse_yaml, read_yaml

BUILT: Final = ("contrastive",)


class Stage(Settings):
    """One round of training. Names are those of `transformers.TrainingArguments` where that has them."""

    name: str = "train"
    loss: Literal["auto", "softmax", "sigmoid"] = "auto"  # auto: softmax for CLIP, sigmoid for SigLIP
    trainable: tuple[str, ...] = ("*",)  # fnmatch patterns on parameter names; the rest is frozen
    learning_rate: float = Field(5e-6, gt=0)
    weight_decay: float = Field(0.01, ge=0)
    schedule: Literal["linear", "cosine", "constant", "constant_with_warmup"] = "linear"
    warmup: float = Field(0.0, ge=0, lt=1)  # share of the steps
    batch_size: int = Field(128, gt=1)
    epochs: float = Field(1.0, gt=0)
    max_steps: int = -1  # above 0 it overrides epochs
    max_grad_norm: float = Field(1.0, gt=0)
    adam_beta2: float = Field(0.999, gt=0, lt=1)

    def require_rows(self, rows: int) -> None:
        """Refuse rows that do not fill one batch.

        Raises:
            NoRowsError: naming both numbers.
        """
        if rows < self.batch_size:
            raise NoRowsError(f"stage {self.name!r} takes batches of {self.batch_size}, and there are only {rows} rows; lower batch_size.")

    def steps(self, rows: int) -> int:
        """Optimiser steps over `rows` rows; the last, smaller batch of an epoch is left out."""
        return self.max_steps if self.max_steps > 0 else max(1, int(rows // self.batch_size * self.epochs))


class Recipe(Settings):
    """How a model is trained: its family, and the stages in their order."""

    name: str
    family: Literal["contrastive", "instruction", "diffusion"]
    paper: str = ""
    stages: tuple[Stage, ...] = Field(min_length=1)

    def overridden(self, **changes: Any) -> "Recipe":
        """The same recipe with fields of every stage replaced, checked as in a file."""
        stages = [{**stage.model_dump(), **changes} for stage in self.stages]
        return parse(Recipe, {**self.model_dump(), "stages": stages}, f"recipe {self.name}")

    def steps(self, rows: int) -> int:
        """Optimiser steps of all stages over `rows` rows."""
        return sum(stage.steps(rows) for stage in self.stages)

    def require_built(self) -> None:
        """Refuse a family that this version cannot train.

        Raises:
            NotBuiltYetError: naming the family and those that are there.
        """
        if self.family not in BUILT:
            there = ", ".join(BUILT)
            raise NotBuiltYetError(
                f"recipe {self.name!r} is of the {self.family} family, which this version cannot train yet; it trains: {there}."
            )


@cache
def recipe_names() -> tuple[str, ...]:
    """The recipes that come with the package."""
    folder = files("hf_regional.adapting") / "recipes"
    return tuple(sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def load_recipe(recipe: str | Path | Recipe) -> Recipe:
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
        return parse(Recipe, read_yaml(Path(name)), name)
    if name not in recipe_names():
        hint, known = did_you_mean(name, recipe_names()), ", ".join(recipe_names())
        raise UnknownNameError(f"no recipe {name!r}.{hint} Known: {known}; or give a path to a YAML file.")
    text = (files("hf_regional.adapting") / "recipes" / f"{name}.yaml").read_text(encoding="utf-8")
    return parse(Recipe, parse_yaml(text, name), f"recipe {name}")
