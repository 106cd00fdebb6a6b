"""Methods: one model of the world, one or several of the region and a weight in, their mix out. One method a file.

    @method("task_arithmetic", paper="arXiv:2212.04089")
    def task_arithmetic(world, regions, *, beta, weights): ...

A method is written with operators alone (`+`, `*`, `abs`, comparisons), so that the same function takes numpy arrays on the way
from file to file and torch tensors in memory. It is given stretches of tensors, flattened and wide: (n,) of float32 where 16 bits
are stored, else float64; the caller rounds the result once. What it declares it gets, by keyword:

- `beta`: the share of the region, in (0, 1] (at 0 the caller copies the base).
- `weights`: one factor a regional model, as the user gave them; all 1 by default.
- `whole`: what the method's statistic found over the whole tensor or model, in a pass before.
- `draw`: random numbers that depend on seed, tensor and place alone. Who draws has the option `seed`, without declaring it.
- every other keyword-only parameter is an option of the user's, with its default: a number, a whole number or one of some words.
  What only the statistic reads is declared too, and left unused.

Every method goes to the world as β goes to 0, and makes of copies of one model that model, exactly: the tests try it on each.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any, Final

from hf_regional.errors import UnknownNameError
from hf_regional.merging.method import Array, Method, Mix, Range
from hf_regional.merging.statistics import Statistic
from hf_regional.nearest import did_you_mean

__all__ = ["Array", "Method", "Mix", "all_methods", "find_method", "method", "methods_table"]

_FROM_CALLER: Final = frozenset({"beta", "weights", "whole", "draw"})
_SEEDS: Final = (0, 2**32 - 1)
_REGISTRY: Final[dict[str, Method]] = {}


def method(
    name: str,
    *,
    paper: str,
    regions: tuple[int, int | None] = (1, None),
    ranges: Mapping[str, Range] | None = None,
    choices: Mapping[str, tuple[str, ...]] | None = None,
    statistic: Callable[[Mapping[str, Any]], Statistic] | None = None,
    signed: bool = False,
    elementwise: bool = True,
) -> Callable[[Mix], Mix]:
    """Register the decorated function under `name`.

    Args:
        name: what users call it.
        paper: where it is from.
        regions: the fewest and the most regional models that it takes; None is no limit.
        ranges: the closed range of each option that is a number; None at its end is the number of regional models.
        choices: the words that each other option may be.
        statistic: from the options to what is measured over the whole tensor or model first; the function gets it as `whole`.
        signed: whether weights may be negative.
        elementwise: whether an element that is equal in all models stays as it is, so that the caller may copy it.
    """

    def register(mix: Mix) -> Mix:
        named = {one.name: one.default for one in inspect.signature(mix).parameters.values() if one.kind is one.KEYWORD_ONLY}
        takes = frozenset(named) & _FROM_CALLER
        options = {key: default for key, default in named.items() if key not in takes}
        limits = dict(ranges or {})
        if "draw" in takes:
            options["seed"], limits["seed"] = 0, _SEEDS
        _REGISTRY[name] = Method(name, paper, mix, *regions, options, limits, choices or {}, statistic, takes, signed, elementwise)
        return mix

    return register


def find_method(name: str) -> Method:
    """Look a method up by its name.

    Raises:
        UnknownNameError: no file of this folder registers it.

    >>> find_method("linear").paper
    'arXiv:2203.05482'
    """
    known = {one.name: one for one in all_methods()}
    if name not in known:
        raise UnknownNameError(f"no merge method {name!r}.{did_you_mean(name, known)} Known: {', '.join(known)}.")
    return known[name]


def all_methods() -> tuple[Method, ...]:
    """Every method, by name: what `--help` and the documents list."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return tuple(_REGISTRY[name] for name in sorted(_REGISTRY))


def methods_table() -> str:
    """All methods as a table in Markdown: name, what it does, regional models, options with defaults and ranges, paper.

    >>> print(methods_table().splitlines()[0])
    | method | what it does | regional models | options | paper |
    """
    rows = [
        f"| `{one.name}` | {one.summary} | {one.models} | {'; '.join(_described(one)) or 'none'} | {one.paper} |" for one in all_methods()
    ]
    return "\n".join(["| method | what it does | regional models | options | paper |", "|---|---|---|---|---|", *rows])


def _described(one: Method) -> list[str]:
    return [f"`{name}` = {default}, {one.allowed(name)}" for name, default in one.options.items()]
