"""A tiny model and the same with something learned, in memory and as folders of any dtypes and shards, and the mix that they must give."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tiny_models import Kind
from torch import Tensor, nn
from transformers import PreTrainedModel

from hf_regional.merging import ModelMerger

State = dict[str, Tensor]


@dataclass(frozen=True)
class Storage:
    """How the two models lie on the disk: dtypes and the largest shard, of the world and of the region."""

    world: torch.dtype
    region: torch.dtype
    shards: tuple[str, str]

    @property
    def name(self) -> str:
        return "-".join(dict.fromkeys(str(dtype).removeprefix("torch.") for dtype in (self.world, self.region)))


SHARDED, SINGLE = "16KB", "1GB"
STORAGES = [
    Storage(torch.float32, torch.float32, (SHARDED, SINGLE)),
    Storage(torch.bfloat16, torch.bfloat16, (SINGLE, SHARDED)),
    Storage(torch.float16, torch.float16, (SHARDED, SHARDED)),
    Storage(torch.bfloat16, torch.float32, (SINGLE, SINGLE)),
]


def two_models(kind: Kind, storage: Storage, folder: Path) -> tuple[PreTrainedModel, PreTrainedModel]:
    """World and region in memory, and as the folders `world` and `region`; processors lie beside the world alone."""
    torch.manual_seed(0)
    world, processors = kind.make()
    moved(world, 0.05)
    region = copy.deepcopy(world)
    moved(region, 0.02)
    world, region = world.to(storage.world).eval(), region.to(storage.region).eval()
    world.save_pretrained(folder / "world", max_shard_size=storage.shards[0])
    region.save_pretrained(folder / "region", max_shard_size=storage.shards[1])
    for processor in processors:
        processor.save_pretrained(folder / "world")
    return world, region


def mixing_class(kind: type[PreTrainedModel]) -> Any:
    """What a user writes: `class RegionalClip(ModelMerger, CLIPModel): ...`."""
    return type(f"Regional{kind.__name__}", (ModelMerger, kind), {})


def moved(model: nn.Module, step: float) -> None:
    """Add noise to every parameter, those included that begin as zeros and ones."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(step * torch.randn_like(parameter))


def state_of(model: nn.Module) -> State:
    return {name: tensor.detach() for name, tensor in model.state_dict().items()}


def lerp(world: Tensor, region: Tensor, beta: float) -> Tensor:
    """θ_β in the world's dtype: in fp32 by torch.lerp, else in float64 and rounded once."""
    if world.dtype == region.dtype == torch.float32:
        return torch.lerp(world, region, beta)
    return rounded((1 - beta) * world.double() + beta * region.double(), world.dtype)


def rounded(exact: Tensor, dtype: torch.dtype) -> Tensor:
    """Float64 to 16 bits, rounded once: torch goes by float32, where what lies beside a midpoint may become the midpoint."""
    single = exact.float()
    inside = torch.where(single.double().abs() > exact.abs(), torch.nextafter(single, torch.zeros(())), single)
    odd = inside.view(torch.int32) | (inside.double() != exact)  # what was cut off makes the last bit 1, and a midpoint ends in 0
    return odd.view(torch.float32).to(dtype)
