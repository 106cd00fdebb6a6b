"""Comparing: one criterion's ratings in; means, paired differences, preferences and liking for a letter, with intervals, out.

Items are the clusters of every bootstrap: what several raters say of one item is no more independent than its question is.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from hf_regional.evaluating.human.items import LABELS
from hf_regional.metrics.bounds import Resampled
from hf_regional.metrics.intervals import ClusterBootstrap, Estimate

_SHARE_OF_ERROR: Final = 0.05


@dataclass(frozen=True, slots=True)
class Compared:
    """One model against the reference, by those who rated both on an item.

    Attributes:
        difference: mean over languages of the mean over items of (model - reference), in levels, with its 95 % interval.
        wins: share of items on which the model got the higher rating, each rater a part of its item; and so on. They sum to 1.
    """

    difference: Estimate
    wins: float
    ties: float
    losses: float

    def as_dict(self) -> dict[str, Any]:
        """For a report."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PositionEffect:
    """How much better an answer fares for its letter alone.

    Attributes:
        effect: in levels, after the model's own mean and the item's are taken away; its interval holds for all letters at once
            (1 - 0.05/m for m letters).
        stands_out: the interval leaves 0 out.
    """

    effect: Estimate
    stands_out: bool


def by_item(ratings: pd.DataFrame) -> pd.DataFrame:
    """(items, models) the mean over raters; index item, language, country ("" for none); NaN where nobody judged."""
    known = ratings.dropna(subset=["rating"]).assign(country=lambda rows: rows["country"].fillna(""))
    return known.pivot_table(index=["item", "language", "country"], columns="model", values="rating", aggfunc="mean")


def estimate(values: pd.Series, boot: ClusterBootstrap) -> Estimate:
    """The mean over languages of each language's mean over items, from a series as `by_item` has."""
    return boot.estimate(values.to_numpy(), _level(values, "language"), _level(values, "item"))


def estimates(values: pd.Series, boot: ClusterBootstrap, group: str) -> dict[str, dict[str, Any]]:
    """Language or country -> the mean over its items with its interval, and `few` where fewer than 30 items stand behind it."""
    named = values[_level(values, group) != ""]
    if named.empty:
        return {}
    groups, items = _level(named, group), _level(named, "item")
    few = boot.few_clusters(groups, items)
    return {name: {**found.as_dict(), "few": name in few} for name, found in boot.estimates(named.to_numpy(), groups, items).items()}


def compare(ratings: pd.DataFrame, model: str, reference: str, boot: ClusterBootstrap) -> Compared | None:
    """One model against another, paired within rater and item; None where nobody judged both."""
    differences = paired_differences(ratings, model, reference)
    if differences.empty:
        return None
    frame = pd.DataFrame({"difference": differences, "wins": differences > 0, "ties": differences == 0, "losses": differences < 0})
    means = frame.astype(float).groupby(level=["item", "language", "country"]).mean()
    shares = means.groupby(level="language").mean().mean()
    return Compared(estimate(means["difference"], boot), float(shares["wins"]), float(shares["ties"]), float(shares["losses"]))


def paired_differences(ratings: pd.DataFrame, model: str, reference: str) -> pd.Series:
    """Model minus reference wherever one rater judged both on an item; index rater, item, language, country."""
    chosen = ratings[ratings["model"].isin([model, reference])].assign(country=lambda rows: rows["country"].fillna(""))
    wide = chosen.pivot_table(index=["rater", "item", "language", "country"], columns="model", values="rating", aggfunc="first")
    wide = wide.reindex(columns=[model, reference]).dropna()
    return wide[model] - wide[reference]


def position_effects(ratings: pd.DataFrame, boot: ClusterBootstrap) -> dict[str, PositionEffect]:
    """Letter -> its effect: mean over items of r - (the model's mean) - (the mean of that over the letters of the turn).

    Blinding puts every model behind every letter equally often, so that a letter's effect is not a model's. Turns in which fewer
    than two answers were judged say nothing of letters and are left out.
    """
    known = ratings.dropna(subset=["rating"])
    turn = [known["rater"], known["item"]]
    known = known[known.groupby(turn)["rating"].transform("size") > 1]
    if known.empty:
        return {}
    own = known["rating"] - known.groupby(["language", "model"])["rating"].transform("mean")
    residual = own - own.groupby([known["rater"], known["item"]]).transform("mean")
    letters = np.array(list(LABELS))[known["position"].to_numpy()]
    drawn = boot.resample_groups(residual.to_numpy(), letters, known["item"].to_numpy(dtype=str))
    return {letter: _effect(one, int((letters == letter).sum()), len(drawn)) for letter, one in drawn.items()}


def _effect(drawn: Resampled, n: int, letters: int) -> PositionEffect:
    found = drawn.estimate(n, level=1 - _SHARE_OF_ERROR / letters)
    return PositionEffect(found, not found.low <= 0 <= found.high)


def _level(values: pd.Series, name: str) -> np.ndarray:
    return values.index.get_level_values(name).to_numpy(dtype=str)
