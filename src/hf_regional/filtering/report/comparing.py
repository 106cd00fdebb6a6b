"""Comparing: the settings of a filter in; which parts of the corpus are held against each other at which step, out.

A region step that keeps Lao and drops Japanese has done what it was asked to; one that keeps Malay and drops Lao has not.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, cast

from hf_regional.filtering.evidence.language import SELECTS
from hf_regional.filtering.report.losses import Compared
from hf_regional.filtering.report.steps import EXCLUSION, REGION
from hf_regional.regions import country_code, language_code
from hf_regional.regions.languages import share_in

_CODES = {"country": country_code, "language": language_code}


def comparison(settings: Mapping[str, Any]) -> Compared:
    """Read from the settings what a step was asked to take out.

    >>> is_compared = comparison({"countries": ["LAO", "MYS"], "exclude": {"language": ["az"]}})
    >>> is_compared("language", "lo", "region"), is_compared("language", "ja", "region"), is_compared("language", "ja", "quality")
    (True, False, True)
    >>> is_compared("language", "az", "exclusion"), is_compared("language", "lo", "exclusion")
    (False, True)
    """
    countries = frozenset(cast("Sequence[str]", settings.get("countries") or ()))
    excluded = _excluded(settings)

    @cache
    def is_compared(group: str, value: str, step: str) -> bool:
        if step == EXCLUSION:
            return value not in excluded.get(group, ())
        return step != REGION or _is_inside(group, value, countries)

    return is_compared


def _is_inside(group: str, value: str, countries: frozenset[str]) -> bool:
    if group == "language":
        return (share_in(countries, value) or 0.0) >= SELECTS
    return group == "country" and value in countries


def _excluded(settings: Mapping[str, Any]) -> dict[str, set[str]]:
    """The values that are to be left out, by the group whose column, or whose name, they were given under."""
    asked = cast("Mapping[str, Iterable[object]]", settings.get("exclude") or {})
    group_of = {column: group for group, column in cast("Mapping[str, str]", settings.get("groups") or {}).items()}
    found: dict[str, set[str]] = {}
    for key, values in asked.items():
        group = group_of.get(key, key)
        texts = [str(value) for value in values if value is not None]
        codes = [code for text in texts if (code := _CODES[group](text))] if group in _CODES else []
        found.setdefault(group, set()).update(texts, codes)
    return found
