"""β is chosen for a `DualEncoder` as for any other model: from its folders alone."""

import pytest

from hf_regional.encoding import TwoTowerEncoder
from hf_regional.encoding.dual_processor import DualProcessor
from hf_regional.evaluating import evaluate_model, select_beta
from hf_regional.regions import Region
from tiny_duals import WITH_BATCH_NORM, dual_encoder, image_processor, save_dual
from tiny_towers import make_tokenizer


@pytest.mark.parametrize("kind", WITH_BATCH_NORM)
def test_the_curve_begins_at_the_base_and_ends_at_the_region(kind, task, tmp_path):
    world, region = save_dual(kind, tmp_path / "world"), save_dual(kind, tmp_path / "region", seed=1)
    choice = select_beta(world, region, [0.5, 1], [task], Region("SEA"), 0.5, min_retention=0, resamples=50, device="cpu")
    assert [point.beta for point in choice.curve] == [0, 0.5, 1]
    for point, seed in ((choice.curve[0], 0), (choice.curve[-1], 1)):
        # From the modules as they were made, not from a folder.
        processor = DualProcessor(image_processor(kind), make_tokenizer())
        encoder = TwoTowerEncoder(dual_encoder(kind, seed=seed), processor, dual_encoder(kind).device)
        scores = evaluate_model(encoder, [task], by=(), resamples=50).scores["retrieval:test"]
        assert (scores["global"]["value"], scores["regional"]["value"]) == pytest.approx((point.world.value, point.region.value))
