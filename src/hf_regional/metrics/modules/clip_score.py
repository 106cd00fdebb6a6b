"""CLIPScore as an `evaluate` metric: predictions are features of texts or images, references those of their images or texts."""

from typing import Any

import datasets
import evaluate

from hf_regional.metrics import describing
from hf_regional.metrics.alignment import PERCENT, clip_score
from hf_regional.metrics.citation import CLIP_SCORE, CLIP_SCORE_URL

_DESCRIPTION = """\
CLIPScore: how well text and image of a pair fit, w · max(cos(image, text), 0), by the features of one encoder. w = 100 (default) is
percent of the cosine, w = 2.5 the number of the paper. Scores of two encoders, or of two w, are not comparable: both go with the score.
"""
_INPUTS = """\
Args:
    predictions: one list a pair: features of what is judged (the text of a captioner, the image of a generator).
    references: one list a pair: features of the other side.
    encoder: what made the features, id and revision ("openai/clip-vit-base-patch32").
    scale: w, default 100.
Returns:
    clip_score: float in [0, w], the mean. scores: one float a pair. encoder, scale: as given.
Example:
    >>> load_metric("clip_score").compute(predictions=[[3.0, 4.0]], references=[[1.0, 0.0]], encoder="toy")["clip_score"]
    60.0
"""


class ClipScore(describing.Described, evaluate.Metric):
    """`hf_regional.metrics.clip_score` behind `compute(predictions=, references=, encoder=)`."""

    about = describing.About(
        description=_DESCRIPTION,
        inputs=_INPUTS,
        citation=CLIP_SCORE,
        urls=(CLIP_SCORE_URL,),
        features=datasets.Features({"predictions": describing.FLOATS, "references": describing.FLOATS}),
    )

    def _compute(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *, predictions: Any = None, references: Any = None, encoder: str, scale: float = PERCENT
    ) -> dict[str, Any]:
        found = clip_score(references, predictions, encoder=encoder, scale=scale)
        return {"clip_score": found.mean, "scores": found.values.tolist(), "encoder": found.encoder, "scale": found.scale}
