"""Betas: one β or a list of them in, checked, each with the folder that its result goes to, out."""

from collections.abc import Sequence
from numbers import Real

from hf_regional.errors import ConfigError, OutOfRangeError


def require_beta(beta: object) -> float:
    """β as a float.

    Raises:
        OutOfRangeError: it is no number in [0, 1].
    """
    if isinstance(beta, bool) or not isinstance(beta, Real) or not 0 <= float(beta) <= 1:
        raise OutOfRangeError(f"β must be a number in [0, 1], got {beta!r}. 0 is the base, 1 the adapter as it is.")
    return float(beta)


def folders_of(beta: float | Sequence[float]) -> dict[str, float]:
    """The folder below the output for every β: "" for a single one, else "beta-0.25", ...

    Raises:
        OutOfRangeError: a β outside [0, 1].
        ConfigError: an empty list, or two that would be written to one folder.

    >>> folders_of([0.25, 1])
    {'beta-0.25': 0.25, 'beta-1': 1.0}
    """
    if not isinstance(beta, Sequence) or isinstance(beta, str):
        return {"": require_beta(beta)}
    folders = {f"beta-{require_beta(one):g}": float(one) for one in beta}
    if not beta:
        raise ConfigError("the list of β is empty. Give at least one number in [0, 1].", "beta")
    if len(folders) < len(beta):
        raise ConfigError(f"two entries of the list of β would be written to one folder: {list(beta)}.", "beta")
    return folders
