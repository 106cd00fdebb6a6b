"""Missing: coverage under each encoder and a threshold in; the (topic, country) pairs that models hardly saw, ranked and summed up, out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hf_regional.errors import ConfigError, MismatchedScoresError, NoRowsError
from hf_regional.planning.covered import ABSENT, Coverage
from hf_regional.planning.places import income_groups, matched, region_of


@dataclass(frozen=True, slots=True)
class Missing:
    """The (topic, country) pairs whose images are unlike the high-resource data, under every encoder.

    Attributes:
        table: rank (from 1), topic, country, n, gap, sure, and the similarity under each encoder in a column of its name. gap is how far
            below its threshold the pair lies under the encoder that likes it best; the widest gap comes first. sure: under every encoder
            the upper end of the interval is below the threshold too; null where there are no intervals.
        checked: the same columns for all pairs that were compared, and missing (bool).
        by_country, by_topic, by_region, by_income: name, missing (pairs), pairs, share, similarity (the mean over pairs and encoders),
            largest share first. by_income is empty where no incomes were given.
        absent: topic, country, n, of which the high-resource data have too few images of the topic, or none, to compare with.
        thresholds: encoder -> threshold.
        rule: the rule for averaging, and "under every encoder".
    """

    table: pd.DataFrame
    checked: pd.DataFrame
    by_country: pd.DataFrame
    by_topic: pd.DataFrame
    by_region: pd.DataFrame
    by_income: pd.DataFrame
    absent: pd.DataFrame
    thresholds: Mapping[str, float]
    rule: str


def who_is_missing(
    coverages: Coverage | Sequence[Coverage],
    threshold: float | Mapping[str, float],
    *,
    regions: Mapping[str, str] | None = None,
    incomes: Mapping[str, float | str] | None = None,
) -> Missing:
    """Find the pairs that are below a threshold under every encoder (RQ1 of arXiv 2403.07687).

    There is no default. The paper's poster has 0.8, with CLIP, ALIGN and BLIP-2, and found 422 of 1,501 pairs; how it averaged
    over images is not published, and a threshold means another thing under "pairs" than under "centroid", and under another encoder: look
    at the spread of `coverage(...).table` first.

    Args:
        coverages: one of each encoder, of the same images.
        threshold: pairs below it are missing; one for all encoders, or encoder -> threshold.
        regions: country -> region, by the countries' names in the table; by default the sub-regions of UN M49 ("Southeast Asia").
        incomes: country -> income, a number (grouped by quartiles of the countries) or the name of a group.

    Raises:
        ConfigError: encoders without a name or of the same name, different rules for averaging, a threshold outside [-1, 1] or missing.
        MismatchedScoresError: a pair was compared under one encoder and not under another.
        NoRowsError: no coverage was given.
    """
    found = [coverages] if isinstance(coverages, Coverage) else list(coverages)
    thresholds = _thresholds(found, threshold)
    checked = _checked(found, thresholds)
    keyed = checked.assign(similarity=checked[list(thresholds)].mean(axis=1))
    countries = keyed["country"].tolist()
    by_name = matched(regions, countries) if regions else region_of(countries)
    by_income = income_groups(incomes or {}, countries)
    keyed["region"] = [by_name.get(name, "(no region)") for name in countries]
    keyed["income"] = [by_income.get(name, "(no income)") for name in countries]
    table = checked[checked["missing"]].sort_values(["gap", "topic", "country"], ascending=[False, True, True], ignore_index=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return Missing(
        table=table.drop(columns="missing"),
        checked=checked,
        by_country=_summary(keyed, "country"),
        by_topic=_summary(keyed, "topic"),
        by_region=_summary(keyed, "region"),
        by_income=_summary(keyed if incomes else keyed[:0], "income"),
        absent=_absent(found),
        thresholds=thresholds,
        rule=f"average={found[0].rule!r}, below the threshold under every encoder",
    )


def _thresholds(found: Sequence[Coverage], threshold: float | Mapping[str, float]) -> dict[str, float]:
    if not found:
        raise NoRowsError("no coverage to judge: give one of each encoder.")
    names = [one.encoder or "similarity" for one in found]
    if len(set(names)) < len(names):
        raise ConfigError(f"the encoders are called {', '.join(map(repr, names))}: give each a name of its own, encoder=.", "encoder")
    if rules := sorted({one.rule for one in found} - {found[0].rule}):
        raise ConfigError(f"one coverage averages by {found[0].rule!r} and one by {rules[0]!r}: a threshold fits one rule.", "average")
    asked = dict(threshold) if isinstance(threshold, Mapping) else dict.fromkeys(names, threshold)
    if lacking := [name for name in names if name not in asked]:
        raise ConfigError(f"threshold: none is given for {lacking[0]!r}; it names {', '.join(map(repr, asked))}.", "threshold")
    for name in names:
        if not -1 <= asked[name] <= 1:
            raise ConfigError(f"threshold must be a cosine, in [-1, 1], got {asked[name]:g} for {name!r}.", "threshold")
    return {name: float(asked[name]) for name in names}


def _checked(found: Sequence[Coverage], thresholds: Mapping[str, float]) -> pd.DataFrame:
    """All pairs, with the similarity under each encoder, the least gap, and whether they are missing under all."""
    first, *others = tables = [one.table.set_index(["topic", "country"]) for one in found]
    for one, table in zip(found[1:], others, strict=True):
        if len(odd := first.index.symmetric_difference(table.index)):
            where = f"{len(odd)} pairs, such as {odd[0]}, were compared under one of {found[0].encoder!r} and {one.encoder!r} alone"
            raise MismatchedScoresError(f"{where}. Give coverages of the same images.", missing=frozenset(map(str, odd)))
    out = first[["n"]].copy()
    gaps = pd.DataFrame({name: cut - table["similarity"] for (name, cut), table in zip(thresholds.items(), tables, strict=True)})
    out["gap"] = gaps.min(axis=1)
    out["sure"] = _sure(tables, thresholds)
    for name, table in zip(thresholds, tables, strict=True):
        out[name] = table["similarity"]
    out["missing"] = out["gap"] > 0
    return out.reset_index()


def _sure(tables: Sequence[pd.DataFrame], thresholds: Mapping[str, float]) -> pd.Series | None:
    if not all("high" in table for table in tables):
        return None
    upper = pd.DataFrame({name: table["high"] < cut for (name, cut), table in zip(thresholds.items(), tables, strict=True)})
    return upper.all(axis=1)


def _summary(keyed: pd.DataFrame, name: str) -> pd.DataFrame:
    groups = keyed.groupby(name)
    out = pd.DataFrame({"missing": groups["missing"].sum(), "pairs": groups.size(), "share": groups["missing"].mean()})
    out["similarity"] = groups["similarity"].mean()
    return out.reset_index().sort_values(["share", "similarity", name], ascending=[False, True, True], ignore_index=True)


def _absent(found: Iterable[Coverage]) -> pd.DataFrame:
    rows = pd.concat([one.left_out[one.left_out["reason"] == ABSENT] for one in found])
    return rows[["topic", "country", "n"]].drop_duplicates(ignore_index=True)
