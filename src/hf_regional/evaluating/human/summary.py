"""The summary: ratings in; means, differences, agreement and liking for a letter by criterion, for the report and in words, out.

summary = summarise_ratings(read_ratings(Path("rating")), reference="base")
report["human"] = summary.as_dict()
print(summary)
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from hf_regional.evaluating.human.comparing import (
    Compared,
    PositionEffect,
    by_item,
    compare,
    estimate,
    estimates,
    paired_differences,
    position_effects,
)
from hf_regional.evaluating.human.items import require_model
from hf_regional.evaluating.human.ratings import Ratings
from hf_regional.evaluating.human.words import LEVELS
from hf_regional.metrics.intervals import ClusterBootstrap, Estimate
from hf_regional.metrics.ratings import krippendorff_alpha

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Agreement:
    """Krippendorff's α for ordinal ratings: 1 is full agreement, 0 what chance gives; None where there is nothing to compare.

    Attributes:
        alpha: at most 1; below 0 raters disagree more than chance.
        answers: how many answers two raters or more judged.
        reason: why there is no α, where there is none.
    """

    alpha: float | None
    answers: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CriterionSummary:
    """What people say by one criterion. Means are on the scale 1 to 3: over languages, of items, of raters.

    Attributes:
        models: model -> its mean with a 95 % interval, n items.
        by_language: model -> language -> mean, low, high, n, few.
        by_country: the same by country; items of no country belong to none.
        against: model -> its paired comparison with the reference; None where no rater judged both.
        by_language_against: model -> language -> the paired difference.
        agreement: over all raters; only those who share items meet.
        by_language_agreement: language -> agreement.
        position: letter -> how much better an answer fares for it.
    """

    models: Mapping[str, Estimate]
    by_language: Mapping[str, Mapping[str, Any]]
    by_country: Mapping[str, Mapping[str, Any]]
    against: Mapping[str, Compared | None]
    by_language_against: Mapping[str, Mapping[str, Any]]
    agreement: Agreement
    by_language_agreement: Mapping[str, Agreement]
    position: Mapping[str, PositionEffect]


@dataclass(frozen=True, slots=True)
class RatingSummary:
    """People's ratings of two models or more, for an evaluation's report.

    Attributes:
        reference: the model that the others are compared with.
        models: all of them.
        raters: rater -> ratings given, those who could not judge included.
        counts: as `Ratings.counts`.
        criteria: by name.
        settings: sheet, seed of the blinding, overlap, resamples and seed of the bootstrap.
    """

    reference: str
    models: tuple[str, ...]
    raters: Mapping[str, int]
    counts: Mapping[str, int]
    criteria: Mapping[str, CriterionSummary]
    settings: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """What goes into the report: JSON-able, no NaN."""
        return {"schema_version": SCHEMA_VERSION, "scale": [1, LEVELS], **asdict(self)}

    def __str__(self) -> str:
        from hf_regional.evaluating.human.telling import told

        return told(self)


def summarise_ratings(ratings: Ratings, *, reference: str | None = None, resamples: int = 2000, seed: int = 0) -> RatingSummary:
    """Summarise people's ratings by criterion.

    Args:
        ratings: what `read_ratings` gives.
        reference: the model that the others are compared with; by default the first that was given to the sheet.
        resamples: of the bootstrap over items.
        seed: of the bootstrap.

    Raises:
        UnknownNameError: no such model.
    """
    reference = reference or ratings.models[0]
    require_model(reference, ratings.models)
    # All items, so that the draws are the same for every model, criterion and group.
    boot = ClusterBootstrap(ratings.table["item"].to_numpy(dtype=str), resamples=resamples, seed=seed)
    found = {name: ratings.table[ratings.table["criterion"] == name] for name in ratings.criteria}
    return RatingSummary(
        reference=reference,
        models=ratings.models,
        raters={str(rater): int(count) for rater, count in ratings.table.groupby("rater").size().items()},
        counts=ratings.counts,
        criteria={name: _criterion(rows, ratings.models, reference, boot) for name, rows in found.items()},
        settings={"sheet": ratings.key.sheet, "blinding_seed": ratings.key.seed, "overlap": ratings.key.overlap}
        | {"resamples": resamples, "seed": seed},
    )


def agreement(ratings: pd.DataFrame) -> Agreement:
    """Ordinal α of one criterion's ratings, over the answers that two raters or more judged."""
    known = ratings.dropna(subset=["rating"])
    answers = list(zip(known["item"], known["model"], strict=True))
    shared = sum(count > 1 for count in Counter(answers).values())
    if not shared:
        return Agreement(None, 0, "no answer was judged by two raters: ask for overlap")
    places = {answer: place for place, answer in enumerate(dict.fromkeys(answers))}
    alpha = krippendorff_alpha(known["rating"].tolist(), [places[each] for each in answers], known["rater"].tolist(), level="ordinal")
    return Agreement(alpha, shared, None if alpha is not None else "every rating is the same, so that chance would agree as well")


def _criterion(rows: pd.DataFrame, models: tuple[str, ...], reference: str, boot: ClusterBootstrap) -> CriterionSummary:
    wide = by_item(rows)
    values = {model: wide[model].dropna() for model in models if model in wide.columns}
    others = [model for model in models if model != reference]
    return CriterionSummary(
        models={model: estimate(own, boot) for model, own in values.items()},
        by_language={model: estimates(own, boot, "language") for model, own in values.items()},
        by_country={model: estimates(own, boot, "country") for model, own in values.items()},
        against={model: compare(rows, model, reference, boot) for model in others},
        by_language_against={model: _by_language(rows, model, reference, boot) for model in others},
        agreement=agreement(rows),
        by_language_agreement={str(language): agreement(own) for language, own in rows.groupby("language")},
        position=position_effects(rows, boot),
    )


def _by_language(rows: pd.DataFrame, model: str, reference: str, boot: ClusterBootstrap) -> dict[str, dict[str, Any]]:
    differences = paired_differences(rows, model, reference)
    if differences.empty:
        return {}
    return estimates(differences.groupby(level=["item", "language", "country"]).mean(), boot, "language")
