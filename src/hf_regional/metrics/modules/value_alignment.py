"""Value alignment as an `evaluate` metric: a model's and people's shares of the options of each question in; how near they are out."""

from typing import Final

import evaluate

from hf_regional.metrics import by_row, describing
from hf_regional.metrics.survey import value_alignment

_DESCRIPTION = """\
Value alignment: how near a model's answers to survey questions are to people's, S = mean over questions of 1 - JS(P_model, P_people), with
JS = √(½·KL(P‖M) + ½·KL(Q‖M)), M = (P + Q)/2, the Jensen-Shannon distance. With base 2 (the default; the paper leaves it open) S lies in
[0, 1]; with another base b it is at least 1 - √(ln 2 / ln b), so figures of unlike bases must not be compared.
"""
_INPUTS = (
    """\
Args:
    predictions: the model's probability (or count) of each option, one list a row.
    references: the people's, options in the same order.
    base: of the logarithm, above 1 (default 2).
"""
    + by_row.GROUPING
    + """\
Returns:
    value_alignment: float.
    base, n: the base, and the number of rows.
"""
    + by_row.RETURNED
    + """\
Example:
    >>> load_metric("value_alignment").compute(predictions=[[0.5, 0.5], [1, 0]], references=[[0.5, 0.5], [0, 1]])["value_alignment"]
    0.5
"""
)
_CITATION: Final = """\
@misc{durmus2023globalopinionqa,
  title = {Towards Measuring the Representation of Subjective Global Opinions in Language Models},
  author = {Durmus, Esin and others},
  year = {2023},
  eprint = {2306.16388},
  archivePrefix = {arXiv},
}"""


class ValueAlignment(by_row.ByRow, evaluate.Metric):
    """`hf_regional.metrics.value_alignment` behind `compute(predictions=, references=)`."""

    function = staticmethod(value_alignment)
    about = describing.About(
        description=_DESCRIPTION,
        inputs=_INPUTS,
        citation=_CITATION,
        urls=("https://arxiv.org/abs/2306.16388",),
        features=by_row.columns("predictions", "references", "groups", "clusters"),
    )
