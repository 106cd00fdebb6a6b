"""RefCLIPScore as an `evaluate` metric: predictions are features of texts, references those of their images and of people's texts."""

from typing import Any

import datasets
import evaluate

from hf_regional.metrics import describing
from hf_regional.metrics.alignment import HESSEL, ref_clip_score
from hf_regional.metrics.citation import CLIP_SCORE, CLIP_SCORE_URL

_DESCRIPTION = """\
RefCLIPScore: harmonic mean of w · max(cos(image, text), 0) and of max(cos(text, r), 0) for the nearest reference r, by the features of
one encoder; w = 2.5, only the first is scaled. Scores of two encoders are not comparable: the encoder's name goes with the score.
"""
_INPUTS = """\
Args:
    predictions: one list a pair: features of the text under judgement.
    references: one dict a pair: "image", the features of its image, and "texts", a list of the features of people's texts on it.
    encoder: what made the features, id and revision ("openai/clip-vit-base-patch32").
    scale: w, default 2.5.
Returns:
    ref_clip_score: float in [0, 2w/(1 + w)], the mean. scores: one float a pair. encoder, scale: as given.
Example:
    >>> pair = {"image": [3.0, 4.0], "texts": [[1.0, 0.0], [0.0, 1.0]]}
    >>> load_metric("ref_clip_score").compute(predictions=[[1.0, 0.0]], references=[pair], encoder="toy")["ref_clip_score"]
    1.2
"""


class RefClipScore(describing.Described, evaluate.Metric):
    """`hf_regional.metrics.ref_clip_score` behind `compute(predictions=, references=, encoder=)`."""

    about = describing.About(
        description=_DESCRIPTION,
        inputs=_INPUTS,
        citation=CLIP_SCORE,
        urls=(CLIP_SCORE_URL,),
        features=datasets.Features(
            {"predictions": describing.FLOATS, "references": {"image": describing.FLOATS, "texts": datasets.List(describing.FLOATS)}}
        ),
    )

    def _compute(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *, predictions: Any = None, references: Any = None, encoder: str, scale: float = HESSEL
    ) -> dict[str, Any]:
        images, texts = [pair["image"] for pair in references], [pair["texts"] for pair in references]
        found = ref_clip_score(images, predictions, texts, encoder=encoder, scale=scale)
        return {"ref_clip_score": found.mean, "scores": found.values.tolist(), "encoder": found.encoder, "scale": found.scale}
