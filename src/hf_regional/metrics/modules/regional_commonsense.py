"""Regional commonsense as an `evaluate` metric: scores of candidate answers and the right ones in; the share of right ones on top out."""

from typing import Final

import evaluate

from hf_regional.metrics import by_row, describing
from hf_regional.metrics.probes import regional_commonsense

_DESCRIPTION = """\
Regional commonsense: a probe with several right answers, as GeoMLAMA scores it. Of the k right answers of a row, found is the share among
the top k candidates, |top_k ∩ gold| / k in [0, 1]; strict is 1 where all are. A random order of m candidates finds k/m, and
corrected = (found - chance) / (1 - chance). Ties count against. Rows whose candidates are all right are skipped and listed.
"""
_INPUTS = (
    """\
Args:
    predictions: the scores of each row's candidates, higher is likelier: a list, or a dict by candidate.
    references: the right ones of each row: their places in the list, or their names in the dict.
"""
    + by_row.GROUPING
    + """\
Returns:
    found, strict, corrected: floats.
    chance: float, what a random order finds.
    n, skipped: number of rows scored; the numbers of the rows skipped.
"""
    + by_row.RETURNED
    + """\
Example:
    >>> rice = {"rice": 0.6, "bread": 0.3, "maize": 0.1}
    >>> load_metric("regional_commonsense").compute(predictions=[rice], references=[["rice", "maize"]])["found"]
    0.5
"""
)
_CITATION: Final = """\
@inproceedings{yin2022geomlama,
  title = {GeoMLAMA: Geo-Diverse Commonsense Probing on Multilingual Pre-Trained Language Models},
  author = {Yin, Da and Bansal, Hritik and Monajatipoor, Masoud and Li, Liunian Harold and Chang, Kai-Wei},
  booktitle = {EMNLP},
  year = {2022},
  eprint = {2205.12247},
  archivePrefix = {arXiv},
}"""


class RegionalCommonsense(by_row.ByRow, evaluate.Metric):
    """`hf_regional.metrics.regional_commonsense` behind `compute(predictions=, references=)`."""

    function = staticmethod(regional_commonsense)
    about = describing.About(
        description=_DESCRIPTION,
        inputs=_INPUTS,
        citation=_CITATION,
        urls=("https://arxiv.org/abs/2205.12247",),
        features=by_row.columns("predictions", "references", "groups", "clusters"),
    )
