"""A LoRA on every kind of model through a merge into plain `from_pretrained`: θ_β is (1-β)·W + β·(what PEFT merges), by either road."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from adapter_folders import add_adapter, quietly
from peft import PeftModel
from safetensors.torch import load_file
from tiny_models import KINDS, Kind
from tiny_pairs import STORAGES, State, mixing_class, state_of, two_models
from transformers import PreTrainedModel
from weight_folders import files_of

from hf_regional.merging import merge_checkpoints

BETAS = [0.3, 1.0]
HALF_UNIT = {torch.float32: 2.0**-24, torch.bfloat16: 2.0**-8}  # of a value, at most


@dataclass(frozen=True)
class Trip:
    """A base and a LoRA on its attention, on the disk, their mixes, and the exact base and region by the names in memory."""

    kind: Kind
    model: type[PreTrainedModel]
    base: Path
    adapter: Path
    mixes: dict[float, Path]
    world: State
    region: State

    def adapted(self, **options: Any) -> PeftModel:
        return quietly(lambda: PeftModel.from_pretrained(self.model.from_pretrained(self.base, **options), self.adapter).eval())

    def require_mix(self, found: State, beta: float) -> None:
        """What has no LoRA is the base's to the bit; what has one is rounded as its dtype asks, from what PEFT makes in fp32."""
        assert found.keys() == self.world.keys()
        for name, tensor in found.items():
            if torch.equal(self.world[name], self.region[name]):
                assert torch.equal(tensor.double(), self.world[name]), name
            else:
                exact = self.world[name] + beta * (self.region[name] - self.world[name])
                assert ((tensor.double() - exact).abs() <= HALF_UNIT[tensor.dtype] * exact.abs() + 1e-7).all(), name


@pytest.fixture(
    scope="module", params=[(kind, storage) for kind in KINDS for storage in STORAGES[:2]], ids=lambda param: f"{param[0]}-{param[1].name}"
)
def trip(request, tmp_path_factory) -> Trip:
    name, storage = request.param
    kind, folder = KINDS[name], tmp_path_factory.mktemp(name)
    world, _ = two_models(kind, storage, folder)
    base, adapter = folder / "world", folder / "adapter"
    add_adapter(base, type(world), adapter, r=4, lora_alpha=8, target_modules=list(kind.attention))
    merged = merge_checkpoints(base, adapter, BETAS, folder / "mixes")
    mixes = dict(zip(BETAS, merged.paths, strict=True))
    trip = Trip(kind, type(world), base, adapter, mixes, {}, {})
    trip.world.update({key: tensor.double() for key, tensor in state_of(world).items()})
    trip.region.update({key: tensor.double() for key, tensor in state_of(trip.adapted(dtype=torch.float32).merge_and_unload()).items()})
    return trip


def test_plain_and_auto_class_load_the_base_with_the_adapter_in_it(trip: Trip):
    adapted = sum("lora_A" in name for name in load_file(trip.adapter / "adapter_model.safetensors"))
    assert sum(not torch.equal(tensor, trip.region[name]) for name, tensor in trip.world.items()) == adapted > 3
    for beta, path in trip.mixes.items():
        assert files_of(path).keys() == files_of(trip.base).keys()
        for loader in (trip.model, trip.kind.auto):
            loaded, info = loader.from_pretrained(path, output_loading_info=True)
            assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
            assert type(loaded) is trip.model
            trip.require_mix(state_of(loaded), beta)


def test_the_whole_strength_answers_as_the_adapter_does(trip: Trip):
    asked = trip.kind.ask(trip.mixes[1.0])
    models = (trip.model.from_pretrained(trip.mixes[1.0], dtype=torch.float32).eval(), trip.adapted(dtype=torch.float32))
    before = trip.model.from_pretrained(trip.base, dtype=torch.float32).eval()
    with torch.inference_mode():
        found, expected, without = (model(**asked)[0] for model in (*models, before))
    tolerance = 1e-4 if trip.model.from_pretrained(trip.base).dtype == torch.float32 else 0.05
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)
    assert (found - expected).abs().max() < (found - without).abs().max() / 4


def test_the_road_in_memory_takes_the_adapter_too(trip: Trip):
    model = mixing_class(trip.model).from_pretrained(trip.base)
    quietly(lambda: model.merge_with(trip.adapter, beta=0.3))
    trip.require_mix(state_of(model), 0.3)
