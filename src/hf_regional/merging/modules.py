"""Modules: a live model and regional ones in, the same model mixed in place out, with a `Mix` by which β can change or go back to 0.

    mix = merge_modules(model, "sea-siglip", beta=0.3)
    set_beta(model, mix, 0.5)     # from both ends again: nothing is loaded, nothing drifts
    unmerge_modules(model, mix)   # the base, bit for bit

Memory: of every tensor that differs the mix keeps the base's and the regional ones, on the base's device. Where all differ, that is
the model three times over: the live one, its base, and the regional one.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from hf_regional.errors import ConfigError, MismatchedCheckpointsError
from hf_regional.merging.loading import Other, load_regional, named_tensors, parts_of, plain_class, require_plain
from hf_regional.merging.methods import find_method
from hf_regional.merging.mixing import Recipe, make_recipe, measured, write_mix
from hf_regional.merging.pairing import Pairs, groups_of, pair_up
from hf_regional.merging.patterns import (
    Beta,
    Patterns,
    Share,
    as_patterns,
    betas_by_name,
    chosen_names,
    is_chosen,
    recordable,
    shares_by_name,
)
from hf_regional.merging.provenance import Origin, origin_of_base

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Mix:
    """A merge in memory. It holds names and tensors, not the model, and is copied and pickled along with it."""

    recipe: Recipe
    base: Origin
    regionals: tuple[Origin, ...]
    only: Patterns
    skip: Patterns
    pairs: Pairs = field(repr=False)
    buffers: Mapping[str, Tensor] = field(repr=False)  # the base's, all of them: `recalibrate` changes some that were not mixed
    names: tuple[tuple[str, ...], ...] = field(repr=False)  # of all tensors of the base, those of tied ones together
    chosen: tuple[str, ...] = field(repr=False)  # those that `only` and `skip` leave
    ignored: tuple[str, ...] = field(repr=False)  # those that a regional model has, the base has not, and the wish leaves out
    components: frozenset[str] = field(repr=False)
    beta: Beta | None = None  # None: nothing was mixed in yet, or it was taken out again

    def betas(self, beta: Beta | None) -> dict[str, float]:
        """β by tensor, for those that get one.

        Raises:
            OutOfRangeError, UnknownNameError: no such β, or a pattern that takes no tensor.
            ConfigError: it reaches for a tensor that the merge left out when it began, or treats names of one tensor unlike.
        """
        if beta is None:
            return {}
        every = [name for tied in self.names for name in tied]
        _require_one_share(self.names, shares_by_name(self.chosen, beta, self.components))
        betas = betas_by_name(self.chosen, beta, every=every, components=self.components)
        held = {name for tied in (*(one.names for one in self.pairs.ends), *self.pairs.equal, *self.pairs.kept) for name in tied}
        if beyond := sorted(betas.keys() - held):
            raise ConfigError(f"{beyond[0]!r} is no part of this merge ({len(beyond)} such tensors). Unmerge, and merge anew with this β.")
        return betas

    def report(self) -> dict[str, Any]:
        """What was done, in the words of `merge_checkpoints`: JSON-able; no path, host or time in it."""
        method, betas = find_method(self.recipe.method), self.betas(self.beta)
        sides = ["regional"] if len(self.regionals) == 1 else [f"regional-{place}" for place in range(1, len(self.regionals) + 1)]
        return {
            "method": method.name,
            "paper": method.paper,
            "options": dict(self.recipe.options),
            "weights": self.recipe.weights,
            "beta": 0.0 if self.beta is None else recordable(self.beta),
            "only": as_patterns(self.only),
            "skip": as_patterns(self.skip),
            "counts": self._counts(betas),
            "warnings": self.pairs.warnings,
            "ignored_from_regional": self.ignored,
            "regional": " + ".join(origin.name for origin in self.regionals),
            "inputs": {side: origin.recorded() for side, origin in zip(["base", *sides], [self.base, *self.regionals], strict=True)},
        }

    def _counts(self, betas: Mapping[str, float]) -> dict[str, int]:
        mixed = [betas[ends.names[0]] for ends in self.pairs.ends if ends.names[0] in betas]
        copied = sum(beta == 0 or (beta == 1 and self.recipe.is_lerp) for beta in mixed)
        equal = sum(tied[0] in betas for tied in self.pairs.equal)
        return {
            "merged": len(mixed) - copied,
            "copied": copied,
            "equal": equal,
            "kept_from_base": len(self.names) - len(mixed) - equal,
        }


def merge_modules(
    model: Any,
    other: Other | Sequence[Other],
    *,
    beta: Beta,
    only: Patterns = None,
    skip: Patterns = None,
    method: str = "linear",
    weights: Sequence[float] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Mix:
    """Mix regional models into a live one, in place: θ_β = β·θ_regional + (1-β)·θ_global (arXiv:2604.11490, §3.2).

    Names, shapes, dtypes and values are checked before the first tensor changes; on any error the model is what it was. Parameters
    stay on their devices, tied ones stay tied, `requires_grad` and the modes of modules are left alone. So are tensors that are equal
    on all sides, bit for bit; integer ones stay the base's, with a warning where they differ (but for BatchNorm's counters).

    Args:
        model: θ_global, a torch module or a diffusers pipeline.
        other: θ_regional: a module or pipeline of the same kind (its tensors are used where they lie: leave them as they are until
            the merge is undone), a folder, a Hub id ("owner/name" or "owner/name@revision"), a record with a `path`, or a list of
            these. What is loaded is loaded by the model's own class, to the CPU, as stored.
        beta: in [0, 1], or a `ByDepth`, or {pattern: either} with fnmatch patterns on tensor names, where the first that fits
            decides and the other tensors stay the base's.
        only: fnmatch patterns on the names of `state_dict`; of a pipeline, on component.tensor or on the component alone ("unet").
        skip: fnmatch patterns of tensors that stay the base's, also where `only` has them.
        method: a name from `hf_regional.merging.methods`. "linear" with one regional model is exactly torch.lerp; others reckon in
            float32 for tensors of 16 bits, in float64 for wider ones (float32 where the device has no float64), and round once.
        weights: one factor a regional model; by default all 1.
        options: the method's own, such as {"density": 0.2}.

    Raises:
        OutOfRangeError: a β or an option outside its range.
        UnknownNameError: no such method or option, or a pattern that takes no tensor.
        ConfigError: two names of one tied tensor are treated unlike, or weights do not match the models.
        MismatchedCheckpointsError: names, shapes or kinds of dtype differ.
        NonFiniteError: a tensor holds NaN or infinity, or would after mixing.
        QuantisedError: a model holds codes of a quantisation.
        NotBuiltYetError: a PEFT adapter, or tensors that are offloaded or sharded.
        MissingFileError, DamagedFileError: an input is not there, or is not what it says.
    """
    mix = prepare(model, other, [beta], only=only, skip=skip, method=method, weights=weights, options=options)
    set_beta(model, mix, beta)
    return mix


def prepare(
    model: Any,
    other: Other | Sequence[Other],
    betas: Sequence[Beta],
    *,
    only: Patterns = None,
    skip: Patterns = None,
    method: str = "linear",
    weights: Sequence[float] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Mix:
    """Load and check what mixes at these β need, and change nothing yet. Arguments and errors as `merge_modules`."""
    others: list[Other] = list(other) if isinstance(other, list | tuple) else [other]
    recipe = make_recipe(method, weights, options, len(others))
    require_plain(model, "the base")
    live, components = named_tensors(model), frozenset(parts_of(model)) - {""}
    regionals = [load_regional(model, one, lambda name: is_chosen(name, only, skip, components)) for one in others]
    foreign = dict.fromkeys(name for one in regionals for name in (*one.tensors, *sorted(one.extra)) if name not in live)
    chosen = chosen_names([*live, *foreign], only, skip, components)
    shares = [shares_by_name(chosen, beta, components) for beta in betas]
    groups = groups_of(live)
    for given in shares:
        _require_one_share(groups, given)
    pairs = pair_up(live, regionals, {name for given in shares for name in given})
    for warning in pairs.warnings:
        _log.warning(warning)
    return Mix(
        recipe=measured(recipe, pairs.ends, (live[tied[0]] for tied in pairs.equal if live[tied[0]].is_floating_point())),
        base=origin_of_base(model, plain_class(model)),
        regionals=tuple(one.origin for one in regionals),
        only=only,
        skip=skip,
        pairs=pairs,
        buffers={name: tensor.detach().clone() for name, tensor in live.items() if not isinstance(tensor, nn.Parameter)},
        names=tuple(groups),
        chosen=tuple(chosen),
        ignored=tuple(foreign),
        components=components,
    )


def set_beta(model: Any, mix: Mix, beta: Beta) -> None:
    """Give a merged model another β, in place and from both ends, so that nothing drifts. Errors as `merge_modules`."""
    before, betas = mix.betas(mix.beta), mix.betas(beta)
    try:
        _write(model, mix, betas)
    except BaseException:
        _write(model, mix, before)
        raise
    mix.beta = beta


def unmerge_modules(model: Any, mix: Mix) -> None:
    """Give every tensor that was mixed, and every buffer, the base's value again, bit for bit; others are left as they are."""
    _write(model, mix, {})
    mix.beta = None


def sweep_modules(
    model: Any,
    other: Other | Sequence[Other],
    betas: Sequence[Beta],
    score: Callable[[Any], float | Tensor],
    *,
    only: Patterns = None,
    skip: Patterns = None,
    method: str = "linear",
    weights: Sequence[float] | None = None,
    options: Mapping[str, Any] | None = None,
) -> dict[Any, float]:
    """Score a model at several β and leave it as it was, also where scoring fails. The regional models are loaded once.

    Args:
        model: the live base.
        other: as in `merge_modules`; so are the errors, and the arguments that are not told here.
        betas: numbers or `ByDepth`, the keys of the result; a table of patterns can be none.
        score: from the model to a number, or a tensor of one. Mode and gradients are its business: `with torch.inference_mode(): ...`.
        only: as in `merge_modules`.
        skip: as in `merge_modules`.
        method: as in `merge_modules`.
        weights: as in `merge_modules`.
        options: as in `merge_modules`.

    Returns:
        β -> score, in the order of `betas`.

    Raises:
        ConfigError: no β, or one that is a table.
    """
    if not betas or any(isinstance(beta, Mapping) for beta in betas):
        raise ConfigError("give at least one β, and each as a number or a `ByDepth`, since β is the key of its score.", "betas")
    mix = prepare(model, other, betas, only=only, skip=skip, method=method, weights=weights, options=options)
    scores: dict[Any, float] = {}
    try:
        for beta in betas:
            set_beta(model, mix, beta)
            found = score(model)
            scores[beta] = float(found.item() if isinstance(found, Tensor) else found)
    finally:
        unmerge_modules(model, mix)
    return scores


def _write(model: Any, mix: Mix, betas: Mapping[str, float]) -> None:
    live = named_tensors(model)
    _require_same_model(live, mix)
    with torch.no_grad():
        for name, buffer in mix.buffers.items():
            live[name].copy_(buffer)
    for ends in mix.pairs.ends:
        write_mix(live[ends.names[0]], ends, betas.get(ends.names[0], 0.0), mix.recipe)


def _require_same_model(live: Mapping[str, Tensor], mix: Mix) -> None:
    held = {ends.names[0]: ends.world for ends in mix.pairs.ends} | dict(mix.buffers)
    for name, tensor in held.items():
        if name not in live or live[name].shape != tensor.shape:
            found = f"shape {list(live[name].shape)}" if name in live else "not there"
            raise MismatchedCheckpointsError(
                f"tensor {name!r} had shape {list(tensor.shape)} when the merge began and is {found} now. Undo that change first."
            )


def _require_one_share(groups: Sequence[tuple[str, ...]] | Mapping[tuple[str, ...], Any], shares: Mapping[str, Share]) -> None:
    for tied in groups:
        if len({shares.get(name) for name in tied}) > 1:
            raise ConfigError(f"{' and '.join(tied)} are one tensor, and the patterns treat them unlike. Name all of them, or none.")
