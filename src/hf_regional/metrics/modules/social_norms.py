"""Social norms as an `evaluate` metric: verdicts (yes, no, neutral) in; accuracy and macro-F1, by class and by group, out."""

from typing import Final

import evaluate

from hf_regional.metrics import by_row, describing
from hf_regional.metrics.probes import social_norms

_DESCRIPTION = """\
Social norms: verdicts on what is acceptable somewhere, as NormAd asks for them (yes, no, neutral); accuracy and macro-F1 in [0, 1].
F1(c) = 2·TP(c) / (predicted(c) + asked(c)); macro-F1 is its mean over the classes that were predicted or asked for.
The micro average, which NormAd's code prints, is the accuracy.
"""
_INPUTS = (
    """\
Args:
    predictions: verdicts, one a row; None where none could be read (wrong, and counted).
    references: right verdicts.
    classes: the verdicts that there are (default "yes", "no", "neutral").
"""
    + by_row.GROUPING
    + """\
Returns:
    accuracy, macro_f1: floats in [0, 1].
    by_class: precision, recall, f1 and support of each class.
    n, unparsed: number of rows, and of those without a verdict.
"""
    + by_row.RETURNED
    + """\
Example:
    >>> load_metric("social_norms").compute(predictions=["yes", "no"], references=["yes", "neutral"])["accuracy"]
    0.5
"""
)
_CITATION: Final = """\
@misc{rao2024normad,
  title = {NormAd: A Framework for Measuring the Cultural Adaptability of Large Language Models},
  author = {Rao, Abhinav and Yerukola, Akhila and others},
  year = {2024},
  eprint = {2404.12464},
  archivePrefix = {arXiv},
}"""


class SocialNorms(by_row.ByRow, evaluate.Metric):
    """`hf_regional.metrics.social_norms` behind `compute(predictions=, references=)`."""

    function = staticmethod(social_norms)
    about = describing.About(
        description=_DESCRIPTION,
        inputs=_INPUTS,
        citation=_CITATION,
        urls=("https://arxiv.org/abs/2404.12464",),
        features=by_row.columns("predictions", "references", "groups", "clusters"),
    )
