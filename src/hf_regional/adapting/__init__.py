"""Adapting: a global model and regional rows in, a regional checkpoint θ_regional and its training history out."""

from typing import TYPE_CHECKING

from hf_regional.adapting.recipe import Recipe, Stage, load_recipe, recipe_names

if TYPE_CHECKING:
    from hf_regional.adapting.stages import Adapted, adapt

__all__ = ["Adapted", "Recipe", "Stage", "adapt", "load_recipe", "recipe_names"]


def __getattr__(name: str) -> object:
    if name in {"adapt", "Adapted"}:  # loads torch
        from hf_regional.adapting import stages

        return getattr(stages, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
