"""Methods: two tensors of one shape and a weight in, their mix out. One method a file; the folder is the registry."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from hf_regional.errors import UnknownNameError
from hf_regional.nearest import did_you_mean

if TYPE_CHECKING:
    from torch import Tensor


class Mix(Protocol):
    """θ_β from θ_global and θ_regional: equal shapes, any floating dtypes; the result has the dtype of `world`."""

    def __call__(self, world: "Tensor", region: "Tensor", *, beta: float) -> "Tensor":
        """Mix; `beta` in [0, 1]."""
        ...


@dataclass(frozen=True, slots=True)
class Method:
    """A way of merging, with the paper it is from."""

    name: str
    paper: str
    mix: Mix


_REGISTRY: Final[dict[str, Method]] = {}


def method(name: str, *, paper: str) -> Callable[[Mix], Mix]:
    """Register the decorated function under `name`."""

    def register(mix: Mix) -> Mix:
        _REGISTRY[name] = Method(name, paper, mix)
        return mix

    return register


def find_method(name: str) -> Method:
    """Look a method up by its name.

    Raises:
        UnknownNameError: no file of this folder registers it.

    >>> find_method("linear").paper
    'arXiv:2203.05482'
    """
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    if name not in _REGISTRY:
        raise UnknownNameError(f"no merge method {name!r}.{did_you_mean(name, _REGISTRY)} Known: {', '.join(sorted(_REGISTRY))}.")
    return _REGISTRY[name]
