"""CLIPScore as an `evaluate` metric: predictions are features of texts or images, references those of their images or texts."""

from typing import Any

import datasets
import evaluate

from hf_regional.metrics.alignment import PERCENT, clip_score

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
_CITATION = """\
@inproceedings{hessel2021clipscore,
  title = {CLIPScore: A Reference-free Evaluation Metric for Image Captioning},
  author = {Hessel, Jack and Holtzman, Ari and Forbes, Maxwell and Le Bras, Ronan and Choi, Yejin},
  booktitle = {Proceedings of EMNLP},
  year = {2021},
  url = {https://arxiv.org/abs/2104.08718},
}"""


class ClipScore(evaluate.Metric):
    """`hf_regional.metrics.clip_score` behind `compute(predictions=, references=, encoder=)`."""

    def _info(self) -> evaluate.MetricInfo:
        rows = datasets.List(datasets.Value("float64"))
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            inputs_description=_INPUTS,
            citation=_CITATION,
            reference_urls=["https://arxiv.org/abs/2104.08718"],
            features=datasets.Features({"predictions": rows, "references": rows}),
        )

    def _compute(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *, predictions: Any = None, references: Any = None, encoder: str, scale: float = PERCENT
    ) -> dict[str, Any]:
        found = clip_score(references, predictions, encoder=encoder, scale=scale)
        return {"clip_score": found.mean, "scores": found.values.tolist(), "encoder": found.encoder, "scale": found.scale}
