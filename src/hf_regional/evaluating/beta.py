"""The choice of β: a base, a regional model, a grid and tasks in; the highest GRP among the mixes that kept the world out.

    choice = select_beta(base, regional, [.25, .5, .75], ["emoji-world"], Region("SEA"), alpha=.434, folds=5, refine=2)
    choice.beta, choice.reason, choice.switches, choice.front

The definition is GG-EZ's (arXiv:2604.11490, §3.2 and §4.2).
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from hf_regional.cards import CardFacts
from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.evaluating.catalogue import load_task
from hf_regional.evaluating.choosing import Choice as Choice
from hf_regional.evaluating.choosing import CurvePoint, Demand, OutOfFold, RetentionPolicy, choose
from hf_regional.evaluating.choosing import checked_grid as checked_grid
from hf_regional.evaluating.choosing import percent as percent
from hf_regional.evaluating.folds import assign_folds, cross_fit
from hf_regional.evaluating.joint import AlphaOf, Alphas, RegionsChoice, alphas_by_region, choose_jointly
from hf_regional.evaluating.mixes import Mixes, Recipe, midpoints
from hf_regional.evaluating.sides import Normalise, Scorer
from hf_regional.evaluating.task import Scope, Task
from hf_regional.merging.patterns import Patterns
from hf_regional.protocols import HasPath
from hf_regional.regions import Region

Model = str | Path | HasPath
Measured = dict[str, dict[float, pd.DataFrame]]  # region -> β -> rows


def select_beta(
    base: Model,
    regional: Model,
    betas: Sequence[float],
    tasks: Sequence[Task | str],
    region: Region,
    alpha: AlphaOf,
    *,
    min_retention: float = 0.98,
    retention_policy: RetentionPolicy = "lower",
    scope: Scope = "others",
    normalise: Normalise | None = None,
    margin: float = 0.0,
    folds: int | None = None,
    refine: int = 0,
    method: str = "linear",
    only: Patterns = None,
    skip: Patterns = None,
    resamples: int = 2000,
    seed: int = 0,
    device: str | None = None,
    facts: CardFacts | None = None,
    progress: bool = True,
) -> Choice:
    """Merge at every β, score world and region, and choose.

    Args:
        base: θ_global: a folder, a Hub id, or a record with a `path`.
        regional: θ_regional, likewise.
        betas: the grid, each in [0, 1]; 0 is always scored, since retention is measured against it.
        tasks: on validation data, or names of the catalogue, which are then asked on the part that is for choosing; the rows of the report
            must be others.
        region: whose evidence split the tasks' rows.
        alpha: globalization factor in [0, 1]; see `hf_regional.alpha`.
        min_retention: share of the world's score above chance that must be kept.
        retention_policy: "lower" judges the one-sided 95 % lower bound, "point" the value.
        scope: "others": rows outside the region are the world; "all": every row is (the paper's).
        normalise: "relative" lets tasks on unlike scales into one mean, each in percent of the base's score.
        margin: added to `min_retention`, against the luck of choosing the best of many.
        folds: cross-fitting for small sets: each fold is also scored under the β that the others chose; `Choice.out_of_fold` and the
            reason say what came of it. β itself is chosen on all rows.
        refine: so many times, score the β halfway between the best one and its neighbours as well.
        method: of merging.
        only: patterns of components or tensors to merge; a tower that none takes is encoded once for all β.
        skip: patterns of those to leave as in the base.
        resamples: of the paired bootstrap over pictures.
        seed: of bootstrap and folds.
        device: as torch names it.
        facts: what is known so far; the choice is appended.
        progress: show a bar.

    Returns:
        The choice; β = 0 with the reason where no other mix kept enough.

    Raises:
        OutOfRangeError: a β or α outside [0, 1], more folds than pictures, a base at 0 where its percent were asked for.
        ConfigError: an empty grid, no task, tasks of unlike metrics without normalise="relative".
        UnknownNameError: no task, method or pattern of that name.
        MismatchedCheckpointsError: the two models differ in shape.
    """
    grid, name = _grid(betas, refine), region.name
    loaded = {name: _loaded(tasks, region)}
    scorer = Scorer(loaded[name], resamples=resamples, seed=seed, scope=scope, normalise=normalise)
    demand, weight = Demand(min_retention, margin, retention_policy), alphas_by_region(alpha, {name: region})[name]
    if folds is not None:
        assign_folds(scorer.tasks, folds, seed=seed)  # refused before the work, not after it
    known = facts or CardFacts()

    def beta_of(measured: Measured) -> float:
        return choose(measured[name], scorer, weight, demand, facts=CardFacts(), region=region).beta

    measured = _swept(base, regional, grid, loaded, beta_of, Recipe(method, only, skip), refine=refine, device=device, progress=progress)
    held_out = cross_fit(measured[name], scorer, weight, demand, folds=folds, seed=seed) if folds else None
    return choose(measured[name], scorer, weight, demand, facts=known, region=region, out_of_fold=held_out)


def select_beta_for_regions(
    base: Model,
    regional: Model,
    betas: Sequence[float],
    tasks: Mapping[str, Sequence[Task | str]],
    regions: Mapping[str, Region],
    alpha: Alphas,
    *,
    min_retention: float = 0.98,
    retention_policy: RetentionPolicy = "lower",
    scope: Scope = "others",
    normalise: Normalise | None = None,
    margin: float = 0.0,
    folds: int | None = None,
    refine: int = 0,
    method: str = "linear",
    only: Patterns = None,
    skip: Patterns = None,
    resamples: int = 2000,
    seed: int = 0,
    device: str | None = None,
    facts: CardFacts | None = None,
    progress: bool = True,
) -> RegionsChoice:
    """Choose for several regions in one pass over the models: the best β for each, and one β for all of them.

    Args:
        base: as in `select_beta`; so are the errors, and the arguments that are not told here.
        regional: as in `select_beta`.
        betas: as in `select_beta`.
        tasks: region's name -> its tasks, whose rows are split by that region's evidence.
        regions: the same names -> the regions.
        alpha: one for all, or name -> α.
        min_retention: of every region's world.
        retention_policy: as in `select_beta`.
        scope: as in `select_beta`.
        normalise: as in `select_beta`.
        margin: as in `select_beta`.
        folds: cross-fits the choice for each region.
        refine: around the joint choice.
        method: as in `select_beta`.
        only: as in `select_beta`.
        skip: as in `select_beta`.
        resamples: as in `select_beta`.
        seed: as in `select_beta`.
        device: as in `select_beta`.
        facts: as in `select_beta`.
        progress: as in `select_beta`.

    Returns:
        The joint choice: the highest mean GRP over regions among the β that keep every region's world, with the region that gains least
        named, and in `by_region` what would be chosen for each alone.

    Raises:
        ConfigError: tasks, regions and α do not name the same regions; and what `select_beta` raises.
    """
    grid = _grid(betas, refine)
    weights, demand = alphas_by_region(alpha, regions), Demand(min_retention, margin, retention_policy)
    loaded = _tasks_by_region(tasks, regions)
    scorers = {name: Scorer(found, resamples=resamples, seed=seed, scope=scope, normalise=normalise) for name, found in loaded.items()}
    for scorer in scorers.values() if folds is not None else ():
        assign_folds(scorer.tasks, folds or 0, seed=seed)

    def jointly(measured: Measured, *, fold: bool = False) -> RegionsChoice:
        by_region: dict[str, Choice] = {}
        for name, rows in measured.items():
            held_out: OutOfFold | None = None
            if fold and folds:
                held_out = cross_fit(rows, scorers[name], weights[name], demand, folds=folds, seed=seed)
            by_region[name] = choose(
                rows, scorers[name], weights[name], demand, facts=CardFacts(), region=regions[name], out_of_fold=held_out
            )
        return choose_jointly(by_region, facts=facts or CardFacts())

    def beta_of(measured: Measured) -> float:
        return jointly(measured).beta

    measured = _swept(base, regional, grid, loaded, beta_of, Recipe(method, only, skip), refine=refine, device=device, progress=progress)
    return jointly(measured, fold=True)


def _swept(
    base: Model,
    regional: Model,
    grid: tuple[float, ...],
    tasks: Mapping[str, Sequence[Task]],
    beta_of: Callable[[Measured], float],
    recipe: Recipe,
    *,
    refine: int,
    device: str | None,
    progress: bool,
) -> Measured:
    """The measured rows of the grid, then of the β between the best one and its neighbours, `refine` times."""
    with tempfile.TemporaryDirectory(prefix="hf-regional-") as folder:
        mixes = Mixes(base, regional, tasks, Path(folder), recipe, device, progress)
        measured = mixes.measure(grid)
        for _ in range(refine):
            between = midpoints(beta_of(measured), grid)
            if not between:
                break
            grid = (*grid, *between)
            for name, rows in mixes.measure(between).items():
                measured[name] |= rows
    return measured


def _grid(betas: Sequence[float], refine: int) -> tuple[float, ...]:
    if refine < 0:
        raise OutOfRangeError(f"refine must be 0 or more, got {refine}; each step halves the gaps beside the best β.")
    return checked_grid(betas)


def _loaded(tasks: Sequence[Task | str], region: Region) -> list[Task]:
    return [load_task(task, region=region, part="select") if isinstance(task, str) else task for task in tasks]


def _tasks_by_region(tasks: Mapping[str, Sequence[Task | str]], regions: Mapping[str, Region]) -> dict[str, list[Task]]:
    if tasks.keys() != regions.keys():
        odd = ", ".join(sorted(tasks.keys() ^ regions.keys()))
        raise ConfigError(f"tasks and regions must have the same names; on one side only: {odd}.", "tasks")
    return {name: _loaded(found, regions[name]) for name, found in tasks.items()}


__all__ = ["Choice", "CurvePoint", "Demand", "RegionsChoice", "checked_grid", "choose", "percent", "select_beta", "select_beta_for_regions"]
