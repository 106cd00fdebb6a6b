"""Precision, recall, density and coverage by region as an `evaluate` measurement: a row is one image, real or generated."""

from typing import Any

import datasets
import evaluate
import numpy as np

from hf_regional.errors import MismatchedScoresError
from hf_regional.metrics import describing
from hf_regional.metrics.manifolds import Small, prdc_by_region

_DESCRIPTION = """\
Realism and diversity of generated images in every region. With ρ_k(x) the distance of an image to its k-th nearest neighbour in its own
set: precision = mean_g 1[∃r: |r - g| < ρ_k(r)], recall = mean_r 1[∃g: |r - g| < ρ_k(g)], density = Σ_g Σ_r 1[|r - g| < ρ_k(r)] / (kM),
coverage = mean_r 1[min_g |r - g| < ρ_k(r)], over N real images r and M generated g of one region; with objects, of each region and
object, and then their mean. Disparity = largest - smallest region.
"""
_INPUTS = """\
Args:
    features: one list an image; DIG-In takes 2048 numbers of InceptionV3.
    generated: True for generated images, False for real ones.
    region: the image's region; for generated ones the region that was prompted.
    object: the image's object; "" for every image (or left out of `compute`) where objects are not told apart.
    k: neighbours, default 3. Every group needs more real and more generated images than that.
    reference: a region that the others are compared with.
    small: "refuse" groups that are too small (default) or "leave_out" and name them.
    per_group: draw so many real and generated images of every group, so that groups compare; `seed` of the draw.
Returns:
    by_region: region -> precision, recall, density, coverage, n_real, n_generated.
    by_cell: "region / object" -> the same; empty without objects.
    disparity: metric -> float. to_reference: region -> metric -> float. left_out: group -> why.
Example:
    >>> images = {"features": [[0.0], [1.0], [0.5], [1.5]], "generated": [False, False, True, True], "region": ["SEA"] * 4}
    >>> load_metric("prdc_by_region").compute(**images, k=1)["by_region"]["SEA"]["coverage"]
    1.0
"""
_CITATION = """\
@inproceedings{naeem2020reliable,
  title = {Reliable Fidelity and Diversity Metrics for Generative Models},
  author = {Naeem, Muhammad Ferjad and Oh, Seong Joon and Uh, Youngjung and Choi, Yunjey and Yoo, Jaejun},
  booktitle = {International Conference on Machine Learning},
  year = {2020},
  url = {https://arxiv.org/abs/2002.09797},
}
@article{hall2024dig,
  title = {DIG In: Evaluating Disparities in Image Generations with Indicators for Geographic Diversity},
  author = {Hall, Melissa and Ross, Candace and Williams, Adina and Carion, Nicolas and Drozdzal, Michal and Romero Soriano, Adriana},
  journal = {Transactions on Machine Learning Research},
  year = {2024},
  url = {https://arxiv.org/abs/2308.06198},
}"""


class PrdcByRegion(describing.Described, evaluate.Measurement):
    """`hf_regional.metrics.prdc_by_region` behind `compute(features=, generated=, region=, object=)`."""

    about = describing.About(
        description=_DESCRIPTION,
        inputs=_INPUTS,
        citation=_CITATION,
        urls=("https://arxiv.org/abs/2002.09797", "https://arxiv.org/abs/2308.06198"),
        features=datasets.Features(
            {
                "features": describing.FLOATS,
                "generated": datasets.Value("bool"),
                "region": describing.TEXT,
                "object": describing.TEXT,
            }
        ),
    )

    def compute(self, *, region: Any = None, object: Any = None, **rest: Any) -> dict[str, Any] | None:
        """Compute from the images given, or from those added before when none are."""
        if region is None:
            return super().compute(**rest)
        return super().compute(region=region, object=[""] * len(region) if object is None else object, **rest)

    def _compute(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        *,
        features: Any = None,
        generated: Any = None,
        region: Any = None,
        object: Any = None,
        k: int = 3,
        reference: str | None = None,
        small: Small = "refuse",
        per_group: int | None = None,
        seed: int = 0,
    ) -> dict[str, Any]:
        odd = [row for row, one in enumerate(features) if len(one) != len(features[0])]
        if odd:
            raise MismatchedScoresError(f"features: row {odd[0]} has {len(features[odd[0]])} numbers and row 0 has {len(features[0])}.")
        rows, made, regions, objects = (np.array(column) for column in (features, generated, region, object))
        made = made.astype(bool)
        named = not (objects == "").all()
        found = prdc_by_region(
            rows[~made],
            rows[made],
            regions[~made].tolist(),
            regions[made].tolist(),
            real_objects=objects[~made].tolist() if named else None,
            generated_objects=objects[made].tolist() if named else None,
            k=k,
            reference=reference,
            small=small,
            per_group=per_group,
            seed=seed,
        )
        return {
            "by_region": {name: one.as_dict() for name, one in found.by_region.items()},
            "by_cell": {" / ".join(cell): one.as_dict() for cell, one in found.by_cell.items()},
            "disparity": found.disparity,
            "to_reference": found.to_reference,
            "left_out": {" / ".join(group): why for group, why in found.left_out.items()},
        }
