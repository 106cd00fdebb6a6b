"""Curves: a number of images in; the accuracy to expect of it out. They rise, and each further image adds less than the one before.

The default is a - b·n^(-c). Its numbers come from the one published curve of this setting, not from your task: measure a few points
and `fit_curve`, or give a table or a function of your own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from hf_regional.errors import ConfigError, MismatchedScoresError, NoRowsError, OutOfRangeError

Floats = npt.NDArray[np.float64]
_SOURCE: Final = (
    "anchored, not fitted: 0.911 at 53.8 images of one's own and 0.619 at none are read off the curve of Ignat et al. (arXiv 2403.07687, "
    "poster); the exponent 0.35 is the steep end of 0.07 to 0.35 in Hestness et al. (arXiv 1712.00409)"
)
_GRID: Final = 240  # points at which a function of the caller's is read
_FURTHEST: Final = 1_000_000.0  # images
_SLACK: Final = 1e-9  # rounding


class Curve(Protocol):
    """Expected accuracy at n ≥ 0 images: never falling, concave, finite."""

    def accuracy(self, n: npt.ArrayLike) -> Floats: ...  # noqa: D102 - [0, 1], the shape of n
    def slope(self, n: npt.ArrayLike) -> Floats: ...  # noqa: D102 - accuracy an image, right of n


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """accuracy(n) = a - b·n^(-c), and below the first few images the straight line from `none` that touches it.

    The power law goes to minus infinity at n = 0. The line from (0, none) meets it where their slopes are equal, at
    n* = (b·(1 + c) / (a - none))^(1/c), which keeps the whole concave.

    Attributes:
        a: accuracy with data without end, in (none, 1].
        b: what is missing at one image, above 0.
        c: how fast it vanishes, above 0.
        none: accuracy without one image of the country's own or of one like it.
        source: where the numbers are from; it goes into the plan.

    >>> LearningCurve().accuracy([0, 53.8, 1000]).round(3).tolist()
    [0.619, 0.911, 0.968]
    """

    a: float = 1.0
    b: float = 0.359
    c: float = 0.35
    none: float = 0.619
    source: str = _SOURCE

    def __post_init__(self) -> None:
        if not (0 <= self.none < self.a <= 1 and self.b > 0 and self.c > 0):
            raise OutOfRangeError(
                f"a learning curve needs 0 <= none < a <= 1, b > 0 and c > 0; got none={self.none}, a={self.a}, b={self.b}, c={self.c}."
            )

    @property
    def touches(self) -> float:
        """n*, images from which the power law holds."""
        return (self.b * (1 + self.c) / (self.a - self.none)) ** (1 / self.c)

    def accuracy(self, n: npt.ArrayLike) -> Floats:
        """Expected accuracy at n images."""
        n, bend = np.asarray(n, np.float64), self.touches
        law = self.a - self.b * np.maximum(n, bend) ** -self.c
        return np.where(n < bend, self.none + n * float(self.slope(bend)), law)

    def slope(self, n: npt.ArrayLike) -> Floats:
        """What a further image adds at n."""
        return self.b * self.c * np.maximum(np.asarray(n, np.float64), self.touches) ** (-self.c - 1)


@dataclass(frozen=True, slots=True, eq=False)
class TableCurve:
    """Straight lines through measured points (n, accuracy); flat behind the last."""

    n: Floats
    values: Floats
    source: str = "a table"

    def __post_init__(self) -> None:
        if self.n.ndim != 1 or len(self.n) < 2 or self.n.shape != self.values.shape or self.n[0] != 0:
            raise ConfigError("a curve's table needs two points or more, the first at 0 images, with one accuracy each.", "curve")
        steps = np.diff(self.n)
        if not (np.isfinite([self.n, self.values]).all() and (steps > 0).all()):
            raise ConfigError("a curve's table needs finite numbers and ascending numbers of images.", "curve")
        slopes = np.diff(self.values) / steps
        bad = np.flatnonzero((np.diff(slopes) > _SLACK) | (slopes[1:] < -_SLACK))
        if slopes[0] < -_SLACK or len(bad):
            at = 0 if slopes[0] < -_SLACK else int(bad[0]) + 1
            raise ConfigError(
                f"the curve falls or bends upwards at {self.n[at]:g} images (accuracy {self.values[at]:.4g}): a plan needs one that rises "
                "less and less. Smooth measured points with fit_curve().",
                "curve",
            )

    def accuracy(self, n: npt.ArrayLike) -> Floats:
        """Expected accuracy at n images."""
        return np.interp(np.asarray(n, np.float64), self.n, self.values)

    def slope(self, n: npt.ArrayLike) -> Floats:
        """What a further image adds at n."""
        slopes = np.append(np.diff(self.values) / np.diff(self.n), 0.0)
        return slopes[np.searchsorted(self.n, np.asarray(n, np.float64), side="right") - 1]


def curve_of(given: Any) -> Curve:
    """Make a curve of what the caller gave.

    Args:
        given: a curve, None for the default, a mapping from images to accuracy, or a function of images, which is read at 240 points.

    Raises:
        ConfigError: it is none of these, falls, or bends upwards.
    """
    if given is None:
        return LearningCurve()
    if hasattr(given, "accuracy") and hasattr(given, "slope"):
        return given
    if isinstance(given, Mapping):
        points = np.array(sorted((float(n), float(value)) for n, value in given.items()))  # pyright: ignore[reportUnknownVariableType]
        n, values = points.reshape(-1, 2).T
        return TableCurve(n, values)
    if callable(given):
        return _read(given)
    raise ConfigError(f"curve: {given!r} is no curve. Give LearningCurve(a, b, c), {{images: accuracy}}, or a function.", "curve")


def _read(function: Callable[[Any], Any]) -> TableCurve:
    n = np.concatenate([np.arange(40.0), np.geomspace(40, _FURTHEST, _GRID - 40)])
    return TableCurve(n, np.array([float(function(value)) for value in n]), f"the function {getattr(function, '__name__', 'given')}")


def fit_curve(ns: npt.ArrayLike, accuracies: npt.ArrayLike, *, none: float | None = None) -> LearningCurve:
    """Fit a - b·n^(-c) to measured accuracies by least squares: a and b exactly for each c, c by search.

    Args:
        ns: (m,) images, above 0, three different numbers or more.
        accuracies: (m,) in [0, 1].
        none: accuracy without an image; by default 0, which says that nobody measured it.

    Raises:
        MismatchedScoresError, NoRowsError, OutOfRangeError: lengths differ, too few points, or the accuracies don't rise with n.

    >>> n = np.array([1, 4, 16, 64, 256])
    >>> fitted = fit_curve(n, 0.9 - 0.4 * n**-0.5)
    >>> round(fitted.a, 3), round(fitted.b, 3), round(fitted.c, 3)
    (0.9, 0.4, 0.5)
    """
    n, y = np.asarray(ns, np.float64).ravel(), np.asarray(accuracies, np.float64).ravel()
    if n.shape != y.shape:
        raise MismatchedScoresError(f"{len(n)} numbers of images and {len(y)} accuracies: give one of each.")
    if len(np.unique(n)) < 3:
        raise NoRowsError(f"a curve of three numbers needs three different numbers of images, got {len(np.unique(n))}.")
    if not (np.isfinite([n, y]).all() and (n > 0).all() and (y >= 0).all() and (y <= 1).all()):
        raise OutOfRangeError("fit_curve needs images above 0 and accuracies in [0, 1], all finite.")
    low, high = np.log(0.01), np.log(4.0)
    for _ in range(4):  # each round looks 30 times closer
        tried = np.linspace(low, high, 61)
        best = int(np.argmin([_misfit(n, y, float(np.exp(c)))[0] for c in tried]))
        low, high = tried[max(0, best - 1)], tried[min(60, best + 1)]
    misfit, a, b = _misfit(n, y, c := float(np.exp((low + high) / 2)))
    if b <= 0:
        raise OutOfRangeError(
            "the accuracies don't rise with the number of images: no learning curve fits them. More data changes nothing."
        )
    error = float(np.sqrt(misfit / len(n)))
    return LearningCurve(a, b, c, 0.0 if none is None else none, f"fitted to {len(n)} points, root mean square error {error:.4f}")


def _misfit(n: Floats, y: Floats, c: float) -> tuple[float, float, float]:
    """Sum of squares, a and b at an exponent, with a held to at most 1."""
    z = n**-c
    slope = float(np.cov(z, y, bias=True)[0, 1] / z.var())
    a, b = float(y.mean() - slope * z.mean()), -slope
    if a > 1:
        a, b = 1.0, float(z @ (1 - y) / (z @ z))
    return float(((a - b * z - y) ** 2).sum()), a, b
