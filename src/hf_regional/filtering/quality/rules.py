"""Rules: the caller's `quality` and `min_quality` in, scorers with their thresholds out; rows in, the grade of each out.

rules = make_rules(["resolution", "unifiedreward"], [256, 3])
graded = grade_rows(table, rules)               # unifiedreward is asked only about pictures of 256 pixels and more
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from hf_regional.errors import ConfigError
from hf_regional.filtering.quality.cells import texts_of
from hf_regional.filtering.quality.registry import known_scorers, make_scorer, settings_of
from hf_regional.filtering.quality.scores import Detail, Scorer, Scores
from hf_regional.filtering.quality.thresholds import Threshold, make_threshold
from hf_regional.records import LANGUAGE


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows pass where the scorer's value reaches the threshold."""

    scorer: Scorer
    threshold: Threshold
    language: str = LANGUAGE  # the column that a threshold by language reads

    @property
    def reads(self) -> tuple[str, ...]:
        """Every column that it looks into."""
        by_language = (self.language,) if self.threshold.by_language else ()
        return tuple(dict.fromkeys((*self.scorer.reads, *by_language)))

    def settings(self) -> dict[str, Any]:
        """What it was set to, as JSON-able values."""
        threshold = {"min_quality": self.threshold.settings(), "inclusive": self.threshold.inclusive}
        return {**settings_of(self.scorer), **threshold}


@dataclass(frozen=True, slots=True)
class Graded:
    """What some rules say of n rows.

    Attributes:
        grades: (n,) int64, places in `thresholds.GRADES`; 0 passes all rules.
        rule: (n,) int64, the rule that a row does not pass, -1 where it passes all.
        values: one (n,) float64 a rule; NaN where a row has no score, or was not asked about because an earlier rule had dropped it.
        details: a tuple a rule, on rows without a score.
    """

    grades: np.ndarray
    rule: np.ndarray
    values: tuple[np.ndarray, ...]
    details: tuple[tuple[Detail, ...], ...]


def make_rules(quality: Any, min_quality: object, *, inclusive: bool = True, language: str = LANGUAGE) -> tuple[Rule, ...]:
    """Check `quality` and `min_quality`, and pair them.

    Args:
        quality: what `make_scorer` takes, or a list of such; null is no rule. Of a list the first rule is asked first, and each further
            one only about the rows that have passed: put the cheap ones first.
        min_quality: what `make_threshold` takes, or a list of such, one a scorer.
        inclusive: whether a score equal to the bound passes.
        language: the column that thresholds by language read.

    Raises:
        ConfigError: one is given without the other, lists of unequal length, or a bound outside the scorer's scale.
        UnknownNameError: no scorer has that name.
    """
    if quality is None and min_quality is None:
        return ()
    if quality is None:
        raise ConfigError(f"min_quality={min_quality!r} has nothing to measure: add quality=. {known_scorers()}", "min_quality")
    specs = list(quality) if isinstance(quality, list | tuple) else [quality]
    scorers = [make_scorer(spec) for spec in specs]
    if min_quality is None:
        raise ConfigError(f"quality={_said(quality)} keeps every row without a threshold: add min_quality=, {_scales(scorers)}.", "quality")
    bounds = list(min_quality) if isinstance(min_quality, list | tuple) else [min_quality]
    if len(bounds) != len(scorers):
        message = f"quality names {len(scorers)} scorers and min_quality {len(bounds)} thresholds; give one a scorer, in the same order."
        raise ConfigError(message, "min_quality")
    rules = tuple(Rule(scorer, make_threshold(bound, inclusive=inclusive), language) for scorer, bound in zip(scorers, bounds, strict=True))
    for rule in rules:
        _require_on_scale(rule)
    return rules


def check_rules(rules: Sequence[Rule], schema: pa.Schema) -> None:
    """Fail before the first row where a column is not there, or of a type that its scorer cannot read. No model is loaded.

    Raises:
        MissingColumnError, ConfigError: naming the scorer and the column.
    """
    grade_rows(schema.empty_table(), rules)


def grade_rows(rows: pa.Table | pa.RecordBatch, rules: Sequence[Rule], labels: Mapping[str, Sequence[str]] | None = None) -> Graded:
    """Grade rows by each rule in turn; one that a rule drops is not shown to the next.

    Args:
        rows: n rows with the columns that the rules read.
        rules: in the order in which they are asked.
        labels: names of the classes of columns of integers (`ClassLabel`), by which columns of languages are read.

    Raises:
        MissingColumnError, ConfigError: a column is not there, or of a type that cannot be read.
        RegionalError: what the scorers raise: no model, no server, no money left.
    """
    table = _with_names(rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows]), rules, labels or {})
    grades, decided = np.zeros(len(table), np.int64), np.full(len(table), -1, np.int64)
    values, details = list[np.ndarray](), list[tuple[Detail, ...]]()
    for place, rule in enumerate(rules):
        open_rows = np.flatnonzero(grades == 0)
        shown = table if len(open_rows) == len(table) else table.take(pa.array(open_rows))
        scores, found = _graded(shown, rule)
        grades[open_rows] = found
        decided[open_rows] = np.where(found, place, -1)
        values.append(np.full(len(table), np.nan))
        values[-1][open_rows] = scores.values
        details.append(tuple(Detail(int(open_rows[detail.row]), detail.fault, detail.what) for detail in scores.details))
    return Graded(grades, decided, tuple(values), tuple(details))


def _with_names(rows: pa.Table, rules: Sequence[Rule], labels: Mapping[str, Sequence[str]]) -> pa.Table:
    """Put the names of classes in place of their integers where a rule reads languages; a class without a name is null."""
    for column in {rule.language for rule in rules} | {str(getattr(rule.scorer, "language", LANGUAGE)) for rule in rules}:
        if column in labels and column in rows.schema.names and pa.types.is_integer(rows.schema.field(column).type):
            names, codes = labels[column], rows.column(column).to_pylist()
            texts = [names[code] if code is not None and 0 <= code < len(names) else None for code in codes]
            rows = rows.set_column(rows.schema.get_field_index(column), column, pa.array(texts, pa.string()))
    return rows


def _graded(rows: pa.Table, rule: Rule) -> tuple[Scores, np.ndarray]:
    scores = rule.scorer.score(rows)
    if len(scores.values) != len(rows):
        raise ConfigError(f"the scorer {rule.scorer.name!r} gave {len(scores.values)} scores for {len(rows)} rows.", "quality")
    languages = texts_of(rows, rule.language, rule.scorer.name) if rule.threshold.by_language else None
    return scores, rule.threshold.grade(scores, languages)


def _require_on_scale(rule: Rule) -> None:
    scale = getattr(rule.scorer, "scale", None)
    if scale is None:
        return
    for language, bound in ({**rule.threshold.by_language, "*": rule.threshold.rest}).items():
        if not scale[0] <= bound <= scale[1]:
            where = f" of {language!r}" if rule.threshold.by_language else ""
            message = f"min_quality={bound:g}{where} lies outside the scale of {rule.scorer.name!r}, {_scale(scale)}."
            raise ConfigError(message, "min_quality")


def _scales(scorers: Sequence[Scorer]) -> str:
    known = [f"{scorer.name!r} gives {_scale(scale)}" for scorer in scorers if (scale := getattr(scorer, "scale", None))]
    return " and ".join(known) or "on its scale"


def _scale(scale: tuple[float, float]) -> str:
    return (
        f"{scale[0]:g} to {scale[1]:g}" if np.isfinite(scale).all() else f"{scale[0]:g} or more" if np.isfinite(scale[0]) else "any number"
    )


def _said(quality: object) -> str:
    return repr(dict(quality)) if isinstance(quality, Mapping) else repr(quality)
