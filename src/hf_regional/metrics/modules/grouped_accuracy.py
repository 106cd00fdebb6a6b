"""Accuracy by group as an `evaluate` metric: answers and columns of groups in; micro, macro, worst group, differences, intervals out."""

from typing import Final

import evaluate

from hf_regional.metrics import by_row, describing
from hf_regional.metrics.accuracy import grouped_accuracy

_DESCRIPTION = """\
Accuracy by country, language, income, topic or any other column, in [0, 1]: accuracy(g) = mean over rows i of group g of x_i, x_i = 1 where
the answer is right. Overall is micro (every row alike), macro the mean of groups; group_min, group_max, difference = group_max - group_min
and ratio = group_min / group_max as in fairlearn's MetricFrame; gaps are to a reference group. With a chance c also
corrected(g) = (accuracy(g) - c(g)) / (1 - c(g)): 0 for guessing, 1 for all right. Intervals are of the clustered bootstrap.
"""
_INPUTS = (
    """\
Args:
    predictions: answers, strings or numbers, one a row; None where no answer was found (wrong, and counted).
    references: right answers, of the same type.
    chance: probability of guessing right in [0, 1), one for all rows or one a row; left out, nothing is corrected.
"""
    + by_row.GROUPING
    + """\
Returns:
    accuracy: float in [0, 1], micro.
    corrected: float, where a chance was given.
    n, unparsed: number of rows, and of those without an answer.
"""
    + by_row.RETURNED
    + """\
Example:
    >>> load_metric("grouped_accuracy").compute(predictions=["A", "B"], references=["A", "C"], groups=["IDN", "THA"])["accuracy"]
    0.5
"""
)
_CITATION: Final = """\
@misc{bird2020fairlearn,
  title = {Fairlearn: A toolkit for assessing and improving fairness in AI},
  author = {Bird, Sarah and Dud{\\'i}k, Miro and Edgar, Richard and Horn, Brandon and Lutz, Roman and Milan, Vanessa and others},
  year = {2020},
  howpublished = {Microsoft, MSR-TR-2020-32},
}"""


class GroupedAccuracy(by_row.ByRow, evaluate.Metric):
    """`hf_regional.metrics.grouped_accuracy` behind `compute(predictions=, references=, groups=)`."""

    function = staticmethod(grouped_accuracy)
    about = describing.About(
        description=_DESCRIPTION,
        inputs=_INPUTS,
        citation=_CITATION,
        urls=("https://fairlearn.org/main/user_guide/assessment/index.html",),
        features=by_row.columns("predictions", "references", "groups", "clusters"),
    )
