"""The Vendi score as an `evaluate` measurement: rows of features, or of a kernel, in; the number of different items out."""

from typing import Any

import datasets
import evaluate

from hf_regional.errors import UnknownNameError
from hf_regional.metrics import describing
from hf_regional.metrics.vendi import vendi_from_kernel, vendi_score

_READERS = {"features": vendi_score, "kernel": vendi_from_kernel}
_DESCRIPTION = """\
Vendi score: how many effectively different items there are. VS_q = exp(ln(Σ λ^q) / (1 - q)), exp(-Σ λ ln λ) at q = 1, 1/max λ at ∞;
λ are the eigenvalues of K/n, K the cosines of all pairs, or of √p_i·K_ij·√p_j with weights p. With quality s: Σ p_i·s_i · VS_q.
From 1, all items alike, to n, all different.
"""
_INPUTS = """\
Args:
    rows: one list an item: its features, or its similarity to every item.
    kind: "features" (default; brought to unit length) or "kernel" (symmetric, 1 on the diagonal).
    order: q in [0, inf], default 1.
    weights: probability of each item, in the order of the rows; equal by default.
    quality: quality of each item, not below 0.
Returns:
    vendi: float.
    order: the order it was measured at.
Example:
    >>> load_metric("vendi").compute(rows=[[1.0, 0.0], [0.0, 1.0]], order=2)["vendi"]
    2.0
"""
_CITATION = """\
@article{friedman2023vendi,
  title = {The Vendi Score: A Diversity Evaluation Metric for Machine Learning},
  author = {Friedman, Dan and Dieng, Adji Bousso},
  journal = {Transactions on Machine Learning Research},
  year = {2023},
  url = {https://arxiv.org/abs/2210.02410},
}
@misc{pasarkar2023cousins,
  title = {Cousins Of The Vendi Score: A Family Of Similarity-Based Diversity Metrics For Science And Machine Learning},
  author = {Pasarkar, Amey P. and Dieng, Adji Bousso},
  year = {2023},
  url = {https://arxiv.org/abs/2310.12952},
}"""


class Vendi(describing.Described, evaluate.Measurement):
    """`hf_regional.metrics.vendi_score` and `vendi_from_kernel` behind `compute(rows=, kind=)`; a row of `add` is one item."""

    about = describing.About(
        description=_DESCRIPTION,
        inputs=_INPUTS,
        citation=_CITATION,
        urls=tuple(f"https://arxiv.org/abs/{paper}" for paper in ("2210.02410", "2310.12952", "2405.02449")),
        features=datasets.Features({"rows": describing.FLOATS}),
    )

    def _compute(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *, rows: Any = None, kind: str = "features", order: float = 1.0, weights: Any = None, quality: Any = None
    ) -> dict[str, float]:
        if kind not in _READERS:
            raise UnknownNameError(f"kind is {kind!r}; it is one of {', '.join(_READERS)}.")
        return {"vendi": _READERS[kind](rows, order=order, weights=weights, quality=quality), "order": order}
