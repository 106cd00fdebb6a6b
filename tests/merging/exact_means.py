"""Model folders whose numbers have a mean without rounding, in every float dtype: what a merge at β = 0.5 gives is known to the bit."""

import json
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PreTrainedModel

FILE = "model.safetensors"


def drawn(like: Tensor, generator: torch.Generator) -> Tensor:
    """Multiples of 1/64 up to 60/64 in the dtype of `like`; their means are multiples of 1/128, which bfloat16 holds; integers stay."""
    if not like.is_floating_point():
        return like.clone()
    return (torch.randint(-60, 61, like.shape, generator=generator) / 64).to(like.dtype)


def save_drawn(model: PreTrainedModel, folder: Path, seed: int, rename: Callable[[str], str] = str) -> Path:
    """The folder of a model as its own library writes it, with numbers drawn and, if asked, other names in the file."""
    model.save_pretrained(folder)
    generator = torch.Generator().manual_seed(seed)
    write_tensors(folder, {rename(name): drawn(tensor, generator) for name, tensor in load_file(folder / FILE).items()})
    return folder


def read_tensors(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / FILE)


def write_tensors(folder: Path, tensors: dict[str, Tensor]) -> None:
    save_file(tensors, folder / FILE, metadata={"format": "pt"})


def change_json(file: Path, **values: object) -> None:
    """Set keys of a JSON file; None takes one out."""
    changed = json.loads(file.read_text()) | values
    file.write_text(json.dumps({key: value for key, value in changed.items() if value is not None}))


def mean_of(world: dict[str, Tensor], region: dict[str, Tensor]) -> dict[str, Tensor]:
    """What β = 0.5 must give: every tensor of the world, under its name, in its dtype."""
    return {
        name: ((tensor.double() + region[name].double()) / 2).to(tensor.dtype) if tensor.is_floating_point() else tensor
        for name, tensor in world.items()
    }


def assert_same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    """The same names, dtypes, shapes and numbers."""
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype, name
        assert torch.equal(found[name], tensor), name


def assert_loads_whole(kind: type[PreTrainedModel], folder: Path, expected: dict[str, Tensor]) -> PreTrainedModel:
    """By plain `from_pretrained` nothing is missing, left over or drawn anew; in memory are the numbers of `expected`, by file names."""
    loaded, info = kind.from_pretrained(folder, output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    assert not info["mismatched_keys"]
    in_memory, in_file = (sorted(tensors, key=_order) for tensors in (_once(loaded.state_dict()), list(expected.values())))
    assert len(in_memory) == len(in_file)
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(in_memory, in_file, strict=True))
    return loaded


def _once(tensors: dict[str, Tensor]) -> list[Tensor]:
    # What is tied is in memory under two names and in the file under one.
    return list({tensor.data_ptr(): tensor for tensor in tensors.values()}.values())


def _order(tensor: Tensor) -> tuple[tuple[int, ...], list[float]]:
    return tuple(tensor.shape), tensor.double().flatten().tolist()
