"""Joint: the choices for several regions in; one β for all of them out, with the region that it serves least."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hf_regional.cards import CardFacts
from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.evaluating.choosing import Choice, CurvePoint
from hf_regional.regions import Alpha, Region

AlphaOf = float | Alpha
Alphas = AlphaOf | Mapping[str, AlphaOf]


@dataclass(frozen=True, slots=True)
class JointPoint:
    """One β over all regions: means of their scores and GRP, and the least of each."""

    beta: float
    world: float
    regional: float  # Q_regional, the mean over regions
    least: float  # the lowest Q_regional
    least_region: str
    gains: Mapping[str, float]  # region -> Q_regional less the base's
    grp: float
    passes: bool  # every region's world is kept

    def as_dict(self) -> dict[str, Any]:
        """For a report."""
        return {
            "beta": self.beta,
            "global": self.world,
            "regional": self.regional,
            "least": self.least,
            "least_region": self.least_region,
            "gains": dict(self.gains),
            "grp": self.grp,
            "passes": self.passes,
        }


@dataclass(frozen=True, slots=True)
class RegionsChoice:
    """One β for several regions, what each alone would have, the facts for a card, and the reason in words."""

    beta: float
    by_region: Mapping[str, Choice]
    curve: tuple[JointPoint, ...]
    facts: CardFacts
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """For a report and for `--json`."""
        alone = {name: choice.as_dict() for name, choice in self.by_region.items()}
        return {"beta": self.beta, "reason": self.reason, "curve": [point.as_dict() for point in self.curve], "by_region": alone}


def choose_jointly(by_region: Mapping[str, Choice], *, facts: CardFacts) -> RegionsChoice:
    """The β of the highest mean GRP over regions among those that keep the world of every region; ties go to the smaller β.

    With one α and one set of tasks the mean of GRP is α·Q_global + (1-α)·mean of Q_regional. β = 0 may always win.
    """
    points = {name: {point.beta: point for point in choice.curve} for name, choice in by_region.items()}
    betas = sorted(next(iter(points.values())))
    curve = tuple(_joint_point(beta, {name: found[beta] for name, found in points.items()}, points) for beta in betas)
    best = max((point for point in curve if point.passes or point.beta == 0), key=lambda point: (point.grp, -point.beta))
    reason = _reason(best, curve, by_region)
    choice = RegionsChoice(best.beta, by_region, curve, facts, reason)
    told = {"reason": reason, "beta": best.beta, "regions": sorted(by_region), "curve": [point.as_dict() for point in curve]}
    learned = facts
    for one in by_region.values():
        step = one.facts.of("choosing") or {}
        learned = learned.with_step("choosing for a region", **{key: value for key, value in step.items() if key != "kind"})
    return RegionsChoice(choice.beta, by_region, curve, learned.with_step("choosing jointly", **told), reason)


def alphas_by_region(alpha: Alphas, regions: Mapping[str, Region]) -> dict[str, float]:
    """Region's name -> its α, from one for all or one each.

    Raises:
        ConfigError: no region, or α names others. OutOfRangeError: an α outside [0, 1].
    """
    if not regions:
        raise ConfigError("name at least one region to choose β for.", "regions")
    given = dict(alpha) if isinstance(alpha, Mapping) else dict.fromkeys(regions, alpha)
    if given.keys() != regions.keys():
        odd = ", ".join(sorted(given.keys() ^ regions.keys()))
        raise ConfigError(f"give one α for all regions, or one for each; on one side only: {odd}.", "alpha")
    out = {name: float(found) for name, found in given.items()}
    for name, value in out.items():
        if not 0 <= value <= 1:
            raise OutOfRangeError(f"alpha of {name} must be in [0, 1], got {value}. KOF gives percent: divide by 100.")
    return out


def _joint_point(beta: float, here: Mapping[str, CurvePoint], all_points: Mapping[str, Mapping[float, CurvePoint]]) -> JointPoint:
    regional = {name: point.region.value for name, point in here.items()}
    least = min(regional, key=lambda name: regional[name])
    return JointPoint(
        beta=beta,
        world=float(np.mean([point.world.value for point in here.values()])),
        regional=float(np.mean(list(regional.values()))),
        least=regional[least],
        least_region=least,
        gains={name: value - all_points[name][0.0].region.value for name, value in regional.items()},
        grp=float(np.mean([point.grp for point in here.values()])),
        passes=all(point.passes for point in here.values()),
    )


def _reason(best: JointPoint, curve: Sequence[JointPoint], by_region: Mapping[str, Choice]) -> str:
    alone = ", ".join(f"{name} {choice.beta:g}" for name, choice in by_region.items())
    if not any(point.passes for point in curve if point.beta > 0):
        return f"No β > 0 keeps the world of every region; the global model is kept. Alone they would have: {alone}."
    lowest = min(best.gains, key=lambda name: best.gains[name])
    return (
        f"β = {best.beta:g} has the highest mean GRP over {len(by_region)} regions ({100 * best.grp:.1f}) among those that keep the world "
        f"of each. {lowest} gains least ({100 * best.gains[lowest]:+.1f} points). Alone they would have: {alone}."
    )
