"""Method: what is known of one way of merging, and the check of what a user asks of it before anything is read."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

import numpy as np

from hf_regional.errors import ConfigError, OutOfRangeError, UnknownNameError
from hf_regional.merging.draw import Draw
from hf_regional.merging.statistics import Statistic
from hf_regional.nearest import did_you_mean

Array = Any  # a numpy array or a torch tensor, (n,), floating
Mix = Callable[..., Array]
Range = tuple[float, float | None]  # both ends included; None is the number of regional models


@dataclass(frozen=True, slots=True)
class Method:
    """A way of merging: the function, the paper it is from, and what it asks for."""

    name: str
    paper: str
    mix: Mix
    fewest: int  # regional models
    most: int | None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])  # the user's, with their defaults, in the function's order
    ranges: Mapping[str, Range] = field(default_factory=dict[str, Range])
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    statistic: Callable[[Mapping[str, Any]], Statistic] | None = None  # from the options
    takes: frozenset[str] = frozenset()  # which of beta, weights, whole, draw
    signed: bool = False  # whether weights may be negative
    elementwise: bool = True  # whether an element that is equal in all models stays as it is

    @property
    def summary(self) -> str:
        """What it does, the first line of its description."""
        return (self.mix.__doc__ or "").strip().split("\n")[0].rstrip()

    @property
    def models(self) -> str:
        """How many regional models it takes: "1", "2 or more"."""
        if self.most is None:
            return f"{self.fewest} or more"
        return f"{self.fewest}" if self.fewest == self.most else f"{self.fewest} to {self.most}"

    def allowed(self, option: str) -> str:
        """What an option may be: "a number in [0, 1]", "model or tensor"."""
        if option in self.choices:
            return " or ".join(self.choices[option])
        low, high = self.ranges.get(option, (-math.inf, math.inf))
        kind = "a whole number" if isinstance(self.options[option], int) else "a number"
        return f"{kind} in [{low:.15g}, {'the number of regional models' if high is None else f'{high:.15g}'}]"

    def checked(self, options: Mapping[str, Any] | None, regions: int) -> dict[str, Any]:
        """The options with the defaults filled in.

        Raises:
            UnknownNameError: it has no such option, or the option no such value.
            OutOfRangeError: an option is no number of its range.
            ConfigError: it does not take so many regional models.
        """
        if regions < self.fewest or (self.most is not None and regions > self.most):
            noun = "model" if self.models == "1" else "models"
            raise ConfigError(f"the method {self.name!r} takes {self.models} regional {noun}, not {regions}.", "method")
        given = {name: self._checked_option(name, value, regions) for name, value in (options or {}).items()}
        return {name: self._checked_option(name, default, regions) for name, default in self.options.items()} | given

    def checked_weights(self, weights: Sequence[float] | None, regions: int) -> tuple[float, ...]:
        """One weight a regional model, 1 where none was given.

        Raises:
            ConfigError: there are more or fewer of them, or the method does not weigh its models.
            OutOfRangeError: one is no finite number, is negative where that has no meaning, or all are 0.
        """
        if weights is None:
            return (1.0,) * regions
        if len(weights) != regions:
            raise ConfigError(f"weights must have one number a regional model: {regions}, not {len(weights)}.", "weights")
        lowest = -math.inf if self.signed else 0
        for weight in weights:
            if not _is_number(weight) or not math.isfinite(weight) or weight < lowest:
                wanted = "a finite number" if self.signed else "a finite number from 0 up"
                raise OutOfRangeError(f"{self.name}: a weight must be {wanted}, got {weight!r}.")
        if not any(weights):
            raise OutOfRangeError(f"{self.name}: all weights are 0. Give at least one regional model another, or use β = 0.")
        if "weights" not in self.takes and len(set(weights)) > 1:
            raise ConfigError(f"the method {self.name!r} finds its own weights and takes none. Leave them out.", "weights")
        return tuple(float(weight) for weight in weights)

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
        """Mix one stretch; the function gets of these what it declares.

        Args:
            world: (n,) wide.
            regions: as `world`, one a regional model.
            beta: in (0, 1].
            weights: as `checked_weights` gives them.
            options: as `checked` gives them.
            whole: what the statistic found.
            draw: of this stretch; its seed is that of the options.
        """
        own = dict(options)
        if "draw" in self.takes and draw is not None:
            draw = replace(draw, seed=own.pop("seed"))
        offered = {"beta": beta, "weights": weights, "whole": whole, "draw": draw}
        with np.errstate(all="ignore"):  # what is not finite is found in the result
            return self.mix(world, regions, **{name: offered[name] for name in self.takes}, **own)

    def _checked_option(self, name: str, value: Any, regions: int) -> float | int | str:
        if name not in self.options:
            known = ", ".join(sorted(self.options)) or "none"
            raise UnknownNameError(f"{self.name} has no option {name!r}.{did_you_mean(name, self.options)} Known: {known}.")
        if name in self.choices:
            if value not in self.choices[name]:
                raise UnknownNameError(f"{self.name}: {name} must be {self.allowed(name)}, got {value!r}.")
            return str(value)
        low, high = self.ranges.get(name, (-math.inf, math.inf))
        is_whole = isinstance(self.options[name], int)
        fits = _is_number(value) and low <= value <= (regions if high is None else high) and not (is_whole and value % 1)
        if not fits:
            raise OutOfRangeError(f"{self.name}: {name} must be {self.allowed(name)}, got {value!r}.")
        return int(value) if is_whole else float(value)


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real)
