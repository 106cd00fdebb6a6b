"""People's ratings as an `evaluate` measurement: rating, item and rater of each row in; mean, median, share and agreement by group out."""

from typing import Final

import evaluate

from hf_regional.metrics import by_row, describing
from hf_regional.metrics.ratings import likert_summary

_DESCRIPTION = """\
Likert summary: people's ratings by model, language or country: mean with interval, median, share at or above a threshold, n, and the
raters' agreement as Krippendorff's α = 1 - D_o/D_e with nominal, ordinal and interval differences (1 perfect, 0 chance; None where it is
undefined).
"""
_INPUTS = (
    """\
Args:
    ratings: numbers, one a row; None or NaN is missing (counted, and left out).
    items: what was rated; of several models each has items of its own.
    raters: who rated it; nobody rates an item twice.
    threshold: the share is of the ratings at or above it.
    scale: lowest and highest rating that there can be, to be checked.
"""
    + by_row.GROUPING
    + """\
Returns:
    mean, share: floats; the share where a threshold was given.
    median, n, items, raters, missing: of all ratings; by group under `by[column]["spread"]` and `["missing"]`.
    alpha: α for "nominal", "ordinal" and "interval".
"""
    + by_row.RETURNED
    + """\
Example:
    >>> rows = {"ratings": [3, 3, 1, 2], "items": ["a", "a", "b", "b"], "raters": ["ann", "bo", "ann", "bo"]}
    >>> load_metric("likert_summary").compute(**rows, threshold=3)["share"]
    0.5
"""
)
_CITATION: Final = """\
@book{krippendorff2019content,
  title = {Content Analysis: An Introduction to Its Methodology},
  author = {Krippendorff, Klaus},
  edition = {4},
  year = {2019},
  publisher = {SAGE},
}"""


class LikertSummary(by_row.ByRow, evaluate.Measurement):
    """`hf_regional.metrics.likert_summary` behind `compute(ratings=, items=, raters=)`."""

    function = staticmethod(likert_summary)
    about = describing.About(
        description=_DESCRIPTION,
        inputs=_INPUTS,
        citation=_CITATION,
        urls=("https://en.wikipedia.org/wiki/Krippendorff%27s_alpha",),
        features=by_row.columns("ratings", "items", "raters", "groups", "clusters"),
    )
