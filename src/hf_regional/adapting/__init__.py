"""Adapting: a global model and regional rows in, a regional checkpoint θ_regional and its training history out."""

from typing import TYPE_CHECKING

from hf_regional.adapting.recipe import Recipe, Stage, load_recipe, recipe_names
from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.adapting.stages import Adapted as Adapted
    from hf_regional.adapting.stages import adapt as adapt

_HOMES = {
    "Adapted": "hf_regional.adapting.stages",  # loads torch
    "adapt": "hf_regional.adapting.stages",
}

__all__ = ["Recipe", "Stage", "load_recipe", "recipe_names", *_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)
