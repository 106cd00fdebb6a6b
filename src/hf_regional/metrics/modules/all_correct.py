"""Whole questions right as an `evaluate` metric: answers and the question of each row in; the share of questions with no mistake out."""

from typing import Final

import evaluate

from hf_regional.metrics import by_row, describing
from hf_regional.metrics.accuracy import all_correct

_DESCRIPTION = """\
All correct: the share of questions of which every row is right, in [0, 1], as CulturalBench-Hard counts (four true-or-false rows each):
1/|Q| · Σ_q Π_{i in q} x_i, x_i = 1 where row i is right. Guessing true or false has 1/16 with four rows; with chance=0.5 also
corrected = (all_correct - c) / (1 - c), c the mean over questions of Π c_i.
"""
_INPUTS = (
    """\
Args:
    predictions: answers, strings, numbers or booleans, one a row; None where no answer was found (wrong, and counted).
    references: right answers, of the same type.
    questions: question of each row; its rows need not stand together.
    chance: probability of guessing one row right in [0, 1), for all rows or one a row.
    options: number of rows that every question must have (4 in CulturalBench).
"""
    + by_row.GROUPING
    + """\
Returns:
    all_correct: float in [0, 1].
    corrected: float, where a chance was given.
    questions, option_accuracy, unparsed: number of questions; accuracy of the rows by themselves; rows without an answer.
"""
    + by_row.RETURNED
    + """\
Example:
    >>> rows = {"predictions": [1, 0, 1, 1], "references": [1, 0, 1, 0], "questions": ["q1", "q1", "q2", "q2"]}
    >>> load_metric("all_correct").compute(**rows)["all_correct"]
    0.5
"""
)
_CITATION: Final = """\
@misc{chiu2024culturalbench,
  title = {CulturalBench: A Robust, Diverse and Challenging Benchmark on Measuring the (Lack of) Cultural Knowledge of LLMs},
  author = {Chiu, Yu Ying and others},
  year = {2024},
  eprint = {2410.02677},
  archivePrefix = {arXiv},
}"""


class AllCorrect(by_row.ByRow, evaluate.Metric):
    """`hf_regional.metrics.all_correct` behind `compute(predictions=, references=, questions=)`."""

    function = staticmethod(all_correct)
    about = describing.About(
        description=_DESCRIPTION,
        inputs=_INPUTS,
        citation=_CITATION,
        urls=("https://arxiv.org/abs/2410.02677",),
        features=by_row.columns("predictions", "references", "questions", "groups", "clusters"),
    )
