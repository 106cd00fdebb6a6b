"""Culture coverage as an `evaluate` measurement: scores of images by culture in, the share of cultures that any image reaches out."""

from typing import Any

import datasets
import evaluate

from hf_regional.metrics import describing
from hf_regional.metrics.culture import culture_coverage

_DESCRIPTION = """\
Culture coverage: |{c : max over images of score(image, c) ≥ t}| / |C|, the share of cultures that at least one image of a set fits. CAIRe
scores each image for each culture from 1 to 5, independently, and takes t = 4.
"""
_INPUTS = """\
Args:
    scores: one list an image: its score for each culture, in one order.
    threshold: least score that counts, default 4.
Returns:
    culture_coverage: float in [0, 1].
    threshold: the threshold it was measured at.
Example:
    >>> load_metric("culture_coverage").compute(scores=[[5, 1, 3, 1], [1, 4, 3, 1]])["culture_coverage"]
    0.5
"""
_CITATION = """\
@misc{yayavaram2025caire,
  title = {CAIRe: Cultural Attribution of Images by Retrieval-Augmented Evaluation},
  author = {Yayavaram, Arnav and Yayavaram, Siddharth and others},
  year = {2025},
  eprint = {2506.09109},
  archivePrefix = {arXiv},
  url = {https://arxiv.org/abs/2506.09109},
}"""


class CultureCoverage(describing.Described, evaluate.Measurement):
    """`hf_regional.metrics.culture_coverage` behind `compute(scores=, threshold=4.0)`."""

    about = describing.About(
        description=_DESCRIPTION,
        inputs=_INPUTS,
        citation=_CITATION,
        urls=("https://arxiv.org/abs/2506.09109",),
        features=datasets.Features({"scores": describing.FLOATS}),
    )

    def _compute(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *, scores: Any = None, threshold: float = 4.0
    ) -> dict[str, float]:
        return {"culture_coverage": culture_coverage(scores, threshold=threshold), "threshold": threshold}
