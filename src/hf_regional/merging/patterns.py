"""Patterns: names of tensors and a wish in, the chosen names and β by name out. Knows names alone: no tensor, no file, no torch.

    chosen = chosen_names(names, only=["text_model.*"], skip=["*.bias"])
    betas_by_name(chosen, {"*.layers.*": ByDepth(0.1, 0.5), "*": 0.3}, every=names)

A pattern is fnmatch's, and its `*` crosses dots. Where a model has components (a diffusers pipeline) names begin with them, and a
pattern that fits a component's name takes all of it: "unet" is "unet.*".
"""

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from numbers import Real
from typing import Any, Final, cast

from hf_regional.errors import ConfigError, OutOfRangeError, UnknownNameError
from hf_regional.merging.depth import relative_depths


@dataclass(frozen=True, slots=True)
class ByDepth:
    """A β that rises or falls evenly with the depth of the layer, wherever a single β may stand.

    LiNeS, layer-increasing scaling (arXiv:2410.17146): λ(l) = α + β·(l - 1)/(L - 1) for the layers l = 1 ... L, with α = `first`
    and α + β = `last`. Which tensor is how deep: `hf_regional.merging.depth`.

    Args:
        first: β of the first layer and of what lies before it (embeddings), in [0, 1].
        last: β of the last layer and of what lies behind or outside (final norms, heads, projections), in [0, 1].

    Raises:
        OutOfRangeError: one of them lies outside.

    >>> [ByDepth(0.25, 0.75).at(depth) for depth in (0, 0.5, 1)]
    [0.25, 0.5, 0.75]
    """

    first: float
    last: float

    def __post_init__(self) -> None:
        require_beta(self.first)
        require_beta(self.last)

    def at(self, depth: float) -> float:
        """β at a relative depth in [0, 1]."""
        # From the nearer end, so that both ends, and a constant, come out to the last digit.
        step = self.last - self.first
        return self.first + step * depth if depth < 0.5 else self.last - step * (1 - depth)


Share = float | ByDepth  # β of a tensor, or of the tensors that a pattern takes
Beta = Share | Mapping[str, Share]
Patterns = str | Sequence[str] | None
_NO_COMPONENTS: Final[frozenset[str]] = frozenset()


def as_patterns(patterns: Patterns) -> tuple[str, ...] | None:
    """One pattern or several, as a tuple; None means that nothing was said."""
    if patterns is None:
        return None
    return (patterns,) if isinstance(patterns, str) else tuple(patterns)


def fits(name: str, pattern: str, components: Collection[str] = _NO_COMPONENTS) -> bool:
    """Whether a pattern takes a tensor, by its own name or by that of its component.

    >>> fits("unet.conv_in.weight", "unet"), fits("unet.conv_in.weight", "unet", {"unet", "vae"})
    (False, True)
    """
    component = name.partition(".")[0]
    return fnmatchcase(name, pattern) or (component in components and fnmatchcase(component, pattern))


def is_chosen(name: str, only: Patterns, skip: Patterns, components: Collection[str] = _NO_COMPONENTS) -> bool:
    """Whether `only` takes a name, where it says anything, and `skip` does not."""
    inside, outside = as_patterns(only), as_patterns(skip) or ()
    taken = inside is None or any(fits(name, pattern, components) for pattern in inside)
    return taken and not any(fits(name, pattern, components) for pattern in outside)


def chosen_names(names: Sequence[str], only: Patterns, skip: Patterns, components: Collection[str] = _NO_COMPONENTS) -> list[str]:
    """The names that `only` takes and `skip` does not, in their order.

    Raises:
        UnknownNameError: a pattern takes no name.
    """
    for key, patterns in (("only", only), ("skip", skip)):
        for pattern in as_patterns(patterns) or ():
            if not any(fits(name, pattern, components) for name in names):
                raise _unused(key, pattern, names, components)
    return [name for name in names if is_chosen(name, only, skip, components)]


def shares_by_name(names: Sequence[str], beta: Beta, components: Collection[str] = _NO_COMPONENTS) -> dict[str, Share]:
    """What each name is given: of a table, the value of the first pattern that fits; a name that none fits is left out.

    Raises:
        OutOfRangeError: a β outside [0, 1].
        UnknownNameError: a pattern takes no name, or only names that patterns before it took.
    """
    if not isinstance(beta, Mapping):
        return dict.fromkeys(names, _require_share(beta))
    table = {pattern: _require_share(value) for pattern, value in beta.items()}
    # The first pattern that fits decides, so that {"*head*": 0.3, "*": 0.5} reads from the special to the general.
    first = {name: next((pattern for pattern in table if fits(name, pattern, components)), None) for name in names}
    for pattern in table:
        if pattern not in first.values():
            raise _unused("beta", pattern, names, components)
    return {name: table[pattern] for name, pattern in first.items() if pattern is not None}


def betas_by_name(
    names: Sequence[str], beta: Beta, *, every: Iterable[str], components: Collection[str] = _NO_COMPONENTS
) -> dict[str, float]:
    """β as a number for each name that gets one.

    Args:
        names: those to choose among.
        beta: one for all, or {pattern: β}, where the first pattern that fits decides.
        every: all names of the model, from which depths are counted, however few of them are merged.
        components: names of the model's parts, where it has any.

    Raises:
        OutOfRangeError: a β outside [0, 1].
        UnknownNameError: a pattern takes no name.

    >>> names = ["embed.weight", "layers.0.weight", "layers.1.weight", "layers.2.weight", "head.weight"]
    >>> list(betas_by_name(names, {"*head*": 1, "*": ByDepth(0.0, 0.5)}, every=names).values())
    [0.0, 0.0, 0.25, 0.5, 1.0]
    """
    shares = shares_by_name(names, beta, components)
    depths = relative_depths(every) if any(isinstance(share, ByDepth) for share in shares.values()) else {}
    return {name: share.at(depths[name]) if isinstance(share, ByDepth) else share for name, share in shares.items()}


def folders_of(beta: Beta | Sequence[Beta]) -> Mapping[str, Beta]:
    """The folder below the output for each β that was asked for.

    Raises:
        ConfigError: the list is empty, or two of its entries would share a folder.
        OutOfRangeError: an entry is no number in [0, 1].

    >>> list(folders_of([0.25, 0.5, {"text_model.*": 0.3}]))
    ['beta-0.25', 'beta-0.5', 'mix-3']
    """
    if isinstance(beta, str | Mapping) or not isinstance(beta, Sequence):
        return {"": cast("Beta", beta)}
    if not beta:
        raise ConfigError("the list of β is empty. Give at least one number in [0, 1].", "beta")
    named = [
        (f"mix-{place}" if isinstance(one, Mapping | ByDepth) else f"beta-{require_beta(one):g}", one)
        for place, one in enumerate(beta, start=1)
    ]
    folders = dict(named)
    if len(folders) < len(named):
        raise ConfigError(
            f"two entries of the list of β would both be written to one folder: {', '.join(name for name, _ in named)}.", "beta"
        )
    return folders


def require_beta(beta: object) -> float:
    """The β itself.

    Raises:
        OutOfRangeError: it is no number in [0, 1].
    """
    if isinstance(beta, bool) or not isinstance(beta, Real) or not 0 <= float(beta) <= 1:
        raise OutOfRangeError(f"β must be a number in [0, 1], got {beta!r}. 0 is the base, 1 the regional model.")
    return float(beta)


def recordable(beta: Beta) -> Any:
    """A β as reports hold it, in JSON's words.

    >>> recordable({"*": ByDepth(0, 0.5)})
    {'*': {'by_depth': {'first': 0.0, 'last': 0.5}}}
    """
    if isinstance(beta, Mapping):
        return {pattern: recordable(share) for pattern, share in beta.items()}
    return {"by_depth": {"first": float(beta.first), "last": float(beta.last)}} if isinstance(beta, ByDepth) else float(beta)


def _require_share(share: object) -> Share:
    return share if isinstance(share, ByDepth) else require_beta(share)


def _unused(key: str, pattern: str, names: Sequence[str], components: Collection[str]) -> UnknownNameError:
    if any(name.startswith(f"{pattern}.") for name in names):
        hint = f"Did you mean {pattern + '.*'!r}?"
    elif any(fits(name, pattern, components) for name in names):
        hint = "All that it fits was taken by patterns before it: put it first."
    else:
        near = difflib.get_close_matches(pattern, [*components, *names], n=1, cutoff=0)
        hint = f"The nearest name is {near[0]!r}." if near else "No tensor is left to choose from."
    return UnknownNameError(f"{key}: the pattern {pattern!r} takes no tensor. {hint}")
