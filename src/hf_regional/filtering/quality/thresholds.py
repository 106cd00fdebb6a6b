"""Thresholds: the least score that passes in, for all rows or by language; which scores pass out.

An English CLIP gives Thai captions the cosines of noise, and a multilingual one gives each language a level of its own. One threshold
for all would drop whole languages; a threshold for each, or the same share of each (`language_quantiles`), does not.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hf_regional.errors import ConfigError, MismatchedScoresError, OutOfRangeError
from hf_regional.filtering.quality.cells import distinct
from hf_regional.filtering.quality.scores import FAILED, MISSING, SCORED, UNPARSED, Scores
from hf_regional.regions.languages import language_code

REST: Final = "*"

# What is held against a row, by its grade.
GRADES: Final = ("", "below", "missing", "unparsed", "failed")
_BELOW: Final = 1
_OF_FAULT: Final = {SCORED: 0, MISSING: 2, UNPARSED: 3, FAILED: 4}


@dataclass(frozen=True, slots=True)
class Threshold:
    """The bound that a score must reach, or pass where it is not inclusive.

    Attributes:
        rest: for every language that `by_language` does not name, and for rows without one.
        by_language: by CLDR's code.
        inclusive: whether the bound itself passes.
        rows: how many scores each bound of `language_quantiles` was taken from; a small number is a weak bound.
    """

    rest: float
    by_language: Mapping[str, float] = field(default_factory=dict[str, float])
    inclusive: bool = True
    rows: Mapping[str, int] = field(default_factory=dict[str, int])

    def grade(self, scores: Scores, languages: pa.Array | None = None) -> np.ndarray:
        """Grades (n,) int64, places in `GRADES`: 0 passes, 1 is below, the others have no score.

        Scores are compared in their own precision: 4.7 in float32 is less than 4.7 in float64, and it is the same score.

        Args:
            scores: of n rows.
            languages: texts (n,), codes or names; needed where the threshold depends on them.

        Raises:
            ConfigError: it does, and they are not there.
        """
        bounds = np.full(len(scores.values), self.rest) if not self.by_language else self._bounds(languages, len(scores.values))
        bounds = bounds.astype(scores.values.dtype)
        signed = (scores.values, bounds) if scores.higher_is_better else (-scores.values, -bounds)
        passes = np.greater_equal(*signed) if self.inclusive else np.greater(*signed)
        grades = np.select([scores.faults == fault for fault in _OF_FAULT], list(_OF_FAULT.values())).astype(np.int64)
        return np.where((grades == 0) & ~passes, _BELOW, grades)

    def settings(self) -> float | dict[str, float]:
        """As `make_threshold` takes it."""
        return {**self.by_language, REST: self.rest} if self.by_language else self.rest

    def _bounds(self, languages: pa.Array | None, rows: int) -> np.ndarray:
        if languages is None:
            raise ConfigError("a threshold by language needs a column of languages; name it, or give one number.", "min_quality")
        codes, named = canonical(languages)
        _require_length(len(codes), rows)
        return np.array([*(self.by_language.get(code or REST, self.rest) for code in named), self.rest])[codes]


def make_threshold(min_quality: object, *, inclusive: bool = True) -> Threshold:
    """A threshold from a number, from {"th": 0.21, "id": 0.24, "*": 0.25}, or as it is.

    >>> make_threshold({"Thai": 0.21, "*": 0.25}).by_language
    {'th': 0.21}

    Raises:
        ConfigError: no finite number, no language, or no "*" for the languages that are not named.
    """
    if isinstance(min_quality, Threshold):
        return min_quality
    if not isinstance(min_quality, Mapping):
        return Threshold(_number(min_quality, "min_quality"), inclusive=inclusive)
    if REST not in min_quality:
        raise ConfigError(
            f'min_quality={dict(min_quality)!r} says nothing of other languages and of rows without one: add "*".', "min_quality"
        )
    bounds = {key if key == REST else _code(key): _number(bound, f"min_quality[{key!r}]") for key, bound in min_quality.items()}
    return Threshold(bounds.pop(REST), bounds, inclusive)


def language_quantiles(scores: Scores, languages: pa.Array | pa.ChunkedArray, share: float, *, inclusive: bool = True) -> Threshold:
    """The bound in each language that at most `share` of its scored rows lie below.

    Every language keeps at least 1 - share of its rows, however few they are, and however low the model's cosines in it; rows whose
    language is not known are a group of their own, whose bound is also that of languages not seen (without such rows, that of all).

    Args:
        scores: of n rows; those without a score do not count.
        languages: texts (n,), codes or names.
        share: in [0, 1].
        inclusive: as of `Threshold`.

    Raises:
        OutOfRangeError: the share is no share.
        MismatchedScoresError: there are more scores than languages, or fewer; or there is no score.
    """
    if not 0 <= share <= 1:
        raise OutOfRangeError(f"share must be in [0, 1], got {share!r}; 0.3 drops up to 30 % of each language.")
    codes, named = canonical(languages)
    _require_length(len(codes), len(scores.values))
    values = scores.values if scores.higher_is_better else -scores.values
    groups: dict[str | None, list[np.ndarray]] = {}
    for place, code in enumerate([*named, None]):
        found = values[(codes == place) & (scores.faults == SCORED)]
        if len(found):
            groups.setdefault(code, []).append(found)
    if not groups:
        raise MismatchedScoresError(f"none of {len(codes):,} rows has a score of {scores.name!r}; there is nothing to take quantiles of.")
    sign = 1.0 if scores.higher_is_better else -1.0
    # "lower": a value that occurs, so that rounding between two of them cannot drop the row that the bound is.
    merged = {code: np.concatenate(found) for code, found in groups.items()}
    bounds = {code: sign * float(np.quantile(found, share, method="lower")) for code, found in merged.items()}
    rest = bounds.pop(None, sign * float(np.quantile(np.concatenate(list(merged.values())), share, method="lower")))
    named = {code: bound for code, bound in sorted(bounds.items(), key=str) if code is not None}
    counts = {code or REST: len(found) for code, found in merged.items()}
    return Threshold(rest, named, inclusive, counts)


def canonical(languages: Any) -> tuple[np.ndarray, list[str | None]]:
    """Codes (n,) of texts, and CLDR's code for each: None, the last one and -1 included, where it is null or names no language."""
    column = languages.combine_chunks() if isinstance(languages, pa.ChunkedArray) else languages
    codes, said = distinct(column.cast(pa.large_string()))
    return np.where(codes < 0, len(said), codes), [language_code(text) for text in said]


def _code(key: object) -> str:
    if not isinstance(key, str):
        raise ConfigError(f"min_quality names the language {key!r}, which is no text; YAML reads `no` as false: quote it.", "min_quality")
    code = language_code(key)
    if code is None:
        raise ConfigError(f'min_quality names {key!r}, which is no language; give codes such as "th", and "*" for the rest.', "min_quality")
    return code


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f"{where}={value!r} is no threshold: give a finite number on the scorer's scale.", "min_quality")
    return float(value)


def _require_length(found: int, rows: int) -> None:
    if found != rows:
        raise MismatchedScoresError(f"{rows:,} scores and {found:,} languages do not line up; give one language a row.")
