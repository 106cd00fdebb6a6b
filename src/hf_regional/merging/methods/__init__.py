"""Methods: one model of the world, one or several of the region and a weight in, their mix out. One method a file.

    @method("task_arithmetic", paper="arXiv:2212.04089")
    def task_arithmetic(world, regions, *, beta, weights): ...

A method is written with operators alone (`+`, `*`, `abs`, comparisons), so that the same function takes numpy arrays on the way
from file to file and torch tensors in memory. It is given stretches of tensors, flattened and wide: (n,) of float32 where 16 bits
are stored, else float64; the caller rounds the result once. What it declares it gets, by keyword:

- `beta`: the share of the region, in (0, 1] (at 0 the caller copies the base).
- `weights`: one factor a regional model, as the user gave them; all 1 by default.
- `whole`: what the method's statistic found over the whole tensor or model, in a pass before.
- `draw`: random numbers that depend on seed, tensor and place alone.
- every other keyword-only parameter is an option of the user's, with its default.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Final

from hf_regional.errors import ConfigError, OutOfRangeError, UnknownNameError
from hf_regional.merging.draw import Draw
from hf_regional.merging.statistics import Statistic
from hf_regional.nearest import did_you_mean

Array = Any  # a numpy array or a torch tensor, (n,), floating
Mix = Callable[..., Array]
_FROM_CALLER: Final = frozenset({"beta", "weights", "whole", "draw"})


@dataclass(frozen=True, slots=True)
class Method:
    """A way of merging: the function, the paper it is from, and what it asks for."""

    name: str
    paper: str
    mix: Mix
    fewest: int  # regional models
    most: int | None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])  # the user's, with their defaults
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    statistic: Callable[[Mapping[str, Any]], Statistic] | None = None  # from the options
    takes: frozenset[str] = frozenset()  # which of beta, weights, whole, draw

    def checked(self, options: Mapping[str, Any] | None, regions: int) -> dict[str, Any]:
        """The options with the defaults filled in.

        Raises:
            UnknownNameError: it has no such option.
            OutOfRangeError: an option is no number of its range.
            ConfigError: it does not take so many regional models.
        """
        if regions < self.fewest or (self.most is not None and regions > self.most):
            wanted = (
                f"{self.fewest}"
                if self.fewest == self.most
                else f"{self.fewest} or more"
                if self.most is None
                else f"{self.fewest}-{self.most}"
            )
            raise ConfigError(f"the method {self.name!r} takes {wanted} regional models, not {regions}.", "method")
        given = dict(options or {})
        for name, value in given.items():
            self._require_option(name, value)
        return {**self.options, **given}

    def __call__(
        self,
        world: Array,
        regions: Sequence[Array],
        *,
        beta: float,
        weights: Sequence[float],
        options: Mapping[str, Any],
        whole: Any = None,
        draw: Draw | None = None,
    ) -> Array:
        """Mix one stretch; the function gets of these what it declares."""
        offered = {"beta": beta, "weights": weights, "whole": whole, "draw": draw}
        return self.mix(world, regions, **{name: offered[name] for name in self.takes}, **options)

    def _require_option(self, name: str, value: object) -> None:
        if name not in self.options:
            known = ", ".join(sorted(self.options)) or "none"
            raise UnknownNameError(f"{self.name} has no option {name!r}.{did_you_mean(name, self.options)} Known: {known}.")
        low, high = self.ranges.get(name, (float("-inf"), float("inf")))
        if isinstance(value, bool) or not isinstance(value, Real) or not low <= float(value) <= high:
            raise OutOfRangeError(f"{self.name}: {name} must be a number in [{low:g}, {high:g}], got {value!r}.")


_REGISTRY: Final[dict[str, Method]] = {}


def method(
    name: str,
    *,
    paper: str,
    regions: tuple[int, int | None] = (1, None),
    ranges: Mapping[str, tuple[float, float]] | None = None,
    statistic: Callable[[Mapping[str, Any]], Statistic] | None = None,
) -> Callable[[Mix], Mix]:
    """Register the decorated function under `name`.

    Args:
        name: what users call it.
        paper: where it is from.
        regions: the fewest and the most regional models that it takes; None is no limit.
        ranges: the closed range of each option.
        statistic: from the options to what is measured over the whole tensor or model first; the function gets it as `whole`.
    """

    def register(mix: Mix) -> Mix:
        named = {one.name: one.default for one in inspect.signature(mix).parameters.values() if one.kind is one.KEYWORD_ONLY}
        options = {key: default for key, default in named.items() if key not in _FROM_CALLER}
        takes = frozenset(named) & _FROM_CALLER
        _REGISTRY[name] = Method(name, paper, mix, *regions, options, ranges or {}, statistic, takes)
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
