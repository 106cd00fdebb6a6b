"""Persons: names of columns in; those that hold something of the people who annotated, submitted or uploaded, out. They are never read."""

from collections.abc import Iterable

from hf_regional.filtering.consent.columns import fits
from hf_regional.filtering.consent.tables import table


def of_persons(names: Iterable[str]) -> frozenset[str]:
    """Pick the columns that speak of persons, by the table that the filter's consent goes by.

    >>> sorted(of_persons(["id", "annotator_info", "n_annotators", "email"]))
    ['annotator_info', 'email']
    """
    actions = {row["pattern"]: row["action"] for row in table("personal_fields.csv")}
    return frozenset(name for name in names if actions.get(fits(name, tuple(actions)) or "") == "drop")
