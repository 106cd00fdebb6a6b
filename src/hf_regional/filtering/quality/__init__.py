"""Quality: rows in, a score and its scale out, or the reason why there is none. No row is dropped unnamed.

    rules = make_rules(["resolution", "siglip:google/siglip2-base-patch16-224"], [256, {"th": 0.04, "*": 0.06}])
    graded = grade_rows(table, rules)
    GRADES[graded.grades[0]]                        # "", "below", "missing", "unparsed" or "failed"

`registry.py` lists the scorers, one file each; docs/quality.md says what each measures and how it is written.
"""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.filtering.quality.registry import SCORERS as SCORERS
    from hf_regional.filtering.quality.registry import known_scorers as known_scorers
    from hf_regional.filtering.quality.registry import make_scorer as make_scorer
    from hf_regional.filtering.quality.registry import settings_of as settings_of
    from hf_regional.filtering.quality.rules import Graded as Graded
    from hf_regional.filtering.quality.rules import Rule as Rule
    from hf_regional.filtering.quality.rules import check_rules as check_rules
    from hf_regional.filtering.quality.rules import grade_rows as grade_rows
    from hf_regional.filtering.quality.rules import make_rules as make_rules
    from hf_regional.filtering.quality.scores import FAULTS as FAULTS
    from hf_regional.filtering.quality.scores import Scorer as Scorer
    from hf_regional.filtering.quality.scores import Scores as Scores
    from hf_regional.filtering.quality.thresholds import GRADES as GRADES
    from hf_regional.filtering.quality.thresholds import Threshold as Threshold
    from hf_regional.filtering.quality.thresholds import language_quantiles as language_quantiles
    from hf_regional.filtering.quality.thresholds import make_threshold as make_threshold

_HOMES = {
    "FAULTS": "hf_regional.filtering.quality.scores",
    "GRADES": "hf_regional.filtering.quality.thresholds",
    "SCORERS": "hf_regional.filtering.quality.registry",
    "Graded": "hf_regional.filtering.quality.rules",
    "Rule": "hf_regional.filtering.quality.rules",
    "Scorer": "hf_regional.filtering.quality.scores",
    "Scores": "hf_regional.filtering.quality.scores",
    "Threshold": "hf_regional.filtering.quality.thresholds",
    "check_rules": "hf_regional.filtering.quality.rules",
    "grade_rows": "hf_regional.filtering.quality.rules",
    "known_scorers": "hf_regional.filtering.quality.registry",
    "language_quantiles": "hf_regional.filtering.quality.thresholds",
    "make_rules": "hf_regional.filtering.quality.rules",
    "make_scorer": "hf_regional.filtering.quality.registry",
    "make_threshold": "hf_regional.filtering.quality.thresholds",
    "settings_of": "hf_regional.filtering.quality.registry",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
